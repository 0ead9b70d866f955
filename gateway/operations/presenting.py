"""What a client is told of an operation's errors, and of what it did."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult

from gateway.operations.context import Context
from gateway.operations.operation import OperationState
from gateway.operations.results import Result
from gateway.operations.telling import Words, once
from gateway.settings import Settings
from resolvers.graph import Graph


class Presenter:
    """Makes of the errors of a graph's operations what clients may know: one for each place, or,
    if the settings say so, for all places of a field ``once``."""

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._source_of = graph.source_of
        self._once = settings.errors == "once"
        self._most_cost = settings.limits.cost

    def present(self, operation: OperationState, errors: list[GraphQLError] | None) -> None:
        """Put what the client is told in the place of the errors."""
        if errors:
            planned = operation.context.planned
            words = Words(self._source_of, planned.plan if planned is not None else None)
            told = [words.of(error) for error in errors]
            errors[:] = once(errors, told) if self._once else told
            operation.extensions.show_errors(errors)

    def costs(self, operation: OperationState, estimate: int, result: Result) -> dict[str, Any]:
        """What the operation was estimated to cost and what may be, by its fields, and what is left
        of its caller's quota; and what it has cost, of a result that has all of the data."""
        cost, variables = operation.prepared.cost, operation.variables
        actual: dict[tuple[str, ...], int] | None = None
        if isinstance(result, ExecutionResult) and result.data is not None:
            actual = cost.actual(variables, result.data)
        told: dict[str, Any] = {"estimated": estimate, "limit": self._most_cost}
        if actual is not None:
            told["actual"] = sum(actual.values())
        account = operation.context.account
        if account is not None:
            told["remaining"] = account.remaining
        told["fields"] = fields = []
        for each in cost.by_field(variables):
            own = {} if actual is None else {"actual": actual.get(each.path, 0)}
            if each.estimated or any(own.values()):
                place = {"path": each.path, "coordinate": each.coordinate}
                call = {"call": each.call} if each.call else {}
                fields.append({**place, "estimated": each.estimated, **own, **call})
        return {"cost": told}


def explained(context: Context) -> dict[str, Any]:
    """The calls to the sources, the denials, and what executed the operation."""
    calls = [call.as_dict() for call in context.operation.trace.calls]
    denied = [denial.as_dict() for denial in context.denials]
    reason = context.latest.not_by_breadth
    engine = {"name": "graphql-core", "because": reason} if reason else {"name": "breadth"}
    return {"explain": {"engine": engine, "calls": calls, "denied": denied}}
