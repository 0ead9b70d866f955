"""A graph of connections over types that are protected as a whole, of the demo's own sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import strawberry

from loaders.identity import Identity
from loaders.resource import Row
from loaders.sql.postgres import PostgresTable
from resolvers.connections import Connection, connection
from resolvers.directives import Authenticated, Policies, RequiresScopes
from resolvers.fields import Node, column
from resolvers.graph import Graph
from resolvers.lookups import lookup, node
from resolvers.policies import policy

GRAPH = "tests.authorization.closed:graph"

ran: Counter[str] = Counter()
"""How often the policy has been asked, and of how many rows."""


@policy("own", needs=["customer_id"], scopes=["orders:read"], claims=["customer_id"])
async def own(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    """With ``orders:read``, or that customer's."""
    ran["asked"] += 1
    ran["rows"] += len(rows)
    return [row["customer_id"] == identity.claims["customer_id"] for row in rows]


@strawberry.type(
    description="An order that finance sees.", directives=[RequiresScopes.of([["finance"]])]
)
class Sale(Node):
    resource = PostgresTable(source="shop", name="orders")

    number: str = column("Its number.", filterable=True, sortable=True)


@strawberry.type(description="An address for those who sign in.", directives=[Authenticated()])
class Place(Node):
    resource = PostgresTable(source="shop", name="addresses")

    city: str = column("Where it is.", sortable=True)


@strawberry.type(
    description="An order whose customer sees it.", directives=[Policies.of([["own"]])]
)
class Purchase(Node):
    resource = PostgresTable(source="shop", name="orders")

    number: str = column("Its number.", filterable=True, sortable=True)
    partner: str | None = column("Whose it is.", name="partner_id")


@strawberry.type(description="A customer.")
class Buyer(Node):
    resource = PostgresTable(source="shop", name="customers")

    name: str = column("Theirs.")
    sales: Connection[Sale] | None = connection("Theirs.", by="customer_id", order_by="-number")
    places: Connection[Place] | None = connection("Theirs.", by="customer_id", order_by="city")
    purchases: Connection[Purchase] | None = connection("Theirs.", by="customer_id")


@strawberry.type(description="What can be asked.")
class Query:
    node: Node | None = node("Any object, by its id.")
    buyer: Buyer | None = lookup("One of them.", by="id")
    sales: Connection[Sale] | None = connection("All of them.", order_by="-number")
    places: Connection[Place] | None = connection("All of them.", order_by="city")
    purchases: Connection[Purchase] | None = connection("All of them.")


graph = Graph(Query, policies=[own])
