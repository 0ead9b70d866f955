"""Customers, and the addresses they ship and bill to."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry

from loaders.query import Comparison, Function, Operator
from loaders.sql.postgres import PostgresTable
from resolvers import directives
from resolvers.connections import Connection, connection
from resolvers.costs import ListSize
from resolvers.directives import Access
from resolvers.fields import Node, column
from resolvers.relations import aggregate, many, one
from resolvers.shop.customers import visible_addresses, visible_customers
from schema.types.order import orders_table

if TYPE_CHECKING:
    from schema.types.order import Order
    from schema.types.review import Review

customers_table = PostgresTable(
    source="shop", name="customers", row_filter=visible_customers(orders_table)
)
addresses_table = PostgresTable(
    source="shop", name="addresses", row_filter=visible_addresses(orders_table)
)

PERSONAL: Access = {"policy": [["customers.pii"]], "personal": True}
"""For the customer, and for who may see anyone's."""


@strawberry.type(description="Someone who buys in the shop.")
class Customer(Node):
    resource = customers_table

    email: str | None = column(
        "Where the shop writes to them. Unique.", filterable=True, **PERSONAL
    )
    name: str | None = column(
        "Their full name.", filterable=True, sortable=True, authenticated=True, personal=True
    )
    phone: str | None = column("Their telephone number, with the country's code.", **PERSONAL)
    birthday: date | None = column("The day they were born.", **PERSONAL)
    currency: str = column(
        "The currency they pay in, as ISO 4217 has it, such as EUR.", filterable=True
    )
    marketing_opt_in: bool | None = column(
        "Whether they agreed to be written to about offers.", filterable=True, **PERSONAL
    )
    created_at: datetime = column("When they signed up.", filterable=True, sortable=True)

    addresses: list[Address] | None = many(
        "Where they ship and bill to.",
        by="customer_id",
        order_by="id",
        directives=[ListSize(assumed_size=2)],
    )
    orders: Connection[Order] = connection(
        "What they bought, the newest first.", by="customer_id", order_by="-placed_at"
    )
    reviews: Connection[Review] | None = connection(
        "What they wrote about products, the newest first.",
        by="customer_id",
        order_by="-created_at",
    )
    order_count: int = aggregate(
        "How many of their orders the caller sees, whatever became of them.",
        of=orders_table,
        by="customer_id",
        function=Function.COUNT,
    )
    lifetime_value: Decimal | None = aggregate(
        "The sum of their orders' totals in their currency, without what was cancelled or sent "
        "back; null if nothing is left.",
        of=orders_table,
        by="customer_id",
        function=Function.SUM,
        column="total",
        where=Comparison("status", Operator.NOT_IN, ("CANCELLED", "RETURNED")),
        requires_scopes=[["finance"], ["support"]],
    )


@strawberry.enum(description="What an address is used for.")
class AddressKind(enum.Enum):
    BILLING = strawberry.enum_value("BILLING", description="Invoices go there.")
    SHIPPING = strawberry.enum_value("SHIPPING", description="Parcels go there.")


@strawberry.type(
    description="A postal address of a customer.", directives=[directives.Authenticated()]
)
class Address(Node):
    resource = addresses_table

    kind: AddressKind = column("What it is used for.")
    recipient: str = column("Whose name stands on it.", personal=True)
    line1: str = column("The street and number.", personal=True)
    line2: str | None = column("What else is needed to find the door.", personal=True)
    postal_code: str = column("The postal code, as the country writes it.", personal=True)
    city: str = column("The town or city.", personal=True)
    region: str | None = column("The state or province, where addresses name one.", personal=True)
    country: str = column(
        "The country's two letters, as ISO 3166-1 has them, such as NL.", personal=True
    )

    customer: Customer | None = one("Whose address it is.", by="customer_id")
