"""What can be asked of the shop."""

from __future__ import annotations

import strawberry

from resolvers.connections import Connection, connection
from resolvers.costs import Cost
from resolvers.fields import Node
from resolvers.lookups import lookup, node, nodes, viewer
from resolvers.shop.callers import customer_of
from schema.types.customer import Customer
from schema.types.order import Order
from schema.types.product import Category, Product
from schema.types.review import Review
from schema.types.shipment import Carrier

WHOLE = Cost(weight=60)
"""A page of a large collection, sorted whole: it takes the demo's MongoDB long."""


@strawberry.type(description="What can be asked of the shop.")
class Query:
    node: Node | None = node("The object of any type that has this id.")
    nodes: list[Node | None] | None = nodes(
        "The objects of any types that have these ids, in their order; null where there is none."
    )

    viewer: Customer | None = viewer(
        "The customer who asks; null for everyone else.", key=customer_of
    )
    customer: Customer | None = lookup("One customer.", by=("id", "email"))
    order: Order | None = lookup("One order.", by=("id", "number"))
    product: Product | None = lookup("One product.", by=("id", "sku"))
    category: Category | None = lookup("One category.", by=("id", "slug"))
    review: Review | None = lookup("One review.", by="id")
    carrier: Carrier | None = lookup("One carrier.", by="code")

    customers: Connection[Customer] | None = connection(
        "All customers whom the caller may see, the newest first.", order_by="-created_at"
    )
    orders: Connection[Order] | None = connection(
        "All orders, the newest first.", order_by="-placed_at"
    )
    products: Connection[Product] | None = connection(
        "All products, by their names.", order_by="name", directives=[WHOLE]
    )
    categories: Connection[Category] | None = connection(
        "All categories, by their names.", order_by="name"
    )
    reviews: Connection[Review] | None = connection(
        "All reviews, the newest first.", order_by="-created_at", directives=[WHOLE]
    )
    carriers: Connection[Carrier] | None = connection(
        "All carriers the shop works with, by their names.", order_by="name"
    )
