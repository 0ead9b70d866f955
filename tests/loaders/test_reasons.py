"""Why a source failed: once in the log, with source, resource, code and the statement's shape, and
never with a value of anybody's."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from aiohttp import web

from demo.stack import Addresses
from loaders import trace
from loaders.contexts import Operation
from loaders.errors import BadResponse, SourceError, SourceUnavailable, UnfitValue
from loaders.logs import MOST, Limited
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Comparison, Filter, Operator, Window, equals
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.bad_servers import answering, unused_port
from tests.loaders.asking import page_of, rows_of, shop_with

SECRET = "hunter2"

OBJECTS = """
drop schema if exists reasons cascade;
create schema reasons;
create table reasons.words (id bigint primary key, word text, small smallint);
insert into reasons.words values (1, 'hunter2', 1);
create view reasons.cast as select id, word::int as number from reasons.words;
create function reasons.refuse(word text) returns text language plpgsql as
    $$ begin raise exception 'not %', word; end $$;
create view reasons.raised as select id, reasons.refuse(word) as word from reasons.words;
create table reasons.locked (id bigint);
"""


@pytest.fixture(scope="module")
async def shop(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    async with shop_with(addresses, "reasons", OBJECTS) as source:
        yield source


@pytest.fixture(scope="module")
async def catalog(addresses: Addresses) -> AsyncIterator[MongoSource]:
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    await source.open()
    yield source
    await source.close()


@pytest.fixture(autouse=True)
def log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    # What other tests have logged does not count against this one.
    monkeypatch.setattr(trace, "failures", Limited(logging.getLogger("sluice.sources")))
    caplog.set_level(logging.INFO, "sluice")
    return caplog


def table(name: str) -> PostgresTable:
    return PostgresTable(source="shop", schema="reasons", name=name)


async def failing(fetch: Awaitable[Any]) -> SourceError:
    with pytest.raises(SourceError) as raised:
        await fetch
    return raised.value


def by(column: str, keys: list[Any]) -> Any:
    return {"by": (column,), "keys": keys, "unique": True}


def line(log: pytest.LogCaptureFixture) -> str:
    """The one line of the log, which has no value of anybody's."""
    (record,) = [each for each in log.records if each.name == "sluice.sources"]
    said = record.getMessage()
    assert SECRET not in said
    return said


async def test_a_table_that_is_not_there_is_named_with_the_drivers_words(
    shop: PostgresSource, log: pytest.LogCaptureFixture
) -> None:
    operation = Operation()

    error = await failing(page_of(shop, table("nowhere"), {"id"}, None, Window(limit=3), operation))

    assert str(error) == "The source 'shop' refused a statement."
    reason = 'SQLSTATE 42P01: relation "reasons.nowhere" does not exist'
    assert line(log) == (
        f"source 'shop' failed for nowhere: {reason}; "
        'asked: select "id" from "reasons"."nowhere" limit $1'
    )
    (call,) = operation.trace.calls
    assert call.as_dict()["error"] == reason


@pytest.mark.parametrize(
    ("name", "column", "reason"),
    [
        ("cast", "number", "SQLSTATE 22P02, InvalidTextRepresentationError"),
        ("raised", "word", "SQLSTATE P0001, RaiseError"),
    ],
)
async def test_words_that_hold_a_value_are_left_out(
    shop: PostgresSource, log: pytest.LogCaptureFixture, name: str, column: str, reason: str
) -> None:
    await failing(page_of(shop, table(name), {column}))

    assert line(log).startswith(f"source 'shop' failed for {name}: {reason}; asked: ")


async def test_a_clients_value_is_neither_logged_nor_an_outage(
    shop: PostgresSource, log: pytest.LogCaptureFixture
) -> None:
    filter = Comparison("word", Operator.CONTAINS, "86420975\0")

    error = await failing(page_of(shop, table("words"), {"id"}, filter))

    assert type(error) is UnfitValue
    assert "86420975" not in line(log)


@pytest.mark.parametrize(
    "wrong",
    [
        equals("word", 1),
        equals("id", SECRET),
        Comparison("word", Operator.IN, (1, 2)),
        Comparison("id", Operator.IN, (SECRET,)),
    ],
    ids=str,
)
async def test_a_column_of_another_type_is_the_declarations_fault(
    shop: PostgresSource, log: pytest.LogCaptureFixture, wrong: Filter
) -> None:
    error = await failing(page_of(shop, table("words"), {"id"}, wrong))

    assert type(error) is BadResponse
    assert "failed for words: SQLSTATE 22000, DataError" in line(log)


