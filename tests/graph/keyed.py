"""Rows in every kind of source whose keys are of every type, and graphs over them."""

from __future__ import annotations

import enum
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import asyncpg
import strawberry
from bson import Decimal128, ObjectId
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Function
from loaders.resource import Resource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import (
    Graph,
    aggregate,
    column,
    connection,
    lookup,
    many,
    node,
    nodes,
    one,
)
from resolvers.fields import Node
from tests.resolvers.declaring import connection_of, list_of, node_type, plain_type

SCHEMA = "keyed"
NAMES = ("first", "second", "childless")
CHILDREN = ((1, 0), (2, 1), (3, 0), (4, None), (5, 0), (6, 1))
"""The number of each, and the place of its parent among ``NAMES``."""


@strawberry.enum
class Mood(enum.Enum):
    BAD = "bad"
    FINE = "fine"
    GOOD = "good"


@dataclass(frozen=True)
class Kind:
    """A type of keys: PostgreSQL's name for it, the ``key_type``, three keys in their order, and
    the type of a field that shows them, if there is one. ``in_mongo`` makes BSON of a key."""

    column: str | None
    key_type: type
    keys: Sequence[Any]
    shown: Any = None
    in_mongo: Callable[[Any], Any] | None = lambda key: key


def uuids() -> list[uuid.UUID]:
    return [uuid.UUID(int=number << 64) for number in (1, 2, 3)]


def moments() -> list[datetime]:
    return [datetime(2026, 1, day, 9, 30, 0, 120_000, UTC) for day in (1, 2, 3)]


KINDS: dict[str, Kind] = {
    "smallint": Kind("smallint", int, [-2, 7, 9], int),
    "integer": Kind("integer", int, [1, 2, 3], int),
    "bigint": Kind("bigint", int, [5, 2**40, 2**62], Decimal),
    "text": Kind("text", str, ["a", "b b", "c/ü"], str),
    "char": Kind("char(6)", str, ["ab", "cd", "efghij"], str),
    "varchar": Kind("varchar(6)", str, ["ab", "cd", "efghij"], str),
    "domain": Kind("keyed.code", str, ["A1", "B2", "C3"], str),
    "uuid": Kind("uuid", uuid.UUID, uuids()),
    "numeric": Kind(
        "numeric(10, 2)", Decimal, [Decimal("1.50"), Decimal("2.00"), Decimal("10.25")],
        Decimal, Decimal128,
    ),
    "date": Kind("date", date, [date(2026, 1, day) for day in (1, 2, 3)], date, None),
    "timestamptz": Kind("timestamptz", datetime, moments(), datetime),
    "enum": Kind("keyed.mood", str, ["bad", "fine", "good"], Mood, None),
    "bytea": Kind("bytea", bytes, [b"\x00\x01", b"\x01a", b"\xff\xfe"]),
    "ObjectId": Kind(None, ObjectId, [ObjectId(f"{number:024x}") for number in (10, 11, 12)]),
}  # fmt: skip

SOURCES = ("postgres", "mongo", "memory")
CASES = [
    (source, kind)
    for source in SOURCES
    for kind, of in KINDS.items()
    if (source != "postgres" or of.column) and (source != "mongo" or of.in_mongo)
]


def rows_of(kind: Kind) -> dict[str, list[dict[str, Any]]]:
    """The rows of the two tables."""
    return {
        "parents": [
            {"id": key, "code": kind.keys[-1 - place], "name": NAMES[place]}
            for place, key in enumerate(kind.keys)
        ],
        "children": [
            {"no": no, "parent": None if place is None else kind.keys[place]}
            for no, place in CHILDREN
        ],
    }


def resource(source: str, kind: str, name: str, **more: Any) -> Resource:
    name = f"{kind}_{name}"
    match source:
        case "postgres":
            return PostgresTable(source=source, schema=SCHEMA, name=name, **more)
        case "mongo":
            return MongoCollection(source=source, name=f"{SCHEMA}_{name}", **more)
        case _:
            return MemoryTable(source=source, name=name, **more)


