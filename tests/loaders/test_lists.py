"""Lists and what they have: every kind of source, against plain Python."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from aiohttp import web
from bson import Decimal128
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from demo.stack import Addresses
from loaders.asks import WHOLE, Ask, Rows, Wants
from loaders.errors import BadResponse
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import (
    NOTHING,
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Order,
    SemiJoin,
    Window,
)
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from loaders.sources import Source
from loaders.sql.columns import Columns
from loaders.sql.postgres import PostgresSource, PostgresTable
from loaders.sql.statement import selecting
from tests.bad_servers import answering
from tests.loaders.asking import page_of, rows_of

NAME = "things_with_lists"
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Kind:
    """Items of one type: four values that lists have, two that none has, and the type's name in
    PostgreSQL; ``in_mongo`` and ``in_json`` are what of them these have, None where they have no
    such type."""

    items: Sequence[Any]
    others: Sequence[Any]
    sql: str
    in_mongo: Callable[[Any], Any] | None = lambda value: value
    in_json: Callable[[Any], Any] | None = lambda value: value


COLUMNS: Mapping[str, Kind] = {
    "texts": Kind(("a", "A", "", "é%_\\"), ("b", "aa"), "text"),
    "codes": Kind(("a", "b", "ab", "$x"), ("c", "A"), "varchar(5)"),
    "numbers": Kind((0, 1, -1, 2**31 - 1), (2, 7), "integer"),
    "large": Kind((0, 1, -(2**53), 2**53), (3, 2**60), "bigint"),
    "amounts": Kind(
        (Decimal("1.10"), Decimal(0), Decimal("-2.05"), Decimal("12345678901234567.89")),
        (Decimal("1.11"), Decimal("12345678901234567.88")),
        "numeric",
        Decimal128,
        str,
    ),
    "ratios": Kind((0.5, 0.1, -2.0, 1e300), (0.25, 2.0), "double precision"),
    "flags": Kind((True, True, True, True), (False, False), "boolean"),
    "moments": Kind(
        (MOMENT, *(MOMENT + timedelta(milliseconds=n) for n in (1, 1000, 86_400_000))),
        (MOMENT + timedelta(milliseconds=2), MOMENT - timedelta(days=1)),
        "timestamptz",
        in_json=datetime.isoformat,
    ),
    "days": Kind(
        # Not the very first and last, which asyncpg itself, by which they get there, takes for
        # infinite ones.
        (date(2026, 1, 1), date(2024, 2, 29), date(1, 1, 2), date(9999, 12, 30)),
        (date(2026, 1, 2), date(1970, 1, 1)),
        "date",
        None,
        date.isoformat,
    ),
    "labels": Kind(("PAID", "PENDING", "SHIPPED", "RETURNED"), ("DELIVERED",) * 2, "order_status"),
    "keys": Kind(
        (UUID(int=0), UUID(int=1), UUID(int=2), UUID(int=3)),
        (UUID(int=4), UUID(int=5)),
        "uuid",
        in_json=None,
    ),
}

SHAPES: Sequence[tuple[int | None, ...] | None] = (
    None,
    *(shape for length in range(3) for shape in itertools.product((None, 0, 1, 2), repeat=length)),
    (0, 0, 0),
    (0, 1, 2),
    (2, 1, 0, 3),
    (3, None, 3, None),
    (None, None, None),
)
"""Every list of up to two items, and some longer ones: by the places of the items, None where one
is missing; and no list at all."""


def rows() -> list[dict[str, Any]]:
    return [
        {
            "id": id,
            "parent": id % 2,
            **{
                name: None
                if shape is None
                else [None if at is None else kind.items[at] for at in shape]
                for name, kind in COLUMNS.items()
            },
        }
        for id, shape in enumerate(SHAPES)
    ]


ROWS = rows()


def made(row: Mapping[str, Any], columns: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The row with these columns, each item as the function makes it."""
    lists = {
        name: row[name] and [None if item is None else make(item) for item in row[name]]
        for name, make in columns.items()
    }
    return {"id": row["id"], "parent": row["parent"], **lists}


