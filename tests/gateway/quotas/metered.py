"""A graph whose costs are plain, and a gateway that meters it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import strawberry

from gateway.settings import Settings
from gateway.stages import OperationRequest, RequestRefused, Rest, Send
from resolvers import Graph
from tests.client import Gateway, serving
from tests.identities import auth

LONG = 2_000_000
"""Seconds, of a quota into which nothing flows while a test runs."""

calls: list[str] = []
"""What was run, in order."""

releases: list[asyncio.Event] = []
"""What operations wait for."""


@strawberry.type(description="A thing.")
class Widget:
    name: str | None = strawberry.field(description="Its name.")

    @strawberry.field
    def parts(self, count: int = 2) -> list[Widget]:
        """What it consists of: it is estimated to be 10."""
        return [Widget(name=f"{self.name}.{number}") for number in range(count)]


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field
    async def things(self, count: int = 3) -> list[Widget] | None:
        """So many things: they are estimated to be 10."""
        calls.append("things")
        return [Widget(name=str(number)) for number in range(count)]

    @strawberry.field
    async def failing(self) -> list[Widget] | None:
        """Ten things, it is estimated. It fails."""
        calls.append("failing")
        raise ValueError

    @strawberry.field
    async def held(self) -> list[Widget] | None:
        """Ten things, it is estimated, when they are let go."""
        calls.append("held")
        releases.append(asyncio.Event())
        await releases[-1].wait()
        return []


@strawberry.type(description="What can be listened to.")
class Subscription:
    @strawberry.subscription
    async def happenings(self, count: int) -> AsyncGenerator[list[Widget], None]:
        """So many events, each of three things."""
        for event in range(count):
            yield [Widget(name=f"{event}.{number}") for number in range(3)]


graph = Graph(Query, subscription=Subscription)


class Refusing:
    """A stage of the owner's."""

    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        if operation.name == "Refused":
            raise RequestRefused("Not that.")
        await rest(operation, send)


THINGS = "{ things { name } }"


def settings(**given: Any) -> Settings:
    return Settings.of(graph=f"{__name__}:graph", **{"auth": auth(), **given})


@asynccontextmanager
async def metering(cost: int = 1_000, **given: Any) -> AsyncIterator[Gateway]:
    """A gateway whose callers have so much, of which nothing flows in while a test runs."""
    calls.clear()
    releases.clear()
    quota = {"cost": cost, "seconds": LONG, **given.pop("quota", {})}
    async with serving(settings(quota=quota, **given)) as gateway:
        yield gateway
