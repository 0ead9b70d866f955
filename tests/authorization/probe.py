"""A graph over the demo's sources with what the shop does not have, all of it protected: mutations
and subscriptions, what can be sorted by, unions, interfaces, enums, and a type without a row
filter."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry.relay import GlobalID

from loaders.identity import Identity
from loaders.resource import Row
from loaders.sql.postgres import PostgresTable
from resolvers.connections import Connection, connection
from resolvers.directives import Authenticated, Policies, RequiresScopes
from resolvers.fields import Info, Node, column, computed
from resolvers.graph import Graph
from resolvers.lookups import lookup, node
from resolvers.mutations import mutation
from resolvers.policies import policy
from resolvers.relations import many, one

GRAPH = "tests.authorization.probe:graph"

ran: Counter[str] = Counter()
"""How often each of the resolvers and policies here has begun."""

FINANCE = RequiresScopes.of([["finance"]])

customers_table = PostgresTable(source="shop", name="customers")


@policy("own", needs=["id"], scopes=["customers:pii"], claims=["customer_id"])
async def own(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    """With ``customers:pii``, or that customer."""
    ran["own"] += 1
    return [row["id"] == identity.claims["customer_id"] for row in rows]


@policy("partner")
async def is_partner(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    """Looks at no row, and is asked all the same."""
    return ["partner_id" in identity.claims] * len(rows)


@policy("fails")
async def fails(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    raise ValueError("SECRET-71a4")


@policy("forgets")
async def forgets(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [True] * (len(rows) - 1)


@policy("mumbles")
async def mumbles(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return ["yes"] * len(rows)  # type: ignore[list-item]


@strawberry.enum(directives=[FINANCE])
class Grade(enum.Enum):
    GOOD = "good"


@strawberry.type(description="A customer.")
class Account(Node):
    resource = customers_table

    name: str = column("Their name.", sortable=True)
    email: str | None = column("Theirs.", filterable=True, sortable=True, policy=[["own"]])
    phone: str | None = column("Theirs.", requires_scopes=[["support"]])
    birthday: date | None = column(
        "Theirs.", filterable=True, sortable=True, requires_scopes=[["customers:pii"]]
    )
    failing: str | None = column("Nobody's.", name="phone", policy=[["fails"]])
    forgotten: str | None = column("Nobody's.", name="phone", policy=[["forgets"]])
    mumbled: str | None = column("Nobody's.", name="phone", policy=[["mumbles"]])
    either: str | None = column("Two ways.", name="phone", policy=[["partner"], ["own"]])
    both: str | None = column("Both must hold.", name="phone", policy=[["partner", "own"]])

    purchases: Connection[Purchase] = connection("Theirs.", by="customer_id", order_by="id")
    places: list[Place] | None = many("Theirs.", by="customer_id", order_by="id")

    @strawberry.field
    def grade(self) -> Grade | None:
        ran["grade"] += 1
        return Grade.GOOD


@strawberry.type(description="An order.")
class Purchase(Node):
    resource = PostgresTable(source="shop", name="orders")

    number: str = column("Its number.", filterable=True, sortable=True)
    note: str | None = column(
        "For the staff.",
        name="internal_note",
        filterable=True,
        sortable=True,
        requires_scopes=[["orders:internal"]],
    )
    total: Decimal | None = column("In money.", filterable=True, sortable=True, authenticated=True)

    account: Account | None = one(
        "Whose.", by="customer_id", filterable=True, requires_scopes=[["support"]]
    )


@strawberry.type(description="An address, of which no row is hidden.", directives=[Authenticated()])
class Place(Node):
    resource = PostgresTable(source="shop", name="addresses")

    city: str = column("Where it is.")
    region: str | None = column("Where that is.")


@strawberry.interface(description="Something written.")
class Paper:
    title: str | None


@strawberry.type(description="For everyone.")
class Poster(Paper):
    size: int | None = None


@strawberry.type(description="For finance.", directives=[FINANCE])
class Contract(Paper):
    pages: int = 2

    @strawberry.field
    def price(self) -> int | None:
        ran["price"] += 1
        return 7


Found = Annotated[Poster | Contract, strawberry.union("Found", description="Either.")]


def amount(event: strawberry.Parent[Event]) -> int | None:
    ran["amount"] += 1
    return event.number * 100


def partners_only() -> str | None:
    ran["partners only"] += 1
    return "partner"


async def account_of(event: strawberry.Parent[Event], info: Info) -> Row | None:
    return await info.context.loaders.by_key(customers_table).load(event.number)


@strawberry.type(description="Something that happened.")
class Event:
    number: int = strawberry.field(description="Its number, from 1.")

    amount: int | None = strawberry.field(resolver=amount, directives=[FINANCE])

    account: Account | None = computed(
        "The customer whose key is the number.", account_of, needs=()
    )


@strawberry.type(description="What can be asked.")
class Query:
    node: Node | None = node("Any object, by its id.")
    account: Account | None = lookup("One account.", by="id")
    accounts: Connection[Account] | None = connection("All accounts.", order_by="id")
    purchases: Connection[Purchase] | None = connection("All purchases.", order_by="id")

    @strawberry.field
    def papers(self) -> list[Paper]:
        return [Poster(title="poster", size=3), Contract(title="contract")]

    @strawberry.field
    def paper(self) -> Paper | None:
        return Contract(title="contract")

    @strawberry.field
    def found(self) -> list[Found]:
        return [Poster(title="poster", size=3), Contract(title="contract")]

    partners_only: str | None = strawberry.field(
        resolver=partners_only, directives=[Policies.of([["partner"]])]
    )


async def erase(info: Info, id: GlobalID) -> Row | None:
    ran["erase"] += 1
    return await info.context.loaders.by_key(customers_table).load(int(id.node_id))


async def touch(info: Info, id: GlobalID) -> Row | None:
    ran["touch"] += 1
    return await info.context.loaders.by_key(customers_table).load(int(id.node_id))


async def hand_in() -> str | None:
    ran["hand in"] += 1
    return "thanks"


async def events(count: int) -> AsyncGenerator[Event | None, None]:
    ran["events"] += 1
    for number in range(1, count + 1):
        yield Event(number=number)


async def audit() -> AsyncGenerator[int | None, None]:
    ran["audit"] += 1
    yield 1


async def deliveries() -> AsyncGenerator[int | None, None]:
    ran["deliveries"] += 1
    yield 1


@strawberry.type(description="What can be changed.")
class Mutation:
    touch: Account | None = mutation("Changes nothing, and gives the account.", touch, public=True)
    erase: Account | None = mutation(
        "Changes nothing either.", erase, requires_scopes=[["finance"]]
    )
    hand_in = mutation("Takes whatever it is.", hand_in, policy=[["partner"]])


@strawberry.type(description="What can be listened to.")
class Subscription:
    events = strawberry.subscription(events)
    audit = strawberry.subscription(audit, directives=[FINANCE])
    deliveries = strawberry.subscription(deliveries, directives=[Policies.of([["partner"]])])


graph = Graph(
    Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Poster, Contract],
    policies=[own, is_partner, fails, forgets, mumbles],
)
