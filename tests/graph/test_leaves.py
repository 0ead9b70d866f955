"""What is read from rows, documents and pages, which by breadth calls no resolver at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from schema.build import schema
from tests.client import Gateway, serving

QUERIES = {
    "images": ("{ products(first: 100) { nodes { images { url alt width height } } } }", 1000),
    "nested documents": (
        "{ products(first: 100) { nodes {"
        " attributes { color dimensions { widthMm heightMm depthMm } } } } }",
        500,
    ),
    "pageInfo": (
        "{ products(first: 100) {"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
        4,
    ),
    "edges": ("{ products(first: 100) { edges { cursor node { sku name } } } }", 400),
    "pages of pages": (
        "{ products(first: 100) { edges { cursor node { reviews(first: 2) {"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        " edges { cursor node { rating } } } } } } }",
        800,
    ),
}
"""Queries, and at least how many resolvers it takes to answer each object by object."""


@pytest.fixture(scope="module")
async def engines(settings: Settings) -> AsyncIterator[Mapping[str, Gateway]]:
    """The shop's gateway with each of the engines."""
    async with AsyncExitStack() as stack:
        yield {
            engine: await stack.enter_async_context(
                serving(settings.model_copy(update={"engine": engine}))
            )
            for engine in EXECUTORS
        }


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the ordinary resolver of each of the shop's fields has been called."""
    resolved: Counter[str] = Counter()
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                counting = _counting(f"{type_.name}.{name}", field, resolved)
                monkeypatch.setattr(field, "resolve", counting)
    return resolved


def _counting(
    coordinate: str, field: GraphQLField, resolved: Counter[str]
) -> Callable[..., Any] | None:
    resolve = field.resolve
    if resolve is None:
        return None

    def counting(*args: Any, **arguments: Any) -> Any:
        resolved[coordinate] += 1
        return resolve(*args, **arguments)

    return counting


@pytest.mark.parametrize(("query", "calls"), QUERIES.values(), ids=QUERIES)
async def test_by_breadth_no_resolver_is_called(
    engines: Mapping[str, Gateway], resolved: Counter[str], query: str, calls: int
) -> None:
    by_breadth = await engines["breadth"].ask(query)
    called = dict(resolved)
    by_object = await engines["graphql-core"].ask(query)

    assert called == {}
    assert by_breadth.data == by_object.data
    assert resolved.total() >= calls
