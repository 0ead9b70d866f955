"""Clients that ask what their operation costs are told, on every transport; by itself it runs
nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.settings import Settings
from schema.build import schema
from tests.client import Gateway, serving
from tests.snippets import blocks


@pytest.fixture(scope="module")
async def production(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    async with serving(Settings.of(sources=source_settings)) as gateway:
        yield gateway


CALL = schema.costs.prices["catalog"]
CATEGORIES = "{ categories(first: 2) { nodes { name } } }"
FIELDS: list[dict[str, Any]] = [
    {"path": ["categories"], "coordinate": "Query.categories", "estimated": 1},
    {
        "path": ["categories", "nodes"],
        "coordinate": "CategoryConnection.nodes",
        "estimated": CALL + 2,
        "call": CALL,
    },
]
ESTIMATE = {"estimated": CALL + 3, "limit": 20_000, "fields": FIELDS}
RUN = {
    **ESTIMATE,
    "actual": CALL + 3,
    "fields": [{**each, "actual": each["estimated"]} for each in FIELDS],
}


def asking(query: str, cost: object, **more: Any) -> dict[str, Any]:
    return {"query": query, "extensions": {"cost": cost, **more}}


async def test_the_documented_request_has_the_documented_answer(production: Gateway) -> None:
    examples = [each for each in blocks("docs/operations.md", "json") if "cost" in each]
    asked, told = map(orjson.loads, examples)

    answer = await production.post(orjson.dumps(asked))

    assert (answer.status, answer.body) == (200, told)
    assert asked == asking(CATEGORIES, "only")
    assert told["extensions"]["cost"] == ESTIMATE


async def test_what_runs_has_its_cost_beside_its_data(production: Gateway) -> None:
    answer = await production.post(orjson.dumps(asking(CATEGORIES, True)))

    assert len(answer.data["categories"]["nodes"]) == 2
    assert answer.body["extensions"] == {"cost": RUN}


@pytest.mark.parametrize("asked", [None, False, 1.5, "all", [], {}])
async def test_who_asks_for_something_else_is_told_nothing(
    production: Gateway, asked: object
) -> None:
    answer = await production.post(orjson.dumps(asking(CATEGORIES, asked)))

    assert list(answer.body) == ["data"]


async def test_its_cost_alone_fetches_nothing(gateway: Gateway) -> None:
    answer = await gateway.post(orjson.dumps(asking(CATEGORIES, "only", explain=True)))

    assert answer.body["data"] is None
    assert answer.body["extensions"]["explain"]["calls"] == []
    assert answer.body["extensions"]["cost"] == ESTIMATE


async def test_its_cost_alone_may_be_too_much(gateway: Gateway) -> None:
    query = "{ products(first: 100) { nodes { reviews(first: 100) { nodes { id } } } } }"
    dear = query.replace("nodes { id }", "edges { cursor } nodes { id }")

    few = await gateway.post(orjson.dumps(asking(query, "only")))
    many = await gateway.post(orjson.dumps(asking(dear, "only")))
    run = await gateway.post(orjson.dumps(asking(dear, True)))

    assert few.body["extensions"]["cost"]["estimated"] == 2 * CALL + 60 + 10_200
    assert many.body["extensions"]["cost"]["estimated"] == 2 * CALL + 60 + 20_200
    assert "errors" not in many.body
    assert [error["extensions"]["code"] for error in run.errors] == ["OPERATION_TOO_COMPLEX"]
    assert run.body["extensions"]["cost"] == many.body["extensions"]["cost"]
    assert "data" not in run.body


@pytest.mark.parametrize("depth", [3, 4])
async def test_a_small_query_that_multiplies_is_refused(gateway: Gateway, depth: int) -> None:
    selected = "id"
    for _ in range(depth):
        selected = f"products(first:100){{nodes{{category{{{selected}}}}}}}"
    query = f"{{{selected}}}"

    answer = await gateway.post(orjson.dumps(asking(query, True)))

    assert len(query) < 50 * depth

    assert [error["extensions"]["code"] for error in answer.errors] == ["OPERATION_TOO_COMPLEX"]


async def test_what_is_not_valid_costs_nothing(gateway: Gateway) -> None:
    answer = await gateway.post(orjson.dumps(asking("{ nothing }", "only")))

    assert [error["extensions"]["code"] for error in answer.errors] == ["GRAPHQL_VALIDATION_FAILED"]
    assert "extensions" not in answer.body


async def test_who_may_not_see_the_schema_is_not_told_what_that_costs(production: Gateway) -> None:
    answer = await production.post(orjson.dumps(asking("{ __schema { description } }", "only")))

    assert [error["extensions"]["code"] for error in answer.errors] == ["UNAUTHENTICATED"]
    assert "extensions" not in answer.body


async def test_it_is_told_over_a_websocket(gateway: Gateway) -> None:
    async with gateway.connected() as socket:
        for cost, told in (("only", ESTIMATE), (True, RUN)):
            await socket.send(id="1", type="subscribe", payload=asking(CATEGORIES, cost))
            message = await socket.receive()
            assert message["type"] == "next"
            assert message["payload"]["extensions"] == {"cost": told}
            assert await socket.receive() == {"id": "1", "type": "complete"}
