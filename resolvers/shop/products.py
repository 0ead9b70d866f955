"""What the shop works out about its products."""

from __future__ import annotations

import strawberry

from loaders.base import Row


def margin(product: strawberry.Parent[Row]) -> float | None:
    """The part of the price that is not cost, from 0 to 1, to four digits."""
    price, cost = product.get("price"), product.get("cost")
    return round(float((price - cost) / price), 4) if price and cost is not None else None
