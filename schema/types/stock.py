"""What the warehouse has, from the inventory service."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import strawberry

from loaders.rest.routes import Batch, RestResource, Single
from resolvers.costs import ListSize
from resolvers.fields import Node, column
from resolvers.relations import many, one
from resolvers.shop.products import visible_stock
from schema.types.product import products_collection

if TYPE_CHECKING:
    from schema.types.product import Product

stock_api = RestResource(
    source="inventory",
    name="stock",
    key="sku",
    by={"sku": Batch("/stock", "sku", size=250)},
    row_filter=visible_stock(products_collection),
)
reservations_api = RestResource(
    source="inventory",
    name="reservations",
    by={"sku": Batch("/reservations", "sku", size=250), "id": Single("/reservations/{key}")},
)


@strawberry.type(description="How many of a product the warehouse has.")
class Stock(Node):
    resource = stock_api

    sku: str = column("The product's stock keeping unit.")
    available: int = column("How many can be sold now.")
    reserved: int = column("How many are held for someone.")
    incoming: int = column("How many are on their way to the warehouse.")
    warehouse: str = column("The warehouse that counted, such as AMS-1.")
    updated_at: datetime = column("When it was counted.")

    product: Product | None = one("What is counted.", by="sku", to="sku")
    reservations: list[Reservation] = many(
        "Who holds what of it, the oldest first.",
        by="sku",
        order_by=("created_at", "id"),
        directives=[ListSize(assumed_size=2)],
    )


@strawberry.type(description="A number of a product held back for someone.")
class Reservation(Node):
    resource = reservations_api

    quantity: int = column("How many are held.")
    order_number: str | None = column(
        "The order they are held for; null before there is one.",
        requires_scopes=[["orders:read"]],
    )
    created_at: datetime = column("Since when they are held.")
    expires_at: datetime = column("When they are let go.")

    stock: Stock | None = one("What is held.", by="sku")
