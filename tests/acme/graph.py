"""A platform team's own graph over the same sources, as small as the README promises."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import strawberry

from gateway.errors import BadUserInput
from loaders.mongo import MongoCollection
from loaders.resource import Row
from loaders.rest.routes import RestResource, Single
from loaders.sql.postgres import PostgresTable
from resolvers.connections import Connection, connection
from resolvers.fields import Node, ResolveInfo, batched, column
from resolvers.graph import Graph
from resolvers.lookups import lookup, node
from resolvers.relations import many, one


async def reminders(invoices: Sequence[Row], info: ResolveInfo) -> list[str | Exception]:
    return [
        BadUserInput("That is too little to remind anyone of.")
        if invoice["total"] < 30
        else f"{invoice['number']} ({info.path.key} {len(invoices)})"
        for invoice in invoices
    ]


@strawberry.type(description="An invoice.")
class Invoice(Node):
    resource = PostgresTable(source="shop", name="orders")

    number: str = column("Its number.", filterable=True)
    amount: Decimal = column("What is to be paid.", name="total", sortable=True)

    positions: list[Position] = many("What it is for.", by="order_id", order_by="-line_no")
    parcel: Parcel | None = one("How it was sent.", by="id")
    reminder: str | None = batched("What to write.", reminders, needs=("number", "total"))


@strawberry.type(description="A position of an invoice.")
class Position(Node):
    resource = PostgresTable(source="shop", name="order_lines")

    quantity: int = column("How many.")
    article: Article | None = one("What.", by="sku")


@strawberry.type(description="Something sold, known by its stock keeping unit.")
class Article(Node):
    resource = MongoCollection(source="catalog", name="products", key="sku", key_type=str)

    name: str = column("What it is called.")


@strawberry.type(description="A parcel.")
class Parcel(Node):
    resource = RestResource(
        source="shipping",
        name="shipments",
        key="order_id",
        key_type=int,
        by={"order_id": Single("/shipments/{key}")},
    )

    carrier_code: str = column("Who carries it.")


@strawberry.type(description="What can be asked.")
class Query:
    node: Node | None = node("Any object, by its id.")
    invoice: Invoice | None = lookup("One invoice.", by="number")
    invoices: Connection[Invoice] | None = connection("All invoices.", order_by="-total")


graph = Graph(Query)
