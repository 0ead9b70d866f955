"""The same rows, with much missing and many ties, in all three kinds of source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import asyncpg
import pytest
from bson.decimal128 import Decimal128
from pymongo import MongoClient

from demo.stack import Addresses
from loaders import evaluation
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Filter, Window
from loaders.resource import Resource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.loaders.asking import page_of, rows_of

NAME = "rows_of_three_sources"
TABLE = PostgresTable(source="shop", name=NAME)
COLLECTION = MongoCollection(source="catalog", name=NAME, key="id", key_type=int)
COLUMNS = ("id", "parent", "number", "text", "amount", "at")
TEXTS = (None, "", "a", "A", "ab%", "a_b", "a\\b", "a.b", "aXb", "[a](b)*", "50 % + 1", "$ne", "é")

Row = dict[str, Any]


@cache
def rows() -> list[Row]:
    """Few different values, so that there are ties, and a third of them missing."""
    rng = Random("three sources")
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n) for n in range(3)]
    return [
        {
            "id": id,
            "parent": rng.choice((1, 2)),
            "number": rng.choice((None, None, -1, 0, 2)),
            "text": TEXTS[id] if id < len(TEXTS) else rng.choice((None, "a", "b")),
            "amount": rng.choice((None, Decimal("1.10"), Decimal("-2.05"))),
            "at": rng.choice((None, *moments)),
        }
        for id in range(36)
    ]


@dataclass(frozen=True)
class Three:
    """The rows in PostgreSQL, in MongoDB and in memory, as each kind of source pages them."""

    shop: PostgresSource
    catalog: MongoSource
    rows: list[Row]

    async def page(self, window: Window, filter: Filter | None = None) -> dict[str, list[int]]:
        """The ids of the rows that the filter and the window let through, by who says so."""
        of_table = await page_of(self.shop, TABLE, ["id"], filter, window)
        of_collection = await page_of(self.catalog, COLLECTION, ["id"], filter, window)
        in_memory = evaluation.windowed(window, evaluation.filtered(filter, self.rows))
        return {
            "postgres": [row["id"] for row in of_table],
            "mongo": [row["id"] for row in of_collection],
            "memory": [row["id"] for row in in_memory],
        }

    async def of_parents(
        self, window: Window, filter: Filter | None = None
    ) -> dict[str, dict[int, list[int]]]:
        """The same for each of the two parents apart, in one call."""

        async def of(source: Source, resource: Resource) -> list[Sequence[Any]]:
            return await rows_of(
                source,
                resource,
                ["id", "parent"],
                by=("parent",),
                keys=[(1,), (2,)],
                filter=filter,
                window=window,
            )

        kept = evaluation.filtered(filter, self.rows)
        found: dict[str, list[Sequence[Any]]] = {
            "postgres": await of(self.shop, TABLE),
            "mongo": await of(self.catalog, COLLECTION),
            "memory": [
                evaluation.windowed(window, [row for row in kept if row["parent"] == parent])
                for parent in (1, 2)
            ],
        }
        return {
            name: {
                parent: [row["id"] for row in rows]
                for parent, rows in zip((1, 2), groups, strict=True)
            }
            for name, groups in found.items()
        }


def everywhere(expected: Any) -> dict[str, Any]:
    """What all three must say."""
    return dict.fromkeys(("postgres", "mongo", "memory"), expected)


# Not for the session: a test elsewhere stops the sources, and with them their connections.
@pytest.fixture(scope="module")
async def three(addresses: Addresses) -> AsyncIterator[Three]:
    made = rows()
    connection = await asyncpg.connect(addresses.postgres)
    client: MongoClient[Row] = MongoClient(addresses.mongo)
    collection = client[addresses.mongo_database][NAME]
    shop = PostgresSource("shop", addresses.postgres, pool_size=2)
    catalog = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    try:
        await connection.execute(f"drop table if exists {NAME}")
        await connection.execute(
            f"create table {NAME} (id bigint primary key, parent bigint not null, number integer,"
            ' text text collate "C", amount numeric, at timestamptz)'
        )
        await connection.copy_records_to_table(
            NAME, columns=COLUMNS, records=[tuple(row[name] for name in COLUMNS) for row in made]
        )
        collection.drop()
        collection.insert_many(_document(row) for row in made)
        await shop.open()
        await catalog.open()
        yield Three(shop, catalog, made)
    finally:
        await shop.close()
        await catalog.close()
        collection.drop()
        await connection.execute(f"drop table if exists {NAME}")
        client.close()
        await connection.close()


def _document(row: Row) -> Row:
    # What is missing is null in every other document, and not there at all in the rest.
    document = {
        name: Decimal128(value) if isinstance(value, Decimal) else value
        for name, value in row.items()
        if value is not None or row["id"] % 2
    }
    return {"_id": f"document {row['id']}", **document}
