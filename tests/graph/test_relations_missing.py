"""Relations that lead nowhere: null keys, keys of rows that are gone, lists without rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from bson import Decimal128, ObjectId

from tests.client import Gateway
from tests.graph.truth import Truth, gid

NOWHERE = ObjectId("0" * 23 + "1")
LOST_PRODUCT = ObjectId("0" * 23 + "2")
LOST_REVIEW = ObjectId("0" * 23 + "3")
LINE_OF_NOTHING = 900_000_001
AT = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
async def lost(truth: Truth) -> AsyncIterator[None]:
    """A product and a review that refer to nothing there is, and a line of a product that is
    gone. MongoDB enforces no references, and a line outlives the product it names."""
    product = {
        "_id": LOST_PRODUCT,
        "sku": "LOST-1",
        "name": "Lost",
        "description": "",
        "brand": "None",
        "category_id": NOWHERE,
        "status": "DRAFT",
        "price": Decimal128("1.00"),
        "currency": "EUR",
        "created_at": AT,
    }
    review = {
        "_id": LOST_REVIEW,
        "product_id": NOWHERE,
        "customer_id": None,
        "rating": 3,
        "title": "Lost",
        "body": "",
        "status": "PENDING",
        "helpful_count": 0,
        "created_at": AT,
    }
    try:
        truth.catalog.products.replace_one({"_id": LOST_PRODUCT}, product, upsert=True)
        truth.catalog.reviews.replace_one({"_id": LOST_REVIEW}, review, upsert=True)
        await truth.shop.execute(
            "insert into order_lines (id, order_id, line_no, sku, product_name, quantity,"
            " unit_price) values ($1, 2, 99, 'GONE-1', 'Gone', 1, 1) on conflict do nothing",
            LINE_OF_NOTHING,
        )
        yield
    finally:
        truth.catalog.products.delete_one({"_id": LOST_PRODUCT})
        truth.catalog.reviews.delete_one({"_id": LOST_REVIEW})
        await truth.shop.execute("delete from order_lines where id = $1", LINE_OF_NOTHING)


async def test_a_row_that_is_gone_is_null(gateway: Gateway) -> None:
    answer = await gateway.ask('{ product(sku: "LOST-1") { sku category { id } stock { id } } }')

    assert answer.data == {"product": {"sku": "LOST-1", "category": None, "stock": None}}
    assert answer.resources == ["catalog.categories", "catalog.products", "inventory.stock"]


async def test_a_null_key_is_null_without_a_call(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { review(id: $id) { title author { name } } }",
        {"id": gid("Review", LOST_REVIEW)},
    )

    assert answer.data == {"review": {"title": "Lost", "author": None}}
    assert answer.resources == ["catalog.reviews"]


async def test_a_key_that_the_document_does_not_have_is_a_null_key(
    gateway: Gateway, truth: Truth
) -> None:
    truth.catalog.reviews.update_one({"_id": LOST_REVIEW}, {"$unset": {"customer_id": ""}})

    answer = await gateway.ask(
        "query ($id: ID!) { review(id: $id) { author { name } } }",
        {"id": gid("Review", LOST_REVIEW)},
    )

    assert answer.data == {"review": {"author": None}}
    assert answer.resources == ["catalog.reviews"]


async def test_lost_and_found_rows_do_not_mix(gateway: Gateway, truth: Truth) -> None:
    # Three objects of one batch: one whose relation is there, one gone, one with a null key.
    kettle = truth.documents("products", {"sku": "KET-0001"})[0]
    review = truth.documents("reviews", {"product_id": kettle["_id"]}, limit=1)[0]
    answer = await gateway.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Review"
        " { product { sku } author { id } } } }",
        {"ids": [gid("Review", LOST_REVIEW), gid("Review", review["_id"])]},
    )

    assert answer.data["nodes"] == [
        {"product": None, "author": None},
        {
            "product": {"sku": "KET-0001"},
            "author": {"id": gid("Customer", review["customer_id"])},
        },
    ]
    assert answer.resources == ["catalog.products", "catalog.reviews", "shop.customers"]


async def test_a_line_whose_product_is_gone_keeps_its_own_values(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { order(id: $id) { lines { lineNo sku productName product { sku } } } }",
        {"id": gid("Order", 2)},
    )

    *others, gone = answer.data["order"]["lines"]
    assert gone == {"lineNo": 99, "sku": "GONE-1", "productName": "Gone", "product": None}
    assert others
    assert all(line["product"] == {"sku": line["sku"]} for line in others)
    assert answer.resources == ["catalog.products", "shop.order_lines", "shop.orders"]


async def test_an_order_that_has_not_left_has_no_shipment(gateway: Gateway, truth: Truth) -> None:
    row = await truth.row("select id from orders where status = 'PENDING' order by id limit 1")
    answer = await gateway.ask(
        "query ($id: ID!) { order(id: $id) { status shipment { carrier { name } } } }",
        {"id": gid("Order", row["id"])},
    )

    assert answer.data == {"order": {"status": "PENDING", "shipment": None}}
    assert answer.resources == ["shipping.shipments", "shop.orders"]


async def test_nothing_below_null_is_fetched(gateway: Gateway) -> None:
    answer = await gateway.ask(
        '{ product(sku: "NONE-1") { category { parent { name } } reviews { nodes { id } } } }'
    )

    assert answer.data == {"product": None}
    assert answer.resources == ["catalog.products"]


async def test_a_customer_without_orders_has_empty_lists(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { customer(id: $id) { orders { nodes { lines { sku } } edges { cursor }"
        " totalCount } reviews { nodes { id } totalCount } } }",
        {"id": gid("Customer", 25)},
    )

    assert answer.data["customer"] == {
        "orders": {"nodes": [], "edges": [], "totalCount": 0},
        "reviews": {"nodes": [], "totalCount": 0},
    }
    assert answer.resources == [
        "catalog.reviews", "catalog.reviews", "shop.customers", "shop.orders"
    ]  # fmt: skip


async def test_a_product_without_reviews_and_a_category_without_children(
    gateway: Gateway,
) -> None:
    answer = await gateway.ask(
        '{ product(sku: "KET-0005") { reviews { nodes { id } }'
        " category { slug children { slug } } } }"
    )

    assert answer.data["product"] == {
        "reviews": {"nodes": []},
        "category": {"slug": "kettles", "children": []},
    }


async def test_a_category_without_products_of_its_own(gateway: Gateway) -> None:
    answer = await gateway.ask('{ category(slug: "kitchen") { products { nodes { id } } } }')

    assert answer.data == {"category": {"products": {"nodes": []}}}
