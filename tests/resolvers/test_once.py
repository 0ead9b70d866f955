"""A variable that is the argument of many fields is read once, and each has what it says."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from strawberry.types.arguments import convert_argument

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import Identity
from loaders.memory import MemorySource, MemoryTable
from resolvers import connections, graph
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.filters import to_filter
from resolvers.graph import Graph
from tests.resolvers.declaring import connection_of, node_type

PART = node_type(
    "Part",
    MemoryTable(source="shop", name="parts"),
    name=(str, column("Its name.", filterable=True)),
    price=(int | None, column("For some.", filterable=True, requires_scopes=[["prices"]])),
)


@strawberry.type(description="What can be asked.")
class Query:
    parts: connection_of(PART) | None = connection("All.")  # type: ignore[valid-type]
    others: connection_of(PART) | None = connection("All.")  # type: ignore[valid-type]


GRAPH = Graph(Query)
ROWS = [{"id": number, "name": f"part {number}", "price": number} for number in range(5)]
ALIASES = 15
QUERY = (
    "query ($where: PartFilter, $few: PartFilter) { "
    + " ".join(f"a{number}: parts(where: $where) {{ totalCount }}" for number in range(ALIASES))
    + " other: others(where: $where) { totalCount } few: parts(where: $few) { totalCount }"
    + ' written: parts(where: {name: {eq: "part 4"}}) { totalCount } }'
)
FEW = {"name": {"eq": "part 0"}}
MOST = {"name": {"in": ["part 1", "part 2", "part 3"]}}


@pytest.fixture(params=EXECUTORS)
def client(request: pytest.FixtureRequest) -> GraphClient:
    settings = Settings.of(environment="development", engine=request.param)
    return GraphClient(GRAPH, [MemorySource("shop", {"parts": ROWS})], settings=settings)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often an argument was converted, and a filter read."""
    times = {"converted": 0, "filters": 0}

    def converting(*args: Any, **more: Any) -> Any:
        times["converted"] += 1
        return convert_argument(*args, **more)

    def reading(*args: Any, **more: Any) -> Any:
        times["filters"] += 1
        return to_filter(*args, **more)

    monkeypatch.setattr(graph, "convert_argument", converting)
    monkeypatch.setattr(connections, "to_filter", reading)
    return times


async def test_each_field_has_what_its_argument_says(client: GraphClient) -> None:
    response = await client.execute(QUERY, {"where": MOST, "few": FEW})

    many = {f"a{number}": {"totalCount": 3} for number in range(ALIASES)}
    one = {"totalCount": 1}
    assert response.errors == []
    assert response.data == {**many, "other": {"totalCount": 3}, "few": one, "written": one}


async def test_it_is_read_once_for_each_declaration(read: dict[str, int]) -> None:
    client = GraphClient(GRAPH, [MemorySource("shop", {"parts": ROWS})])

    await client.execute(QUERY, {"where": MOST, "few": FEW})
    once = dict(read)
    await client.execute(QUERY, {"where": MOST, "few": FEW})

    # Of two fields, and the other variable, and what is written in the document.
    assert once == {"converted": 4, "filters": 4}
    assert read == {"converted": 8, "filters": 8}


async def test_what_is_wrong_with_it_is_the_error_of_each(client: GraphClient) -> None:
    response = await client.execute(QUERY, {"where": {"name": {"in": ["a"] * 1001}}, "few": FEW})

    places = [[f"a{number}"] for number in range(ALIASES)] + [["other"]]
    assert [error["path"] for error in response.errors] == places
    assert set(response.codes) == {"BAD_USER_INPUT"}
    assert response.data["few"] == {"totalCount": 1}


PRICES = {"price": {"gt": 2}}


async def test_who_may_not_compare_is_told_so_at_each(client: GraphClient) -> None:
    someone = Identity(subject="someone")

    response = await client.execute(QUERY, {"where": PRICES, "few": FEW}, identity=someone)

    places = [[f"a{number}"] for number in range(ALIASES)] + [["other"]]
    assert [error["path"] for error in response.errors] == places
    assert set(response.codes) == {"UNAUTHORIZED_FIELD_OR_TYPE"}
    assert response.explain is not None
    assert [each["path"] for each in response.explain["denied"]] == places


async def test_who_may_compare_has_the_rows(client: GraphClient) -> None:
    someone = Identity(subject="someone", scopes=frozenset({"prices"}))

    response = await client.execute(QUERY, {"where": PRICES, "few": FEW}, identity=someone)

    assert response.errors == []
    assert response.data["a0"] == response.data["other"] == {"totalCount": 2}
