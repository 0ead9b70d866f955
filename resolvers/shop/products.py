"""Which products a caller sees, and what the shop works out about them."""

from __future__ import annotations

import strawberry

from loaders.identity import Identity
from loaders.query import Comparison, Filter, Operator, SemiJoin
from loaders.resource import Resource, Row

ANNOUNCED = ("ACTIVE", "DISCONTINUED")
"""The statuses of products that the shop shows. One that comes up later is hidden at first."""


def visible_products(identity: Identity) -> Filter | None:
    """Everyone sees what is or was on sale; with ``catalog:drafts``, what is not yet, too."""
    if "catalog:drafts" in identity.scopes:
        return None
    return Comparison("status", Operator.IN, ANNOUNCED)


def visible_stock(products: Resource, identity: Identity) -> Filter | None:
    """Stock is seen where its product is: numbers of stock follow one another, so by the stock of
    a draft its existence could be found out."""
    where = products.seen_by(identity)
    return None if where is None else SemiJoin("sku", products, "sku", where)


def margin(product: strawberry.Parent[Row]) -> float | None:
    """The part of the price that is not cost, from 0 to 1, to four digits."""
    price, cost = product.get("price"), product.get("cost")
    return round(float((price - cost) / price), 4) if price and cost is not None else None
