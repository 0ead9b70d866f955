"""A graph whose fields fail and are denied in every way, in lists of objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry

from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.errors import SourceUnavailable
from loaders.identity import Identity
from loaders.resource import Row
from resolvers.directives import Policies, RequiresScopes
from resolvers.graph import Graph
from resolvers.policies import policy

CALLER = Identity(subject="someone", credential="test")

ITEMS = 30


@policy("odd")
async def odd(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [row["number"] % 2 == 1 for row in rows]


def _each(number: int) -> str:
    raise ValueError(f"secret {number}")


@strawberry.type(description="An item.")
class Item:
    number: int | None = strawberry.field(description="Its number.")
    denied: str | None = strawberry.field(
        description="For nobody.", directives=[RequiresScopes.of([["nobody"]])]
    )
    judged: str | None = strawberry.field(
        description="Of odd ones.", directives=[Policies.of([["odd"]])]
    )
    lost: str | None = strawberry.field(description="From a source that is down.")
    needed: str = strawberry.field(description="Likewise, and never null.")
    inner: Item | None = strawberry.field(description="An item in it.")

    @strawberry.field
    def alike(self) -> str | None:
        """Fails in the same way for all."""
        raise ValueError("secret")

    @strawberry.field
    def various(self, root: strawberry.Parent[Any]) -> str | None:
        """Fails in a way of its own for each."""
        return _each(root["number"])


DOWN = SourceUnavailable("shop")


def held(number: int) -> dict[str, Any]:
    inner = {"number": number, "denied": "d", "judged": "j"} if number % 3 else None
    values = {"denied": "d", "judged": "j", "lost": DOWN, "needed": DOWN, "inner": inner}
    return {"number": number, **values}


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field
    def items(self, count: int = ITEMS) -> list[Item | None] | None:
        """Items, numbered from 0."""
        return [held(number) for number in range(count)]  # type: ignore[misc]  # as rows are

    @strawberry.field
    def boxes(self, count: int, each: int) -> list[list[Item]] | None:
        """Items in boxes."""
        return [[held(0)] * each] * count  # type: ignore[list-item]  # as rows are

    @strawberry.field
    def no_items(self) -> list[Item | None] | None:
        """Fails as a whole."""
        raise DOWN

    @strawberry.field
    def again(self) -> Query | None:
        """All of this again."""
        return {}  # type: ignore[return-value]  # as rows are

    denied_items: list[Item | None] | None = strawberry.field(
        description="For nobody.", directives=[RequiresScopes.of([["nobody"]])]
    )


graph = Graph(Query, policies=[odd])


LIMITS = {"objects": 1_000_000}
"""Of each object a field may fail, and it is the errors that are too many."""


async def ask(query: str, **settings: Any) -> Response:
    settings = {"environment": "development", "limits": LIMITS, **settings}
    client = GraphClient(graph, settings=Settings.of(**settings))
    return await client.execute(query, identity=CALLER)