def holds(filter: Filter, row: Mapping[str, Any]) -> bool:
    """The oracle. A list has the values of its items that are there; none has any but a list."""
    match filter:
        case And(parts):
            return all(holds(part, row) for part in parts)
        case Or(parts):
            return any(holds(part, row) for part in parts)
        case Not(part):
            return not holds(part, row)
        case Comparison(column, operator, wanted):
            held: list[Any] | None = row[column]
            if held is None:
                return False
            if operator is Operator.HAS:
                return held.count(wanted) > 0
            have = [each for each in wanted if held.count(each)]
            return bool(have) if operator is Operator.HAS_SOME else have == list(wanted)
        case SemiJoin():
            raise AssertionError("it says nothing of the row alone")


def expected(filter: Filter) -> list[int]:
    return [row["id"] for row in ROWS if holds(filter, row)]


@dataclass(frozen=True)
class Asked:
    """A source with the rows, and the columns that it can have."""

    source: Source
    resource: Resource
    columns: Sequence[str]

    async def ids(self, filter: Filter) -> list[int]:
        page = await page_of(self.source, self.resource, ["id"], filter, Window((Order("id"),)))
        return [row["id"] for row in page]


@asynccontextmanager
async def postgres(addresses: Addresses) -> AsyncIterator[Asked]:
    connection = await asyncpg.connect(addresses.postgres)
    columns = ", ".join(f"{name} {kind.sql}[]" for name, kind in COLUMNS.items())
    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    try:
        await connection.execute(
            f"drop table if exists {NAME}; "
            f"create table {NAME} (id int primary key, parent int, {columns})"
        )
        for row in ROWS:
            places = ", ".join(f"${at}" for at in range(1, len(row) + 1))
            await connection.execute(f"insert into {NAME} values ({places})", *row.values())
        await source.open()
        yield Asked(source, PostgresTable(source="shop", name=NAME), tuple(COLUMNS))
    finally:
        await source.close()
        await connection.execute(f"drop table {NAME}")
        await connection.close()


@asynccontextmanager
async def mongo(addresses: Addresses) -> AsyncIterator[Asked]:
    columns = {name: kind.in_mongo for name, kind in COLUMNS.items() if kind.in_mongo is not None}
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    with MongoClient[dict[str, Any]](addresses.mongo, uuidRepresentation="standard") as client:
        collection = client[addresses.mongo_database][NAME]
        collection.drop()
        documents = [made(row, columns) for row in ROWS]
        # What is missing is null in every other document, and not there in the rest.
        collection.insert_many(
            {name: value for name, value in each.items() if value is not None or each["id"] % 2}
            for each in documents
        )
        try:
            await source.open()
            resource = MongoCollection(source="catalog", name=NAME, key="id", key_type=int)
            yield Asked(source, resource, tuple(columns))
        finally:
            await source.close()
            collection.drop()


@asynccontextmanager
async def rest(addresses: Addresses) -> AsyncIterator[Asked]:
    columns = {name: kind.in_json for name, kind in COLUMNS.items() if kind.in_json is not None}
    items = [made(row, columns) for row in ROWS]

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(body=orjson.dumps({"items": items}), content_type="application/json")

    async with answering(answer) as service:
        source = RestSource("things", service.url)
        await source.open()
        try:
            by = {"parent": Batch("/things", "parent")}
            resource = RestResource(
                source="things", name="things", all="/things", by=by, key_type=int
            )
            yield Asked(source, resource, tuple(columns))
        finally:
            await source.close()


@asynccontextmanager
async def in_memory(addresses: Addresses) -> AsyncIterator[Asked]:
    source = MemorySource("memory", {NAME: ROWS})
    yield Asked(source, MemoryTable(source="memory", name=NAME), tuple(COLUMNS))


KINDS = {"postgres": postgres, "mongo": mongo, "rest": rest, "memory": in_memory}


@pytest.fixture(scope="module", params=KINDS)
async def asked(request: pytest.FixtureRequest, addresses: Addresses) -> AsyncIterator[Asked]:
    async with KINDS[request.param](addresses) as asked:
        yield asked


def comparisons(column: str) -> st.SearchStrategy[Comparison]:
    kind = COLUMNS[column]
    values = st.sampled_from((*kind.items, *kind.others))
    several = st.lists(values, max_size=4).map(tuple)
    return st.one_of(
        st.builds(Comparison, st.just(column), st.just(Operator.HAS), values),
        st.builds(
            Comparison,
            st.just(column),
            st.sampled_from((Operator.HAS_SOME, Operator.HAS_EVERY)),
            several,
        ),
    )


