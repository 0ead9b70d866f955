"""The operation runs: the innermost stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult as CoreResult
from graphql import ExperimentalIncrementalExecutionResults as ResultInParts
from graphql import experimental_execute_incrementally, subscribe
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.operations.compat import optimized_is_awaitable, schema_of
from gateway.operations.executors import EXECUTORS, WHOLE
from gateway.operations.extensions import NO_EXTENSIONS
from gateway.operations.operation import OperationState, Rest
from gateway.operations.presenting import Presenter
from gateway.operations.results import Send
from gateway.operations.turns import Turns
from gateway.settings import Settings
from resolvers.context import OperationContext
from resolvers.graph import Graph


class ExecuteStage:
    """Runs the operation by the engine of the settings."""

    name = "execute"

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._schema = schema_of(graph)
        self._in_parts = EXECUTORS[settings.engine]
        self._whole = WHOLE[settings.engine]
        self._hide_suggestions = not settings.in_development
        self._presenter = Presenter(graph, settings)
        self._turns = Turns()

    async def around(self, operation: OperationState, send: Send, rest: Rest) -> None:
        account = operation.context.account
        if account is not None:
            account.has_begun = True
        if operation.kind is OperationType.SUBSCRIPTION:
            await self._subscribe(operation, send)
        else:
            await self._execute(operation, send)

    async def _execute(self, operation: OperationState, send: Send) -> None:
        extensions = operation.extensions
        async with extensions.executing():
            result = extensions.result
            if result is None:
                if operation.prepared.introspects:
                    # No source ever has it wait, and much of the schema takes long.
                    await self._turns.take()
                running = self._run(experimental_execute_incrementally, operation)
                is_mutation = operation.kind is OperationType.MUTATION
                result = await (_written(running, operation) if is_mutation else running)
            if extensions is not NO_EXTENSIONS:
                # Their hooks may show the errors to anyone.
                if isinstance(result, CoreResult | ExecutionResult):
                    self._presenter.present(operation, result.errors)
                extensions.show_result(result)
        if isinstance(result, ResultInParts):
            await send(result.initial_result)
            async with aclosing(result.subsequent_results) as parts:
                async for part in parts:
                    await send(part)
        else:
            await send(ExecutionResult(result.data, result.errors))

    async def _subscribe(self, operation: OperationState, send: Send) -> None:
        operation.context.end_time()
        async with operation.extensions.executing():
            events = await self._run(subscribe, operation)
        if isinstance(events, CoreResult):
            await send(PreExecutionError(None, events.errors))
            return
        # Each event has a place of its own, while it executes.
        operation.context.subscribe()
        async with aclosing(events):
            if operation.begun is not None:
                await operation.begun()
            async for event in events:
                await send(ExecutionResult(event.data, event.errors))

    async def _run(self, run: Callable[..., Any], operation: OperationState) -> Any:
        # It is what resolvers are told that it is.
        context: OperationContext = operation.context
        result = run(
            self._schema,
            operation.prepared.document.ast,
            context_value=context,
            variable_values=operation.variables,
            operation_name=operation.operation_name,
            middleware=operation.extensions.middleware,
            executor_class=self._in_parts if operation.in_parts else self._whole,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=self._hide_suggestions,
            operation_extensions=operation.request_extensions,
        )
        return await result if isawaitable(result) else result


async def _written(running: Coroutine[Any, Any, Any], operation: OperationState) -> Any:
    """What a mutation gives. When it is cancelled before its time is up, what it is writing goes
    on without it."""
    context, writing = operation.context, asyncio.create_task(running)
    context.is_writing = True
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        timer = context.timer
        if timer is None or timer.is_late:
            writing.cancel()
        elif not writing.done():
            context.outlive(writing)
        raise
    finally:
        context.is_writing = False
