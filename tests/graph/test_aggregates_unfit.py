"""Aggregates that can't be shown, or made, are the source's errors, each at its own place."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import strawberry
from bson import Decimal128, Int64
from bson.min_key import MinKey
from pymongo import MongoClient
from pymongo.collection import Collection

from demo.stack import Addresses
from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Function
from loaders.resource import Resource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import BigInt, Graph, aggregate, connection
from tests.resolvers.declaring import connection_of, graph_of, node_type

NAN = float("nan")
INFINITE = float("inf")
LARGE = 2**31 - 1

OWNERS = MemoryTable(source="owners", name="owners", key_type=int)
BOTH = MemorySource("owners", {"owners": [{"id": 1}, {"id": 2}]})


@strawberry.enum
class Size(enum.Enum):
    SMALL = "small"


@strawberry.enum
class Other(enum.Enum):
    LARGE = "large"


def graph_over(of: Resource, **fields: tuple[Any, Function]) -> Graph:
    """Owners with what is made of the column ``it`` of their rows."""
    owner = node_type(
        "Owner",
        OWNERS,
        count=(int | None, aggregate("It.", of=of, by="of", function=Function.COUNT)),
        **{
            name: (type_ | None, aggregate("It.", of=of, by="of", function=function, column="it"))
            for name, (type_, function) in fields.items()
        },
    )
    return graph_of(owners=(connection_of(owner) | None, connection("All.")))


async def asked(graph: Graph, source: Source, names: str, **more: Any) -> Response:
    client = GraphClient(graph, [source, BOTH], **more)
    return await client.execute(f"{{ owners {{ nodes {{ count {names} }} }} }}")


def are_errors_of_their_own(response: Response, *names: str) -> None:
    """Of the first owner the fields are null, each with one error, and nothing else is."""
    first, second = response.data["owners"]["nodes"]
    assert {name: first[name] for name in names} == dict.fromkeys(names)
    assert None not in second.values()
    paths = [["owners", "nodes", 0, name] for name in names]
    assert sorted(error["path"] for error in response.errors) == sorted(paths)
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}
    assert {error["extensions"]["source"] for error in response.errors} == {"shop"}


@pytest.fixture
async def database(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(addresses.postgres)
    yield connection
    await connection.execute("drop table if exists aggregated")
    await connection.close()


@pytest.fixture
def collection(addresses: Addresses) -> Any:
    with MongoClient[dict[str, Any]](addresses.mongo) as client:
        collection = client[addresses.mongo_database]["aggregated"]
        collection.drop()
        yield collection
        collection.drop()


TABLE = PostgresTable(source="shop", name="aggregated")
COLLECTION = MongoCollection(source="shop", name="aggregated")
MEMORY = MemoryTable(source="shop", name="aggregated")

UNFIT: list[tuple[str, Sequence[Any], Any, Function, Any]] = [
    ("double precision", [1.0, INFINITE], float, Function.MAX, 1.0),
    ("double precision", [1.0, INFINITE], float, Function.SUM, 1.0),
    ("double precision", [INFINITE], float, Function.AVG, 1.0),
    ("real", [NAN], float, Function.MIN, 1.0),
    ("numeric", [Decimal("NaN"), Decimal(1)], Decimal, Function.SUM, Decimal(1)),
    ("integer", [LARGE, LARGE], int, Function.SUM, 1),
    ("text", ["large"], Size, Function.MIN, "small"),
    ("text", ["a"], Decimal, Function.MAX, "1"),
]


@pytest.mark.parametrize("engine", EXECUTORS)
@pytest.mark.parametrize(("column", "values", "type_", "function", "fit"), UNFIT)
async def test_one_of_postgresql_that_does_not_fit_its_field(
    addresses: Addresses,
    database: asyncpg.Connection,
    engine: str,
    column: str,
    values: Sequence[Any],
    type_: Any,
    function: Function,
    fit: Any,
) -> None:
    await database.execute(
        f"create table aggregated (id serial primary key, of integer, it {column})"
    )
    rows = [*((1, value) for value in values), (2, fit)]
    await database.executemany("insert into aggregated (of, it) values ($1, $2)", rows)
    settings = Settings.of(environment="development", engine=engine)
    graph = graph_over(TABLE, it=(type_, function))

    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    await source.open()
    response = await asked(graph, source, "it", settings=settings)
    await source.close()

    are_errors_of_their_own(response, "it")


@pytest.mark.parametrize(
    ("values", "type_", "function", "fit"),
    [
        *(each[1:] for each in UNFIT if each[0] != "numeric"),
        ([Decimal128("NaN"), 1], Decimal, Function.SUM, Decimal128("1")),
        ([MinKey(), 1], int, Function.MIN, 1),
        ([[1, 2], [3]], int, Function.MAX, 1),
        ([datetime(2026, 1, 31), "a"], datetime, Function.MIN, datetime(2026, 1, 31)),
        # What is no number MongoDB leaves out of its sums without a word.
        (["1", "2"], Decimal, Function.SUM, 1),
        ([1, "2", 3], Decimal, Function.SUM, 1),
        ([True, 1], Decimal, Function.SUM, 1),
        ([[1, 2], [3]], Decimal, Function.SUM, 1),
        ([1, "2", None], float, Function.AVG, 1),
        ([datetime(2026, 1, 31)], float, Function.AVG, 1),
    ],
    ids=repr,
)
async def test_one_of_mongodb_that_does_not_fit_its_field(
    addresses: Addresses,
    collection: Collection[dict[str, Any]],
    values: Sequence[Any],
    type_: Any,
    function: Function,
    fit: Any,
) -> None:
    collection.insert_many([*({"of": 1, "it": each} for each in values), {"of": 2, "it": fit}])
    graph = graph_over(COLLECTION, it=(type_, function))

    source = MongoSource("shop", addresses.mongo, database=addresses.mongo_database)
    await source.open()
    response = await asked(graph, source, "it")
    await source.close()

    are_errors_of_their_own(response, "it")


@pytest.mark.parametrize(
    ("values", "type_", "function", "fit"),
    [each[1:] for each in UNFIT],
    ids=repr,
)
async def test_one_in_memory_that_does_not_fit_its_field(
    values: Sequence[Any], type_: Any, function: Function, fit: Any
) -> None:
    rows = [*({"id": n, "of": 1, "it": each} for n, each in enumerate(values))]
    rows.append({"id": len(rows), "of": 2, "it": fit})
    source = MemorySource("shop", {"aggregated": rows})

    response = await asked(graph_over(MEMORY, it=(type_, function)), source, "it")

    are_errors_of_their_own(response, "it")


async def test_the_last_of_times_of_which_clocks_skipped_one() -> None:
    times = datetime(2026, 3, 29, 2, 30), datetime(2026, 1, 31)
    rows = [{"id": of, "of": of, "it": each} for of, each in enumerate(times, 1)]
    graph = graph_over(MEMORY, it=(datetime, Function.MAX))
    source = MemorySource("shop", {"aggregated": rows})

    response = await asked(graph, source, "it", time_zones={"shop": "Europe/Prague"})

    are_errors_of_their_own(response, "it")


@pytest.mark.parametrize(
    ("values", "type_", "total"),
    [
        ([Int64(2**53 + 1), 0.5], Decimal, "9007199254740993.5"),
        ([Int64(2**63 - 1)] * 3, Decimal, str(3 * (2**63 - 1))),
        ([Int64(2**63 - 1)] * 3, BigInt, str(3 * (2**63 - 1))),
        ([Int64(5), 2, None], int, 7),
        ([Int64(5), 2], float, 7.0),
        ([Int64(5), Decimal128("0.10")], Decimal, "5.10"),
        ([LARGE, LARGE], BigInt, str(2 * LARGE)),
    ],
    ids=repr,
)
async def test_a_sum_of_mongodb_has_all_digits(
    addresses: Addresses,
    collection: Collection[dict[str, Any]],
    values: Sequence[Any],
    type_: Any,
    total: object,
) -> None:
    collection.insert_many([{"of": 1, "it": each} for each in values])
    graph = graph_over(COLLECTION, it=(type_, Function.SUM))

    source = MongoSource("shop", addresses.mongo, database=addresses.mongo_database)
    await source.open()
    response = await asked(graph, source, "it")
    await source.close()

    assert response.data["owners"]["nodes"] == [
        {"count": len(values), "it": total},
        {"count": 0, "it": None},
    ]