@cache
def graph_of(source: str, kind: str) -> Graph:
    """The graph of the two tables, which are in one source."""
    of = KINDS[kind]
    parents = resource(source, kind, "parents", key="id", key_type=of.key_type)
    children = resource(source, kind, "children", key="no", key_type=int)
    code = (of.shown | None, column("Its code.")) if of.shown is not None else None
    child = node_type("Child", children, no=(int, column("Its number.")))
    parent = node_type(
        "Parent",
        parents,
        name=(str, column("Its name.")),
        children=(list_of(child), many("All.", by="parent", order_by="no")),
        page=(connection_of(child), connection("By pages.", by="parent", order_by="no")),
        count=(int, aggregate("How many.", of=children, by="parent", function=Function.COUNT)),
        last=(
            int | None,
            aggregate("The last.", of=children, by="parent", function=Function.MAX, column="no"),
        ),
        **({"code": code} if code else {}),
    )
    orphan = node_type(
        "Orphan",
        children,
        no=(int, column("Its number.")),
        parent=(parent | None, one("By the key.", by="parent")),
        coded=(parent | None, one("By another column.", by="parent", to="code")),
    )
    query = plain_type(
        "Query",
        node=(Node | None, node("One.")),
        nodes=(list_of(Node | None) | None, nodes("Several.")),
        parent=(parent | None, lookup("One.", by=("id", "code") if code else ("id",))),
        parents=(connection_of(parent) | None, connection("All.", order_by="id")),
        backward=(connection_of(parent) | None, connection("All.", order_by="-id")),
        orphans=(connection_of(orphan) | None, connection("All.", order_by="no")),
    )
    return Graph(query)


@asynccontextmanager
async def keyed(addresses: Addresses) -> AsyncIterator[Sequence[Source]]:
    """The sources with the rows of every kind in them, open."""
    in_memory: dict[str, Any] = {}
    connection = await asyncpg.connect(addresses.postgres)
    mongo: MongoClient[Any] = MongoClient(addresses.mongo, uuidRepresentation="standard")
    database = mongo[addresses.mongo_database]
    await connection.execute(
        f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}; "
        f"create domain {SCHEMA}.code as text check (value <> ''); "
        f"create type {SCHEMA}.mood as enum ('bad', 'fine', 'good')"
    )
    made: list[str] = []
    for kind, of in KINDS.items():
        for name, rows in rows_of(of).items():
            in_memory[f"{kind}_{name}"] = rows
            if of.column is not None:
                table = f'{SCHEMA}."{kind}_{name}"'
                columns = {
                    "parents": f"id {of.column} primary key, code {of.column} unique, name text",
                    "children": f"no integer primary key, parent {of.column}",
                }[name]
                await connection.execute(f"create table {table} ({columns})")
                places = ", ".join(f"${place + 1}" for place in range(len(rows[0])))
                await connection.executemany(
                    f"insert into {table} values ({places})", [tuple(row.values()) for row in rows]
                )
            if of.in_mongo is not None:
                made.append(f"{SCHEMA}_{kind}_{name}")
                database[made[-1]].drop()
                database[made[-1]].insert_many(
                    {
                        column: of.in_mongo(value) if type(value) is of.key_type else value
                        for column, value in row.items()
                    }
                    for row in rows
                )
    sources: Sequence[Source] = (
        PostgresSource("postgres", addresses.postgres, pool_size=2),
        MongoSource("mongo", addresses.mongo, database=addresses.mongo_database),
        MemorySource("memory", in_memory),
    )
    try:
        for source in sources:
            await source.open()
        yield sources
    finally:
        for source in sources:
            await source.close()
        for name in made:
            database[name].drop()
        mongo.close()
        await connection.execute(f"drop schema {SCHEMA} cascade")
        await connection.close()


@dataclass(frozen=True)
class Keyed:
    """A graph over keys of one kind in one source."""

    client: GraphClient
    source: str
    kind: Kind

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of a response that has no errors."""
        response = await self.client.execute(query, variables)
        assert not response.errors, response.errors
        return response.data
