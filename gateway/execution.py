"""How an operation is executed, on every transport: found among the documents, planned, decided
upon, and given its loaders."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Literal

from graphql import GraphQLError
from graphql.execution import SubsequentIncrementalExecutionResult
from strawberry.extensions import SchemaExtension
from strawberry.types import StreamExecutionResult
from strawberry.types.graphql import OperationType

from gateway.context import Context
from gateway.documents import Document, Documents
from gateway.errors import RequestRefused, Unauthenticated
from gateway.executor import CoreExecutor, Executor
from gateway.introspection import VisibleSchemas
from resolvers.graph import Graph

OnDenial = Literal["null", "reject", "log"]

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


def served(
    graph: Graph,
    *,
    cached_documents: int,
    development: bool,
    on_denial: OnDenial = "null",
    executor: type[CoreExecutor] = Executor,
) -> Graph:
    """The graph as the gateway runs it, by this executor; the given one stays as it is.

    Only in ``development`` do anonymous clients see the schema, and anyone the calls to the
    sources. A denied field is null, or has the whole operation rejected, or, with ``"log"``, is
    not denied but logged.
    """
    documents = Documents(
        graph, size=cached_documents, suggest=development, enforced=on_denial != "log"
    )
    schemas = VisibleSchemas(graph)
    graph = copy.copy(graph)
    graph.hide_suggestions = not development
    graph.execution_context_class = executor
    graph.extensions = (
        lambda: Execution(graph, documents, schemas, development, on_denial),
        *graph.extensions,
    )
    return graph


class Execution(SchemaExtension):
    """Takes an operation's document, plan and decision from the cache, gives its context loaders,
    and tells the client of its calls and denials where it asks and may."""

    def __init__(
        self,
        graph: Graph,
        documents: Documents,
        schemas: VisibleSchemas,
        development: bool,
        on_denial: OnDenial,
    ) -> None:
        self.graph = graph
        self.documents = documents
        self.schemas = schemas
        self.development = development
        self.on_denial = on_denial
        self.document: Document | None = None

    def on_operation(self) -> Iterator[None]:
        # A batch and a WebSocket have one context for all of their operations.
        self.execution_context.context = self.execution_context.context.fresh()
        yield

    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        self.document = self.documents.get(execution.query or "")
        execution.graphql_document = self.document.ast
        self._admit()
        yield

    def on_validate(self) -> Iterator[None]:
        assert self.document is not None
        execution = self.execution_context
        try:
            errors = self.document.errors or self._authorize(self.document)
        except GraphQLError as error:
            errors = [error]
        execution.pre_execution_errors = list(errors)
        yield

    def _admit(self) -> None:
        """Refuses an operation that does not exist, or is of a kind that does not come this way."""
        execution = self.execution_context
        try:
            kind = execution.operation_type
        except RuntimeError:
            named = execution._provided_operation_name
            what = "no operation" if named is None else f"no operation named '{named}'"
            raise RequestRefused(f"The document has {what}.") from None
        if kind not in execution.allowed_operations:
            status, how = ELSEWHERE[kind]
            raise RequestRefused(how, status=status)
        if kind is OperationType.SUBSCRIPTION and execution.context.deadline is not None:
            # It lasts for as long as its client stays.
            execution.context.deadline.reschedule(None)

    def _authorize(self, document: Document) -> list[GraphQLError]:
        """Plans and decides; returns the errors for which the operation must not run at all."""
        execution = self.execution_context
        # Not execution.operation_name: that is the first operation's where the client gave none,
        # which of several operations would be a guess.
        planned = self.documents.plan(
            document, execution._provided_operation_name, execution.variables or {}
        )
        context: Context = execution.context
        rules = self.graph.rules
        standing = rules.standing(context.identity)
        decision = self.documents.decision(planned, standing)
        context.begin(planned, decision, rules.policies)
        if planned.introspects:
            if standing.anonymous and not self.development:
                return [_closed()]
            context.visible_schema = self.schemas.of(decision.verdicts if decision.enforced else {})
        if self.on_denial == "reject":
            return decision.errors(anonymous=standing.anonymous, waiting=True)
        if self.on_denial == "log":
            for denial in decision.denials:
                context.log(denial)
        return []

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        # Strawberry leaves these as they were raised.
        if isinstance(result, SubsequentIncrementalExecutionResult):
            for part in (*(result.incremental or ()), *(result.completed or ())):
                if part.errors:
                    self.graph.process_errors(part.errors, self.execution_context)
            if not result.has_next:
                result.extensions = self.get_results()
        yield

    def get_results(self) -> dict[str, Any]:
        asked = self.execution_context.operation_extensions or {}
        if not (self.development and asked.get("explain") is True):
            return {}
        context: Context = self.execution_context.context
        if context.planned is None:
            return {}
        calls = [call.as_dict() for call in context.recorder.calls]
        denied = [denial.as_dict() for denial in context.denials]
        reason = context.not_by_breadth
        engine = {"name": "graphql-core", "because": reason} if reason else {"name": "breadth"}
        return {"explain": {"engine": engine, "calls": calls, "denied": denied}}


def _closed() -> GraphQLError:
    return GraphQLError(
        "The schema is shown to callers with a credential only.",
        extensions={"code": Unauthenticated.code},
    )
