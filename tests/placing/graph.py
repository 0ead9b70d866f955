"""Orders are placed over rows in memory, reviews are kept nowhere: both have rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from decimal import Decimal

import strawberry
from strawberry import UNSET

from loaders.memory import MemorySource
from loaders.mongo import MongoCollection
from loaders.resource import Row
from loaders.sql.postgres import PostgresTable
from resolvers import (
    BigInt,
    Graph,
    Info,
    InputProblem,
    InvalidInput,
    MutationError,
    Node,
    RequiresScopes,
    column,
    input_field,
    lookup,
    many,
    mutation,
    one,
)

SECRET = "SECRET-9d27"
"""Stands in the errors that nobody may see."""

ran: Counter[str] = Counter()
"""How often each of the resolvers here has begun."""

order: list[str] = []
"""The titles of reviews, as they came."""

given: list[object] = []
"""The inputs that reviews came with."""

orders_table = PostgresTable(source="shop", name="orders")
lines_table = PostgresTable(source="shop", name="order_lines")
products = MongoCollection(source="catalog", name="products", key="sku", key_type=str)


@strawberry.type(description="An order.")
class Order(Node):
    resource = orders_table

    number: str = column("Its number.")
    note: str | None = column("What staff noted.", requires_scopes=[["staff"]])
    lines: list[OrderLine] = many("What was bought.", by="order_id", order_by="line_no")


@strawberry.type(description="A line of an order.")
class OrderLine(Node):
    resource = lines_table

    quantity: int = column("How many.")
    product: Product | None = one("What.", by="sku")


@strawberry.type(description="A product.")
class Product(Node):
    resource = products

    name: str = column("What it is called.")
    stock: int = column("How many there are.")


@strawberry.type(description="There is not enough of a product.")
class OutOfStock(MutationError):
    sku: str = strawberry.field(description="Which product.")
    available: int = strawberry.field(description="How many there are.")
    error: str = strawberry.field(description="What programs call it.", default="stock")

    @strawberry.field
    def hint(self) -> str | None:
        """Worked out when it is asked for."""
        return f"Take {self.available} of {self.sku}."


@strawberry.type(description="There is none at all.")
class SoldOut(OutOfStock):
    pass


@strawberry.type(description="It costs something else by now.")
class PriceChanged(MutationError):
    message: str = strawberry.field(
        default="The price has changed.", description="What went wrong."
    )
    price: Decimal = strawberry.field(description="What it costs now.")


@strawberry.type(description="No mutation names it.")
class Unnamed(MutationError):
    pass


@strawberry.input(description="A line of an order to place.")
class NewLine:
    sku: str = input_field("Which product.", min_length=1, max_length=20, pattern="[A-Z0-9-]+")
    quantity: int = input_field("How many.", minimum=1, maximum=99)
    price: Decimal | None = input_field(
        "What one costs, as the buyer saw it.",
        minimum=0,
        maximum=Decimal("9999999999.99"),
        decimal_places=2,
        max_digits=12,
        default=UNSET,
    )


@strawberry.input(description="An order to place.")
class NewOrder:
    lines: list[NewLine] = input_field("What is bought.", min_items=1, max_items=50, unique="sku")
    note: str | None = input_field("To the shop.", max_length=100, multiline=True)


@strawberry.input(description="A review to add.")
class NewReview:
    title: str = input_field("Its title.", min_length=1, max_length=80)
    rating: int = input_field("How many stars.", minimum=1, maximum=5, default=5)
    body: str | None = input_field("What it says.", multiline=True, default=UNSET)
    tags: list[str] | None = input_field(
        "What it is about.", max_items=3, unique=True, min_length=2, max_length=10, default=UNSET
    )
    weight: float | None = input_field("How much it counts.", minimum=0.5, default=UNSET)
    votes: BigInt | None = input_field("Who agrees.", maximum=10**12, default=UNSET)
    nickname: strawberry.Maybe[str] = input_field("By whom.", max_length=10)
    answers: list[NewReview] | None = strawberry.field(
        description="Reviews of this review.", default=UNSET
    )


@strawberry.type(description="A review.")
class Review:
    title: str = strawberry.field(description="Its title.")
    rating: int = strawberry.field(description="How many stars.")


@strawberry.type(description="What only some may see.", directives=[RequiresScopes.of([["staff"]])])
class Audit:
    title: str = strawberry.field(description="Of what.")


async def place_order(info: Info, input: NewOrder) -> Row | None:
    ran["place order"] += 1
    shop, catalog = info.context.sources["shop"], info.context.sources["catalog"]
    assert isinstance(shop, MemorySource)
    assert isinstance(catalog, MemorySource)
    for line in input.lines:
        reserve(catalog, line)
    orders, lines = shop.rows["orders"], shop.rows["order_lines"]
    assert isinstance(orders, list)
    assert isinstance(lines, list)
    key = len(orders) + 1
    orders.append({"id": key, "number": f"A-{key}", "note": input.note})
    for place, line in enumerate(input.lines, start=1):
        lines.append(
            {
                "id": len(lines) + 1,
                "order_id": key,
                "line_no": place,
                "sku": line.sku,
                "quantity": line.quantity,
            }
        )
    return await info.context.loaders.by_key(orders_table).load(key)


def reserve(catalog: MemorySource, line: NewLine) -> None:
    """As deep as a rule may be that refuses."""
    (product,) = [each for each in catalog.rows["products"] if each["sku"] == line.sku]
    if product["stock"] == 0:
        raise SoldOut(message="There is none left.", sku=line.sku, available=0)
    if product["stock"] < line.quantity:
        raise OutOfStock(message="Not enough.", sku=line.sku, available=product["stock"])
    if line.price is not UNSET and line.price != product["price"]:
        raise PriceChanged(price=product["price"])
    assert isinstance(product, dict)
    product["stock"] -= line.quantity


def reviewed(input: NewReview) -> Review | None:
    ran["add review"] += 1
    given.append(input)
    order.append(input.title)
    match input.title:
        case "fails":
            raise ValueError(SECRET)
        case "unnamed":
            raise Unnamed(message="Nobody names it.")
        case "nothing":
            return None
        case "taken":
            problem = InputProblem(path="input.title", message="It is taken.", code="TAKEN")
            raise InvalidInput(problems=[problem])
    return Review(title=input.title, rating=input.rating)


async def rate(inputs: list[NewReview], scale: int = 1) -> int | None:
    ran["rate"] += 1
    return scale * sum(each.rating for each in inputs)


async def audit(input: NewReview) -> Audit | None:
    ran["audit"] += 1
    return Audit(title=input.title)


async def watch(input: NewReview) -> AsyncGenerator[int | None, None]:
    ran["watch"] += 1
    yield input.rating


def search(input: NewReview) -> str | None:
    ran["search"] += 1
    return input.title


@strawberry.type(description="What can be asked.")
class Query:
    order: Order | None = lookup("One order.", by="id")
    search: str | None = strawberry.field(description="A title.", resolver=search)


@strawberry.type(description="What can be changed.")
class Mutation:
    place_order: Order | None = mutation(
        "Places an order.", place_order, errors=[OutOfStock, PriceChanged], public=True
    )
    secret_review: Review | None = mutation(
        "Adds a review, by staff.",
        reviewed,
        errors=[OutOfStock],
        requires_scopes=[["staff"]],
    )
    add_review: Review | None = mutation(
        "Adds a review.", reviewed, errors=[InvalidInput], public=True
    )
    rate: int | None = mutation("Adds ratings up.", rate, public=True)
    audit: Audit | None = mutation("Audits a review.", audit, errors=[PriceChanged])


@strawberry.type(description="What can be listened to.")
class Subscription:
    watch = strawberry.subscription(watch, description="The rating, once.")


graph = Graph(Query, mutation=Mutation, subscription=Subscription)
