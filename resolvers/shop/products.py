"""Which products a caller sees, and what the shop works out about them."""

from __future__ import annotations

import strawberry

from loaders.identity import Identity
from loaders.query import Comparison, Filter, Operator, SemiJoin
from loaders.reads import reads
from loaders.resource import Resource, Row, RowFilter

ANNOUNCED = ("ACTIVE", "DISCONTINUED")
"""The statuses of products that the shop shows. One that comes up later is hidden at first."""


@reads(scopes=["catalog:drafts"])
def visible_products(identity: Identity) -> Filter | None:
    """Everyone sees what is or was on sale; with ``catalog:drafts``, what is not yet, too."""
    if "catalog:drafts" in identity.scopes:
        return None
    return Comparison("status", Operator.IN, ANNOUNCED)


def visible_stock(products: Resource) -> RowFilter:
    """Stock is seen where its product is: numbers of stock follow one another, so by the stock of
    a draft its existence could be found out."""

    @reads(scopes=["catalog:drafts"])
    def visible(identity: Identity) -> Filter | None:
        where = products.seen_by(identity)
        return None if where is None else SemiJoin("sku", products, "sku", where)

    return visible


def margin(product: strawberry.Parent[Row]) -> float | None:
    """The part of the price that is not cost, from 0 to 1, to four digits."""
    price, cost = product.get("price"), product.get("cost")
    return round(float((price - cost) / price), 4) if price and cost is not None else None
