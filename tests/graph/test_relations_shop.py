"""The relations of what PostgreSQL holds: customers, addresses, orders and their lines."""

from __future__ import annotations

from typing import Any

from tests.client import Gateway
from tests.graph.truth import Truth, gid, shown

NEWEST = "select * from orders order by placed_at desc, id desc limit 50"


async def test_orders_have_their_customers(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask("{ orders(first: 50) { nodes { id customer { id name } } } }")

    rows = await truth.rows(
        f"select o.id, c.id as customer, c.name from ({NEWEST}) o"
        " join customers c on c.id = o.customer_id order by o.placed_at desc, o.id desc"
    )
    assert answer.data["orders"]["nodes"] == [
        {
            "id": gid("Order", row["id"]),
            "customer": {"id": gid("Customer", row["customer"]), "name": row["name"]},
        }
        for row in rows
    ]
    assert answer.resources == ["shop.customers", "shop.orders"]
    assert answer.columns("shop.orders") == ["customer_id", "id", "placed_at"]
    assert answer.columns("shop.customers") == ["id", "name"]
    assert [call["keys"] for call in answer.calls] == [0, len({row["customer"] for row in rows})]


async def test_orders_have_their_lines_in_order(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ orders(first: 50) { nodes { lines { id lineNo sku productName quantity unitPrice } } } }"
    )

    orders = await truth.rows(NEWEST)
    ids = [order["id"] for order in orders]
    lines = await truth.rows("select * from order_lines where order_id = any($1)", ids)
    assert answer.data["orders"]["nodes"] == [
        {
            "lines": [
                {
                    "id": gid("OrderLine", line["id"]),
                    "lineNo": line["line_no"],
                    "sku": line["sku"],
                    "productName": line["product_name"],
                    "quantity": line["quantity"],
                    "unitPrice": shown(line["unit_price"]),
                }
                for line in sorted(lines, key=lambda line: int(line["line_no"]))
                if line["order_id"] == id
            ]
        }
        for id in ids
    ]
    assert answer.resources == ["shop.order_lines", "shop.orders"]
    assert answer.columns("shop.orders") == ["id", "placed_at"]
    assert answer.columns("shop.order_lines") == [
        "id", "line_no", "order_id", "product_name", "quantity", "sku", "unit_price"
    ]  # fmt: skip
    assert answer.calls[1]["keys"] == 50
    assert answer.calls[1]["rows"] == len(lines)


async def test_orders_have_the_address_they_go_to(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ orders(first: 50) { nodes { shippingAddress"
        " { id kind recipient line1 line2 postalCode city region country } } } }"
    )

    rows = await truth.rows(
        f"select a.* from ({NEWEST}) o join addresses a on a.id = o.shipping_address_id"
        " order by o.placed_at desc, o.id desc"
    )
    assert answer.data["orders"]["nodes"] == [
        {
            "shippingAddress": {
                "id": gid("Address", row["id"]),
                "kind": row["kind"],
                "recipient": row["recipient"],
                "line1": row["line1"],
                "line2": row["line2"],
                "postalCode": row["postal_code"],
                "city": row["city"],
                "region": row["region"],
                "country": row["country"],
            }
        }
        for row in rows
    ]
    assert answer.resources == ["shop.addresses", "shop.orders"]
    assert answer.columns("shop.orders") == ["id", "placed_at", "shipping_address_id"]


async def test_orders_have_their_parcels_or_null(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ orders(first: 50) { nodes { id shipment { id trackingNumber status } } } }"
    )

    expected: list[dict[str, Any]] = []
    for order in await truth.rows(NEWEST):
        shipment = await truth.shipment(order["id"])
        expected.append(
            {
                "id": gid("Order", order["id"]),
                "shipment": shipment
                and {
                    "id": gid("Shipment", order["id"]),
                    "trackingNumber": shipment["tracking_number"],
                    "status": shipment["status"],
                },
            }
        )
    there = [each for each in expected if each["shipment"] is not None]
    assert 0 < len(there) < 50
    assert answer.data["orders"]["nodes"] == expected
    assert answer.resources == ["shipping.shipments", "shop.orders"]
    assert answer.columns("shop.orders") == ["id", "placed_at"]
    assert answer.columns("shipping.shipments") == ["order_id", "status", "tracking_number"]
    assert (answer.calls[1]["keys"], answer.calls[1]["rows"]) == (50, len(there))


async def test_lines_have_their_orders(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ orders(first: 50) { nodes { id lines { order { id number } } } } }"
    )

    rows = await truth.rows(
        f"select o.id, o.number, count(*) from ({NEWEST}) o join order_lines l on l.order_id = o.id"
        " group by o.id, o.number, o.placed_at order by o.placed_at desc, o.id desc"
    )
    assert answer.data["orders"]["nodes"] == [
        {
            "id": gid("Order", row["id"]),
            "lines": [{"order": {"id": gid("Order", row["id"]), "number": row["number"]}}]
            * row["count"],
        }
        for row in rows
    ]
    assert answer.resources == ["shop.order_lines", "shop.orders"]
    assert [call["keys"] for call in answer.calls] == [0, 50]


