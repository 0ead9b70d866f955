"""Operations, run in the same way for every transport."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

from graphql import GraphQLError
from graphql.execution import CompletedResult, SubsequentIncrementalExecutionResult
from strawberry.http import GraphQLRequestData
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.errors import CODES, RequestRefused
from gateway.operations.context import Context
from gateway.operations.documents import Documents
from gateway.operations.execution import Execution, Result, Send, Served
from gateway.operations.executors import EXECUTORS, WHOLE
from gateway.operations.introspection import VisibleSchemas
from gateway.settings import Settings
from loaders.contexts import Operation
from loaders.errors import SourceTimeout
from loaders.identity import Identity
from loaders.registry import Sources
from resolvers.graph import Graph

QUERIES = frozenset({OperationType.QUERY})
MUTATIONS = frozenset({OperationType.MUTATION})
SUBSCRIPTIONS = frozenset({OperationType.SUBSCRIPTION})

MARGIN = 0.1
LONGEST_MARGIN = 1.0
"""The share of an operation's time, and the most seconds of it, that are left for its answer when
its sources have had theirs: so a slow source is its fields' error, not the whole operation's."""


class Operations:
    """Runs the operations of a graph over its sources, as the settings say: none but
    subscriptions for longer than ``limits.request_seconds``."""

    def __init__(self, graph: Graph, sources: Sources, settings: Settings) -> None:
        development, on_denial = settings.in_development, settings.authorization.on_denial
        documents = Documents(
            graph,
            size=settings.limits.cached_documents,
            suggest=development,
            enforced=on_denial != "log",
        )
        self._served = Served(graph, documents, VisibleSchemas(graph), development, on_denial)
        self._sources = sources
        self._in_parts = EXECUTORS[settings.engine]
        self._whole = WHOLE[self._in_parts]
        self._seconds = settings.limits.request_seconds
        self._margin = min(LONGEST_MARGIN, self._seconds * MARGIN)

    async def run(
        self,
        asked: GraphQLRequestData,
        identity: Identity,
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
        pending: set[str] = set()
        executor, send_on = self._whole, send
        if in_parts:
            executor = self._in_parts

            async def send_on(result: Result) -> None:
                _keep_pending(pending, result)
                await send(result)

        try:
            async with asyncio.timeout(self._seconds) as timer:
                operation = Operation(identity, time.monotonic() + self._seconds - self._margin)
                context = Context(self._sources, operation, timer=timer)
                try:
                    await Execution(self._served, asked, context, executor, send_on, allowed).run()
                finally:
                    context.forget()
        except TimeoutError:
            if not timer.expired():
                raise
            await send(self._late(pending))
        except RequestRefused as refused:
            await send(PreExecutionError(None, [refused]))
        except GraphQLError as error:
            errors = [error]
            self._served.graph.process_errors(errors)
            await send(PreExecutionError(None, errors))

    def _late(self, pending: Collection[str]) -> Result:
        error = RequestRefused(
            f"The operation took longer than {self._seconds:g} seconds.",
            status=504,
            code=CODES[SourceTimeout],
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
