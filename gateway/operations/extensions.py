"""The Strawberry extensions of a graph, as one operation has them: their hooks are called around
the steps that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, MiddlewareManager
from strawberry.types import ExecutionContext

from gateway.operations.compat import middleware_of
from gateway.operations.prepared import Document, Prepared, Prepares, conditions_of, prepare
from gateway.operations.results import Result
from resolvers.graph import Graph

if TYPE_CHECKING:
    from gateway.operations.operation import OperationState

Around = AbstractAsyncContextManager[None]

NOTHING: Around = nullcontext()


class Extensions:
    """Those of a graph without any, which cost nothing."""

    middleware: MiddlewareManager | None = None
    result: Any = None
    """What they say the result is, in place of the operation's."""

    def operation(self) -> Around:
        return NOTHING

    executing = operation

    def sending(self, result: Result) -> Around:
        return NOTHING

    async def results(self) -> dict[str, Any]:
        """What they add to the extensions of a result."""
        return {}

    def show_errors(self, errors: list[GraphQLError] | None) -> None: ...

    def show_result(self, result: Any) -> None: ...


NO_EXTENSIONS = Extensions()


class StrawberryExtensions(Extensions):
    """Those of a graph that has some."""

    def __init__(self, graph: Graph, operation: OperationState) -> None:
        self._state = ExecutionContext(
            query=operation.query,
            schema=graph,
            allowed_operations=operation.allowed,
            context=operation.context,
            variables=dict(operation.variables),
            provided_operation_name=operation.operation_name,
            operation_extensions=operation.request_extensions,
            validation_rules=(),
        )
        extensions = graph.get_extensions()
        for extension in extensions:
            extension.execution_context = self._state
        self._runner = graph.create_extensions_runner(self._state, extensions)
        self.middleware = middleware_of(graph, extensions)

    def operation(self) -> Around:
        return self._runner.operation()

    def executing(self) -> Around:
        return self._runner.executing()

    def sending(self, result: Result) -> Around:
        return self._runner.on_stream_result(result)

    async def results(self) -> dict[str, Any]:
        return await self._runner.get_extensions_results(self._state)

    def show_errors(self, errors: list[GraphQLError] | None) -> None:
        if errors:
            self._state.pre_execution_errors = errors

    @property
    def result(self) -> Any:
        return self._state.result

    def show_result(self, result: Any) -> None:
        self._state.result = result

    async def prepare(
        self, stages: Iterable[Prepares], known: Prepared, variables: Mapping[str, Any]
    ) -> None:
        """Have the stages prepare an operation for this once. Raises GraphQLError for a text that
        is no document."""
        known.rules = self._state.validation_rules
        for stage in stages:
            if known.errors:
                return
            match stage.name:
                case "parse":
                    await self._parse(stage, known)
                    known.conditions = conditions_of(known.document, variables)
                case "validate":
                    await self._validate(stage, known)
                case _:
                    prepare([stage], known)

    async def _parse(self, stage: Prepares, known: Prepared) -> None:
        # One of them may have the document, or change it.
        state = self._state
        async with self._runner.parsing():
            if state.graphql_document is None:
                stage.prepare(known)
                state.graphql_document = known.document.ast
        known.document = Document.of(state.graphql_document)

    async def _validate(self, stage: Prepares, known: Prepared) -> None:
        # One of them may find what is wrong in it.
        async with self._runner.validation():
            stage.prepare(known)
            self._state.pre_execution_errors = list(known.errors)
        known.errors = self._state.pre_execution_errors or ()
