"""Which customers and addresses a caller sees, and what of a customer is for few."""

from __future__ import annotations

from collections.abc import Sequence

from loaders.identity import Identity
from loaders.query import NOTHING, Filter, Or, SemiJoin, equals
from loaders.reads import reads
from loaders.resource import Resource, Row, RowFilter
from resolvers.policies import policy
from resolvers.shop.callers import CLAIMS, customer_of
from resolvers.shop.orders import visible_orders

STAFF = frozenset({"customers:read", "customers:pii", "support"})
"""The scopes of which each is for work with all customers."""


def visible_customers(orders: Resource) -> RowFilter:
    """Customers see themselves, whoever sees an order sees who bought it; with one of ``STAFF``,
    all."""

    @reads(claims=CLAIMS, scopes=[*STAFF, "orders:read"])
    def visible(identity: Identity) -> Filter | None:
        if STAFF & identity.scopes:
            return None
        return _own_or_of_orders("id", orders, "customer_id", identity)

    return visible


def visible_addresses(orders: Resource) -> RowFilter:
    """Customers see their own addresses, whoever sees an order sees where it goes; with
    ``customers:pii``, all."""

    @reads(claims=CLAIMS, scopes=["customers:pii", "orders:read"])
    def visible(identity: Identity) -> Filter | None:
        if "customers:pii" in identity.scopes:
            return None
        return _own_or_of_orders("customer_id", orders, "shipping_address_id", identity)

    return visible


@policy("customers.pii", needs=["id"], scopes=["customers:pii"], claims=["customer_id"])
@reads(claims=["customer_id"])
async def customers_pii(identity: Identity, customers: Sequence[Row]) -> list[bool]:
    """With ``customers:pii``, or that customer."""
    customer = customer_of(identity)
    return [row["id"] == customer for row in customers]


def _own_or_of_orders(owner: str, orders: Resource, of: str, identity: Identity) -> Filter:
    """The rows whose ``owner`` is the customer who asks, and those whose id stands in ``of`` of an
    order that the caller sees."""
    customer, seen = customer_of(identity), visible_orders(identity)
    own = [] if customer is None else [equals(owner, customer)]
    bought = [] if seen == NOTHING else [SemiJoin("id", orders, of, seen)]
    return Or((*own, *bought))
