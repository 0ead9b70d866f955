"""The relations of what MongoDB holds: categories, products and reviews."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.client import Gateway
from tests.graph.truth import Document, Truth, gid, sorted_by


def products_by_name(truth: Truth, limit: int = 50) -> list[Document]:
    return truth.documents("products", sort=[("name", 1), ("_id", 1)], limit=limit)


def newest_reviews(truth: Truth) -> list[Document]:
    return truth.documents("reviews", sort=[("created_at", -1), ("_id", -1)], limit=50)


async def test_products_have_their_categories(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask("{ products(first: 50) { nodes { id category { id slug } } } }")

    categories = truth.by_id("categories")
    products = products_by_name(truth)
    assert answer.data["products"]["nodes"] == [
        {
            "id": gid("Product", product["_id"]),
            "category": {
                "id": gid("Category", product["category_id"]),
                "slug": categories[product["category_id"]]["slug"],
            },
        }
        for product in products
    ]
    assert answer.resources == ["catalog.categories", "catalog.products"]
    assert answer.columns("catalog.products") == ["_id", "category_id", "name"]
    assert answer.columns("catalog.categories") == ["_id", "slug"]
    assert answer.calls[1]["keys"] == len({product["category_id"] for product in products})


async def test_products_have_their_stock_or_null(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        '{ products(first: 50, where: {sku: {startsWith: "KET-"}}, orderBy: {field: SKU})'
        " { nodes { sku stock { id sku available reserved incoming warehouse } } } }"
    )

    skus = sorted(
        product["sku"] for product in truth.documents("products", {"sku": {"$regex": "^KET-"}})
    )[:50]
    stock = await truth.stock(skus)
    expected: list[dict[str, Any]] = []
    for sku in skus:
        row = stock.get(sku)
        names = ("sku", "available", "reserved", "incoming", "warehouse")
        counted = row and {"id": gid("Stock", sku), **{name: row[name] for name in names}}
        expected.append({"sku": sku, "stock": counted})
    assert any(each["stock"] is None for each in expected)
    assert answer.data["products"]["nodes"] == expected
    assert answer.resources == ["catalog.products", "inventory.stock"]
    assert answer.columns("inventory.stock") == [
        "available", "incoming", "reserved", "sku", "warehouse"
    ]  # fmt: skip
    assert (answer.calls[1]["keys"], answer.calls[1]["rows"]) == (50, len(stock))


async def test_products_have_their_reviews_the_newest_first(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ products(first: 50) { nodes { id reviews(first: 2) { nodes { id rating title } } } } }"
    )

    ids = [product["_id"] for product in products_by_name(truth)]
    reviews = truth.documents(
        "reviews", {"product_id": {"$in": ids}}, [("created_at", -1), ("_id", -1)]
    )
    expected = [
        {
            "id": gid("Product", id),
            "reviews": {
                "nodes": [
                    {
                        "id": gid("Review", each["_id"]),
                        "rating": each["rating"],
                        "title": each["title"],
                    }
                    for each in reviews
                    if each["product_id"] == id
                ][:2]
            },
        }
        for id in ids
    ]
    assert answer.data["products"]["nodes"] == expected
    assert answer.resources == ["catalog.products", "catalog.reviews"]
    assert answer.columns("catalog.reviews") == [
        "_id", "created_at", "product_id", "rating", "title"
    ]  # fmt: skip


async def test_categories_have_their_parents_or_null(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask("{ categories(first: 100) { nodes { id parent { id name } } } }")

    categories = truth.by_id("categories")
    expected = [
        {
            "id": gid("Category", each["_id"]),
            "parent": each["parent_id"]
            and {
                "id": gid("Category", each["parent_id"]),
                "name": categories[each["parent_id"]]["name"],
            },
        }
        for each in sorted_by(categories.values(), ("name", False), key="_id")
    ]
    assert any(each["parent"] is None for each in expected)
    assert answer.data["categories"]["nodes"] == expected
    # The page has the parents, too.
    assert answer.resources == ["catalog.categories"]


async def test_categories_have_their_children_in_position(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ categories(first: 100) { nodes { id children { id position } } } }"
    )

    categories = sorted_by(truth.documents("categories"), ("name", False), key="_id")
    expected = [
        {
            "id": gid("Category", each["_id"]),
            "children": [
                {"id": gid("Category", child["_id"]), "position": child["position"]}
                for child in sorted_by(categories, ("position", False), key="_id")
                if child["parent_id"] == each["_id"]
            ],
        }
        for each in categories
    ]
    assert any(each["children"] == [] for each in expected)
    assert any(len(each["children"]) > 1 for each in expected)
    assert answer.data["categories"]["nodes"] == expected
    assert [call["keys"] for call in answer.calls] == [0, len(categories)]


@pytest.mark.parametrize(
    ("field", "column", "is_in"),
    [
        ("products", "category_id", lambda product, id_: product["category_id"] == id_),
        ("allProducts", "category_ids", lambda product, id_: id_ in product["category_ids"]),
    ],
)
async def test_categories_have_their_products_by_name(
    gateway: Gateway,
    truth: Truth,
    field: str,
    column: str,
    is_in: Callable[[Mapping[str, Any], object], bool],
) -> None:
    answer = await gateway.ask(
        f"{{ categories(first: 100) {{ nodes {{ id products: {field}(first: 4) {{ "
        "nodes { id name } } } } }"
    )

    categories = sorted_by(truth.documents("categories"), ("name", False), key="_id")
    products = sorted_by(truth.documents("products"), ("name", False), key="_id")
    expected: list[Any] = [
        {
            "id": gid("Category", category["_id"]),
            "products": {
                "nodes": [
                    {"id": gid("Product", each["_id"]), "name": each["name"]}
                    for each in products
                    if is_in(each, category["_id"])
                ][:4]
            },
        }
        for category in categories
    ]
    # Nothing is sold in those at the top themselves.
    assert any(each["products"]["nodes"] == [] for each in expected) is (field == "products")
    assert answer.data["categories"]["nodes"] == expected
    assert answer.resources == ["catalog.categories", "catalog.products"]
    assert answer.columns("catalog.products") == ["_id", column, "name"]


async def test_reviews_have_their_authors(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask("{ reviews(first: 50) { nodes { id author { id name } } } }")

    reviews = newest_reviews(truth)
    ids = {review["customer_id"] for review in reviews}
    rows = await truth.rows("select id, name from customers where id = any($1)", list(ids))
    names = {row["id"]: row["name"] for row in rows}
    assert answer.data["reviews"]["nodes"] == [
        {
            "id": gid("Review", each["_id"]),
            "author": {
                "id": gid("Customer", each["customer_id"]),
                "name": names[each["customer_id"]],
            },
        }
        for each in reviews
    ]
    assert answer.resources == ["catalog.reviews", "shop.customers"]
    assert answer.columns("catalog.reviews") == ["_id", "created_at", "customer_id"]
    assert answer.columns("shop.customers") == ["id", "name"]
    assert (answer.calls[1]["keys"], answer.calls[1]["rows"]) == (len(ids), len(ids))


async def test_reviews_have_their_products(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask("{ reviews(first: 50) { nodes { id product { id sku } } } }")

    reviews = newest_reviews(truth)
    about = {"_id": {"$in": [each["product_id"] for each in reviews]}}
    products = {product["_id"]: product for product in truth.documents("products", about)}
    assert answer.data["reviews"]["nodes"] == [
        {
            "id": gid("Review", each["_id"]),
            "product": {
                "id": gid("Product", each["product_id"]),
                "sku": products[each["product_id"]]["sku"],
            },
        }
        for each in reviews
    ]
    assert answer.resources == ["catalog.products", "catalog.reviews"]
    assert answer.columns("catalog.reviews") == ["_id", "created_at", "product_id"]
    assert answer.columns("catalog.products") == ["_id", "sku"]
    assert answer.calls[1]["keys"] == len({each["product_id"] for each in reviews})
