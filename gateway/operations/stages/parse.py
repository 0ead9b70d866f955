"""The text becomes a document, and its operation is one that may come this way."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Awaitable

from graphql import GraphQLSyntaxError, Source, SourceLocation, parse
from strawberry.types.graphql import OperationType

from gateway.errors import PARSE_FAILED, RequestRefused, coded, too_complex
from gateway.operations.compat import schema_of
from gateway.operations.operation import OperationState, Rest
from gateway.operations.prepared import By, Document, Prepared
from gateway.operations.results import Send
from gateway.operations.stages.validate import none_of
from gateway.settings import Settings
from resolvers.graph import Graph

MOST_LINES = 5_000
"""Lines that a document may have: an error says at which lines its fields stand, and graphql-core
counts them from the first, for each error again."""

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


class ParseStage:
    """Parses, within bounds, and refuses an operation that is not in the document, or of a kind
    that does not come this way."""

    name = "parse"
    by = By.TEXT

    def __init__(self, graph: Graph, settings: Settings) -> None:
        schema = schema_of(graph)
        self._tokens = settings.limits.tokens
        self._has_mutations = schema.mutation_type is not None
        self._has_subscriptions = schema.subscription_type is not None

    def prepare(self, known: Prepared) -> None:
        query = known.query
        breaks = query.count("\n") + query.count("\r") - query.count("\r\n")
        if breaks >= MOST_LINES:
            raise too_complex(f"The document has more than {MOST_LINES:,} lines: split it.")
        try:
            ast = parse(_Text(query), max_tokens=self._tokens, allow_empty_selection_sets=False)
            known.document = Document.of(ast)
        except GraphQLSyntaxError as error:
            if not error.message.endswith("Parsing aborted."):
                raise coded([error], PARSE_FAILED)[0] from None
            # The errors of the parser that are not about the syntax.
            if "nested too deeply" in error.message:
                told = "The document nests too deeply: ask for less at a time."
            else:
                told = f"The document has more than {self._tokens:,} tokens: split it."
            raise too_complex(told) from None

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        named = operation.operation_name
        found = operation.prepared.document.operations.get(named)
        if found is None:
            what = "no operation" if named is None else f"no operation named '{named}'"
            raise RequestRefused(f"The document has {what}.")
        kind, operation.name = found
        operation.kind = kind
        # Of subscriptions where there are none validation says so, which helps more than where
        # they would be sent.
        if kind not in operation.allowed and (
            kind is not OperationType.SUBSCRIPTION or self._has_subscriptions
        ):
            status, how = ELSEWHERE[kind]
            if kind is OperationType.MUTATION and not self._has_mutations:
                how = none_of(kind)
            raise RequestRefused(how, status=status)
        return rest(operation, send)


class _Text(Source):
    """A document's text. It knows where its lines begin, so that an error's place is a look-up."""

    def __init__(self, body: str) -> None:
        super().__init__(body)
        breaks = list(re.finditer(r"\r\n|[\n\r]", body))
        self._ends = [each.start() for each in breaks]
        self._begins = [0, *(each.end() for each in breaks)]

    def get_location(self, position: int) -> SourceLocation:
        line = bisect_left(self._ends, position)
        return SourceLocation(line + 1, position + 1 - self._begins[line])
