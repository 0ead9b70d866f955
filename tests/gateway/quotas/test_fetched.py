"""What was fetched is paid for, whether it is in the response or not."""

from __future__ import annotations

import asyncio

import pytest
import strawberry

from gateway.operations.asked import Asked
from gateway.operations.results import Result
from gateway.operations.runner import QUERIES, Operations
from gateway.quotas.accounts import Quotas
from gateway.quotas.settings import QuotaSettings
from gateway.settings import Settings
from loaders.identity import ANONYMOUS
from loaders.memory import MemorySource, MemoryTable
from loaders.registry import Sources
from resolvers import Graph, Node, column, lookup, many
from tests.client import until

boxes = MemoryTable(source="store", name="boxes")
things = MemoryTable(source="store", name="things")

ROWS: dict[str, list[dict[str, object]]] = {
    "boxes": [{"id": 1, "code": "a"}, {"id": 2, "code": "b"}],
    # 50 in each. One in the first has no name.
    "things": [
        {"id": number, "box_id": 1 + number % 2, "name": str(number) if number else None}
        for number in range(100)
    ],
}

waiting: list[asyncio.Event] = []


@strawberry.type(description="A thing in a box.")
class Content(Node):
    resource = things

    name: str = column("Its name.")


@strawberry.type(description="A box.")
class Crate(Node):
    resource = boxes

    code: str = column("What it is called.", filterable=True)
    content: list[Content] = many("What is in it: it is estimated to be 10.", by="box_id")


@strawberry.type(description="What can be asked.")
class Query:
    box: Crate | None = lookup("A box.", by="code")

    @strawberry.field
    async def held(self) -> bool | None:
        """Comes to no end."""
        waiting.append(asyncio.Event())
        return await waiting[-1].wait()


# Calls cost nothing, so that estimates are of objects alone.
GRAPH = Graph(Query, call_costs={"store": 0})


async def spent(query: str, *, rows: int = 0, seconds: float = 30.0) -> int:
    """How many units an operation costs that is given up when it waits, with so many rows."""
    settings = Settings.of(limits={"request_seconds": seconds})
    quotas = Quotas(QuotaSettings(cost=1_000, seconds=2_000_000), {})
    operations = Operations(GRAPH, Sources([MemorySource("store", ROWS)]), settings, quotas)
    account = quotas.account(Asked(query), ANONYMOUS, None)
    assert account is not None
    waiting.clear()

    async def send(result: Result) -> None:
        pass

    def fetched() -> int:
        contexts = operations.running.values()
        return sum(call.rows for each in contexts for call in each.operation.trace.calls)

    running = asyncio.create_task(
        operations.run(Asked(query), ANONYMOUS, send, allowed=QUERIES, account=account)
    )
    await until(lambda: running.done() or (bool(waiting) and fetched() == rows))
    if seconds < 30:
        await running
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return 1_000 - account.remaining


async def test_a_whole_answer_costs_what_is_in_it() -> None:
    assert await spent('{ box(code: "b") { content { name } } }') == 51


async def test_what_an_error_took_with_it_has_been_fetched() -> None:
    # The box is null, as one thing has no name.
    assert await spent('{ box(code: "a") { content { name } } }') == 51


@pytest.mark.parametrize("seconds", [30.0, 1.0], ids=["given up", "late"])
async def test_what_was_fetched_before_the_end_has_been(seconds: float) -> None:
    assert (
        await spent('{ box(code: "b") { content { name } } held }', rows=51, seconds=seconds) == 51
    )


async def test_what_had_fetched_nothing_costs_its_estimate() -> None:
    assert await spent("{ held }") == 1
