"""How an operation is executed, on every transport: found among the documents, planned, decided
upon, given its loaders, and run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Literal, Protocol

from graphql import ExecutionResult as CoreResult
from graphql import ExperimentalIncrementalExecutionResults as ResultInParts
from graphql import GraphQLError, experimental_execute_incrementally, subscribe
from graphql.execution import (
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.http import GraphQLRequestData
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.errors import RequestRefused, Unauthenticated
from gateway.operations.context import Context
from gateway.operations.documents import Document, Documents, none_of
from gateway.operations.executors import CoreExecutor
from gateway.operations.introspection import VisibleSchemas
from resolvers.graph import Graph

OnDenial = Literal["null", "reject", "log"]

Result = ExecutionResult | InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult

Send = Callable[[Result], Awaitable[None]]

ELSEWHERE = {
    OperationType.QUERY: (405, "A query is not sent this way."),
    OperationType.MUTATION: (405, "A mutation is sent with POST."),
    OperationType.SUBSCRIPTION: (
        406,
        "A subscription is sent by itself, over WebSocket (graphql-transport-ws) or with the "
        "header Accept: text/event-stream.",
    ),
}
"""Where an operation is sent whose kind does not come this way, and the status that HTTP has for
that."""


@dataclass(frozen=True, slots=True)
class Served:
    """A graph as the gateway runs it.

    Only in ``development`` do anonymous clients see the schema, and anyone the calls to the
    sources, and do errors suggest names. A denied field is null, or has the whole operation
    rejected, or, with ``"log"``, is not denied but logged.
    """

    graph: Graph
    documents: Documents
    schemas: VisibleSchemas
    development: bool
    on_denial: OnDenial


class Execution:
    """One operation: what it asks becomes results, which are sent as they come.

    The hooks of the graph's own Strawberry extensions are called in their places.
    """

    def __init__(
        self,
        served: Served,
        asked: GraphQLRequestData,
        context: Context,
        executor: type[CoreExecutor],
        send: Send,
        allowed: Collection[OperationType],
    ) -> None:
        self._served = served
        self._context = context
        self._executor = executor
        self._send_on = send
        graph = served.graph
        self._state = ExecutionContext(
            query=asked.query,
            schema=graph,
            allowed_operations=allowed,
            context=context,
            variables=asked.variables,
            provided_operation_name=asked.operation_name,
            operation_extensions=asked.extensions,
            validation_rules=(),
        )
        extensions = graph.get_extensions() if graph.extensions or graph.directives else []
        for extension in extensions:
            extension.execution_context = self._state
        self._hooks: Hooks = (
            graph.create_extensions_runner(self._state, extensions) if extensions else NO_HOOKS
        )
        self._middleware = graph._get_middleware_manager(extensions) if extensions else None

    async def run(self) -> None:
        """Raises GraphQLError, or RequestRefused, for what is no operation that can be run."""
        hooks, state = self._hooks, self._state
        async with hooks.operation():
            async with hooks.parsing():
                document = self._served.documents.get(state.query or "")
                state.graphql_document = document.ast
                kind = self._admitted()
            async with hooks.validation():
                state.pre_execution_errors = self._refusals(document)
            if state.pre_execution_errors:
                self._present(state.pre_execution_errors)
                await self._send(PreExecutionError(None, state.pre_execution_errors))
            elif kind is OperationType.SUBSCRIPTION:
                await self._subscribe()
            else:
                await self._execute()

    def _admitted(self) -> OperationType:
        """The operation's kind. Refuses one that does not exist, or does not come this way."""
        state = self._state
        try:
            kind = state.operation_type
        except RuntimeError:
            named = state._provided_operation_name
            what = "no operation" if named is None else f"no operation named '{named}'"
            raise RequestRefused(f"The document has {what}.") from None
        schema = self._served.graph._schema
        if kind is OperationType.SUBSCRIPTION and schema.subscription_type is None:
            # Validation says that there are none, which helps more than where they would be sent.
            return kind
        if kind not in state.allowed_operations:
            status, how = ELSEWHERE[kind]
            if kind is OperationType.MUTATION and schema.mutation_type is None:
                how = none_of(kind)
            raise RequestRefused(how, status=status)
        if kind is OperationType.SUBSCRIPTION:
            self._context.last()
        return kind

    def _refusals(self, document: Document) -> list[GraphQLError]:
        """The errors for which the operation must not run at all."""
        try:
            return list(document.errors) or self._authorize(document)
        except GraphQLError as error:
            return [error]

    def _authorize(self, document: Document) -> list[GraphQLError]:
        """Plans and decides; returns the errors for which the operation must not run at all."""
        served, state, context = self._served, self._state, self._context
        # Not state.operation_name: that is the first operation's where the client gave none,
        # which of several operations would be a guess.
        planned = served.documents.plan(
            document, state._provided_operation_name, state.variables or {}
        )
        rules = served.graph.rules
        standing = rules.standing(context.identity)
        decision = served.documents.decision(planned, standing)
        context.begin(planned, decision, rules.policies)
        if planned.introspects:
            if standing.anonymous and not served.development:
                return [_closed()]
            context.visible_schema = served.schemas.of(
                decision.verdicts if decision.enforced else {}
            )
        if served.on_denial == "reject":
            return decision.errors(anonymous=standing.anonymous, waiting=True)
        if served.on_denial == "log":
            for denial in decision.denials:
                context.log(denial)
        return []

    async def _execute(self) -> None:
        state = self._state
        try:
            async with self._hooks.executing():
                if state.result is None:
                    state.result = await self._run(experimental_execute_incrementally)
                result: Any = state.result
                if isinstance(result, CoreResult | ExecutionResult):
                    # Before the hooks of extensions end, as they may look at the errors.
                    self._present(result.errors)
        except Exception as error:
            await self._send_failure(error)
            return
        if isinstance(result, ResultInParts):
            self._present(result.initial_result.errors)
            await self._send(result.initial_result)
            async with aclosing(result.subsequent_results) as parts:
                async for part in parts:
                    await self._send_part(part)
        else:
            await self._send(ExecutionResult(result.data, result.errors))

    async def _subscribe(self) -> None:
        try:
            async with self._hooks.executing():
                events = await self._run(subscribe)
            if isinstance(events, CoreResult):
                self._present(events.errors)
                await self._send(PreExecutionError(None, events.errors))
                return
            async with aclosing(events):
                async for event in events:
                    self._present(event.errors)
                    await self._send(ExecutionResult(event.data, event.errors))
        except Exception as error:
            await self._send_failure(error, ExecutionResult)

    async def _run(self, run: Callable[..., Any]) -> Any:
        state, graph = self._state, self._served.graph
        result = run(
            graph._schema,
            state.graphql_document,
            root_value=state.root_value,
            context_value=state.context,
            variable_values=state.variables,
            operation_name=state.operation_name,
            middleware=self._middleware,
            executor_class=self._executor,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=not self._served.development,
            operation_extensions=state.operation_extensions,
        )
        return await result if isawaitable(result) else result

    def _present(self, errors: list[GraphQLError] | None) -> None:
        """Makes the errors what a client is told."""
        if errors:
            self._state.pre_execution_errors = errors
            self._served.graph.process_errors(errors, self._state)

    async def _send_failure(
        self, error: Exception, result: type[ExecutionResult] = PreExecutionError
    ) -> None:
        failed = (
            error
            if isinstance(error, GraphQLError)
            else GraphQLError(str(error), original_error=error)
        )
        errors = [failed]
        self._present(errors)
        await self._send(result(None, errors))

    async def _send(self, result: ExecutionResult | InitialIncrementalExecutionResult) -> None:
        extensions = self._explained()
        if self._hooks is not NO_HOOKS:
            extensions |= await self._hooks.get_extensions_results(self._state)
        result.extensions = extensions
        self._state.result = result
        async with self._hooks.on_stream_result(result):
            await self._send_on(result)

    async def _send_part(self, result: SubsequentIncrementalExecutionResult) -> None:
        for part in (*(result.incremental or ()), *(result.completed or ())):
            self._present(part.errors)
        if not result.has_next:
            result.extensions = self._explained()
        async with self._hooks.on_stream_result(result):
            await self._send_on(result)

    def _explained(self) -> dict[str, Any]:
        """What the client may know of calls and denials, if it asks."""
        asked = self._state.operation_extensions
        if not (asked and self._served.development and asked.get("explain") is True):
            return {}
        context = self._context
        if context.planned is None:
            return {}
        calls = [call.as_dict() for call in context.operation.trace.calls]
        denied = [denial.as_dict() for denial in context.denials]
        reason = context.not_by_breadth
        engine = {"name": "graphql-core", "because": reason} if reason else {"name": "breadth"}
        return {"explain": {"engine": engine, "calls": calls, "denied": denied}}


class Hooks(Protocol):
    """What Strawberry calls a graph's extensions with (``SchemaExtensionsRunner``)."""

    def operation(self) -> AbstractAsyncContextManager[None]: ...
    def parsing(self) -> AbstractAsyncContextManager[None]: ...
    def validation(self) -> AbstractAsyncContextManager[None]: ...
    def executing(self) -> AbstractAsyncContextManager[None]: ...
    def on_stream_result(self, result: Any, /) -> AbstractAsyncContextManager[None]: ...
    async def get_extensions_results(self, ctx: Any, /) -> dict[str, Any]: ...


class _NoHooks:
    """Those of a graph without extensions, which cost nothing."""

    def operation(self, *_: object) -> AbstractAsyncContextManager[None]:
        return NOTHING

    parsing = validation = executing = on_stream_result = operation

    async def get_extensions_results(self, ctx: object, /) -> dict[str, Any]:
        return {}


NOTHING = nullcontext()
NO_HOOKS = _NoHooks()


def _closed() -> GraphQLError:
    return GraphQLError(
        "The schema is shown to callers with a credential only.",
        extensions={"code": Unauthenticated.code},
    )
