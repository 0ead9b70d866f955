"""Which reviews a caller sees."""

from __future__ import annotations

from loaders.identity import Identity
from loaders.query import Filter, Or, equals
from loaders.reads import reads
from resolvers.shop.callers import customer_of


@reads(claims=["customer_id"], scopes=["support"])
def visible_reviews(identity: Identity) -> Filter | None:
    """Everyone sees published reviews, authors their own; with ``support``, all."""
    if "support" in identity.scopes:
        return None
    published, customer = equals("status", "PUBLISHED"), customer_of(identity)
    return published if customer is None else Or((published, equals("customer_id", customer)))
