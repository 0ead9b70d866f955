"""Orders and their lines."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry

from loaders.row_filters import through
from loaders.sql.postgres import PostgresTable
from resolvers.costs import ListSize
from resolvers.fields import Node, column
from resolvers.relations import many, one
from resolvers.shop.orders import visible_orders

if TYPE_CHECKING:
    from schema.types.customer import Address, Customer
    from schema.types.product import Product
    from schema.types.shipment import Shipment

orders_table = PostgresTable(source="shop", name="orders", row_filter=visible_orders)
order_lines_table = PostgresTable(
    source="shop", name="order_lines", row_filter=through("order_id", orders_table)
)


@strawberry.enum(description="How far an order has come.")
class OrderStatus(enum.Enum):
    PENDING = strawberry.enum_value("PENDING", description="Placed, and not paid yet.")
    PAID = strawberry.enum_value("PAID", description="Paid, and not shipped yet.")
    SHIPPED = strawberry.enum_value("SHIPPED", description="On its way.")
    DELIVERED = strawberry.enum_value("DELIVERED", description="With the customer.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Called off before it shipped.")
    RETURNED = strawberry.enum_value("RETURNED", description="Sent back by the customer.")


@strawberry.type(description="What a customer bought, in one purchase.")
class Order(Node):
    resource = orders_table

    number: str = column("The number on the invoice, such as SO-2025-000123.", filterable=True)
    status: OrderStatus = column("How far it has come.", filterable=True)
    placed_at: datetime = column("When it was placed.", filterable=True, sortable=True)
    currency: str = column(
        "The currency of its amounts, as ISO 4217 has it, such as EUR.", filterable=True
    )
    total: Decimal = column("What all its lines cost together.", filterable=True, sortable=True)
    partner_id: str | None = column(
        "The partner who took the order; null for the shop's own.", filterable=True
    )
    internal_note: str | None = column(
        "What the staff noted about it. Not for customers.", requires_scopes=[["orders:internal"]]
    )

    customer: Customer | None = one("Who bought it.", by="customer_id", filterable=True)
    shipping_address: Address | None = one("Where it goes.", by="shipping_address_id")
    lines: list[OrderLine] = many(
        "What was bought.",
        by="order_id",
        order_by="line_no",
        directives=[ListSize(assumed_size=3)],
    )
    shipment: Shipment | None = one("The parcel it left in; null until it has left.", by="id")


@strawberry.type(description="One product in an order, and how many of it.")
class OrderLine(Node):
    resource = order_lines_table

    line_no: int = column("Its place in the order, from 1.")
    sku: str = column("The product's stock keeping unit when it was bought.")
    product_name: str = column("The product's name when it was bought.")
    quantity: int = column("How many were bought.")
    unit_price: Decimal = column("What one of them cost, in the order's currency.")

    order: Order | None = one("The order it belongs to.", by="order_id")
    product: Product | None = one(
        "The product as the catalog has it today; null if it is gone.", by="sku", to="sku"
    )
