"""Values within values cost their own place where they are too deep to be written as JSON, however
deep the field itself stands, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from strawberry.scalars import JSON

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from resolvers import Connection, Graph, Node, column, connection, many
from tests.values.cells import check, graph_over, shown

DEEPEST = 254
"""The levels that orjson writes."""

DEPTHS = [1, 100, *range(235, 258), 400, 900, 5_000]
PLACES = [0, 1, 2, 10, 40, 60]
"""How many lists of rows the field's own row stands in, of two levels each."""

ROWS = MemoryTable(source="rows", name="rows")


@strawberry.type(description="A row.")
class Row(Node):
    resource = ROWS

    it: JSON | None = column("It.")
    every: list[JSON | None] | None = column("Several of it.")
    of: int | None = column("Whose it is.")
    rows: list[Row] | None = many("Its own.", by="of", order_by="id")


@strawberry.type(description="What can be asked.")
class Query:
    rows: Connection[Row] | None = connection("All.")


NESTED = Graph(Query)
ERROR = {"code": "UPSTREAM_BAD_RESPONSE", "source": "rows"}


@pytest.fixture(params=EXECUTORS)
def settings(request: pytest.FixtureRequest) -> Settings:
    limits = {"depth": 200, "cost": 10**300}
    return Settings.of(environment="development", engine=request.param, limits=limits)


def deep(depth: int, kind: str) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if kind == "lists" or (kind == "both" and level % 2) else {"a": value}
    return value


def levels(value: Any) -> int:
    found = 0
    while isinstance(value, (dict, list)):
        value, found = (value["a"] if isinstance(value, dict) else value[0]), found + 1
    return found


def within(place: int, selected: str) -> str:
    return "{ rows { nodes " + "{ rows " * place + f"{{ {selected} }}" + " }" * place + " } }"


@pytest.mark.parametrize("kind", ["objects", "lists", "both"])
@pytest.mark.parametrize("place", PLACES)
async def test_a_value_is_too_deep_by_its_own_levels_alone(
    settings: Settings, place: int, kind: str
) -> None:
    for depth in DEPTHS:
        value = deep(depth, kind)
        row = {"id": 1, "of": 1, "it": value, "every": [2, value, None]}
        client = GraphClient(NESTED, [MemorySource("rows", {"rows": [row]})], settings=settings)

        response = await client.execute(within(place, "of it every"))

        path: list[Any] = ["rows", "nodes", 0, *(["rows", 0] * place)]
        assert response.data is not None, depth
        found: Any = response.data
        for step in path:
            found = found[step]
        if depth <= DEEPEST:
            assert found == {"of": 1, "it": value, "every": [2, value, None]}
            assert response.errors == []
        else:
            assert found == {"of": 1, "it": None, "every": [2, None, None]}
            assert [error["path"] for error in response.errors] == [
                [*path, "it"],
                [*path, "every", 1],
            ]
            assert [error["extensions"] for error in response.errors] == [ERROR, ERROR]


@pytest.mark.parametrize("depth", [240, DEEPEST, DEEPEST + 1, 400, 900, 5_000])
@pytest.mark.parametrize("kind", ["objects", "lists", "both"])
async def test_whatever_a_deep_value_is_declared_as_it_costs_its_own_place(
    settings: Settings, kind: str, depth: int
) -> None:
    rows = [{"id": 1, "it": deep(depth, kind)}, {"id": 2, "it": "a"}]
    source = MemorySource("rows", {"rows": rows})

    response = await shown(GraphClient(graph_over(ROWS), [source], settings=settings))

    check(response, [True, True], "rows")


@pytest.mark.parametrize("place", [45, 62])
async def test_a_deep_response_is_written(settings: Settings, place: int) -> None:
    row = {"id": 1, "of": 1, "it": deep(DEEPEST, "both")}
    client = GraphClient(NESTED, [MemorySource("rows", {"rows": [row]})], settings=settings)

    parts = [
        part
        async for part in client.execute_incrementally(
            within(place, "of ... @defer { it rows { it } }")
        )
    ]

    later = [each for part in parts for each in part.get("incremental", ())]
    assert not any("errors" in each for each in later)
    assert [each["data"] for each in later] == [{"it": row["it"], "rows": [{"it": row["it"]}]}]
