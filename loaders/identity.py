"""Who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as their credential says.

    ``subject`` is the user (a token's ``sub``), ``client`` the program that asks for them (an API
    key's name, a token's ``azp`` or ``client_id``). ``claims`` is what else the credential says;
    row filters and policies go by it, and take a claim that is missing or of another type than
    they expect for no claim. ``credential`` names the credential itself, without its secret:
    ``key:<id>`` for an API key. ``expires_at`` is when it ends, in seconds since the epoch.
    ``issuer`` is who says so (a token's ``iss``; None for an API key): each issuer has subjects and
    clients of its own, so of two issuers the same names mean others. ``quota`` is how many units of
    cost an API key may have, if it has a quota of its own.
    """

    subject: str | None = None
    client: str | None = None
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, object] = field(default_factory=dict)
    credential: str | None = None
    expires_at: float | None = None
    issuer: str | None = None
    quota: int | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether no credential was given."""
        return self.credential is None

    @property
    def now(self) -> datetime:
        """The time at which it asks, in UTC."""
        return datetime.now(UTC)


ANONYMOUS = Identity()
"""Whoever gives no credential: an identity without scopes and claims."""
