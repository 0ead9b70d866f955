"""Relations by a column that holds a list: a row belongs to each value in it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest
from bson import ObjectId
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.contexts import Operation
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import COUNT, Aggregate, Comparison, Function, Operator, Order, Window
from loaders.registry import Loaders, Sources
from loaders.resource import Resource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import Graph, aggregate, column, connection, many
from tests.resolvers.declaring import connection_of, list_of, node_type, plain_type

SCHEMA = "keys_in_lists"

KEYS: dict[str, tuple[str | None, list[Any]]] = {
    "int": ("integer", [1, 2, 3, 4]),
    "bigint": ("bigint", [1, 2, 3, 2**40]),
    "text": ("text", ["a", "b", "c{}", "d.d"]),
    "varchar": ("varchar(5)", ["a", "b", "c", "d"]),
    "char": ("char(3)", ["a", "b", "c", "d"]),
    "uuid": ("uuid", [uuid.UUID(int=number) for number in range(4)]),
    "enum": (f"{SCHEMA}.letter", ["a", "b", "c", "d"]),
    "domain": (f"{SCHEMA}.word", ["a", "b", "c", "d"]),
    "ObjectId": (None, [ObjectId(f"{number:024x}") for number in range(4)]),
}
"""PostgreSQL's type, and four keys: of all rows, of most, of one, of none."""

ROWS = [(1, [0, 1]), (2, [1, 0, 1]), (3, [0]), (4, []), (5, None), (6, [2, 0])]
"""The places among the keys that are in each row's list. One has a key twice."""

OF = [[1, 2, 3, 6], [1, 2], [6], []]
"""The rows of each key."""

SOURCES = ("postgres", "mongo", "memory")
CASES = [(s, k) for s in SOURCES for k, (name, _) in KEYS.items() if s != "postgres" or name]


def rows_of(kind: str) -> list[dict[str, Any]]:
    _, keys = KEYS[kind]
    return [
        {"id": id, "of": None if places is None else [keys[place] for place in places], "size": id}
        for id, places in ROWS
    ]


@pytest.fixture(scope="module")
async def sources(addresses: Addresses) -> AsyncIterator[Sequence[Source]]:
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute(
        f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA};"
        f"create type {SCHEMA}.letter as enum ('a', 'b', 'c', 'd');"
        f"create domain {SCHEMA}.word as text"
    )
    for kind, (type_, _) in KEYS.items():
        if type_ is not None:
            table = f'{SCHEMA}."{kind}"'
            await connection.execute(
                f"create table {table} (id integer primary key, of {type_}[], size integer);"
                f"create index on {table} using gin (of)"
            )
            rows = [tuple(row.values()) for row in rows_of(kind)]
            await connection.executemany(f"insert into {table} values ($1, $2, $3)", rows)
    mongo: MongoClient[Any] = MongoClient(addresses.mongo, uuidRepresentation="standard")
    collections = {kind: mongo[addresses.mongo_database][f"{SCHEMA}_{kind}"] for kind in KEYS}
    for kind, collection in collections.items():
        collection.drop()
        collection.insert_many(rows_of(kind))
        collection.create_index("of")
    sources: Sequence[Source] = (
        PostgresSource("postgres", addresses.postgres, pool_size=2),
        MongoSource("mongo", addresses.mongo, database=addresses.mongo_database),
        MemorySource("memory", {kind: rows_of(kind) for kind in KEYS}),
    )
    for source in sources:
        await source.open()
    yield sources
    for source in sources:
        await source.close()
    for collection in collections.values():
        collection.drop()
    mongo.close()
    await connection.execute(f"drop schema {SCHEMA} cascade")
    await connection.close()


def resource(source: str, kind: str) -> Resource:
    match source:
        case "postgres":
            return PostgresTable(source=source, schema=SCHEMA, name=kind)
        case "mongo":
            return MongoCollection(source=source, name=f"{SCHEMA}_{kind}", key="id", key_type=int)
        case _:
            return MemoryTable(source=source, name=kind)


