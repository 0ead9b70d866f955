"""Operations on a graph of the tests' own, run as the gateway runs them, without a server."""

from __future__ import annotations

from typing import Any

from strawberry.http import GraphQLRequestData
from strawberry.types import ExecutionResult

from gateway.operations.results import Result
from gateway.operations.runner import QUERIES, Operations
from gateway.settings import Settings
from loaders.identity import ANONYMOUS, Identity
from loaders.registry import Sources
from resolvers.graph import Graph


async def result_of(
    graph: Graph,
    query: str,
    identity: Identity = ANONYMOUS,
    *,
    sources: Sources | None = None,
    **settings: Any,
) -> ExecutionResult:
    """The one result of a query, over no sources unless some are given."""
    results: list[Result] = []

    async def keep(result: Result) -> None:
        results.append(result)

    operations = Operations(graph, sources or Sources([]), Settings.of(**settings))
    asked = GraphQLRequestData(query, None, None, None)
    await operations.run(asked, identity, keep, allowed=QUERIES)
    (result,) = results
    assert isinstance(result, ExecutionResult)
    return result
