"""What a client is told of an operation's errors, and of what it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from gateway.engine.plan import Plan
from gateway.errors import present
from gateway.operations.context import Context
from gateway.operations.operation import OperationState
from resolvers.graph import Graph


class Presenter:
    """Makes of the errors of a graph's operations what clients may know."""

    def __init__(self, graph: Graph) -> None:
        self._source_of = graph.source_of

    def present(self, operation: OperationState, errors: list[GraphQLError] | None) -> None:
        """Put what the client is told in the place of the errors."""
        if errors:
            planned = operation.context.planned
            plan = planned.plan if planned is not None else None
            errors[:] = present(errors, lambda path: self._source_at(plan, path))
            operation.extensions.show_errors(errors)

    def _source_at(self, plan: Plan | None, path: Sequence[str | int]) -> str | None:
        # That of the nearest column: a value inside an embedded document is its column's.
        found = None
        if plan is not None:
            for step in plan.along(path):
                for planned in step:
                    found = self._source_of.get(planned.coordinate, found)
        return found


def explained(context: Context) -> dict[str, Any]:
    """The calls to the sources, the denials, and what executed the operation."""
    calls = [call.as_dict() for call in context.recorder.calls]
    denied = [denial.as_dict() for denial in context.denials]
    reason = context.not_by_breadth
    engine = {"name": "graphql-core", "because": reason} if reason else {"name": "breadth"}
    return {"explain": {"engine": engine, "calls": calls, "denied": denied}}
