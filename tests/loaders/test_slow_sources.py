"""A source that is slow is waited for as long as is configured, and takes its own part alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiohttp import web

from demo.stack import Addresses
from gateway.settings import Settings
from loaders.asks import WHOLE
from loaders.contexts import Operation
from loaders.errors import SourceTimeout
from loaders.query import ALL_ROWS, Window
from loaders.registry import Loaders, Sources
from loaders.rest.routes import RestResource
from loaders.rest.source import RestSource
from tests.bad_servers import answering, line_to, silent
from tests.client import Answer, Gateway, serving
from tests.graph.truth import gid
from tests.identities import auth, headers

LIMIT = 0.5
"""Seconds that the slow source of each test may take."""

ORDER = f"""
{{
  order(id: "{gid("Order", 1)}") {{
    number
    customer {{ name }}
    lines {{ lineNo product {{ sku stock {{ sku }} }} }}
    shipment {{ trackingNumber }}
  }}
}}
"""


@pytest.fixture(scope="module")
async def whole(gateway: Gateway, addresses: Addresses) -> Any:
    """The order when all sources are well; that this is right is tests/graph's to say."""
    order = (await gateway.ask(ORDER)).data["order"]
    connection = await asyncpg.connect(addresses.postgres)
    skus = [row["sku"] for row in await connection.fetch(
        "select sku from order_lines where order_id = 1 order by line_no"
    )]  # fmt: skip
    await connection.close()
    assert [line["product"]["stock"]["sku"] for line in order["lines"]] == skus
    assert order["customer"]["name"] == "Ada Martin"
    assert order["shipment"]["trackingNumber"]
    return order


def without(order: Any, name: str) -> Any:
    """The order when one of its parts can't be had."""
    if name in ("customer", "shipment"):
        return {**order, name: None}
    lines = [dict(line) for line in order["lines"]]
    for line in lines:
        line["product"] = None if name == "product" else {**line["product"], name: None}
    return {**order, "lines": lines}


def assert_late(answer: Answer, source: str, count: int) -> None:
    assert answer.status == 200
    assert [(error["message"], error["extensions"]) for error in answer.errors] == [
        (
            f"The source '{source}' did not answer in time.",
            {"code": "UPSTREAM_TIMEOUT", "source": source},
        )
    ] * count


@asynccontextmanager
async def with_source(
    source_settings: dict[str, dict[str, Any]], name: str, **changes: Any
) -> AsyncIterator[Gateway]:
    changed = {**source_settings[name], "timeout": LIMIT, **changes}
    sources = {**source_settings, name: changed}
    settings = Settings.of(environment="development", sources=sources, auth=auth())
    async with serving(settings, headers("staff")) as gateway:
        yield gateway


@asynccontextmanager
async def locked(addresses: Addresses, table: str) -> AsyncIterator[None]:
    """A table that everybody else waits for."""
    connection = await asyncpg.connect(addresses.postgres)
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {table} in access exclusive mode")
            yield
    finally:
        await connection.close()


async def test_a_locked_table_takes_its_own_field_alone(
    source_settings: dict[str, dict[str, Any]], addresses: Addresses, whole: Any
) -> None:
    async with with_source(source_settings, "shop") as gateway:
        # Opening connections is not what is to take its time.
        await gateway.ask(ORDER)
        async with locked(addresses, "customers"):
            during = await gateway.ask(ORDER)
        after = await gateway.ask(ORDER)

    assert during.partial["order"] == without(whole, "customer")
    assert_late(during, "shop", 1)
    assert after.data["order"] == whole


async def waiting(addresses: Addresses) -> int:
    """How many statements wait at the server, when it has had a moment to end those that it was
    told to end."""
    connection = await asyncpg.connect(addresses.postgres)
    try:
        for _ in range(50):
            count = await connection.fetchval("select count(*) from pg_locks where not granted")
            if not count:
                break
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    return int(count)


async def test_a_statement_that_is_late_is_cancelled_on_the_server(
    source_settings: dict[str, dict[str, Any]], addresses: Addresses
) -> None:
    async with with_source(source_settings, "shop") as gateway, locked(addresses, "customers"):
        await gateway.ask(ORDER)
        left = await waiting(addresses)

    assert left == 0


async def test_a_pool_that_is_used_up_is_busy_and_recovers(
    source_settings: dict[str, dict[str, Any]], addresses: Addresses, whole: Any
) -> None:
    customers = "{ customers(first: 1) { nodes { name } } }"
    async with with_source(source_settings, "shop", pool_size=1) as gateway:
        async with locked(addresses, "customers"):
            during = await asyncio.gather(*(gateway.ask(customers) for _ in range(4)))
        after = await gateway.ask(ORDER)

    late = {"code": "UPSTREAM_TIMEOUT", "source": "shop"}
    busy = {"code": "UPSTREAM_UNAVAILABLE", "source": "shop"}
    assert [answer.partial for answer in during] == [{"customers": None}] * 4
    told = {error["message"]: error["extensions"] for answer in during for error in answer.errors}
    assert told == {
        "The source 'shop' did not answer in time.": late,
        "The gateway's calls to the source 'shop' are all busy.": busy,
    }
    assert after.data["order"] == whole


