"""A response has so many objects, which are counted before they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import strawberry

from gateway.engine.collected import BY_ITSELF
from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.memory import MemorySource, MemoryTable
from resolvers.connections import connection
from resolvers.graph import Graph
from tests.resolvers.declaring import connection_of, node_type

THINGS = 100

made = 0


@strawberry.type(description="An item.")
class Item:
    number: int = strawberry.field(description="Its number.")

    @strawberry.field
    def inner(self, count: int) -> list[Item] | None:
        """As many items in it."""
        return [Item(number=number) for number in range(count)]

    @strawberry.field
    def looked_at(self) -> bool:
        """Counts how often it is asked for."""
        global made
        made += 1
        return True


@strawberry.interface(description="Anything.")
class Either:
    number: int = strawberry.field(description="Its number.")


@strawberry.type(description="One.")
class One(Either):
    pass


@strawberry.type(description="Another.")
class Another(Either):
    pass


thing = node_type("Thing", MemoryTable(source="shop", name="things"))


@strawberry.type(description="What can be asked.")
class Query:
    things: connection_of(thing) | None = connection("All.")  # type: ignore[valid-type]

    @strawberry.field
    def items(self, count: int) -> list[Item] | None:
        """As many items."""
        return [Item(number=number) for number in range(count)]

    @strawberry.field
    def mixed(self, count: int) -> list[Either] | None:
        """As many of two types."""
        return [(One, Another)[number % 2](number=number) for number in range(count)]


@strawberry.type(description="What can be subscribed to.")
class Subscription:
    @strawberry.subscription
    async def each(self, count: int) -> AsyncIterator[list[Item] | None]:
        """Items, twice."""
        for _ in range(2):
            yield [Item(number=number) for number in range(count)]


GRAPH = Graph(Query, subscription=Subscription, types=[One, Another])
SOURCE = MemorySource("shop", {"things": [{"id": number} for number in range(THINGS)]})


def client(engine: str, objects: int) -> GraphClient:
    limits = {"objects": objects * (1 if engine == "breadth" else BY_ITSELF)}
    settings = Settings.of(environment="development", engine=engine, limits=limits)
    return GraphClient(GRAPH, [SOURCE], settings=settings)


def told(response: Response) -> list[tuple[str, str]]:
    return [(".".join(map(str, e["path"])), e["extensions"]["code"]) for e in response.errors]


TOO_COMPLEX = "OPERATION_TOO_COMPLEX"

LISTS = {
    "{ items(count: 20) { number } }": (20, "items"),
    "{ things(first: 20) { nodes { id } } }": (21, "things.nodes"),
    "{ things(first: 20) { edges { node { id } } } }": (41, "things.edges"),
    "{ mixed(count: 20) { number } }": (20, "mixed"),
    "{ items(count: 2) { inner(count: 9) { number } } }": (20, "items"),
}


@pytest.mark.parametrize("engine", EXECUTORS)
@pytest.mark.parametrize("query", LISTS)
async def test_one_object_too_many_is_an_error(engine: str, query: str) -> None:
    objects, place = LISTS[query]

    whole = await client(engine, objects).execute(query)
    refused = await client(engine, objects - 1).execute(query)

    assert whole.errors == []
    assert refused.errors != []
    assert set(refused.codes) == {TOO_COMPLEX}
    assert all(path.startswith(place) for path, _ in told(refused))
    limit = (objects - 1) * (1 if engine == "breadth" else BY_ITSELF)
    said = f"The response has more than {limit:,} objects: ask for less."
    assert {error["message"] for error in refused.errors} == {said}


async def test_they_are_counted_before_they_are_made() -> None:
    global made
    made = 0

    response = await client("breadth", 1_000).execute("{ items(count: 100000) { lookedAt } }")

    assert response.data == {"items": None}
    assert told(response) == [("items", TOO_COMPLEX)]
    assert made == 0


async def test_what_others_have_stands() -> None:
    query = "{ few: items(count: 5) { number } many: items(count: 50) { number } }"

    response = await client("breadth", 20).execute(query)

    assert len(response.data["few"]) == 5
    assert response.data["many"] is None
    assert told(response) == [("many", TOO_COMPLEX)]


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_each_event_has_as_many(engine: str) -> None:
    query = "subscription ($count: Int!) { each(count: $count) { number } }"
    asked = client(engine, 20)

    small = [event async for event in asked.subscribe(query, {"count": 20})]
    large = [event async for event in asked.subscribe(query, {"count": 21})]

    assert [event.errors for event in small] == [[], []]
    assert [set(event.codes) for event in large] == [{TOO_COMPLEX}] * 2


async def test_parts_are_counted_together() -> None:
    settings = Settings.of(environment="development", limits={"objects": 20 * BY_ITSELF})
    parted = GraphClient(GRAPH, [SOURCE], settings=settings)
    query = "{ items(count: 10) { number } ... @defer { more: items(count: %d) { number } } }"

    fits = [part async for part in parted.execute_incrementally(query % 10)]
    too_many = [part async for part in parted.execute_incrementally(query % 11)]

    assert TOO_COMPLEX not in str(fits)
    assert TOO_COMPLEX in str(too_many)