async def test_a_login_that_is_refused_says_so(
    addresses: Addresses, log: pytest.LogCaptureFixture
) -> None:
    host = addresses.postgres.rpartition("@")[2]
    source = PostgresSource("shop", f"postgresql://nobody:{SECRET}@{host}", timeout=5.0)
    await source.open()
    try:
        error = await failing(page_of(source, table("words"), {"id"}))
    finally:
        await source.close()

    assert type(error) is SourceUnavailable
    assert "SQLSTATE 28" in line(log)
    assert "nobody" in line(log)


async def test_a_database_that_is_down_says_where_it_was_looked_for(
    log: pytest.LogCaptureFixture,
) -> None:
    port = unused_port()
    source = PostgresSource("shop", f"postgresql://x:{SECRET}@127.0.0.1:{port}/x", timeout=5.0)
    await source.open()
    try:
        await failing(page_of(source, table("words"), {"id"}))
    finally:
        await source.close()

    assert str(port) in line(log)


async def test_mongodbs_commands_are_logged_by_their_shape(
    log: pytest.LogCaptureFixture,
) -> None:
    port = unused_port()
    source = MongoSource("catalog", f"mongodb://127.0.0.1:{port}", database="x", timeout=0.5)
    await source.open()
    orders = MongoCollection(source="catalog", name="orders")
    try:
        await failing(
            rows_of(
                source,
                orders,
                {"code"},
                by=("code",),
                keys=[(SECRET,), (SECRET[::-1],)],
                unique=True,
                filter=equals("a", SECRET),
            )
        )
    finally:
        await source.close()

    said = line(log)
    assert said.startswith("source 'catalog' failed for orders: ServerSelectionTimeoutError: ")
    assert str(port) in said
    assert said.endswith("asked: find {code: {$in: ?}, a: {$eq: ?}} {code: ?, _id: ?}")


async def test_a_value_that_mongodb_cant_hold_is_not_logged(
    catalog: MongoSource, log: pytest.LogCaptureFixture
) -> None:
    products = MongoCollection(source="catalog", name="products")
    distant = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))

    error = await failing(page_of(catalog, products, {"sku"}, equals("rating", distant)))

    assert type(error) is UnfitValue
    assert "datetime" not in line(log)
    assert "OverflowError" in line(log)


async def test_a_services_status_is_logged_without_the_keys(
    log: pytest.LogCaptureFixture,
) -> None:
    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=500, text=SECRET)

    things = RestResource(
        source="files",
        name="things",
        by={"id": Single("/things/{key}"), "code": Batch("/things", "code")},
        all="/things",
    )
    async with answering(broken) as service:
        source = RestSource("files", service.url)
        await source.open()
        operation = Operation()
        try:
            keys = [(f"{SECRET}-{number}",) for number in range(50)]
            one, many = by("id", keys), by("code", keys)
            await failing(rows_of(source, things, {"id"}, **one, operation=operation))
            await failing(rows_of(source, things, {"id"}, **many))
            await failing(page_of(source, things, {"id"}))
        finally:
            await source.close()

    said = [each.getMessage() for each in log.records if each.name == "sluice.sources"]
    start = "source 'files' failed for things: status 500; asked: GET /things"
    # Of many alike no more than so many are logged.
    assert said == [f"{start}/{{key}}"] * MOST
    assert SECRET not in str(said)
    assert operation.trace.calls[0].as_dict()["error"] == "status 500"


async def test_each_road_to_a_service_has_its_own_shape(log: pytest.LogCaptureFixture) -> None:
    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=500 if request.query else 418)

    things = RestResource(
        source="files", name="things", by={"code": Batch("/things", "code")}, all="/things"
    )
    async with answering(broken) as service:
        source = RestSource("files", service.url)
        await source.open()
        try:
            await failing(rows_of(source, things, {"id"}, **by("code", [(SECRET,)])))
            await failing(page_of(source, things, {"id"}))
        finally:
            await source.close()

    assert [each.getMessage() for each in log.records if each.name == "sluice.sources"] == [
        "source 'files' failed for things: status 500; asked: GET /things?code=…",
        "source 'files' failed for things: status 418; asked: GET /things",
    ]


async def test_a_call_that_works_has_no_error_and_no_line(
    shop: PostgresSource, log: pytest.LogCaptureFixture
) -> None:
    operation = Operation()

    rows = await page_of(shop, table("words"), {"id"}, operation=operation)

    assert [dict(row) for row in rows] == [{"id": 1}]
    assert "error" not in operation.trace.calls[0].as_dict()
    assert log.records == []
