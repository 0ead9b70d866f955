"""Callers, as they are counted: whom bounds are shared among, and who has a turn."""

from __future__ import annotations

from typing import NamedTuple

from loaders.identity import Identity


class Caller(NamedTuple):
    """One caller, however many operations, tokens and connections it has.

    Whoever has a token is its ``issuer``, ``subject`` and ``client`` together; a new token changes
    nothing. An API key is a caller by itself: ``client`` is ``key:<id>``. One without a credential
    has nothing but an ``address``, as it is counted: of IPv6 a /64. Where the address is not known
    either, all of these are one caller.
    """

    issuer: str | None = None
    subject: str | None = None
    client: str | None = None
    address: str | None = None


def caller_of(identity: Identity, address: str | None = None) -> Caller:
    """The caller that the identity is, which asks from this address."""
    credential = identity.credential
    if credential is not None:
        if credential.startswith("key:"):
            return Caller(client=credential)
        address = None
    return Caller(identity.issuer, identity.subject, identity.client, address)
