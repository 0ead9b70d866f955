"""Who asks the shop: what it takes from an identity.

A token or a key may carry ``customer_id``, the number of the customer whom it is for, and
``partner_id``, the name of the partner.
"""

from __future__ import annotations

from loaders.identity import Identity

CLAIMS = ("customer_id", "partner_id")
"""Those that say who asks."""

SCOPES = ("catalog:drafts", "customers:pii", "customers:read", "orders:read", "support")
"""Those that row filters go by. Fields require some of them, too."""


def customer_of(identity: Identity) -> int | None:
    """The number of the customer who asks, if it is one."""
    number = identity.claims.get("customer_id")
    # In Python, True is a number, too: 1.
    return number if type(number) is int and 0 < number < 2**63 else None


def partner_of(identity: Identity) -> str | None:
    """The name of the partner who asks, if it is one."""
    name = identity.claims.get("partner_id")
    return name if isinstance(name, str) else None
