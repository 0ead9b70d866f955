"""Long lists give way to others between their parts, and batches stay whole."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import strawberry

from gateway.engine import waiting
from gateway.engine.execution import AT_ONCE
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from resolvers import Graph, Node, column, many, node, one
from resolvers.ids import global_id

box_table = MemoryTable(source="shop", name="boxes")
thing_table = MemoryTable(source="shop", name="things")

START = datetime(2026, 1, 1, tzinfo=UTC)


@strawberry.type(description="A box.")
class Crate(Node):
    resource = box_table

    things: list[Piece] | None = many("What is in it.", by="box_id")


@strawberry.type(description="A thing.")
class Piece(Node):
    resource = thing_table

    price: Decimal = column("Its price.")
    at: datetime = column("When it was made.")
    count: int = column("How many there are.")
    box: Crate | None = one("Where it is.", by="box_id")
    before: Crate | None = one("Where it was.", by="before_id")


@strawberry.type(description="What can be asked.")
class Query:
    node: Node | None = node("Any object.")


GRAPH = Graph(Query, types=[Crate, Piece])
ALL = "query ($id: ID!) { node(id: $id) { ... on Crate { things { id price at count } } } }"


def client(things: int) -> GraphClient:
    rows = [
        {
            "id": number,
            "box_id": 1,
            "before_id": 2 + number % 2,
            "price": Decimal(number) / 100,
            "at": START + timedelta(seconds=number),
            "count": number,
        }
        for number in range(things)
    ]
    boxes = [{"id": number} for number in (1, 2, 3)]
    return GraphClient(GRAPH, [MemorySource("shop", {"boxes": boxes, "things": rows})])


async def turns(asked: GraphClient, query: str) -> int:
    """How often others had the event loop while the query ran."""
    had = 0

    async def others() -> None:
        nonlocal had
        while True:
            await asyncio.sleep(0)
            had += 1

    task = asyncio.create_task(others())
    response = await asked.execute(query, {"id": global_id("Crate", box_table, 1)})
    task.cancel()
    assert response.errors == []
    return had


@pytest.fixture
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TURN", -1.0)


@pytest.mark.usefixtures("_always")
@pytest.mark.parametrize("parts", [2, 10])
async def test_others_run_between_the_parts_of_each_field(parts: int) -> None:
    few = await turns(client(AT_ONCE), ALL)
    many = await turns(client(parts * AT_ONCE), ALL)

    assert parts * 4 <= (many - few) / waiting.OTHERS <= parts * 4 + 4


async def test_what_takes_no_time_gives_no_way() -> None:
    few = await turns(client(AT_ONCE), "query ($id: ID!) { node(id: $id) { id } }")
    many = await turns(client(2 * AT_ONCE), "query ($id: ID!) { node(id: $id) { id } }")

    assert few == many


@pytest.mark.usefixtures("_always")
async def test_what_is_loaded_below_leaves_together() -> None:
    query = ALL.replace("count", "count box { id } before { id }")

    response = await client(3 * AT_ONCE).execute(query, {"id": global_id("Crate", box_table, 1)})

    asked = [(call["resource"], call["keys"]) for call in response.calls]
    # The boxes where things are, and where they were, by one call.
    assert asked == [("boxes", 1), ("things", 1), ("boxes", 2)]
