"""An answer has so many rows and bytes at most: what would have more is an error of its place."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.settings import Settings
from loaders.asks import WHOLE, Ask, Found, Key, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.errors import BadResponse, TooManyRows
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import COUNT, Order, Window
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from loaders.sources import Source
from loaders.sql.postgres import PostgresTable
from tests.bad_servers import answering
from tests.client import serving
from tests.identities import auth, headers
from tests.loaders.asking import shop_with

ROWS = [{"_id": n, "id": n, "of": n % 3} for n in range(12)]

Stocked = Callable[[Addresses, int], AbstractAsyncContextManager[tuple[Source, Resource]]]
"""A source with ROWS, of which an answer may have so many."""


@asynccontextmanager
async def postgres(addresses: Addresses, rows: int) -> AsyncIterator[tuple[Source, Resource]]:
    table = "create schema bounded; create table bounded.things as select n as id, n % 3 as of "
    table += "from generate_series(0, 11) n"
    async with shop_with(addresses, "bounded", table, rows=rows) as source:
        yield source, PostgresTable(source="shop", schema="bounded", name="things")


@asynccontextmanager
async def mongo(addresses: Addresses, rows: int) -> AsyncIterator[tuple[Source, Resource]]:
    database = addresses.mongo_database
    source = MongoSource("catalog", addresses.mongo, database=database, rows=rows)
    client: MongoClient[dict[str, Any]] = MongoClient(addresses.mongo)
    collection = client[database]["bounded"]
    collection.insert_many(dict(row) for row in ROWS)
    await source.open()
    try:
        yield source, MongoCollection(source="catalog", name="bounded", key_type=int)
    finally:
        await source.close()
        collection.drop()
        client.close()


@asynccontextmanager
async def rest(addresses: Addresses, rows: int) -> AsyncIterator[tuple[Source, Resource]]:
    async def tell(request: web.BaseRequest) -> web.StreamResponse:
        of = request.query.getall("of", [])
        return web.json_response([row for row in ROWS if not of or str(row["of"]) in of])

    async with answering(tell) as service:
        source = RestSource("things", service.url, rows=rows)
        await source.open()
        try:
            by = {"of": Batch("/", "of", 50)}
            yield (
                source,
                RestResource(
                    source="things", name="things", key="id", key_type=int, by=by, all="/"
                ),
            )
        finally:
            await source.close()


KINDS = pytest.mark.parametrize("kind", [postgres, mongo, rest])


def ask_for(resource: Resource, *by: str, limit: int | None = None, counted: bool = False) -> Ask:
    columns = frozenset({resource.key, "of"})
    window = Window((Order(resource.key),), limit=limit)
    return Ask(Rows(resource, by, window=window), Wants(columns, (COUNT,) if counted else ()))


async def sizes(source: Source, ask: Ask, keys: list[Key], operation: Operation) -> list[Any]:
    found = await chained(source).fetch(ask, keys, operation)
    return [
        len(each.rows)
        if isinstance(each, Found) and not isinstance(each.rows, Exception)
        else type(each if isinstance(each, Exception) else each.rows)
        for each in found
    ]


@KINDS
@pytest.mark.parametrize(("rows", "expected"), [(12, 12), (13, 12), (11, TooManyRows)])
async def test_a_whole_has_so_many_rows_at_most(
    kind: Stocked, rows: int, expected: object, addresses: Addresses
) -> None:
    operation = Operation()
    async with kind(addresses, rows) as (source, resource):
        found = await sizes(source, ask_for(resource), [WHOLE], operation)

    assert found == [expected]
    (call,) = operation.trace.calls
    assert call.error == (None if expected == 12 else f"more than {rows} rows")


@KINDS
@pytest.mark.parametrize(("rows", "expected"), [(8, 4), (7, TooManyRows)])
async def test_the_lists_of_several_keys_have_so_many_together(
    kind: Stocked, rows: int, expected: object, addresses: Addresses
) -> None:
    async with kind(addresses, rows) as (source, resource):
        found = await sizes(source, ask_for(resource, "of"), [(0,), (1,)], Operation())

    assert found == [expected] * 2


@pytest.mark.parametrize("kind", [postgres, mongo])
async def test_pages_that_are_smaller_are_there(kind: Stocked, addresses: Addresses) -> None:
    async with kind(addresses, 6) as (source, resource):
        keys: list[Key] = [(0,), (1,), (2,)]
        found = await sizes(source, ask_for(resource, "of", limit=2), keys, Operation())
        whole = await sizes(source, ask_for(resource, limit=6), [WHOLE], Operation())

    assert (found, whole) == ([2] * 3, [6])


@KINDS
async def test_rows_that_are_too_many_are_counted_all_the_same(
    kind: Stocked, addresses: Addresses
) -> None:
    async with kind(addresses, 2) as (source, resource):
        wants = Wants(aggregates=(COUNT,))
        ask = Ask(Rows(resource, ("of",)), wants)
        alone = await chained(source).fetch(ask, [(0,), (1,), (2,)], Operation())
        together = await sizes(source, ask_for(resource, counted=True), [WHOLE], Operation())

    if kind is rest:
        # A service can't count, so these are its rows.
        assert [type(each) for each in alone] == [TooManyRows] * 3
    else:
        assert [list(each.values) for each in alone if isinstance(each, Found)] == [[4]] * 3
    assert together == [TooManyRows]


async def test_no_more_is_asked_of_a_database_than_tells(addresses: Addresses) -> None:
    operation = Operation()
    async with postgres(addresses, 5) as (source, resource):
        await sizes(source, ask_for(resource), [WHOLE], operation)
        await sizes(source, ask_for(resource, limit=5), [WHOLE], operation)

    bounded, page = (str(call.statement) for call in operation.trace.calls)
    assert bounded.endswith(" limit 6")
    assert re.search(r" limit \$1$", page)


async def test_a_body_has_so_many_bytes_at_most() -> None:
    async def tell(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(ROWS, dumps=lambda rows: orjson.dumps(rows).decode())

    things = RestResource(source="things", name="things", key_type=int, all="/")
    size = len(orjson.dumps(ROWS))
    async with answering(tell) as service:
        for bytes_, expected in ((size, 12), (size - 1, BadResponse)):
            source = RestSource("things", service.url, body_bytes=bytes_)
            await source.open()
            try:
                assert await sizes(source, ask_for(things), [WHOLE], Operation()) == [expected]
            finally:
                await source.close()


async def test_a_client_is_told_what_to_do_and_others_parts_stand(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    sources = {**source_settings, "shop": {**source_settings["shop"], "rows": 2}}
    settings = Settings.of(environment="development", sources=sources, auth=auth())
    async with serving(settings, headers("staff")) as gateway:
        answer = await gateway.ask(
            "{ customers(first: 5) { totalCount nodes { name } } "
            "products(first: 1) { nodes { name } } }"
        )

    assert answer.partial["products"]["nodes"]
    assert answer.partial["customers"] is None
    assert [(error["message"], error["extensions"]) for error in answer.errors] == [
        (
            "This needs more than 2 rows of the source 'shop' at once. Ask for a page of them, or "
            "for those of fewer objects.",
            {"code": "OPERATION_TOO_COMPLEX"},
        )
    ]
