"""What clients compare with is compared in the terms of the column, through the whole graph."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson.decimal128 import Decimal128
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.asks import Ask, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import COUNT, Aggregate, Function
from loaders.sql.postgres import PostgresTable
from resolvers.connections import connection
from resolvers.fields import column
from tests.loaders.asking import shop_with
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type

SCHEMA = "exact_comparisons"
OBJECTS = f"""
drop schema if exists {SCHEMA} cascade;
create schema {SCHEMA};
create table {SCHEMA}.things (
    id int primary key, tenth numeric, large bigint, small smallint, real real, at timestamptz,
    smalls smallint[]
);
insert into {SCHEMA}.things values
    (1, 0.3, 9007199254740991, 5, 15.2, '2026-01-31 09:30:00.123456Z', '{{5,6}}'),
    (2, 0.2, 9007199254740992, 10, 0.1, '2026-01-31 09:30:00.123457Z', '{{}}'),
    (3, null, null, null, null, null, null);
"""
THINGS = PostgresTable(source="shop", schema=SCHEMA, name="things")
PARTS = MongoCollection(source="catalog", name="exact_parts", key="id", key_type=int)
STORED: Sequence[dict[str, Any]] = (
    {"id": 1, "n": 0.3, "at": datetime(2026, 1, 31, 9, 30, 0, 123_000, tzinfo=UTC), "owner": 1},
    {"id": 2, "n": Decimal128("0.3"), "owner": 1},
    {"id": 3, "n": Decimal128("0.29999999999999999"), "size": None, "owner": 2},
    {"id": 4, "n": 5, "size": 0, "owner": 3},
    {"id": 5, "owner": 3},
)


def filterable(annotation: Any) -> tuple[Any, Any]:
    return annotation | None, column("It.", filterable=True)


def named(annotation: Any, name: str) -> tuple[Any, Any]:
    return annotation | None, column("It.", name=name, filterable=True)


async def found(client: GraphClient, where: str) -> Sequence[int]:
    """The keys of what the ``where`` finds."""
    answer = await client.execute(f"{{ all(where: {{{where}}}) {{ nodes {{ key }} }} }}")
    assert answer.errors == []
    return [node["key"] for node in answer.data["all"]["nodes"]]


@pytest.fixture(scope="module")
async def things(addresses: Addresses) -> AsyncIterator[GraphClient]:
    thing = node_type(
        "Thing",
        THINGS,
        key=(int, column("Its key.", name="id")),
        tenth=filterable(float),
        large=filterable(Decimal),
        small=filterable(int),
        real=filterable(float),
        at=filterable(datetime),
        smalls=filterable(list_of(int)),
    )
    graph = graph_of(all=(connection_of(thing) | None, connection("All.")))
    async with shop_with(addresses, SCHEMA, OBJECTS) as source, GraphClient(graph, [source]) as it:
        yield it


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("tenth: {eq: 0.3}", [1]),
        ("tenth: {lt: 0.3}", [2]),
        ("tenth: {notIn: [0.3, 0.25]}", [2, 3]),
        ('large: {eq: "9007199254740991.5"}', []),
        ('large: {lt: "9007199254740991.5"}', [1]),
        ('large: {gte: "9007199254740991.5"}', [2]),
        ('large: {ne: "9007199254740991.5"}', [1, 2, 3]),
        ("small: {lt: 40000}", [1, 2]),
        ("small: {gt: 40000}", []),
        ("small: {gt: -40000}", [1, 2]),
        ("small: {eq: 40000}", []),
        ("small: {ne: 40000}", [1, 2, 3]),
        ("small: {in: [40000, 5]}", [1]),
        ("not: {small: {lt: 40000}}", [3]),
        ("or: [{small: {eq: 40000}}, {small: {eq: 5}}]", [1]),
        ("real: {eq: 15.2}", [1]),
        ("real: {eq: 15.2000001}", []),
        ("real: {lt: 15.2000001}", [1, 2]),
        ('at: {eq: "2026-01-31T09:30:00.1234560Z"}', [1]),
        ('at: {eq: "2026-01-31T09:30:00.1234567Z"}', []),
        ('at: {lt: "2026-01-31T09:30:00.1234567Z"}', [1]),
        ('at: {gte: "2026-01-31T10:30:00.1234567+01:00"}', [2]),
        ("smalls: {has: 40000}", []),
        ("smalls: {hasSome: [40000, 6]}", [1]),
        ("smalls: {hasEvery: [40000, 6]}", []),
    ],
)
async def test_what_postgres_finds(things: GraphClient, where: str, ids: list[int]) -> None:
    assert await found(things, where) == ids


@pytest.fixture(scope="module")
def catalog(addresses: Addresses) -> Iterator[MongoSource]:
    """Not open."""
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    with MongoClient[dict[str, Any]](addresses.mongo) as client:
        collection = client[addresses.mongo_database]["exact_parts"]
        collection.drop()
        collection.insert_many(dict(each) for each in STORED)
        yield source
        collection.drop()


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("float: {eq: 0.3}", [1, 2]),
        ('decimal: {eq: "0.3"}', [1, 2]),
        ("float: {lt: 0.3}", [3]),
        ('decimal: {lt: "0.3"}', [3]),
        ("float: {gte: 0.3}", [1, 2, 4]),
        ("float: {notIn: [0.3, 5]}", [3, 5]),
        ('decimal: {lt: "100000000000000000000000000000000000000.5"}', [1, 2, 3, 4]),
        ('at: {eq: "2026-01-31T09:30:00.123Z"}', [1]),
        ('at: {eq: "2026-01-31T09:30:00.123456Z"}', []),
        ('at: {lt: "2026-01-31T09:30:00.123456Z"}', [1]),
        ('at: {gte: "2026-01-31T09:30:00.123456Z"}', []),
    ],
)
async def test_what_mongo_finds(catalog: MongoSource, where: str, ids: list[int]) -> None:
    part = node_type(
        "Part",
        PARTS,
        key=(int, column("Its key.", name="id")),
        float=named(float, "n"),
        decimal=named(Decimal, "n"),
        at=filterable(datetime),
    )
    graph = graph_of(all=(connection_of(part) | None, connection("All.")))

    async with GraphClient(graph, [catalog]) as client:
        assert await found(client, where) == ids


async def test_a_sum_of_nothing_is_null_in_mongo(catalog: MongoSource) -> None:
    functions = (COUNT, *(Aggregate(each, "size") for each in Function if each != Function.COUNT))
    ask = Ask(Rows(PARTS, by=("owner",)), Wants(aggregates=functions))

    await catalog.open()
    answer = await chained(catalog).fetch(ask, [(1,), (2,), (3,), (4,)], Operation())
    await catalog.close()

    assert [list(each.values) for each in answer if not isinstance(each, Exception)] == [
        [2, None, None, None, None],
        [1, None, None, None, None],
        [2, 0, 0, 0, 0],
        [0, None, None, None, None],
    ]
