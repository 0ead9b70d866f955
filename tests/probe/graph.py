"""A graph over the demo's sources for what the shop has not yet: a mutation, subscriptions, fields
that fail and fields that take their time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator

import strawberry
from strawberry.relay import GlobalID

from loaders.mongo import MongoCollection
from loaders.resource import Row
from loaders.sql.postgres import PostgresTable
from resolvers.connections import Connection, connection
from resolvers.fields import Info, Node, column, computed
from resolvers.graph import Graph
from resolvers.lookups import lookup, node
from resolvers.mutations import mutation
from resolvers.relations import many, one

SECRET = "SECRET-52c1"
"""Stands in the errors that nobody may see."""

running: Counter[str] = Counter()
"""How many of the slow fields, and of the subscriptions, run now."""

orders_table = PostgresTable(source="shop", name="orders")


@strawberry.type(description="An order.")
class Order(Node):
    resource = orders_table

    number: str = column("Its number.", filterable=True)
    status: str = column("How far it has come.")
    lines: list[Line] = many("What was bought.", by="order_id", order_by="line_no")

    @strawberry.field
    def broken(self) -> str | None:
        """Fails in a way that nobody expects."""
        raise ValueError(SECRET)

    @strawberry.field
    def shattered(self) -> str:
        """Fails likewise, and takes the order with it."""
        raise ValueError(SECRET)


@strawberry.type(description="A line of an order.")
class Line(Node):
    resource = PostgresTable(source="shop", name="order_lines")

    quantity: int = column("How many.")
    product: Product | None = one("What.", by="sku")


@strawberry.type(description="A product.")
class Product(Node):
    resource = MongoCollection(source="catalog", name="products", key="sku", key_type=str)

    name: str = column("What it is called.")


async def order_of(event: strawberry.Parent[Tick], info: Info) -> Row | None:
    return await info.context.loaders.by_key(orders_table).load(event.number)


@strawberry.type(description="An event.")
class Tick:
    number: int = strawberry.field(description="Its number, from 1.")

    order: Order | None = computed("The order whose key is the number.", order_of, needs=())


@strawberry.type(description="What can be asked.")
class Query:
    node: Node | None = node("Any object, by its id.")
    order: Order | None = lookup("One order.", by=("id", "number"))
    orders: Connection[Order] | None = connection("All orders.", order_by="number")

    @strawberry.field
    async def broken(self) -> str | None:
        """Fails in a way that nobody expects."""
        raise ValueError(SECRET)

    @strawberry.field
    async def slow(self, seconds: float) -> float | None:
        """Gives the seconds after as many of them."""
        running["slow"] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            running["slow"] -= 1
        return seconds

    @strawberry.field
    def caller(self, info: Info) -> str | None:
        """Who asks."""
        return info.context.identity.subject


async def touch(info: Info, id: GlobalID) -> Row | None:
    return await info.context.loaders.by_key(orders_table).load(int(id.node_id))


@strawberry.type(description="What can be changed.")
class Mutation:
    touch: Order | None = mutation("Changes nothing, and gives the order.", touch, public=True)


@strawberry.type(description="What can be listened to.")
class Subscription:
    @strawberry.subscription
    async def ticks(self, count: int, seconds: float) -> AsyncGenerator[Tick, None]:
        """So many events, so many seconds apart."""
        running["ticks"] += 1
        try:
            for number in range(1, count + 1):
                yield Tick(number=number)
                await asyncio.sleep(seconds)
        finally:
            running["ticks"] -= 1

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int, None]:
        """One event, and then it fails."""
        yield 1
        raise ValueError(SECRET)


graph = Graph(Query, mutation=Mutation, subscription=Subscription)
