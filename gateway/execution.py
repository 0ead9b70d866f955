"""How an operation is executed, on every transport: found among the documents, planned, and
given its loaders."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from strawberry.extensions import SchemaExtension

from gateway.context import Context
from gateway.documents import Document, Documents
from resolvers.graph import Graph


def served(graph: Graph, *, cached_documents: int, development: bool) -> Graph:
    """The graph as the gateway runs it; the given one stays as it is.

    Only in ``development`` do clients see the schema, and the calls to the sources.
    """
    documents = Documents(graph, size=cached_documents, open_schema=development)
    graph = copy.copy(graph)
    graph.hide_suggestions = not development
    graph.extensions = (lambda: Execution(documents, development), *graph.extensions)
    return graph


class Execution(SchemaExtension):
    """Takes an operation's document and plan from the cache, gives its context loaders, and
    tells the client of its calls where it asks and may."""

    def __init__(self, documents: Documents, explain: bool) -> None:
        self.documents = documents
        self.may_explain = explain
        self.document: Document | None = None

    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        self.document = self.documents.get(execution.query or "")
        execution.graphql_document = self.document.ast
        yield

    def on_validate(self) -> Iterator[None]:
        assert self.document is not None
        self.execution_context.pre_execution_errors = list(self.document.errors)
        yield

    def on_execute(self) -> Iterator[None]:
        execution = self.execution_context
        assert self.document is not None
        # Not execution.operation_name: that is the first operation's where the client gave none,
        # which of several operations would be a guess.
        planned = self.documents.plan(
            self.document, execution._provided_operation_name, execution.variables or {}
        )
        execution.context.begin(planned)
        yield

    def get_results(self) -> dict[str, Any]:
        asked = self.execution_context.operation_extensions or {}
        if not (self.may_explain and asked.get("explain") is True):
            return {}
        context: Context = self.execution_context.context
        return {"explain": {"calls": [call.as_dict() for call in context.recorder.calls]}}
