"""With ``errors = "once"`` all places of a field are told of together, as Apollo's router does."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.memory import MemorySource
from resolvers.connections import connection
from resolvers.fields import column
from tests.gateway import failing
from tests.gateway.failing import ITEMS
from tests.resolvers.declaring import connection_of, graph_of, node_type, table

engines = pytest.mark.parametrize("engine", EXECUTORS)


async def ask(query: str, engine: str) -> Response:
    return await failing.ask(query, engine=engine, errors="once")


def told(response: Response) -> list[tuple[str, Any]]:
    """The errors' paths and what they say."""
    return [(".".join(map(str, each["path"])), each["message"]) for each in response.errors]


DENIED = "Unauthorized field or type"


@engines
async def test_a_denied_field_has_one_error(engine: str) -> None:
    response = await ask("{ items { denied judged inner { denied } } }", engine)

    assert len(response.data["items"]) == ITEMS
    assert sorted(told(response)) == [
        ("items.@.denied", DENIED),
        ("items.@.inner.denied", DENIED),
        ("items.@.judged", DENIED),
    ]
    assert response.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"] * 3


@engines
async def test_lists_within_lists_have_a_sign_each(engine: str) -> None:
    response = await ask("{ boxes(count: 2, each: 2) { denied } }", engine)

    assert told(response) == [("boxes.@.@.denied", DENIED)]


@engines
async def test_a_field_that_failed_has_ten_errors_and_a_count(engine: str) -> None:
    response = await ask("{ items { lost } }", engine)

    message = "The source 'shop' is unavailable."
    assert told(response) == [
        *((f"items.{index}.lost", message) for index in range(9)),
        ("items.9.lost", f"{message} It is so in 20 more places."),
    ]
    assert [error["extensions"].get("more") for error in response.errors] == [None] * 9 + [20]


@engines
async def test_what_failed_in_ten_places_needs_no_count(engine: str) -> None:
    response = await ask("{ items(count: 10) { lost alike } }", engine)

    assert len(response.errors) == 20
    assert all("more" not in error["extensions"] for error in response.errors)


@engines
@pytest.mark.parametrize("items", ["noItems", "deniedItems"])
async def test_what_is_below_a_place_with_an_error_has_none(engine: str, items: str) -> None:
    response = await ask(f"{{ {items} {{ denied judged }} }}", engine)

    assert [path for path, _ in told(response)] == [items]


@engines
async def test_what_a_field_has_in_no_place_is_not_told(engine: str) -> None:
    response = await ask("{ items(count: 0) { denied } }", engine)

    assert response.errors == []


@engines
async def test_values_that_do_not_fit_are_told_together(engine: str) -> None:
    thing = node_type("Thing", table("things"), size=(int | None, column("It.")))
    graph = graph_of(things=(connection_of(thing) | None, connection("All.")))
    rows = [{"id": number, "size": f"no {number}"} for number in range(20)]
    settings = Settings.of(environment="development", engine=engine, errors="once")
    client = GraphClient(graph, [MemorySource("shop", {"things": rows})], settings=settings)

    response = await client.execute("{ things { nodes { size } } }")

    message = "The source 'shop' sent a value that does not fit this field."
    assert told(response) == [
        *((f"things.nodes.{index}.size", message) for index in range(9)),
        ("things.nodes.9.size", f"{message} It is so in 10 more places."),
    ]
