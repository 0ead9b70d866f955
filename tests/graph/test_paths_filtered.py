"""Whether something stands at a path, and what a list there has: as it is shown, in every kind of
source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from typing import Any

import pytest
from aiohttp import web
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.paths import value_at
from loaders.resource import Resource
from loaders.rest.routes import RestResource
from loaders.rest.source import RestSource
from loaders.sources import Source
from resolvers import Graph, column, connection
from tests.bad_servers import answering
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type

NAME = "filtered_paths"

AT_B: list[Any] = [
    "x", "y", None, ["x", "y"], ["x", None], [None], [], ["z"], {"c": "x"}, [{"c": "x"}],
]  # fmt: skip
"""What stands at ``b``, in ``a`` or in each of a list there."""

DOCUMENTS: list[dict[str, Any]] = [
    {}, {"a": None}, {"a": 5}, {"a": {}}, {"a": []}, {"a": [{}]}, {"a": [5, None, {}]},
    *({"a": {"b": value}} for value in AT_B),
    *({"a": [{"b": value}]} for value in AT_B),
    {"a": [{"b": "x"}, {"b": "y"}]}, {"a": [{"b": None}, {"b": "x"}]}, {"a": [{}, {"b": "x"}]},
    {"a": [[{"b": "x"}]]}, {"a": {"b": [["x"]]}},
]  # fmt: skip
ROWS = [{"id": number, **each} for number, each in enumerate(DOCUMENTS)]

PATHS = ["a", "a.b", "a.b.c"]
SOURCES = ("mongo", "memory", "rest")


@pytest.fixture(scope="module")
async def sources(addresses: Addresses) -> AsyncIterator[Sequence[Source]]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"items": ROWS})

    with MongoClient[Any](addresses.mongo) as mongo:
        collection = mongo[addresses.mongo_database][NAME]
        collection.drop()
        collection.insert_many(deepcopy(ROWS))
        async with answering(answer) as service:
            sources: Sequence[Source] = (
                MongoSource("mongo", addresses.mongo, database=addresses.mongo_database),
                MemorySource("memory", {NAME: ROWS}),
                RestSource("rest", service.url),
            )
            for source in sources:
                await source.open()
            yield sources
            for source in sources:
                await source.close()
        collection.drop()


def resource(source: str) -> Resource:
    match source:
        case "mongo":
            return MongoCollection(source=source, name=NAME, key="id", key_type=int)
        case "memory":
            return MemoryTable(source=source, name=NAME)
        case _:
            return RestResource(source=source, name=NAME, key_type=int, all="/rows")


def graph_over(source: str, path: str) -> Graph:
    """Rows that show the path as a text, and as a list of them."""
    row = node_type(
        "Row",
        resource(source),
        no=(int, column("Its number.", name="id")),
        text=(str | None, column("It.", name=path, filterable=True)),
        texts=(list_of(str | None) | None, column("Them.", name=path, filterable=True)),
    )
    return graph_of(rows=(connection_of(row) | None, connection("All.", order_by="id")))


async def found(client: GraphClient, where: str) -> list[int] | list[str]:
    """The numbers of the rows, or the codes of what went wrong."""
    response = await client.execute(f"{{ rows(first: 100, where: {where}) {{ nodes {{ no }} }} }}")
    return response.codes or [node["no"] for node in response.data["rows"]["nodes"]]


def shown(path: str) -> dict[int, Any]:
    return {row["id"]: value_at(row, path) for row in ROWS}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("source", SOURCES)
async def test_nothing_is_what_is_shown_as_nothing(
    sources: Sequence[Source], source: str, path: str
) -> None:
    client = GraphClient(graph_over(source, path), sources)
    missing = [no for no, value in shown(path).items() if value is None]
    there = [no for no, value in shown(path).items() if value is not None]

    # Where the gateway compares, what is no list has no items to look for.
    for field in ("text", "texts") if source == "mongo" or "." in path else ("text",):
        assert await found(client, f"{{{field}: {{isNull: true}}}}") == missing
        assert await found(client, f"{{{field}: {{isNull: false}}}}") == there
        assert await found(client, f"{{not: {{{field}: {{isNull: true}}}}}}") == there
        assert await found(client, f"{{not: {{{field}: {{isNull: false}}}}}}") == missing
        both = f"{{{field}: {{isNull: false}}, and: [{{not: {{{field}: {{isNull: false}}}}}}]}}"
        assert await found(client, both) == []


@pytest.mark.parametrize("path", ["a.b", "a.b.c"])
@pytest.mark.parametrize("source", SOURCES)
async def test_whatever_stands_at_a_path_has_items(
    sources: Sequence[Source], source: str, path: str
) -> None:
    client = GraphClient(graph_over(source, path), sources)
    items = {
        no: value if isinstance(value, list) else [value]
        for no, value in shown(path).items()
        if value is not None
    }

    for written, every in (("[]", set()), ('["x"]', {"x"}), ('["x", "y"]', {"x", "y"})):
        expected = [no for no, has in items.items() if all(each in has for each in every)]
        assert await found(client, f"{{texts: {{hasEvery: {written}}}}}") == expected
    for item in ("x", "y", "w"):
        expected = [no for no, has in items.items() if item in has]
        assert await found(client, f'{{texts: {{has: "{item}"}}}}') == expected
        assert await found(client, f'{{texts: {{hasSome: ["{item}"]}}}}') == expected
