"""A graph over two services, which say in each row by which headers they were asked for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import strawberry
from aiohttp import web

from gateway.settings import Settings
from loaders.rest.routes import Batch, RestResource, Single
from resolvers import Connection, Graph, Node, column, connection, lookup, one
from tests.bad_servers import Service, answering
from tests.client import Gateway, serving
from tests.identities import auth

GRAPH = "tests.gateway.tenants:graph"

IDS = ["1", "2", "3", "4", "5"]

BY_ITSELF = {"host", "accept", "accept-encoding", "user-agent"}
"""The headers that the gateway's client sends anyhow."""


@strawberry.type(description="A note, by the service that is told nothing.")
class Note(Node):
    resource = RestResource(
        source="silent", name="notes", by={"id": Batch("/notes", "id")}, items=None
    )

    asked: str = column("By which headers.")


@strawberry.type(description="A parcel, which is asked for alone.")
class Parcel(Node):
    resource = RestResource(source="told", name="parcels", by={"id": Single("/parcels/{key}")})

    asked: str = column("By which headers.")


@strawberry.type(description="A thing.")
class Thing(Node):
    resource = RestResource(
        source="told", name="things", by={"id": Batch("/things", "id", size=2)}, all="/all",
        items=None,
    )  # fmt: skip

    number: str = column("Its key.", name="id")
    asked: str = column("By which headers.")
    parcel: Parcel | None = one("How it is sent.", by="id")
    note: Note | None = one("What is said of it.", by="id")
    twin: Thing | None = one("One that the list of all has not.", by="twin")


@strawberry.type(description="What can be asked.")
class Query:
    things: Connection[Thing] | None = connection("All things.")
    thing: Thing | None = lookup("One of them.", by="number")


@strawberry.type(description="What happens.")
class Subscription:
    @strawberry.subscription
    async def events(self) -> AsyncIterator[Query]:
        """Two events."""
        for _ in range(2):
            yield {}  # type: ignore[misc]  # as rows are


graph = Graph(Query, subscription=Subscription)


@dataclass
class Asked:
    """The two services, and by which headers each was asked, but for those of every request."""

    told: Service
    silent: Service
    headers: dict[str, list[dict[str, str]]] = field(
        default_factory=lambda: {"told": [], "silent": []}
    )
    failing: dict[str, int] = field(default_factory=dict)
    """How often each path is answered with 503 before it is answered, by who asks."""
    fails: int = 0
    location: str | None = None
    """Where requests are sent on to."""
    status: int = 200


def said(headers: dict[str, str]) -> str:
    return "|".join(f"{name}={headers[name]}" for name in sorted(headers)) or "nothing"


@asynccontextmanager
async def asked(*names: str, user: str = "") -> AsyncIterator[tuple[Gateway, Asked]]:
    """The gateway over the services, of which one is told these headers of its callers. ``user`` is
    whom its URL says, with an @."""

    def answer(name: str) -> Any:
        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            given = {
                key.lower(): ", ".join(request.headers.getall(key))
                for key in request.headers
                if key.lower() not in BY_ITSELF - set(names)
            }
            services.headers[name].append(given)
            if services.location is not None:
                return web.Response(status=302, headers={"location": services.location})
            if services.status != 200:
                return web.Response(status=services.status, text=said(given))
            whose = f"{request.raw_path} {said(given)}"
            if services.failing.get(whose, 0) < services.fails:
                services.failing[whose] = services.failing.get(whose, 0) + 1
                return web.Response(status=503)
            if request.path.startswith("/parcels/"):
                return web.json_response({"id": request.path[9:], "asked": said(given)})
            ids = request.query.getall("id", IDS)
            return web.json_response(
                [{"id": id, "twin": f"{id}0", "asked": said(given)} for id in ids]
            )

        return handler

    async with answering(answer("told")) as first, answering(answer("silent")) as second:
        services = Asked(first, second)
        sources = {
            "told": {
                "kind": "rest",
                "url": first.url.replace("//", f"//{user}"),
                "forward_headers": list(names),
                # Requests that fail are what is tried, and not how often that is borne.
                "breaker": False,
                "retry_budget": 10,
            },
            "silent": {"kind": "rest", "url": second.url},
        }
        settings = Settings.of(
            environment="development",
            graph=GRAPH,
            auth=auth(),
            limits={"batch": 2},
            sources=sources,
        )
        async with serving(settings) as gateway:
            yield gateway, services
