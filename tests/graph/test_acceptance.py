"""The page that the project is measured by: 50 orders over all three kinds of source."""

from __future__ import annotations

from tests.client import Gateway

FIFTY_ORDERS = """
{
  orders(first: 50) {
    nodes {
      id number status placedAt total
      customer { name }
      lines { lineNo quantity unitPrice product { name category { name } stock { available } } }
      shipment { status trackingNumber events { at description } }
    }
  }
}
"""


async def test_fifty_orders_take_one_call_for_each_relation(gateway: Gateway) -> None:
    answer = await gateway.ask(FIFTY_ORDERS)

    orders = answer.data["orders"]["nodes"]
    assert len(orders) == 50
    assert all(order["customer"]["name"] for order in orders)
    assert all(order["lines"] for order in orders)
    assert all(line["product"]["category"]["name"] for o in orders for line in o["lines"])
    assert any(line["product"]["stock"] for o in orders for line in o["lines"])
    assert any(order["shipment"] for order in orders)
    assert answer.resources == [
        "catalog.categories",
        "catalog.products",
        "inventory.stock",
        "shipping.shipments",
        "shop.customers",
        "shop.order_lines",
        "shop.orders",
    ]


async def test_fifty_orders_read_only_the_columns_they_need(gateway: Gateway) -> None:
    answer = await gateway.ask(FIFTY_ORDERS)

    assert answer.columns("shop.orders") == [
        "customer_id", "id", "number", "placed_at", "status", "total"
    ]  # fmt: skip
    assert answer.columns("shop.customers") == ["id", "name"]
    assert answer.columns("shop.order_lines") == [
        "id", "line_no", "order_id", "quantity", "sku", "unit_price"
    ]  # fmt: skip
    assert answer.columns("catalog.products") == ["_id", "category_id", "name", "sku"]
    assert answer.columns("catalog.categories") == ["_id", "name"]
    assert answer.columns("inventory.stock") == ["available", "sku"]
    assert answer.columns("shipping.shipments") == [
        "events", "order_id", "status", "tracking_number"
    ]  # fmt: skip
