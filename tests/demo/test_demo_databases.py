import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from bson import Decimal128
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from demo.data.orders import all_lines, orders
from demo.data.people import people
from demo.data.products import catalog
from demo.data.reviews import reviews
from demo.seed import shop_rows
from tests.demo.running import ROOT, Running


@pytest.fixture
def mongo(demo: Running) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](demo.addresses.mongo, tz_aware=True) as client:
        yield client[demo.addresses.mongo_database]


async def sql(demo: Running, statement: str) -> list[Any]:
    connection = await asyncpg.connect(demo.addresses.postgres)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def test_postgres_holds_what_was_generated(demo: Running) -> None:
    for table, columns, rows in shop_rows():
        found = await sql(demo, f"select {', '.join(columns)} from {table} order by id")
        assert found == [tuple(row) for row in rows]


async def test_new_rows_get_new_ids(demo: Running) -> None:
    expected = [people().customers[-1].id, orders()[-1].id, all_lines()[-1].id]
    sequences = ("customers_id_seq", "orders_id_seq", "order_lines_id_seq")
    found = [(await sql(demo, f"select last_value from {name}"))[0][0] for name in sequences]
    assert found == expected


async def test_the_anchor_order_has_its_total(demo: Running) -> None:
    lines = [line for line in all_lines() if line.order_id == 1]
    total = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
    assert await sql(demo, "select total, status from orders where id = 1") == [
        (total, "DELIVERED")
    ]


async def test_who_signs_in_to_postgres_is_no_superuser(demo: Running) -> None:
    attributes = "rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls"
    assert await sql(demo, f"select {attributes} from pg_roles where rolname = current_user") == [
        (False,)
    ]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await sql(demo, "copy customers to program 'cat'")


async def test_postgres_refuses_everyone_else(demo: Running) -> None:
    address = demo.addresses.postgres
    password = address.split(":")[2].split("@")[0]
    for refused in (
        address.replace(password, "wrong"),
        address.replace("shop:", "postgres:"),
        address.replace("/shop", "/postgres"),
    ):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(refused)


async def test_the_window_of_each_customer_is_read_from_an_index(demo: Running) -> None:
    plan = await sql(
        demo, "explain select * from orders where customer_id = 1 order by placed_at, id limit 5"
    )
    assert "Index Scan using orders_customer_id_placed_at_id_idx" in str(plan)
    assert "Sort" not in str(plan)


def test_mongo_holds_what_was_generated(mongo: Database[dict[str, Any]]) -> None:
    products = [product.document for product in catalog().products]
    assert list(mongo.categories.find()) == catalog().categories
    assert list(mongo.products.find()) == products
    by_id = {review["_id"]: review for review in mongo.reviews.find()}
    assert by_id == {review["_id"]: review for review in reviews()}


def test_mongo_compares_prices_as_numbers(mongo: Database[dict[str, Any]]) -> None:
    found = mongo.products.count_documents({"price": {"$gte": Decimal128("100")}})
    assert found == sum(product.price >= 100 for product in catalog().products)


def test_mongo_refuses_everyone_else(demo: Running) -> None:
    password = demo.addresses.mongo.split(":")[2].split("@")[0]
    for refused in (
        demo.addresses.mongo.replace(password, "wrong"),
        demo.addresses.mongo.replace(f"catalog:{password}@", ""),
    ):
        with (
            MongoClient[dict[str, Any]](refused) as client,
            pytest.raises(OperationFailure),
        ):
            client["catalog"].products.find_one()


def test_who_signs_in_to_mongo_is_no_administrator(mongo: Database[dict[str, Any]]) -> None:
    admin = mongo.client["admin"]
    for refused in (
        {"secantusAdmin.backupArchive": 1, "outputPath": os.devnull},
        {"createUser": "mallory", "pwd": "x", "roles": ["root"]},
    ):
        with pytest.raises(OperationFailure, match="not authorized"):
            admin.command(refused)


def seed(demo: Running) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SLUICE_SHOP_DSN": demo.addresses.postgres,
        "SLUICE_CATALOG_URL": demo.addresses.mongo,
    }
    command = [sys.executable, "-m", "demo.seed"]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


async def test_seeding_loads_what_is_missing_and_then_leaves_it_alone(
    demo: Running, mongo: Database[dict[str, Any]]
) -> None:
    await sql(demo, "update demo_stamp set version = 'another'")
    await sql(demo, "delete from order_lines where order_id = 1")
    mongo.demo_stamp.update_one({}, {"$set": {"version": "another"}})
    mongo.products.delete_one({})

    assert sorted(seed(demo).stdout.splitlines()) == [
        "catalog: loading products and reviews",
        "shop: loading customers and orders",
    ]
    assert mongo.products.count_documents({}) == 2_000
    assert await sql(demo, "select count(*) from order_lines where order_id = 1") == [(3,)]
    assert sorted(seed(demo).stdout.splitlines()) == [
        "catalog: the data is there already",
        "shop: the data is there already",
    ]


async def test_seeding_leaves_the_rows_of_others_alone(
    demo: Running, mongo: Database[dict[str, Any]]
) -> None:
    await sql(demo, "alter table demo_stamp rename to hidden_stamp")
    try:
        refused = seed(demo)
    finally:
        await sql(demo, "alter table hidden_stamp rename to demo_stamp")
    assert refused.returncode == 1
    assert refused.stderr.startswith("shop: the database has such tables already")
    assert await sql(demo, "select count(*) from orders") == [(10_000,)]

    stamp = mongo.demo_stamp.find_one_and_delete({})
    assert stamp is not None
    try:
        refused = seed(demo)
    finally:
        mongo.demo_stamp.insert_one(stamp)
    assert refused.returncode == 1
    assert refused.stderr.startswith("catalog: the database has such collections already")
    assert mongo.products.count_documents({}) == 2_000
