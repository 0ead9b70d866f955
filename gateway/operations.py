"""Operations, run in the same way for every transport."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from graphql import GraphQLError
from graphql.execution import (
    CompletedResult,
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)
from strawberry.http import GraphQLRequestData
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.context import Context
from gateway.errors import RequestRefused, UpstreamTimeout
from gateway.executor import WHOLE
from resolvers.graph import Graph

Result = ExecutionResult | InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult

Send = Callable[[Result], Awaitable[None]]

QUERIES = frozenset({OperationType.QUERY})
MUTATIONS = frozenset({OperationType.MUTATION})
SUBSCRIPTIONS = frozenset({OperationType.SUBSCRIPTION})


class Operations:
    """Runs the operations of a graph, none but subscriptions for longer than ``seconds``."""

    def __init__(self, graph: Graph, seconds: float) -> None:
        self._in_parts = graph
        self._whole = copy.copy(graph)
        self._whole.execution_context_class = WHOLE[graph.execution_context_class]
        self._seconds = seconds

    async def run(
        self,
        asked: GraphQLRequestData,
        context: Context,
        send: Send,
        *,
        allowed: Collection[OperationType],
        in_parts: bool = False,
    ) -> None:
        """Run an operation of one of the ``allowed`` kinds, and ``send`` each of its results.

        A query or a mutation has one result, unless parts of it are deferred and the client takes
        them ``in_parts``; else ``@defer`` and ``@stream`` change nothing. A subscription has one
        for each event. What goes wrong is a result too, with errors that are meant for clients.
        """
        graph = self._in_parts if in_parts else self._whole
        pending: set[str] = set()
        try:
            async with asyncio.timeout(self._seconds) as deadline:
                results = await graph.stream(
                    asked.query,
                    variable_values=asked.variables,
                    context_value=replace(context, deadline=deadline),
                    operation_name=asked.operation_name,
                    operation_extensions=asked.extensions,
                    allowed_operation_types=allowed,
                )
                async with aclosing(results):
                    async for result in results:
                        _keep_pending(pending, result)
                        await send(result)
        except TimeoutError:
            if not deadline.expired():
                raise
            await send(self._late(pending))
        except RequestRefused as refused:
            await send(PreExecutionError(None, [refused]))
        except GraphQLError as error:
            errors = [error]
            graph.process_errors(errors)
            await send(PreExecutionError(None, errors))

    def _late(self, pending: Collection[str]) -> Result:
        error = RequestRefused(
            f"The operation took longer than {self._seconds:g} seconds.",
            status=504,
            code=UpstreamTimeout.code,
        )
        if not pending:
            return PreExecutionError(None, [error])
        completed = [CompletedResult(each, [error]) for each in sorted(pending)]
        return SubsequentIncrementalExecutionResult(has_next=False, completed=completed)


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing ran: what graphql-core says of variables that don't fit has no path."""
    if isinstance(result, PreExecutionError):
        return True
    return result.data is None and all(error.path is None for error in result.errors or ())


def body_of(result: Result) -> dict[str, Any]:
    """The result as clients get it."""
    body: dict[str, Any]
    if isinstance(result, ExecutionResult):
        body = {}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        if not is_request_error(result):
            body["data"] = result.data
        if result.extensions:
            body["extensions"] = result.extensions
    else:
        body = {**result.formatted}
        if not body.get("extensions"):
            body.pop("extensions", None)
    return body


def _keep_pending(pending: set[str], result: Result) -> None:
    if not isinstance(result, ExecutionResult):
        pending.update(each.id for each in result.pending or ())
    if isinstance(result, SubsequentIncrementalExecutionResult):
        pending.difference_update(each.id for each in result.completed or ())
