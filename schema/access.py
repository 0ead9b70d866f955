"""Who may see what in the shop: its scopes, row filters and policies.

A token or a key may carry ``customer_id``, the number of the customer whom it is for, and
``partner_id``, the name of the partner.
"""

from __future__ import annotations

from collections.abc import Sequence

from loaders.base import Resource, Row
from loaders.identity import Identity
from loaders.query import NOTHING, Filter, Or, Within, equals
from resolvers.policies import policy

SCOPES = ("orders:read", "support")
"""Those that row filters go by, beside the ones that fields require."""


def customer_of(identity: Identity) -> int | None:
    """The number of the customer who asks, if it is one."""
    number = identity.claims.get("customer_id")
    # In Python, True is a number, too: 1.
    return number if type(number) is int and 0 < number < 2**63 else None


def partner_of(identity: Identity) -> str | None:
    """The name of the partner who asks, if it is one."""
    name = identity.claims.get("partner_id")
    return name if isinstance(name, str) else None


def visible_orders(identity: Identity) -> Filter | None:
    """Customers see their own orders, partners those that they took; with ``orders:read``, all."""
    if "orders:read" in identity.scopes:
        return None
    customer, partner = customer_of(identity), partner_of(identity)
    own = [] if customer is None else [equals("customer_id", customer)]
    taken = [] if partner is None else [equals("partner_id", partner)]
    return Or((*own, *taken))


def visible_addresses(orders: Resource, identity: Identity) -> Filter | None:
    """Customers see their own addresses, whoever sees an order sees where it goes; with
    ``customers:pii``, all."""
    if "customers:pii" in identity.scopes:
        return None
    customer, shipped = customer_of(identity), visible_orders(identity)
    own = [] if customer is None else [equals("customer_id", customer)]
    if shipped is None or shipped != NOTHING:
        return Or((*own, Within("id", orders, "shipping_address_id", shipped)))
    return Or(tuple(own))


def visible_reviews(identity: Identity) -> Filter | None:
    """Everyone sees published reviews, authors their own; with ``support``, all."""
    if "support" in identity.scopes:
        return None
    published, customer = equals("status", "PUBLISHED"), customer_of(identity)
    return published if customer is None else Or((published, equals("customer_id", customer)))


@policy("customers.pii", needs=["id"], scopes=["customers:pii"], claims=["customer_id"])
async def customers_pii(identity: Identity, customers: Sequence[Row]) -> list[bool]:
    """With ``customers:pii``, or that customer."""
    return [row["id"] == customer_of(identity) for row in customers]
