"""Loads the data into a PostgreSQL and a MongoDB. `python -m demo.seed` takes them from the
environment: SLUICE_SHOP_DSN and SLUICE_CATALOG_URL. What is loaded already is left alone.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from importlib.resources import files

import asyncpg
from pymongo import ASCENDING, MongoClient
from pymongo.database import Database

from demo.data.common import version
from demo.data.orders import Order, OrderLine, all_lines, orders
from demo.data.people import Address, Customer, people
from demo.data.products import Document, catalog
from demo.data.reviews import reviews
from demo.errors import DemoError

CATALOG = "catalog"
STAMP = "demo_stamp"
TABLES = ("customers", "addresses", "orders", "order_lines")
COLLECTIONS = ("categories", "products", "reviews")
UNIQUE = (("categories", "slug"), ("products", "sku"))
INDEXES = {
    "categories": (
        ("name", "_id"),
        ("position", "_id"),
        ("parent_id", "position", "_id"),
    ),
    "products": (
        ("sku", "_id"),
        ("name", "_id"),
        ("price", "_id"),
        ("created_at", "_id"),
        ("brand", "name", "_id"),
        ("status", "name", "_id"),
        ("currency", "name", "_id"),
        ("category_id", "name", "_id"),
        ("category_ids", "name", "_id"),
        ("category_path", "name", "_id"),
        ("tags", "name", "_id"),
    ),
    "reviews": (
        ("created_at", "_id"),
        ("rating", "_id"),
        ("helpful_count", "_id"),
        ("title", "created_at", "_id"),
        ("status", "created_at", "_id"),
        ("product_id", "created_at", "_id"),
        ("customer_id", "created_at", "_id"),
    ),
}
"""Behind all that the graph filters, sorts and relates by, like those in shop.sql."""

BULK = 2_500

Say = Callable[[str], None]


async def load_shop(dsn: str, say: Say) -> None:
    """Loads customers and orders, in one transaction: wholly or not at all. Raises DemoError where
    there are such tables that it has not made."""
    connection = await asyncpg.connect(dsn)
    try:
        found = await shop_version(connection)
        if found == version():
            say("shop: the data is there already")
            return
        if found is None and await has_tables(connection):
            raise DemoError("shop: the database has such tables already, and they are not ours")
        say("shop: loading customers and orders")
        async with connection.transaction():
            await create_tables(connection)
            for table, columns, rows in shop_rows():
                await connection.copy_records_to_table(table, records=rows, columns=columns)
                await connection.execute(
                    "select setval(pg_get_serial_sequence($1, 'id'), $2)", table, rows[-1][0]
                )
            await connection.execute(f"insert into {STAMP} values ($1)", version())
        await connection.execute("analyze")
    finally:
        await connection.close()


async def shop_version(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("select to_regclass($1)", STAMP) is None:
        return None
    found: str | None = await connection.fetchval(f"select version from {STAMP}")
    return found


async def has_tables(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    found = [await connection.fetchval("select to_regclass($1)", table) for table in TABLES]
    return any(found)


async def create_tables(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for table in (*reversed(TABLES), STAMP):
        await connection.execute(f"drop table if exists {table}")
    await connection.execute("drop type if exists address_kind, order_status")
    await connection.execute((files("demo") / "shop.sql").read_text("utf-8"))
    await connection.execute(f"create table {STAMP} (version text not null)")


def shop_rows() -> list[tuple[str, tuple[str, ...], Sequence[tuple[object, ...]]]]:
    """Each table, its columns and its rows; the last row has the highest id."""
    totals = dict.fromkeys((order.id for order in orders()), Decimal(0))
    for line in all_lines():
        totals[line.order_id] += line.quantity * line.unit_price
    placed = [(*order, totals[order.id]) for order in orders()]
    return [
        ("customers", Customer._fields, people().customers),
        ("addresses", Address._fields, people().addresses),
        ("orders", (*Order._fields, "total"), placed),
        ("order_lines", OrderLine._fields, all_lines()),
    ]


def load_catalog(url: str, say: Say) -> None:
    """Loads categories, products and reviews. A part load is redone."""
    # Patient no longer than this with a server that's gone, so that a demo can be interrupted.
    with MongoClient[Document](url, serverSelectionTimeoutMS=3000) as client:
        database = client[CATALOG]
        stamp = database[STAMP].find_one()
        if stamp is not None and stamp["version"] == version():
            say("catalog: the data is there already")
            return
        if stamp is None and set(COLLECTIONS) & set(database.list_collection_names()):
            raise DemoError("catalog: the database has such collections already, not ours")
        say("catalog: loading products and reviews")
        # Without a version until all is there: what a part load left is ours to make anew.
        database[STAMP].replace_one({}, {"version": None}, upsert=True)
        for name in COLLECTIONS:
            database.drop_collection(name)
        load_documents(database)
        create_indexes(database)
        database[STAMP].replace_one({}, {"version": version()})


def load_documents(database: Database[Document]) -> None:
    products = [product.document for product in catalog().products]
    for name, documents in zip(
        COLLECTIONS, (catalog().categories, products, reviews()), strict=True
    ):
        for start in range(0, len(documents), BULK):
            database[name].insert_many(documents[start : start + BULK])


def create_indexes(database: Database[Document]) -> None:
    for collection, field in UNIQUE:
        database[collection].create_index(field, unique=True)
    for collection, indexes in INDEXES.items():
        for fields in indexes:
            database[collection].create_index([(field, ASCENDING) for field in fields])


def _say(line: str) -> None:
    # At once: print() writes the line's end by itself, and another thread's line can come between.
    sys.stdout.write(f"{line}\n")


def main() -> None:
    missing = [name for name in ("SLUICE_SHOP_DSN", "SLUICE_CATALOG_URL") if name not in os.environ]
    if missing:
        sys.exit(f"Set {' and '.join(missing)}.")
    try:
        with ThreadPoolExecutor() as pool:
            catalog_load = pool.submit(load_catalog, os.environ["SLUICE_CATALOG_URL"], _say)
            asyncio.run(load_shop(os.environ["SLUICE_SHOP_DSN"], _say))
            catalog_load.result()
    except DemoError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
