"""When all calls that the gateway may make to a source are under way, whoever has no turn in time
is told so, and not that the source did not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiohttp import web

from demo.stack import Addresses
from loaders.asks import WHOLE, Ask, Rows, Wants
from loaders.chain import chained
from loaders.chain.counts import Counts
from loaders.contexts import Attempt, Operation
from loaders.errors import SourceBusy, SourceTimeout
from loaders.mongo import MongoCollection, MongoSource
from loaders.resource import Resource
from loaders.rest.routes import RestResource, Single
from loaders.rest.source import IN_FLIGHT, RestSource
from loaders.sources import Fetcher, Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.bad_servers import Line, answering, line_to
from tests.client import until

SECONDS = 0.5

CUSTOMERS = PostgresTable(source="shop", name="customers")
PRODUCTS = MongoCollection(source="catalog", name="products")
PARCELS = RestResource(
    source="parcels", name="parcels", key_type=int, by={"id": Single("/{key}")}, all="/"
)

Busy = Callable[[Addresses], AbstractAsyncContextManager[tuple[Source, Resource, int]]]
"""A source that never answers, something to ask it for, and how many calls to it there may be."""


def asking_for(resource: Resource) -> Ask:
    return Ask(Rows(resource), Wants(frozenset({resource.key})))


@asynccontextmanager
async def busy_shop(addresses: Addresses) -> AsyncIterator[tuple[Source, Resource, int]]:
    source = PostgresSource("shop", addresses.postgres, pool_size=2, timeout=60.0)
    connection = await asyncpg.connect(addresses.postgres)
    await source.open()
    try:
        async with connection.transaction():
            await connection.execute("lock table customers in access exclusive mode")
            yield source, CUSTOMERS, 2
    finally:
        await source.close()
        await connection.close()


@asynccontextmanager
async def line_to_catalog(addresses: Addresses) -> AsyncIterator[tuple[MongoSource, Line]]:
    """A source that was asked before, so that it has a connection, and the line to it."""
    server = urlsplit(addresses.mongo)
    async with line_to(str(server.hostname), int(server.port or 0)) as line:
        url = addresses.mongo.replace(f"{server.hostname}:{server.port}", f"127.0.0.1:{line.port}")
        database = addresses.mongo_database
        source = MongoSource("catalog", url, database=database, pool_size=1, timeout=60.0)
        await source.open()
        try:
            await source.check()
            line.cut = True
            yield source, line
        finally:
            await source.close()


@asynccontextmanager
async def busy_catalog(addresses: Addresses) -> AsyncIterator[tuple[Source, Resource, int]]:
    async with line_to_catalog(addresses) as (source, _):
        yield source, PRODUCTS, 1


@asynccontextmanager
async def busy_parcels(addresses: Addresses) -> AsyncIterator[tuple[Source, Resource, int]]:
    async def sleep(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(60)
        return web.json_response({})

    async with answering(sleep) as service:
        source = RestSource("parcels", service.url, timeout=60.0)
        await source.open()
        try:
            yield source, PARCELS, IN_FLIGHT
        finally:
            await source.close()


@asynccontextmanager
async def all_turns_taken(
    busy: Busy, addresses: Addresses
) -> AsyncIterator[tuple[Fetcher[Operation], Resource, int, Counts]]:
    """The source as operations ask it, while as many calls to it are under way as there may be."""
    async with busy(addresses) as (source, resource, turns):
        counts = Counts()
        asking = chained(source, counts=counts)
        under_way = [
            asyncio.ensure_future(asking.fetch(asking_for(resource), [WHOLE], Operation()))
            for _ in range(turns)
        ]
        await asyncio.sleep(0.1)
        yield asking, resource, turns, counts
        for each in under_way:
            each.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


@pytest.mark.parametrize("busy", [busy_shop, busy_catalog, busy_parcels])
async def test_those_without_a_turn_are_told_so(
    busy: Busy, addresses: Addresses, caplog: pytest.LogCaptureFixture
) -> None:
    async with all_turns_taken(busy, addresses) as (asking, resource, turns, counts):
        operation = Operation(deadline=time.monotonic() + SECONDS)
        answers = await asyncio.gather(
            *(asking.fetch(asking_for(resource), [WHOLE], operation) for _ in range(3))
        )
        busy_calls = counts.busy

    found = [each for answer in answers for each in answer]
    assert [type(each) for each in found] == [SourceBusy] * 3
    assert busy_calls == 3
    assert len(operation.trace.calls) == 3
    assert all(call.error for call in operation.trace.calls)
    said = f"The gateway's calls to the source '{resource.source}' are all busy."
    assert {str(each) for each in found} == {said}
    logged = [each.getMessage() for each in caplog.records if each.name == "sluice.sources"]
    assert len([line for line in logged if f"all of its {turns} " in line]) == 3


async def test_a_fan_out_whose_turns_others_have_asks_for_nothing(addresses: Addresses) -> None:
    async with all_turns_taken(busy_parcels, addresses) as (asking, _, _, _):
        ask = Ask(Rows(PARCELS, ("id",), unique=True), Wants(frozenset({"id"})))
        operation = Operation(deadline=time.monotonic() + SECONDS)
        found = await asking.fetch(ask, [(n,) for n in range(50)], operation)

    assert [type(each) for each in found] == [SourceBusy] * 50
    (call,) = operation.trace.calls
    assert (call.statement, call.keys) == ("not sent", 0)
    assert call.error == f"all of its {IN_FLIGHT} calls are under way"


async def test_a_full_pool_of_the_driver_of_mongodb_is_busy(addresses: Addresses) -> None:
    async with line_to_catalog(addresses) as (source, _):
        ask = asking_for(PRODUCTS)
        longer = Attempt(time.monotonic() + 4 * SECONDS, [])
        first = asyncio.ensure_future(source.fetch(ask, [WHOLE], longer))
        await asyncio.sleep(0.1)
        with pytest.raises(SourceBusy):
            await source.fetch(ask, [WHOLE], Attempt(time.monotonic() + SECONDS, []))
        with pytest.raises(SourceTimeout):
            await first


async def test_a_mongodb_that_hangs_holds_up_nobodys_end(addresses: Addresses) -> None:
    async with line_to_catalog(addresses) as (source, _):
        soon = Attempt(time.monotonic() + SECONDS, [])
        with pytest.raises(SourceTimeout):
            await source.fetch(asking_for(PRODUCTS), [WHOLE], soon)
        # Without a bound of its own the driver waits for half a minute.
        async with asyncio.timeout(10):
            await source.close()


@pytest.mark.parametrize("busy", [busy_shop, busy_parcels])
async def test_one_operation_leaves_half_of_all_calls_to_others(
    busy: Busy, addresses: Addresses
) -> None:
    async with busy(addresses) as (source, resource, turns):
        counts = Counts()
        asking = chained(source, counts=counts)
        many, other = Operation(address="many"), Operation(address="other")
        under_way = [
            asyncio.ensure_future(asking.fetch(asking_for(resource), [WHOLE], many))
            for _ in range(3 * turns)
        ]
        await asyncio.sleep(0.2)
        begun = many.budget(source.name).turns
        another = asyncio.ensure_future(asking.fetch(asking_for(resource), [WHOLE], other))
        await asyncio.sleep(0.05)
        others = other.budget(source.name).turns
        for each in (*under_way, another):
            each.cancel()
        await asyncio.gather(*under_way, another, return_exceptions=True)
        # PostgreSQL's connections come back once their statements are cancelled there.
        shares = [each.budget(source.name) for each in (many, other)]
        await until(lambda: not any(share.turns for share in shares))

    assert (begun, others) == (turns // 2, 1)