@pytest.fixture(params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    source, kind = request.param
    return source, kind


Case = tuple[str, str]
BY_ID = (Order("id"),)
LARGEST = Aggregate(Function.MAX, "size")
BIG = Comparison("size", Operator.GT, 1)


def asking(sources: Sequence[Source]) -> tuple[Loaders, Operation]:
    operation = Operation()
    return Loaders(Sources(list(sources)), {}, operation), operation


def ids(found: Any) -> list[list[int]]:
    return [[row["id"] for row in rows] for rows in found]


@pytest.mark.parametrize("filter", [None, BIG], ids=["all", "big"])
@pytest.mark.parametrize("limit", [None, 2])
@pytest.mark.parametrize("descending", [False, True])
async def test_lists_and_pages(
    sources: Sequence[Source], case: Case, filter: Any, limit: int | None, descending: bool
) -> None:
    loaders, of = asking(sources)[0], resource(*case)
    window = Window((Order("id", descending),), limit=limit)

    found = await loaders.lists(of, "of", window, filter).load_all(KEYS[case[1]][1])

    wanted = [[id for id in each if filter is None or id > 1] for each in OF]
    assert ids(found) == [each[:: -1 if descending else 1][:limit] for each in wanted]


@pytest.mark.parametrize("filter", [None, BIG], ids=["all", "big"])
async def test_counts_and_aggregates(sources: Sequence[Source], case: Case, filter: Any) -> None:
    loaders, of = asking(sources)[0], resource(*case)
    keys = KEYS[case[1]][1]

    counts = loaders.aggregates(of, "of", COUNT, filter).load_all(keys)
    last = loaders.aggregates(of, "of", LARGEST, filter).load_all(keys)

    wanted = [[id for id in each if filter is None or id > 1] for each in OF]
    assert await counts == list(map(len, wanted))
    assert await last == [max(each, default=None) for each in wanted]


async def test_a_page_after_a_place_with_its_count(sources: Sequence[Source], case: Case) -> None:
    loaders, of = asking(sources)[0], resource(*case)
    keys = KEYS[case[1]][1]

    pages = loaders.lists(of, "of", Window(BY_ID, after=(1,), limit=2)).load_all(keys)
    counts = loaders.aggregates(of, "of", COUNT).load_all(keys)

    assert ids(await pages) == [[2, 3], [2], [6], []]
    assert await counts == list(map(len, OF))


async def test_by_a_list_and_another_column(sources: Sequence[Source], case: Case) -> None:
    loaders, of = asking(sources)[0], resource(*case)
    first, second, *_ = KEYS[case[1]][1]
    keys = [(first, 2), (second, 2), (second, 3), (first, 3)]

    for limit in (None, 3):
        window = Window(BY_ID, limit=limit)
        found = await loaders.lists(of, ("of", "size"), window).load_all(keys)
        assert ids(found) == [[2], [2], [], [3]]
    counts = await loaders.aggregates(of, ("of", "size"), COUNT).load_all(keys)
    assert counts == [1, 1, 0, 1]


async def test_a_graph_s_relations(sources: Sequence[Source], case: Case) -> None:
    _, keys = KEYS[case[1]]
    of = resource(*case)
    films = node_type("Film", of, size=(int, column("Its size.")))
    actor_rows = MemoryTable(source="actors", name="actors", key_type=type(keys[0]))
    actor = node_type(
        "Actor",
        actor_rows,
        films=(list_of(films) | None, many("All.", by="of", order_by="id")),
        page=(connection_of(films) | None, connection("Pages.", by="of", order_by="-id")),
        count=(
            int | None, aggregate("How many.", of=of, by="of", function=Function.COUNT)
        ),
    )  # fmt: skip
    actors = (connection_of(actor) | None, connection("All.", order_by="id"))
    graph = Graph(plain_type("Query", actors=actors))
    in_memory = MemorySource("actors", {"actors": [{"id": key} for key in keys]})

    response = await GraphClient(graph, [*sources, in_memory]).execute(
        "{ actors { nodes { films { size } page(first: 1) { totalCount nodes { size } } count } } }"
    )

    assert not response.errors
    assert response.data["actors"]["nodes"] == [
        {
            "films": [{"size": id} for id in each],
            "page": {"totalCount": len(each), "nodes": [{"size": id} for id in each[-1:]]},
            "count": len(each),
        }
        for each in OF
    ]


async def test_mongodb_is_asked_once_more_the_first_time_alone(
    sources: Sequence[Source], addresses: Addresses
) -> None:
    mongo = MongoSource("mongo", addresses.mongo, database=addresses.mongo_database)
    await mongo.open()
    calls = []
    for _ in range(2):
        loaders, operation = asking([mongo])
        await loaders.aggregates(resource("mongo", "int"), "of", COUNT).load_all([1, 2])
        calls.append(len(operation.trace.calls))
    await mongo.close()

    assert calls == [2, 1]


@pytest.mark.parametrize("limit", [None, 2])
async def test_postgresql_has_an_index_for_it(
    sources: Sequence[Source], addresses: Addresses, limit: int | None
) -> None:
    loaders, operation = asking(sources)
    of = resource("postgres", "int")
    await loaders.lists(of, "of", Window(BY_ID, limit=limit)).load_all([1, 2])
    await loaders.aggregates(of, "of", COUNT).load_all([1, 2])
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute("set enable_seqscan = off")

    for call in operation.trace.calls:
        parameters = [[1, 2], limit][: 1 + str(call.statement).count("$2")]
        plan = await connection.fetch(f"explain {call.statement}", *parameters)

        assert "Bitmap Index Scan on int_of_idx" in "\n".join(row[0] for row in plan)
    await connection.close()
