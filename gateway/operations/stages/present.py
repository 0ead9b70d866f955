"""Every end of an operation becomes what its client may know: the outermost stage."""

from __future__ import annotations

import time
from contextlib import suppress
from copy import copy
from typing import Any

import orjson
from graphql import GraphQLError
from graphql.execution import (
    CompletedResult,
    SubsequentIncrementalExecutionResult,
)
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.errors import CODES, GatewayError, RequestRefused, masked
from gateway.operations.encoding import Encoder
from gateway.operations.extensions import NO_EXTENSIONS, StrawberryExtensions
from gateway.operations.operation import OperationState, Rest
from gateway.operations.presenting import Presenter, explained
from gateway.operations.results import Result, Send
from gateway.settings import Settings
from loaders.chain.timer import Timer
from loaders.errors import SourceError, SourceTimeout
from loaders.large_json import write_large
from resolvers.graph import Graph

MARGIN = 0.1
LONGEST_MARGIN = 1.0
"""The share of an operation's time, and the most seconds of it, that are left for its answer when
its sources have had theirs: so a slow source is its fields' error, not the whole operation's."""


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
        self._presenter = Presenter(graph, settings)
        self._timer = Timer()
        self._seconds = settings.limits.request_seconds
        self._for_sources = self._seconds - min(LONGEST_MARGIN, self._seconds * MARGIN)
        self._development = settings.in_development

    async def around(self, operation: OperationState, send: Send, rest: Rest) -> None:
        explains = self._development and operation.asked("explain") is True
        client = _Client(operation, send, self._presenter, explains=explains)
        try:
            with self._timer.until(time.monotonic() + self._seconds) as timer:
                operation.context.begin_time(timer, self._for_sources)
                if self._has_extensions:
                    operation.extensions = StrawberryExtensions(self._graph, operation)
                async with operation.extensions.operation():
                    try:
                        await rest(operation, client.send)
                        client.check_answered()
                    except Exception as error:
                        await client.fail(error)
        except TimeoutError as error:
            ended = operation.context.ended
            late = self._late() if ended is None else ended.as_refusal()
            await client.fail(late if timer.is_late else error)
        except Exception as error:
            await client.fail(error)

    def _late(self) -> RequestRefused:
        return RequestRefused(
            f"The operation took longer than {self._seconds:g} seconds.",
            status=504,
            code=CODES[SourceTimeout],
        )


LARGE = 10_000
"""Objects from which on a result is written in parts: at once they take a millisecond or more."""


class _Client:
    """Whoever is sent the results of one operation."""

    def __init__(
        self, operation: OperationState, send: Send, presenter: Presenter, *, explains: bool
    ) -> None:
        self._operation = operation
        self._send = send
        self._presenter = presenter
        self._explains = explains
        self._encoder = Encoder()
        self._has_some = False
        self._takes_more = True
        # The parts that are still to come, once there are any.
        self._pending: set[str] | None = None
        self._is_gone = False

    async def send(self, result: Result) -> None:
        if not self._takes_more:
            raise RuntimeError("a stage sent a result behind the last one")
        self._present(result)
        extensions = self._operation.extensions
        if extensions is NO_EXTENSIONS:
            await self._pass_on(result)
            return
        if not isinstance(result, SubsequentIncrementalExecutionResult):
            _add(result, await extensions.results())
            extensions.show_result(result)
        async with extensions.sending(result):
            # They may keep the result, and read its data when all has been sent.
            await self._pass_on(copy(result))

    async def fail(self, error: Exception) -> None:
        """Send what the client may know of the error, as the last result. Raises it if they could
        not be sent what came before."""
        if self._is_gone:
            raise error
        told = self._told(error)
        if not self._takes_more:
            return
        result: Result
        if self._pending is not None:
            completed = [CompletedResult(each, [told]) for each in sorted(self._pending)]
            result = SubsequentIncrementalExecutionResult(False, completed=completed)
        elif self._has_some:
            result = ExecutionResult(None, [told])
        else:
            result = PreExecutionError(None, [told])
        self._present(result)
        await self._pass_on(result)

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

    def _present(self, result: Result) -> None:
        operation = self._operation
        explains = self._explains and operation.context.planned is not None
        if isinstance(result, SubsequentIncrementalExecutionResult):
            for part in (*(result.incremental or ()), *(result.completed or ())):
                self._presenter.present(operation, part.errors)
            explains = explains and not result.has_next
        else:
            self._presenter.present(operation, result.errors)
        if explains:
            _add(result, explained(operation.context))
        if operation.estimate is not None and operation.asked("cost") in (True, "only"):
            _add(result, self._presenter.costs(operation, operation.estimate, result))

    async def _encode(self, result: Result) -> None:
        if self._operation.context.objects >= LARGE and isinstance(result, ExecutionResult):
            with suppress(TypeError):
                # Where it has a value that JSON has not, that is found below.
                data: Any = None
                if result.data is not None:
                    data = orjson.Fragment(await write_large(result.data))
                result.data = data
                return
        planned = self._operation.context.planned
        for holder, errors in self._encoder.encode(result, planned.plan if planned else None):
            self._presenter.present(self._operation, errors)
            holder.errors = [*(holder.errors or ()), *errors]

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
        # A part that can't be encoded is none that was sent.
        await self._encode(result)
        self._note(result)
        try:
            await self._send(result)
        except Exception:
            self._is_gone = True
            raise


def _add(result: Result, extensions: dict[str, Any]) -> None:
    if extensions:
        result.extensions = {**(result.extensions or {}), **extensions}
