"""What a client is told of an operation's errors, and of what it did."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphql import GraphQLError

from gateway.engine.plan import Plan
from gateway.errors import (
    ITEM,
    BadUserInput,
    Denied,
    RequestRefused,
    extensions_of,
    in_graphql,
    masked,
)
from gateway.operations.context import Context
from gateway.operations.operation import OperationState
from loaders.errors import BadResponse, SourceError
from resolvers.graph import Graph

log = logging.getLogger("sluice.errors")

PLACES_SHOWN = 10
"""How many places of one field carry an error of their own when they all fail alike."""

LONGEST_MESSAGE = 500
"""Characters of a message. Some repeat what the client sent, which may be a megabyte, and an
operation can send it to many fields."""


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
    calls = [call.as_dict() for call in context.operation.trace.calls]
    denied = [denial.as_dict() for denial in context.denials]
    reason = context.not_by_breadth
    engine = {"name": "graphql-core", "because": reason} if reason else {"name": "breadth"}
    return {"explain": {"engine": engine, "calls": calls, "denied": denied}}


def present(
    errors: Sequence[GraphQLError], source_of: Callable[[Sequence[str | int]], str | None]
) -> list[GraphQLError]:
    """What a client is told: every error with a code, in order, none of it internal.

    ``source_of`` gives the name of the source that a path's value comes from, so that a value
    which does not fit its field is reported as that source's. A field that failed alike in more
    than ``PLACES_SHOWN`` places is reported in the first of them; the last one shown says how
    many more there were. A field that is denied is reported once, with ``ITEM`` in its path for
    every index.
    """
    shown: list[GraphQLError] = []
    alike: dict[tuple[Any, ...], list[GraphQLError]] = {}
    hidden: dict[tuple[Any, ...], int] = {}
    for error in errors:
        if error.path is None:
            shown.append(_told(error, source_of))
            continue
        field = place(error.path)
        kind = (field, type(error.original_error), error.message)
        places = alike.setdefault(kind, [])
        if isinstance(error.original_error, Denied):
            if not places:
                places.append(_told(error, source_of))
                places[0].path = list(field)
                shown.append(places[0])
        elif len(places) < PLACES_SHOWN:
            places.append(_told(error, source_of))
            shown.append(places[-1])
        else:
            hidden[kind] = hidden.get(kind, 0) + 1
    for kind, count in hidden.items():
        last = alike[kind][-1]
        last.message += f" It is so in {count} more places."
        last.extensions = {**(last.extensions or {}), "more": count}
    return shown


def place(path: Iterable[str | int]) -> tuple[str, ...]:
    """The place in the operation that a response path is at: ``ITEM`` for every index."""
    return tuple(ITEM if isinstance(step, int) else step for step in path)


def _told(
    error: GraphQLError, source_of: Callable[[Sequence[str | int]], str | None]
) -> GraphQLError:
    if isinstance(error, RequestRefused):
        return error
    if error.extensions and "code" in error.extensions:
        return _like(error, error.message, error.extensions)
    if isinstance(error.original_error, SourceError):
        return _like(error, error.message, extensions_of(error.original_error))
    source = source_of(error.path) if error.path is not None else None
    if source is not None and _is_about_the_value(error):
        log.warning("a value of source %s does not fit at %s: %s", source, error.path, error)
        bad = BadResponse(
            source, f"The source '{source}' sent a value that does not fit this field."
        )
        return _like(error, str(bad), extensions_of(bad))
    if _is_meant_for_clients(error):
        return _like(error, in_graphql(error), {"code": BadUserInput.code})
    return _like(error, *masked(error.original_error or error, error.path))


def _like(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    # The original error stays behind, and with it whatever a transport might show of it.
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]}…"
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _is_about_the_value(error: GraphQLError) -> bool:
    # Completing a value (graphql-core, complete_value) raises TypeError for a null in a non-null
    # place, and GraphQLError, TypeError or ValueError from a leaf's serializer.
    return error.original_error is None or isinstance(
        error.original_error, (GraphQLError, TypeError, ValueError, ArithmeticError, LookupError)
    )


def _is_meant_for_clients(error: GraphQLError) -> bool:
    original = error.original_error
    if original is None:
        return True
    if not isinstance(original, GraphQLError):
        return False
    # A scalar's or an enum's refusal has the value in its message: of a variable (no path) that
    # is the client's own, of a field it is what a resolver returned. graphql-core marks it in no
    # way, so it is told by where it was raised.
    place = original.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    raiser = place.tb_frame.f_globals.get("__name__", "") if place is not None else ""
    return error.path is None or not str(raiser).startswith("graphql.type.")
