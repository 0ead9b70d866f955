"""The relations of what the REST services hold: stock, reservations, shipments and carriers."""

from __future__ import annotations

from tests.client import Gateway
from tests.graph.truth import Truth, gid, moment

SOME_STOCK = (
    '{ products(first: 40, where: {sku: {startsWith: "COF-"}}, orderBy: {field: SKU})'
    " { nodes { stock { %s } } } }"
)
SHIPPED = "orders(first: 40, where: {status: {eq: SHIPPED}})"


async def stocked(truth: Truth) -> list[str | None]:
    """The SKUs that SOME_STOCK comes to, None where nobody counts the product."""
    products = truth.documents("products", {"sku": {"$regex": "^COF-"}}, [("sku", 1)], 40)
    stock = await truth.stock(product["sku"] for product in products)
    return [product["sku"] if product["sku"] in stock else None for product in products]


async def test_stock_has_its_products(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(SOME_STOCK % "product { id name }")

    skus = await stocked(truth)
    found = truth.documents("products", {"sku": {"$in": skus}})
    products = {product["sku"]: product for product in found}
    assert answer.data["products"]["nodes"] == [
        {
            "stock": sku
            and {
                "product": {
                    "id": gid("Product", products[sku]["_id"]),
                    "name": products[sku]["name"],
                }
            }
        }
        for sku in skus
    ]
    # The products are those of the page.
    assert answer.resources == ["catalog.products", "inventory.stock"]
    assert answer.columns("inventory.stock") == ["sku"]
    assert [call["keys"] for call in answer.calls] == [0, len(skus)]


async def test_stock_has_its_reservations_the_oldest_first(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        SOME_STOCK % "sku reservations { id quantity orderNumber createdAt expiresAt }"
    )

    skus = await stocked(truth)
    held = await truth.reservations(sku for sku in skus if sku is not None)
    assert any(len(rows) > 1 for rows in held.values())
    assert any(sku is not None and sku not in held for sku in skus)
    assert answer.data["products"]["nodes"] == [
        {
            "stock": sku
            and {
                "sku": sku,
                "reservations": [
                    {
                        "id": gid("Reservation", row["id"]),
                        "quantity": row["quantity"],
                        "orderNumber": row["order_number"],
                        "createdAt": moment(row["created_at"]),
                        "expiresAt": moment(row["expires_at"]),
                    }
                    for row in held.get(sku, [])
                ],
            }
        }
        for sku in skus
    ]
    assert answer.resources == ["catalog.products", "inventory.reservations", "inventory.stock"]
    assert answer.columns("inventory.reservations") == [
        "created_at", "expires_at", "id", "order_number", "quantity", "sku"
    ]  # fmt: skip
    assert answer.calls[2]["rows"] == sum(len(rows) for rows in held.values())


async def test_reservations_have_their_stock(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(SOME_STOCK % "sku reservations { stock { id available } }")

    skus = await stocked(truth)
    held = await truth.reservations(sku for sku in skus if sku is not None)
    stock = await truth.stock(sku for sku in skus if sku is not None)
    assert answer.data["products"]["nodes"] == [
        {
            "stock": sku
            and {
                "sku": sku,
                "reservations": [
                    {"stock": {"id": gid("Stock", sku), "available": stock[sku]["available"]}}
                ]
                * len(held.get(sku, [])),
            }
        }
        for sku in skus
    ]
    # The stock that a reservation belongs to is the one it was reached by: it is there already.
    assert answer.resources == ["catalog.products", "inventory.reservations", "inventory.stock"]


async def test_shipments_have_their_carriers(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        f"{{ {SHIPPED} {{ nodes {{ shipment {{ id carrier {{ id code name phone }} }} }} }} }}"
    )

    orders = await truth.rows(
        "select id from orders where status = 'SHIPPED' order by placed_at desc, id desc limit 40"
    )
    carriers = {carrier["code"]: carrier for carrier in await truth.carriers()}
    shipments = [await truth.shipment(order["id"]) for order in orders]
    assert None not in shipments
    there = [shipment for shipment in shipments if shipment is not None]
    assert answer.data["orders"]["nodes"] == [
        {
            "shipment": {
                "id": gid("Shipment", shipment["order_id"]),
                "carrier": {
                    "id": gid("Carrier", shipment["carrier_code"]),
                    "code": shipment["carrier_code"],
                    "name": carriers[shipment["carrier_code"]]["name"],
                    "phone": carriers[shipment["carrier_code"]]["phone"],
                },
            }
        }
        for shipment in there
    ]
    assert answer.resources == ["shipping.carriers", "shipping.shipments", "shop.orders"]
    assert answer.columns("shipping.shipments") == ["carrier_code", "order_id"]
    assert answer.columns("shipping.carriers") == ["code", "name", "phone"]
    used = {shipment["carrier_code"] for shipment in there}
    assert [call["keys"] for call in answer.calls] == [0, 40, len(used)]


async def test_shipments_have_their_orders(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        f"{{ {SHIPPED} {{ nodes {{ shipment {{ order {{ id number }} }} }} }} }}"
    )

    orders = await truth.rows(
        "select * from orders where status = 'SHIPPED' order by placed_at desc, id desc limit 40"
    )
    assert answer.data["orders"]["nodes"] == [
        {"shipment": {"order": {"id": gid("Order", order["id"]), "number": order["number"]}}}
        for order in orders
    ]
    assert answer.resources == ["shipping.shipments", "shop.orders"]
    assert [call["keys"] for call in answer.calls] == [0, 40]


async def test_every_field_of_a_shipment_is_as_the_service_says(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        '{ order(number: "SO-2024-000001") { shipment { trackingNumber status trackingUrl'
        " shippedAt estimatedDelivery deliveredAt events { at status location description } } } }"
    )

    shipment = await truth.shipment(1)
    assert shipment is not None
    assert answer.data["order"]["shipment"] == {
        "trackingNumber": shipment["tracking_number"],
        "status": shipment["status"],
        "trackingUrl": shipment["tracking_url"],
        "shippedAt": moment(shipment["shipped_at"]),
        "estimatedDelivery": shipment["estimated_delivery"],
        "deliveredAt": moment(shipment["delivered_at"]),
        "events": [
            {
                "at": moment(event["at"]),
                "status": event["status"],
                "location": event["location"],
                "description": event["description"],
            }
            for event in shipment["events"]
        ],
    }
