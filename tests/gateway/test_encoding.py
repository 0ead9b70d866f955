"""Values that JSON has not cost their own places, wherever they come from and however the result is
sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NewType

import orjson
import pytest
import strawberry

from gateway.operations.asked import Asked
from gateway.operations.executors import EXECUTORS
from gateway.operations.runner import QUERIES
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import ANONYMOUS
from resolvers.graph import Graph

HALF = "\ud800"
Anything = NewType("Anything", object)

VALUES: dict[str, Any] = {
    "half": HALF,
    "object": object(),
    "nested": {"a": [1, {2, 3}]},
    "key": {1: 2},
}


@strawberry.type
class Leaf:
    name: str
    anything: Anything | None = None
    text: str | None = None
    texts: list[str | None] | None = None
    sure: list[str] | None = None


@strawberry.type
class Branch:
    leaf: Leaf | None = None
    must: Leaf | None = None
    leaves: list[Leaf] | None = None


@strawberry.type
class Query:
    @strawberry.field
    def leaf(self, name: str) -> Leaf | None:
        return Leaf(name="a", anything=VALUES[name])

    @strawberry.field
    def branch(self) -> Branch | None:
        good, bad = Leaf(name="a"), Leaf(name=HALF)
        mixed = Leaf(name="c", text=HALF, texts=["a", HALF], sure=["a", HALF])
        return Branch(leaf=mixed, must=bad, leaves=[good, mixed])

    @strawberry.field
    def sure(self) -> str:
        return HALF

    @strawberry.field
    def exact(self) -> Anything | None:
        return Anything({"a": Decimal("12345678901234567890.10")})


graph = Graph(Query, scalars={Anything: strawberry.scalar(name="Anything", serialize=lambda v: v)})


@pytest.fixture(params=EXECUTORS)
def client(request: pytest.FixtureRequest) -> GraphClient:
    settings = Settings.of(environment="development", engine=request.param)
    return GraphClient(graph, settings=settings)


@pytest.mark.parametrize("name", VALUES)
async def test_a_value_that_json_has_not_costs_its_own_place(
    client: GraphClient, name: str
) -> None:
    response = await client.execute(f'{{ leaf(name: "{name}") {{ name anything }} }}')

    assert response.data == {"leaf": {"name": "a", "anything": None}}
    assert response.codes == ["INTERNAL_SERVER_ERROR"]
    assert response.errors[0]["path"] == ["leaf", "anything"]


async def test_null_stands_where_the_specification_has_it(client: GraphClient) -> None:
    response = await client.execute(
        "{ branch { leaf { name text texts sure } must { name } leaves { name text } } }"
    )

    assert response.data == {
        "branch": {
            "leaf": {"name": "c", "text": None, "texts": ["a", None], "sure": None},
            "must": None,
            "leaves": [{"name": "a", "text": None}, {"name": "c", "text": None}],
        }
    }
    assert [error["path"] for error in response.errors] == [
        ["branch", "leaf", "text"],
        ["branch", "leaf", "texts", 1],
        ["branch", "leaf", "sure", 1],
        ["branch", "must", "name"],
        ["branch", "leaves", 1, "text"],
    ]


async def test_without_a_place_for_null_there_is_no_data(client: GraphClient) -> None:
    response = await client.execute("{ sure }")

    assert response.data is None
    assert [error["path"] for error in response.errors] == [["sure"]]


async def test_a_part_that_comes_later_is_no_exception(client: GraphClient) -> None:
    query = "{ branch { ... @defer { leaf { name text } leaves { name text } } } }"

    parts = [part async for part in client.execute_incrementally(query)]

    (part,) = [each for later in parts for each in later.get("incremental", ())]
    assert part["data"] == {
        "leaf": {"name": "c", "text": None},
        "leaves": [{"name": "a", "text": None}, {"name": "c", "text": None}],
    }
    assert [error["path"] for error in part["errors"]] == [
        ["branch", "leaf", "text"],
        ["branch", "leaves", 1, "text"],
    ]


async def test_an_item_that_comes_later_has_its_own_path(client: GraphClient) -> None:
    query = "{ branch { leaf { texts @stream(initialCount: 1) } } }"

    parts = [part async for part in client.execute_incrementally(query)]

    items = [each for later in parts for each in later.get("incremental", ())]
    assert [item for each in items for item in each["items"]] == [None]
    assert [error["path"] for each in items for error in each.get("errors", ())] == [
        ["branch", "leaf", "texts", 1]
    ]


@pytest.mark.parametrize(
    "query",
    [
        "{ branch { must { ... @defer { name } } } }",
        "{ branch { leaf { sure @stream(initialCount: 1) } } }",
    ],
)
async def test_a_part_without_a_place_for_null_ends_with_an_error(
    client: GraphClient, query: str
) -> None:
    first, *later = [part async for part in client.execute_incrementally(query)]

    assert first["hasNext"] is True
    assert later[-1]["hasNext"] is False
    (completed,) = [each for part in later for each in part.get("completed", ())]
    assert completed["id"] == first["pending"][0]["id"]
    assert completed["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


async def test_a_number_has_all_its_digits(client: GraphClient) -> None:
    results: list[bytes] = []

    async def keep(result: Any) -> None:
        results.append(orjson.dumps(result.data))

    asked = Asked("{ exact }", {}, None, None)
    await client._operations.run(asked, ANONYMOUS, keep, allowed=QUERIES)

    assert results == [b'{"exact":{"a":12345678901234567890.10}}']
