"""Whose orders a caller sees."""

from __future__ import annotations

from loaders.identity import Identity
from loaders.query import Filter, Or, equals
from loaders.reads import reads
from resolvers.shop.callers import CLAIMS, customer_of, partner_of


@reads(claims=CLAIMS, scopes=["orders:read"])
def visible_orders(identity: Identity) -> Filter | None:
    """Customers see their own orders, partners those that they took; with ``orders:read``, all."""
    if "orders:read" in identity.scopes:
        return None
    customer, partner = customer_of(identity), partner_of(identity)
    own = [] if customer is None else [equals("customer_id", customer)]
    taken = [] if partner is None else [equals("partner_id", partner)]
    return Or((*own, *taken))
