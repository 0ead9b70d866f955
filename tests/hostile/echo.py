"""A graph without sources, with every kind of operation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import strawberry

from resolvers import Graph, mutation


async def write(text: str) -> str:
    return text


@strawberry.type(description="An echo.")
class Echo:
    text: str = strawberry.field(description="What was said.")

    @strawberry.field
    def again(self, times: int = 1) -> list[Echo]:
        """The same again."""
        return [Echo(text=self.text)] * min(times, 10)


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field
    async def echo(self, text: str | None = None, numbers: list[int] | None = None) -> Echo:
        """What is said."""
        await asyncio.sleep(0)
        return Echo(text=text or str(numbers))


@strawberry.type(description="What can be followed.")
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        """Numbers."""
        for number in range(min(to, 10)):
            yield number
            await asyncio.sleep(0)


@strawberry.type(description="What can be done.")
class Mutation:
    write: str | None = mutation("What is said.", write, public=True)


graph = Graph(Query, mutation=Mutation, subscription=Subscription)
