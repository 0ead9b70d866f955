"""Rows in memory answer as the databases do that they were taken from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from bson.decimal128 import Decimal128
from pymongo import MongoClient

import schema.build
from demo.stack import Addresses
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.identity import ANONYMOUS, Identity
from loaders.memory import MemorySource
from loaders.resource import Row

EXAMPLES = sorted((Path(schema.build.__file__).parent / "examples").glob("*.graphql"))
TABLES = ("customers", "addresses", "orders", "order_lines")
COLLECTIONS = ("products", "categories", "reviews")

CALLERS = {
    "anonymous": ANONYMOUS,
    "customer": Identity(subject="customer", claims={"customer_id": 1}),
    "partner": Identity(client="northwind", claims={"partner_id": "northwind"}),
    "staff": Identity(subject="staff", scopes=schema.build.schema.rules.scopes),
}


def value(held: Any) -> Any:
    """A document's value as Sluice's driver returns it."""
    match held:
        case Decimal128():
            return held.to_decimal()
        case dict():
            return {name: value(each) for name, each in held.items()}
        case list():
            return [value(each) for each in held]
        case _:
            return held


async def tables(addresses: Addresses) -> dict[str, Sequence[Row]]:
    connection = await asyncpg.connect(addresses.postgres)
    try:
        return {
            name: [dict(row) for row in await connection.fetch(f"select * from {name}")]
            for name in TABLES
        }
    finally:
        await connection.close()


def collections(addresses: Addresses) -> dict[str, Sequence[Row]]:
    with MongoClient[dict[str, Any]](addresses.mongo, tz_aware=True) as client:
        database = client[addresses.mongo_database]
        return {name: [value(each) for each in database[name].find()] for name in COLLECTIONS}


@pytest.fixture(scope="module")
async def clients(
    settings: Settings, addresses: Addresses
) -> AsyncIterator[tuple[GraphClient, GraphClient]]:
    """The shop over its databases, and over their rows; the services are the same."""
    graph, services = schema.build.schema, ("inventory", "shipping")
    in_memory = [
        MemorySource("shop", await tables(addresses)),
        MemorySource("catalog", collections(addresses)),
    ]
    async with AsyncExitStack() as stack:
        real = {name: each.source(name) for name, each in settings.sources.items()}
        others = [settings.sources[name].source(name) for name in services]
        yield (
            await stack.enter_async_context(GraphClient(graph, real.values(), settings=settings)),
            await stack.enter_async_context(
                GraphClient(graph, [*in_memory, *others], settings=settings)
            ),
        )


def examples() -> dict[str, tuple[str, dict[str, Any]]]:
    """The queries of GraphiQL's tabs, with their variables."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in EXAMPLES:
        file = path.with_suffix(".variables.json")
        variables = orjson.loads(file.read_bytes()) if file.exists() else {}
        found[path.stem] = path.read_text(encoding="utf-8"), variables
    return found


def read(response: Response) -> set[tuple[str, str]]:
    """The resources that were read."""
    return {(call["source"], call["resource"]) for call in response.calls}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("example", examples())
async def test_the_examples_are_answered_alike(
    clients: tuple[GraphClient, GraphClient], example: str, caller: str
) -> None:
    query, variables = examples()[example]

    real, in_memory = [
        await client.execute(query, variables, identity=CALLERS[caller]) for client in clients
    ]

    assert in_memory.data == real.data
    # graphql-core's engine has them in the order in which it met them.
    assert sorted(in_memory.errors, key=str) == sorted(real.errors, key=str)
    # Whether a page and a count of the same rows are one call depends on the kind.
    assert read(in_memory) == read(real)
