"""Owners, and things that have the owners' keys, each in a source of any kind, with every kind of
relation between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
from aiohttp import web
from bson import Decimal128
from pymongo import MongoClient

from demo.stack import Addresses
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Function
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import Graph, aggregate, column, connection, many, one
from tests.bad_servers import answering
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type

SCHEMA = "relating"
Rows = Sequence[Mapping[str, Any]]


def owners_of(owners: Resource, things: Resource, cast: type | None = None) -> Graph:
    """Owners by their number, and the things whose ``of`` is an owner's key, by every kind of
    relation; and things, with their owners."""
    numbered = column("Its number.", name="no")
    thing = node_type("Thing", things, no=(int, numbered))
    last = aggregate("The last.", of=things, by="of", function=Function.MAX, column="no", cast=cast)
    owner = node_type(
        "Owner",
        owners,
        no=(int, column("Its number.")),
        many=(list_of(thing) | None, many("All.", by="of", order_by="no", cast=cast)),
        page=(connection_of(thing) | None, connection("All.", by="of", order_by="no", cast=cast)),
        count=(
            int | None,
            aggregate("How many.", of=things, by="of", function=Function.COUNT, cast=cast),
        ),
        last=(int | None, last),
        coded=(thing | None, one("One.", by=owners.key, to="of", cast=cast)),
    )
    return graph_of(owners=(connection_of(owner) | None, connection("All.", order_by="no")))


OWNERS = """{ owners { nodes {
    many { no } page { totalCount nodes { no } } count last coded { no }
} } }"""

LISTS = "{ owners { nodes { many { no } page { totalCount nodes { no } } count last } } }"
"""Without ``coded``, for owners that have several things, of which none is the one."""


def having(*numbers: int, coded: bool = True) -> dict[str, Any]:
    """An owner that has these things."""
    listed = [{"no": number} for number in numbers]
    found: dict[str, Any] = {
        "many": listed,
        "page": {"totalCount": len(listed), "nodes": listed},
        "count": len(listed),
        "last": max(numbers, default=None),
    }
    return {**found, "coded": listed[0] if listed else None} if coded else found


LOST = {"many": None, "page": None, "count": None, "last": None, "coded": None}
"""An owner by whose key nothing can be asked."""


@asynccontextmanager
async def stored(
    kind: str,
    name: str,
    rows: Rows,
    *,
    addresses: Addresses,
    types: Mapping[str, str] | None = None,
    **declared: Any,
) -> AsyncIterator[tuple[Source, Resource]]:
    """A source of the kind that has the rows, and the resource that they are. ``types`` are
    PostgreSQL's, text unless told."""
    match kind:
        case "mongo":
            async with in_mongo(name, rows, addresses) as source:
                yield source, MongoCollection(source=kind, name=f"{SCHEMA}_{name}", **declared)
        case "postgres":
            async with in_postgres(name, rows, types or {}, addresses) as shop:
                yield shop, PostgresTable(source=kind, schema=SCHEMA, name=name, **declared)
        case "memory":
            source_of = MemorySource(f"memory {name}", {name: rows})
            yield source_of, MemoryTable(source=f"memory {name}", name=name, **declared)
        case "rest":
            async with answering(_serving(rows)) as service:
                rest = RestSource(kind, service.url)
                await rest.open()
                by = {column: Batch("/rows", column) for row in rows for column in row}
                yield rest, RestResource(source=kind, name=name, by=by, all="/rows", **declared)
                await rest.close()


@asynccontextmanager
async def in_mongo(name: str, rows: Rows, addresses: Addresses) -> AsyncIterator[MongoSource]:
    source = MongoSource("mongo", addresses.mongo, database=addresses.mongo_database)
    with MongoClient[Any](addresses.mongo, uuidRepresentation="standard") as client:
        collection = client[addresses.mongo_database][f"{SCHEMA}_{name}"]
        collection.drop()
        if rows:
            collection.insert_many({n: bson_of(v) for n, v in row.items()} for row in rows)
        await source.open()
        yield source
        await source.close()
        collection.drop()


def bson_of(value: object) -> object:
    """The value as PyMongo takes it."""
    if isinstance(value, list):
        return list(map(bson_of, value))
    return Decimal128(value) if isinstance(value, Decimal) else value


@asynccontextmanager
async def in_postgres(
    name: str, rows: Rows, types: Mapping[str, str], addresses: Addresses
) -> AsyncIterator[PostgresSource]:
    source = PostgresSource("postgres", addresses.postgres, pool_size=2)
    connection = await asyncpg.connect(addresses.postgres)
    names = list(dict.fromkeys(column for row in rows for column in row))
    columns = ", ".join(f"{each} {types.get(each, 'text')}" for each in names)
    places = ", ".join(f"${place + 1}" for place in range(len(names)))
    table = f"{SCHEMA}.{name}"
    try:
        await connection.execute(
            f"create schema if not exists {SCHEMA}; drop table if exists {table}; "
            f"create table {table} ({columns})"
        )
        values = [tuple(row.get(each) for each in names) for row in rows]
        await connection.executemany(f"insert into {table} values ({places})", values)
        await source.open()
        yield source
    finally:
        await source.close()
        await connection.execute(f"drop table {table}")
        await connection.close()


def _serving(rows: Rows) -> Any:
    """A service of these rows, all of them or those with one of the values asked for, as texts."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        wanted = [(column, text) for column, text in request.query.items()]
        found = [
            row
            for row in rows
            if not wanted or any(str(row.get(column)) == text for column, text in wanted)
        ]
        return web.Response(body=orjson.dumps({"items": found}), content_type="application/json")

    return answer
