"""Every end of an operation becomes what its client may know: the outermost stage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from graphql import GraphQLError
from graphql.execution import (
    CompletedResult,
    SubsequentIncrementalExecutionResult,
)
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.errors import CODES, GatewayError, RequestRefused, masked
from gateway.operations.extensions import NO_EXTENSIONS, StrawberryExtensions
from gateway.operations.operation import OperationState, Rest
from gateway.operations.presenting import Presenter, explained
from gateway.operations.results import Result, Send
from gateway.settings import Settings
from loaders.errors import SourceError, SourceTimeout
from resolvers.graph import Graph


class PresentStage:
    """Bounds the operation's time, and sends its results as they are meant for clients: their
    errors coded and nothing internal in them, and, in development, what ``explain`` asks for.

    What is raised is a result as well, whoever raised it. The hooks of the graph's own extensions
    for the whole operation, and for each of its results, are called here.
    """

    name = "present"

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._graph = graph
        self._has_extensions = bool(graph.extensions or graph.directives)
        self._presenter = Presenter(graph)
        self._seconds = settings.limits.request_seconds
        self._development = settings.in_development

    async def around(self, operation: OperationState, send: Send, rest: Rest) -> None:
        if self._has_extensions:
            operation.extensions = StrawberryExtensions(self._graph, operation)
        explains = self._development and (operation.asked or {}).get("explain") is True
        client = _Client(operation, send, self._presenter, explains=explains)
        try:
            async with asyncio.timeout(self._seconds) as deadline:
                operation.context.deadline = deadline
                async with operation.extensions.operation():
                    try:
                        await rest(operation, client.send)
                        client.check_answered()
                    except Exception as error:
                        await client.fail(error)
        except TimeoutError as error:
            await client.fail(self._late() if deadline.expired() else error)
        except Exception as error:
            await client.fail(error)

    def _late(self) -> RequestRefused:
        return RequestRefused(
            f"The operation took longer than {self._seconds:g} seconds.",
            status=504,
            code=CODES[SourceTimeout],
        )


class _HasErrors(Protocol):
    @property
    def errors(self) -> list[GraphQLError] | None: ...


class _Client:
    """Whoever is sent the results of one operation."""

    def __init__(
        self, operation: OperationState, send: Send, presenter: Presenter, *, explains: bool
    ) -> None:
        self._operation = operation
        self._send = send
        self._presenter = presenter
        self._explains = explains
        self._has_some = False
        self._takes_more = True
        # The parts that are still to come, once there are any.
        self._pending: set[str] | None = None
        self._is_gone = False

    async def send(self, result: Result) -> None:
        if not self._takes_more:
            raise RuntimeError("a stage sent a result behind the last one")
        self._note(result)
        operation = self._operation
        extensions, context = operation.extensions, operation.context
        is_part = isinstance(result, SubsequentIncrementalExecutionResult)
        for each in _with_errors(result):
            self._presenter.present(operation, each.errors)
        if self._explains and context.planned is not None and not (is_part and self._takes_more):
            _add(result, explained(context))
        if extensions is NO_EXTENSIONS:
            await self._pass_on(result)
            return
        if not is_part:
            _add(result, await extensions.results())
            extensions.show_result(result)
        async with extensions.sending(result):
            await self._pass_on(result)

    async def fail(self, error: Exception) -> None:
        """Send what the client may know of the error, as the last result. Raises it if they could
        not be sent what came before."""
        if self._is_gone:
            raise error
        told = self._told(error)
        if not self._takes_more:
            return
        if self._pending is not None:
            completed = [CompletedResult(each, [told]) for each in sorted(self._pending)]
            await self.send(SubsequentIncrementalExecutionResult(False, completed=completed))
        else:
            result = ExecutionResult if self._has_some else PreExecutionError
            await self.send(result(None, [told]))

    def check_answered(self) -> None:
        if not self._has_some and self._operation.kind is not OperationType.SUBSCRIPTION:
            raise RuntimeError("no stage answered the operation")

    def _told(self, error: Exception) -> GraphQLError:
        if self._takes_more:
            if isinstance(error, GraphQLError):
                return error
            if isinstance(error, GatewayError | SourceError):
                return GraphQLError(str(error), original_error=error)
        message, extensions = masked(error, f"operation {self._operation.name or 'without a name'}")
        refused = RequestRefused(message, status=500)
        refused.extensions = extensions
        return refused

    def _note(self, result: Result) -> None:
        self._has_some = True
        if isinstance(result, ExecutionResult):
            self._takes_more = self._operation.kind is OperationType.SUBSCRIPTION
            return
        self._pending = self._pending or set()
        self._pending.update(each.id for each in result.pending or ())
        if isinstance(result, SubsequentIncrementalExecutionResult):
            self._pending.difference_update(each.id for each in result.completed or ())
            self._takes_more = result.has_next

    async def _pass_on(self, result: Result) -> None:
        try:
            await self._send(result)
        except Exception:
            self._is_gone = True
            raise


def _with_errors(result: Result) -> Sequence[_HasErrors]:
    if isinstance(result, SubsequentIncrementalExecutionResult):
        return [*(result.incremental or ()), *(result.completed or ())]
    return [result]


def _add(result: Result, extensions: dict[str, Any]) -> None:
    if extensions:
        result.extensions = {**(result.extensions or {}), **extensions}