def filters(columns: Sequence[str]) -> st.SearchStrategy[Filter]:
    every: st.SearchStrategy[Filter] = st.sampled_from(columns).flatmap(comparisons)
    return st.recursive(
        every,
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
        ),
        max_leaves=5,
    )


@given(data=st.data())
@settings(max_examples=200, deadline=None)
async def test_any_filter(asked: Asked, data: st.DataObject) -> None:
    filter = data.draw(filters(asked.columns))

    assert await asked.ids(filter) == expected(filter)


async def test_every_comparison_with_each_type(asked: Asked) -> None:
    for column in asked.columns:
        kind = COLUMNS[column]
        values = (*kind.items[:3], kind.others[0])
        several = [
            chosen for size in range(3) for chosen in itertools.combinations(values * 2, size)
        ]
        every = [
            *(Comparison(column, Operator.HAS, value) for value in values),
            *(Comparison(column, Operator.HAS_SOME, chosen) for chosen in dict.fromkeys(several)),
            *(Comparison(column, Operator.HAS_EVERY, chosen) for chosen in dict.fromkeys(several)),
        ]
        for filter in every:
            assert await asked.ids(filter) == expected(filter), filter


async def test_rows_of_each_key(asked: Asked) -> None:
    filter = Not(Comparison("texts", Operator.HAS_EVERY, ("a", "A")))

    found = await rows_of(
        asked.source,
        asked.resource,
        ["id", "parent"],
        by=("parent",),
        keys=[(1,), (0,)],
        filter=filter,
        window=Window((Order("id"),), limit=4),
    )

    wanted = expected(filter)
    assert [[row["id"] for row in rows] for rows in found] == [
        [id for id in wanted if id % 2 == parent][:4] for parent in (1, 0)
    ]


async def test_a_value_that_is_no_list_is_an_error_of_a_service() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response({"items": [{"id": 1, "texts": "abc"}]})

    async with answering(answer) as service:
        source = RestSource("things", service.url)
        await source.open()
        things = RestResource(source="things", name="things", all="/things", key_type=int)
        try:
            for operator, value in (
                (Operator.HAS, "b"),
                (Operator.HAS_SOME, ("b",)),
                (Operator.HAS_EVERY, ()),
            ):
                with pytest.raises(BadResponse, match="values that can't be compared"):
                    await page_of(source, things, ["id"], Comparison("texts", operator, value))
        finally:
            await source.close()


@pytest.fixture(scope="module")
async def table(addresses: Addresses) -> AsyncIterator[Asked]:
    async with postgres(addresses) as asked:
        yield asked


async def test_an_item_that_no_column_can_hold_is_in_no_list(table: Asked) -> None:
    for filter, same in (
        (Comparison("texts", Operator.HAS, "a\0"), NOTHING),
        (Comparison("texts", Operator.HAS_EVERY, ("b", "a\0")), NOTHING),
        (
            Comparison("texts", Operator.HAS_SOME, ("b", "a\0")),
            Comparison("texts", Operator.HAS_SOME, ("b",)),
        ),
    ):
        assert await table.ids(filter) == expected(same)


async def test_rows_are_joined_by_what_their_lists_have(table: Asked) -> None:
    inner = Comparison("texts", Operator.HAS_EVERY, ("a", "A"))

    found = await table.ids(SemiJoin("id", table.resource, "id", inner))

    assert found == expected(inner)


@pytest.mark.parametrize(
    "filter",
    [
        Comparison("texts", Operator.HAS, "a"),
        Comparison("texts", Operator.HAS_SOME, ("a", "b")),
        Comparison("texts", Operator.HAS_EVERY, ("a", "b")),
    ],
    ids=lambda filter: filter.operator,
)
async def test_an_index_finds_what_lists_have(table: Asked, filter: Filter) -> None:
    source = table.source
    assert isinstance(source, PostgresSource)
    ask = Ask(Rows(table.resource, filter=filter), Wants(frozenset({"id"})))
    statement, values = selecting(ask, [WHOLE], Columns({}))

    async with source.transaction() as connection:
        await connection.execute(f"create index by_texts on {NAME} using gin (texts)")
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch(f"explain {statement}", *values)
        await connection.execute("drop index by_texts")

    assert "Bitmap Index Scan on by_texts" in "\n".join(row["QUERY PLAN"] for row in plan)