async def test_postgres_that_takes_connections_and_says_nothing_is_late(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    async with silent() as port:
        url = f"postgresql://nobody@127.0.0.1:{port}/shop"
        async with with_source(source_settings, "shop", url=url) as gateway:
            answer = await gateway.ask(f'{{ {ORDER.strip()[1:-1]} carrier(code: "x") {{ code }} }}')

    assert answer.partial == {"order": None, "carrier": None}
    assert_late(answer, "shop", 1)


async def test_mongo_that_takes_connections_and_says_nothing_is_late(
    source_settings: dict[str, dict[str, Any]], whole: Any
) -> None:
    async with silent() as port:
        url = f"mongodb://127.0.0.1:{port}"
        async with with_source(source_settings, "catalog", url=url) as gateway:
            answer = await gateway.ask(ORDER)

    assert answer.partial["order"] == without(whole, "product")
    assert_late(answer, "catalog", len(whole["lines"]))


@pytest.mark.parametrize(("source", "field"), [("shop", None), ("catalog", "product")])
async def test_a_line_that_falls_silent_is_late_and_recovers(
    source: str,
    field: str | None,
    source_settings: dict[str, dict[str, Any]],
    whole: Any,
) -> None:
    url = source_settings[source]["url"]
    server = urlsplit(url)
    async with line_to(str(server.hostname), int(server.port or 0)) as line:
        through = url.replace(f"{server.hostname}:{server.port}", f"127.0.0.1:{line.port}")
        # PostgreSQL's own limit comes a second before the gateway gives the connection up.
        async with with_source(source_settings, source, url=through) as gateway:
            before = await gateway.ask(ORDER)
            line.cut = True
            during = await gateway.ask(ORDER)
            line.cut = False
            after = await gateway.ask(ORDER)

    assert before.data["order"] == whole
    assert during.partial["order"] == (without(whole, field) if field else None)
    assert_late(during, source, len(whole["lines"]) if field else 1)
    assert after.data["order"] == whole


@pytest.mark.parametrize(("source", "field"), [("inventory", "stock"), ("shipping", "shipment")])
async def test_a_slow_service_takes_its_own_field_alone(
    source: str,
    field: str,
    source_settings: dict[str, dict[str, Any]],
    whole: Any,
) -> None:
    async def sleep(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(60)
        return web.json_response({})

    async with (
        answering(sleep) as service,
        with_source(source_settings, source, url=service.url) as gateway,
    ):
        answer = await gateway.ask(ORDER)

    assert answer.partial["order"] == without(whole, field)
    assert_late(answer, source, len(whole["lines"]) if field == "stock" else 1)
    assert len(service.paths) == 1


async def test_a_body_that_trickles_is_late(
    source_settings: dict[str, dict[str, Any]], whole: Any
) -> None:
    async def trickle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        for _ in range(600):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    async with (
        answering(trickle) as service,
        with_source(source_settings, "shipping", url=service.url) as gateway,
    ):
        answer = await gateway.ask(ORDER)

    assert answer.partial["order"] == without(whole, "shipment")
    assert_late(answer, "shipping", 1)


SECONDS = 1.0
"""That a whole operation may take, when its sources have more."""


@asynccontextmanager
async def sleeping(url: str) -> AsyncIterator[str]:
    async def sleep(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(60)
        return web.json_response({})

    async with answering(sleep) as service:
        yield service.url


@asynccontextmanager
async def mute(url: str) -> AsyncIterator[str]:
    async with silent() as port:
        yield f"mongodb://127.0.0.1:{port}"


@asynccontextmanager
async def slow_customers(url: str) -> AsyncIterator[str]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("lock table customers in access exclusive mode")
            yield url
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("source", "field", "slow"),
    [
        ("shop", "customer", slow_customers),
        ("catalog", "product", mute),
        ("inventory", "stock", sleeping),
        ("shipping", "shipment", sleeping),
    ],
)
async def test_a_source_is_given_up_in_time_for_the_others_answer(
    source: str,
    field: str,
    slow: Callable[[str], AbstractAsyncContextManager[str]],
    source_settings: dict[str, dict[str, Any]],
    addresses: Addresses,
    whole: Any,
) -> None:
    async with slow(source_settings[source]["url"]) as url:
        changed = {**source_settings[source], "timeout": 60.0, "url": url}
        settings = Settings.of(
            sources={**source_settings, source: changed},
            limits={"request_seconds": SECONDS},
            auth=auth(),
        )
        async with serving(settings, headers("staff")) as gateway:
            answer = await gateway.ask(ORDER)
            left = await waiting(addresses)

    assert answer.partial["order"] == without(whole, field)
    assert_late(answer, source, len(whole["lines"]) if field in ("product", "stock") else 1)
    # What it had running there ended with it.
    assert left == 0


async def test_nothing_is_sent_when_no_time_is_left(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    # The first list takes all that there is.
    async def sleep(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(60)
        return web.json_response({})

    async with answering(sleep) as service:
        source = RestSource("things", service.url, timeout=60.0)
        await source.open()
        things = RestResource(source="things", name="things", all="/things", key_type=int)
        operation = Operation(deadline=time.monotonic() + 0.2)
        loaders = Loaders(Sources([source]), {}, operation)
        try:
            first = await loaders.lists(things, None, ALL_ROWS).load_all([WHOLE])
            second = await loaders.lists(things, None, Window(limit=1)).load_all([WHOLE])
        finally:
            await source.close()

    assert [type(each) for each in (*first, *second)] == [SourceTimeout] * 2
    assert service.paths == ["/things"]
