"""Policies: named functions that decide over many rows at once who may see what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from loaders.declarations import declaration
from loaders.identity import Identity
from loaders.resource import Row

Decide = Callable[[Identity, Sequence[Row]], Awaitable[Sequence[bool]]]


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy under the name that ``@policy`` refers to it by.

    ``decide`` gets the identity and all rows of one breadth, each with the columns ``needs``, and
    returns a verdict for each, in order. Nothing but ``True`` allows; if it raises, all are denied.
    A row with a value among them that could not be read is not asked about: what hangs on it is
    that value's error.

    Who has one of ``scopes`` passes, and who lacks one of ``claims`` fails, before anything is
    fetched and without ``decide`` being asked.
    """

    name: str
    decide: Decide
    needs: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()


@declaration
def policy(
    name: str, *, needs: Sequence[str] = (), scopes: Sequence[str] = (), claims: Sequence[str] = ()
) -> Callable[[Decide], Policy]:
    """Makes a policy of an ``async`` function from the identity and rows to verdicts::

    @policy("self", needs=["id"], claims=["customer_id"])
    async def self_(identity, rows):
        return [row["id"] == identity.claims["customer_id"] for row in rows]
    """

    def made(decide: Decide) -> Policy:
        return Policy(name, decide, tuple(needs), frozenset(scopes), frozenset(claims))

    return made
