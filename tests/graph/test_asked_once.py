"""What a service answers as a whole is asked for once in an operation, whatever is made of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from gateway.testing import GraphClient, Response
from loaders.query import Comparison, Operator
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.graph import Graph
from tests.bad_servers import Service, answering
from tests.resolvers.declaring import connection_of, graph_of, node_type

ROWS: list[dict[str, Any]] = [
    {"id": n, "size": n % 3, "at": {"city": "Bern" if n % 2 else "Rome"}} for n in range(1, 13)
]


def big(_: object) -> Comparison:
    return Comparison("size", Operator.GT, 0)


def graph_over(**resources: RestResource) -> Graph:
    def of(name: str, resource: RestResource) -> Any:
        type_ = node_type(
            name.title(),
            resource,
            size=(int | None, column("Its size.", filterable=True, sortable=True)),
            city=(str | None, column("Where.", name="at.city", filterable=True)),
        )
        return connection_of(type_) | None, connection(f"All {name}.")

    return graph_of(**{name: of(name, resource) for name, resource in resources.items()})


def resource(**more: Any) -> RestResource:
    by = {"id": Batch("/rows", "id")}
    return RestResource(
        source="told", name="rows", key_type=int, by=by, all="/rows", items=None, **more
    )


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    answers.clear()

    async def answer(request: web.BaseRequest) -> web.Response:
        return answers.pop() if answers else web.json_response(ROWS)

    async with answering(answer) as service:
        yield service


answers: list[web.Response] = []
"""What is answered first, in place of the rows."""

EVERYTHING = """
{
  first: rows(first: 2) { totalCount nodes { size } }
  last: rows(last: 3, orderBy: [{field: SIZE, direction: DESC}]) { nodes { size city } }
  some: rows(where: {size: {eq: 2}}) { totalCount nodes { city } }
  there: rows(where: {city: {eq: "Rome"}}) { totalCount }
  later: rows(first: 1) { nodes { size } pageInfo { hasNextPage } }
}
"""


def failed(response: Response) -> dict[object, object]:
    """The codes of the errors, by the root fields that they are of."""
    return {error["path"][0]: error["extensions"]["code"] for error in response.errors}


async def test_windows_filters_and_counts_are_made_of_one_answer(service: Service) -> None:
    graph = graph_over(rows=resource())
    async with GraphClient(graph, [RestSource("told", service.url)]) as client:
        response = await client.execute(EVERYTHING)

    data = response.data
    assert not response.errors
    assert data["first"] == {"totalCount": 12, "nodes": [{"size": 1}, {"size": 2}]}
    assert [node["size"] for node in data["last"]["nodes"]] == [0, 0, 0]
    assert data["some"]["totalCount"] == len(data["some"]["nodes"]) == 4
    assert data["there"] == {"totalCount": 6}
    assert service.paths == ["/rows"]
    assert [call["resource"] for call in response.calls] == ["rows"]


async def test_types_with_row_filters_of_their_own_see_theirs(service: Service) -> None:
    graph = graph_over(rows=resource(), bigger=resource(row_filter=big))
    async with GraphClient(graph, [RestSource("told", service.url)]) as client:
        response = await client.execute("{ rows { totalCount } bigger { totalCount } }")

    assert response.data == {"rows": {"totalCount": 12}, "bigger": {"totalCount": 8}}


async def test_another_operation_asks_again(service: Service) -> None:
    async with GraphClient(graph_over(rows=resource()), [RestSource("told", service.url)]) as made:
        await made.execute("{ rows { totalCount } }")
        await made.execute("{ rows { totalCount } }")

    assert service.paths == ["/rows"] * 2


async def test_an_answer_that_is_none_is_every_place_s_error(service: Service) -> None:
    answers.append(web.json_response({"error": "x"}))
    async with GraphClient(graph_over(rows=resource()), [RestSource("told", service.url)]) as made:
        response = await made.execute("{ a: rows { totalCount } b: rows(first: 1) { totalCount } }")

    assert response.data["a"] in (None, {"totalCount": None})
    assert response.data["b"] in (None, {"totalCount": None})
    assert failed(response) == {"a": "UPSTREAM_BAD_RESPONSE", "b": "UPSTREAM_BAD_RESPONSE"}
    assert service.paths == ["/rows"]


async def test_what_can_t_be_compared_costs_no_other_place_anything(service: Service) -> None:
    answers.append(web.json_response([{**ROWS[0], "size": "x"}, ROWS[1]]))
    async with GraphClient(graph_over(rows=resource()), [RestSource("told", service.url)]) as made:
        response = await made.execute(
            "{ all: rows { totalCount } some: rows(where: {size: {gt: 1}}) { nodes { city } } }"
        )

    assert response.data["all"] == {"totalCount": 2}
    assert failed(response) == {"some": "UPSTREAM_BAD_RESPONSE"}
    assert response.calls[0]["error"] == "values that can't be compared"
    assert service.paths == ["/rows"]
