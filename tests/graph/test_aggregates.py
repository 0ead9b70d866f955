"""Values made of many rows, computed by the source that has them: one call for a whole breadth."""

from __future__ import annotations

from decimal import Decimal

from tests.client import Gateway
from tests.graph.truth import Truth, gid

GONE = ("CANCELLED", "RETURNED")


async def test_order_counts_of_fifty_customers_are_one_call(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask("{ customers(first: 50) { nodes { id orderCount } } }")

    rows = await truth.rows(
        "select c.id, (select count(*) from orders o where o.customer_id = c.id) as orders"
        " from customers c order by created_at desc, id desc limit 50"
    )
    assert answer.data["customers"]["nodes"] == [
        {"id": gid("Customer", row["id"]), "orderCount": row["orders"]} for row in rows
    ]
    assert answer.resources == ["shop.customers", "shop.orders"]
    assert answer.columns("shop.orders") == ["customer_id"]
    assert answer.calls[1]["keys"] == 50


async def test_lifetime_values_leave_out_what_came_to_nothing(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask("{ customers(first: 100) { nodes { id lifetimeValue } } }")

    customers = await truth.rows(
        "select id from customers order by created_at desc, id desc limit 100"
    )
    orders = await truth.rows("select * from orders")
    expected = []
    for customer in customers:
        kept = [
            order["total"]
            for order in orders
            if order["customer_id"] == customer["id"] and order["status"] not in GONE
        ]
        value = str(sum(kept, Decimal(0))) if kept else None
        expected.append({"id": gid("Customer", customer["id"]), "lifetimeValue": value})
    assert any(each["lifetimeValue"] is None for each in expected)
    assert answer.data["customers"]["nodes"] == expected
    assert answer.resources == ["shop.customers", "shop.orders"]
    assert answer.columns("shop.orders") == ["customer_id", "total"]
    assert answer.calls[1]["keys"] == 100


async def test_aggregates_of_the_same_rows_are_one_call_and_of_others_another(
    gateway: Gateway,
) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50) { nodes {"
        " orderCount again: orderCount lifetimeValue same: lifetimeValue } } }"
    )

    for node in answer.data["customers"]["nodes"]:
        assert node["orderCount"] == node["again"]
        assert node["lifetimeValue"] == node["same"]
    # One without a filter, one without the orders that came to nothing.
    assert answer.resources == ["shop.customers", "shop.orders", "shop.orders"]
    assert sorted(call["columns"] for call in answer.calls[1:]) == [
        ["customer_id"],
        ["customer_id", "total"],
    ]


async def test_ratings_of_fifty_products_are_one_call_for_mean_and_count(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask("{ products(first: 50) { nodes { id averageRating reviewCount } } }")

    products = truth.documents("products", sort=[("name", 1), ("_id", 1)], limit=50)
    ids = [product["_id"] for product in products]
    ratings: dict[object, list[int]] = {id: [] for id in ids}
    for review in truth.documents("reviews", {"product_id": {"$in": ids}}):
        ratings[review["product_id"]].append(review["rating"])
    assert answer.data["products"]["nodes"] == [
        {
            "id": gid("Product", id),
            "averageRating": sum(given) / len(given) if given else None,
            "reviewCount": len(given),
        }
        for id, given in ratings.items()
    ]
    assert answer.resources == ["catalog.products", "catalog.reviews"]
    assert answer.columns("catalog.reviews") == ["product_id", "rating"]
    assert answer.calls[1]["keys"] == 50


async def test_of_no_rows_a_count_is_zero_and_everything_else_null(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($id: ID) { customer(id: $id) { orderCount lifetimeValue }"
        ' product(sku: "KET-0005") { reviewCount averageRating } }',
        {"id": gid("Customer", 25)},
    )

    assert answer.data == {
        "customer": {"orderCount": 0, "lifetimeValue": None},
        "product": {"reviewCount": 0, "averageRating": None},
    }


async def test_a_mean_is_exact(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask('{ product(sku: "KET-0001") { averageRating reviewCount } }')

    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    ratings = [each["rating"] for each in truth.documents("reviews", {"product_id": kettle["_id"]})]
    assert len(ratings) >= 8
    assert answer.data["product"] == {
        "averageRating": sum(ratings) / len(ratings),
        "reviewCount": len(ratings),
    }


async def test_aggregates_need_no_column_but_the_key(gateway: Gateway) -> None:
    answer = await gateway.ask('{ product(sku: "KET-0001") { averageRating } }')

    assert answer.columns("catalog.products") == ["_id", "sku"]


async def test_aggregates_deep_in_other_sources_are_batched(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ reviews(first: 40) { nodes { author { orderCount } product { reviewCount } } } }"
    )

    reviews = truth.documents("reviews", sort=[("created_at", -1), ("_id", -1)], limit=40)
    orders = await truth.orders_of()
    assert answer.data["reviews"]["nodes"] == [
        {
            "author": {"orderCount": orders.get(each["customer_id"], 0)},
            "product": {
                "reviewCount": truth.catalog.reviews.count_documents(
                    {"product_id": each["product_id"]}
                )
            },
        }
        for each in reviews
    ]
    assert answer.resources == [
        "catalog.products", "catalog.reviews", "catalog.reviews", "shop.customers", "shop.orders"
    ]  # fmt: skip
