"""A graph over one service, whose fields and rows are for some callers alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import strawberry

from loaders.query import Filter, equals
from loaders.reads import reads
from loaders.resource import Row
from loaders.rest.routes import Batch, RestResource
from resolvers import Connection, Graph, Identity, Node, column, connection, policy

log = logging.getLogger("tests.desk")

GRAPH = "tests.gateway.desk:graph"

TICKETS = [
    {"id": "1", "owner": "ada", "title": "Lamp", "note": "Call her.", "team": "red"},
    {"id": "2", "owner": "eve", "title": "Sofa", "note": "Call him.", "team": "blue"},
]


@reads(scopes=["support"], subject=True, issuer=True)
def seen(identity: Identity) -> Filter | None:
    if "support" in identity.scopes:
        return None
    return equals("owner", identity.subject if identity.issuer == "company" else None)


@policy("team", needs=["team"], claims=["teams"])
@reads(claims=["teams"])
async def team(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    teams: Any = identity.claims["teams"]
    return [row["team"] in teams for row in rows]


@strawberry.type(description="What somebody asks for.")
class Ticket(Node):
    resource = RestResource(
        source="desk", name="tickets", by={"id": Batch("/tickets", "id")}, all="/tickets",
        items=None, row_filter=seen,
    )  # fmt: skip

    title: str = column("What it is about.")
    note: str | None = column("What we say of it.", requires_scopes=[["support"]])
    team: str | None = column("Whose it is.", policy=[["team"]])


@strawberry.type(description="What is told of support.")
class Query:
    tickets: Connection[Ticket] | None = connection("Those that the caller may see.")
    secret: Connection[Ticket] | None = connection(
        "The same, for support alone.", requires_scopes=[["support"]]
    )

    @strawberry.field
    async def broken(self, text: str) -> str | None:
        """Says something in the log, and fails."""
        await asyncio.sleep(0.01)
        log.warning("about %s", text)
        raise ValueError(text)


@strawberry.type(description="What happens.")
class Subscription:
    @strawberry.subscription
    async def noted(self, text: str) -> AsyncIterator[int]:
        """Says something in the log at each number."""
        for number in range(3):
            await asyncio.sleep(0.01)
            log.warning("about %s", text)
            yield number


graph = Graph(Query, subscription=Subscription, policies=[team])
