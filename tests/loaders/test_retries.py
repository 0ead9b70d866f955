"""What failed in passing is tried again, within a budget, whatever the kind of its source."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiohttp import web

from demo.stack import Addresses
from loaders.asks import WHOLE, Answer, Ask, Found, Rows, Wants
from loaders.chain import chained
from loaders.chain.counts import Counts
from loaders.chain.resilience import Resilience
from loaders.chain.retry import RESERVE, Budget
from loaders.contexts import Operation
from loaders.errors import SourceUnavailable
from loaders.mongo import MongoCollection, MongoSource
from loaders.rest.routes import RestResource, Single
from loaders.rest.source import RestSource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.bad_servers import Line, answering, line_to
from tests.loaders.test_chain import THINGS, Told, numbered, passing

ASK = Ask(Rows(THINGS), Wants(frozenset({"id"})))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited for, which take no time."""
    waited: list[float] = []

    async def at_once(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr("loaders.chain.retry.sleep", at_once)
    return waited


def test_a_budget_has_a_share_of_the_calls_once_its_reserve_is_used() -> None:
    budget = Budget(0.2)

    spent = [budget.spend() for _ in range(int(RESERVE) + 10)]
    for _ in range(25):
        budget.earn()
    earned = [budget.spend() for _ in range(10)]

    assert spent == [True] * int(RESERVE) + [False] * 10
    assert earned.count(True) == 5


def test_a_budget_keeps_no_more_than_its_reserve() -> None:
    budget = Budget(0.5)

    for _ in range(10_000):
        budget.earn()

    assert sum(budget.spend() for _ in range(1_000)) == RESERVE


async def test_a_source_that_is_down_is_asked_little_more_than_one_that_is_not(
    waits: list[float],
) -> None:
    source, counts = Told(lambda *_: passing()), Counts()
    chain = chained(source, Resilience(breaker=None), counts)

    for _ in range(1_000):
        await chain.fetch(ASK, [WHOLE], Operation())

    # The reserve, and a fifth of the calls; what each of them earns before it fails is in it.
    assert len(source.batches) == 1_000 + counts.retried
    assert RESERVE + 190 <= counts.retried <= RESERVE + 200
    assert counts.spent > 0


async def test_what_is_not_tried_again_as_the_budget_is_used_up_is_logged(
    waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    source, counts = Told(lambda *_: passing("all used up")), Counts()
    chain = chained(source, Resilience(retry_budget=0.0, breaker=None), counts)
    for _ in range(int(RESERVE) // 2):
        await chain.fetch(ASK, [WHOLE], Operation())
    caplog.clear()
    source.tell = lambda *_: passing("nothing left")

    (found,) = await chain.fetch(ASK, [WHOLE], Operation())

    assert isinstance(found, SourceUnavailable)
    assert (counts.retried, counts.spent) == (RESERVE, 1)
    assert len(source.batches) == RESERVE // 2 * 3 + 1
    assert [each.getMessage() for each in caplog.records] == [
        "source 'told' failed for things: nothing left; asked: told"
    ]


async def test_waits_grow_and_none_is_like_another(waits: list[float]) -> None:
    source = Told(lambda *_: passing())
    chain = chained(source, Resilience(breaker=None))

    await asyncio.gather(*(chain.fetch(ASK, [WHOLE], Operation()) for _ in range(20)))

    firsts, seconds = waits[:20], waits[20:]
    assert all(0.05 <= each <= 0.1 for each in firsts)
    assert all(0.1 <= each <= 0.2 for each in seconds)
    assert len(set(waits)) == 40


async def test_not_all_come_back_at_the_moment_that_a_source_asks_for(waits: list[float]) -> None:
    source = Told(lambda *_: passing(after=2.0))
    chain = chained(source, Resilience(retries=1, breaker=None))

    await asyncio.gather(*(chain.fetch(ASK, [WHOLE], Operation()) for _ in range(20)))

    assert all(2.0 <= each <= 2.2 for each in waits)
    assert len(set(waits)) == 20


async def test_nothing_is_waited_for_that_would_come_too_late(waits: list[float]) -> None:
    source = Told(lambda *_: passing(after=5.0))
    operation = Operation(deadline=time.monotonic() + 4)

    (found,) = await chained(source).fetch(ASK, [WHOLE], operation)

    assert isinstance(found, SourceUnavailable)
    assert (waits, len(source.batches)) == ([], 1)


async def test_what_is_well_costs_no_retry() -> None:
    source, counts = Told(), Counts()

    await chained(source, counts=counts).fetch(ASK, numbered(3), Operation())

    assert counts == Counts()


CUSTOMERS = PostgresTable(source="shop", name="customers")
PRODUCTS = MongoCollection(source="catalog", name="products")
PARCELS = RestResource(source="parcels", name="parcels", by={"id": Single("/{key}")}, all="/")


async def first_of(source: Source, operation: Operation) -> Answer:
    resource: Any = {"shop": CUSTOMERS, "catalog": PRODUCTS, "parcels": PARCELS}[source.name]
    ask = Ask(Rows(resource), Wants(frozenset({resource.key})))
    return await chained(source).fetch(ask, [WHOLE], operation)


@asynccontextmanager
async def through_a_line(addresses: Addresses, kind: str) -> AsyncIterator[tuple[Source, Line]]:
    """A database over a line that can be broken."""
    url = addresses.postgres if kind == "postgres" else addresses.mongo
    server = urlsplit(url)
    async with line_to(str(server.hostname), int(server.port or 0)) as line:
        url = url.replace(f"{server.hostname}:{server.port}", f"127.0.0.1:{line.port}")
        source: Source = (
            PostgresSource("shop", url)
            if kind == "postgres"
            else MongoSource("catalog", url, database=addresses.mongo_database)
        )
        await source.open()
        try:
            yield source, line
        finally:
            await source.close()


@pytest.mark.parametrize("kind", ["postgres", "mongo"])
async def test_a_connection_that_breaks_under_a_statement_costs_nothing(
    kind: str, addresses: Addresses
) -> None:
    async with through_a_line(addresses, kind) as (source, line):
        before = await first_of(source, Operation())
        operation = Operation()
        line.breaks = 1

        after = await first_of(source, operation)

    assert [type(each) for each in before] == [Found]
    assert [len(each.rows) for each in after] == [len(each.rows) for each in before]  # type: ignore[union-attr, arg-type]
    assert [call.error is None for call in operation.trace.calls] == [False, True]


async def test_a_request_whose_connection_breaks_costs_nothing() -> None:
    async def tell(request: web.BaseRequest) -> web.StreamResponse:
        if len(service.paths) == 1:
            assert request.transport is not None
            request.transport.close()
        return web.json_response([{"id": "1"}])

    async with answering(tell) as service:
        source = RestSource("parcels", service.url)
        await source.open()
        try:
            operation = Operation()
            (found,) = await first_of(source, operation)
        finally:
            await source.close()

    assert isinstance(found, Found)
    assert service.paths == ["/", "/"]
    assert [call.error is None for call in operation.trace.calls] == [False, True]


async def test_a_session_that_the_server_ends_costs_nothing(addresses: Addresses) -> None:
    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    await source.open()
    admin = await asyncpg.connect(addresses.postgres)
    try:
        await first_of(source, Operation())
        operation = Operation()
        async with admin.transaction():
            await admin.execute("lock table customers in access exclusive mode")
            asking = asyncio.ensure_future(first_of(source, operation))
            for _ in range(500):
                ended = await admin.fetch(
                    "select pg_terminate_backend(pid) from pg_locks where not granted"
                )
                if ended:
                    break
                await asyncio.sleep(0.01)
        (found,) = await asking
    finally:
        await admin.close()
        await source.close()

    assert isinstance(found, Found)
    assert [call.error is None for call in operation.trace.calls] == [False, True]


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:wrong@{}/shop", "postgresql://{}/no_such_database"]
)
async def test_what_stays_as_it_is_is_not_tried_again(url: str, addresses: Addresses) -> None:
    server = urlsplit(addresses.postgres)
    source = PostgresSource("shop", url.format(f"{server.hostname}:{server.port}"))
    await source.open()
    operation = Operation()
    try:
        (found,) = await first_of(source, operation)
    finally:
        await source.close()

    assert isinstance(found, SourceUnavailable)
    assert len(operation.trace.calls) == 1