async def test_lines_have_the_products_of_today(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ orders(first: 50) { nodes { lines { sku product { id sku name price status } } } } }"
    )

    rows = await truth.rows(
        f"select o.id, l.sku from ({NEWEST}) o join order_lines l on l.order_id = o.id"
        " order by o.placed_at desc, o.id desc, l.line_no"
    )
    skus = {row["sku"] for row in rows}
    found = truth.documents("products", {"sku": {"$in": list(skus)}})
    products = {product["sku"]: product for product in found}
    lines = [line for order in answer.data["orders"]["nodes"] for line in order["lines"]]
    assert lines == [
        {
            "sku": row["sku"],
            "product": {
                "id": gid("Product", products[row["sku"]]["_id"]),
                "sku": row["sku"],
                "name": products[row["sku"]]["name"],
                "price": shown(products[row["sku"]]["price"]),
                "status": products[row["sku"]]["status"],
            },
        }
        for row in rows
    ]
    assert answer.resources == ["catalog.products", "shop.order_lines", "shop.orders"]
    assert answer.columns("catalog.products") == ["_id", "name", "price", "sku", "status"]
    assert (answer.calls[2]["keys"], answer.calls[2]["rows"]) == (len(skus), len(skus))


async def test_customers_have_their_addresses(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ customers(first: 100) { nodes { id addresses { id kind city } } } }"
    )

    customers = await truth.rows(
        "select id from customers order by created_at desc, id desc limit 100"
    )
    addresses = await truth.rows("select * from addresses order by id")
    assert answer.data["customers"]["nodes"] == [
        {
            "id": gid("Customer", customer["id"]),
            "addresses": [
                {"id": gid("Address", each["id"]), "kind": each["kind"], "city": each["city"]}
                for each in addresses
                if each["customer_id"] == customer["id"]
            ],
        }
        for customer in customers
    ]
    assert answer.resources == ["shop.addresses", "shop.customers"]
    assert answer.columns("shop.customers") == ["created_at", "id"]
    assert answer.columns("shop.addresses") == ["city", "customer_id", "id", "kind"]


async def test_addresses_have_their_customers(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ orders(first: 50) { nodes { shippingAddress { customer { id email } } } } }"
    )

    rows = await truth.rows(
        f"select c.id, c.email from ({NEWEST}) o join addresses a on a.id = o.shipping_address_id"
        " join customers c on c.id = a.customer_id order by o.placed_at desc, o.id desc"
    )
    assert answer.data["orders"]["nodes"] == [
        {"shippingAddress": {"customer": {"id": gid("Customer", row["id"]), "email": row["email"]}}}
        for row in rows
    ]
    assert answer.resources == ["shop.addresses", "shop.customers", "shop.orders"]
    assert answer.columns("shop.addresses") == ["customer_id", "id"]


async def test_customers_have_their_orders_the_newest_first(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50) { nodes { id orders(first: 3) { nodes { id status } } } } }"
    )

    customers = await truth.rows(
        "select id from customers order by created_at desc, id desc limit 50"
    )
    orders = await truth.rows("select * from orders order by placed_at desc, id desc")
    expected: list[Any] = [
        {
            "id": gid("Customer", customer["id"]),
            "orders": {
                "nodes": [
                    {"id": gid("Order", each["id"]), "status": each["status"]}
                    for each in orders
                    if each["customer_id"] == customer["id"]
                ][:3]
            },
        }
        for customer in customers
    ]
    assert any(not each["orders"]["nodes"] for each in expected)
    assert answer.data["customers"]["nodes"] == expected
    assert answer.resources == ["shop.customers", "shop.orders"]
    assert answer.columns("shop.orders") == ["customer_id", "id", "placed_at", "status"]


async def test_customers_have_their_reviews_the_newest_first(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50) { nodes { id reviews(first: 2) { nodes { id rating } } } } }"
    )

    ids = [
        row["id"]
        for row in await truth.rows(
            "select id from customers order by created_at desc, id desc limit 50"
        )
    ]
    reviews = truth.documents(
        "reviews", {"customer_id": {"$in": ids}}, [("created_at", -1), ("_id", -1)]
    )
    assert answer.data["customers"]["nodes"] == [
        {
            "id": gid("Customer", id),
            "reviews": {
                "nodes": [
                    {"id": gid("Review", each["_id"]), "rating": each["rating"]}
                    for each in reviews
                    if each["customer_id"] == id
                ][:2]
            },
        }
        for id in ids
    ]
    assert answer.resources == ["catalog.reviews", "shop.customers"]
    assert answer.columns("catalog.reviews") == ["_id", "created_at", "customer_id", "rating"]
    assert answer.calls[1]["keys"] == 50
