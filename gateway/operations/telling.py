"""The words in which clients are told of errors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLFormattedError
from graphql.language import FormattedSourceLocation

from gateway.engine.located import at
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
from loaders.errors import BadResponse, SourceError, UnfitKey, Unreadable

log = logging.getLogger("sluice.errors")

PLACES_SHOWN = 10
"""How many places of one field have an error of their own when they all fail alike and that is told
once; and how many different failures of one kind and field the log shows."""

LONGEST_MESSAGE = 500
"""Characters of a message. Some repeat what the client sent, which may be a megabyte, and an
operation can send it to many fields."""


ABOUT_VALUES = (
    GraphQLError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)


class ToldError(GraphQLError):
    """An error in words that are meant for clients, without the error that it comes from."""

    __slots__ = ("_locations",)
    __eq__ = object.__eq__
    __hash__ = GraphQLError.__hash__

    _locations: list[FormattedSourceLocation]

    def __init__(self, error: GraphQLError, message: str, extensions: dict[str, Any]) -> None:
        if len(message) > LONGEST_MESSAGE:
            message = f"{message[:LONGEST_MESSAGE]}…"
        nodes, positions = error.nodes, error.positions
        if error.path is not None and nodes:
            # The first of the places where the field stands: there may be thousands of errors.
            nodes, positions = nodes[:1], None
        super().__init__(
            message,
            nodes=nodes,
            source=error.source,
            positions=positions,
            path=error.path,
            extensions=extensions,
        )
        self._locations = [location.formatted for location in self.locations or ()]

    def at(self, path: list[str | int]) -> ToldError:
        """The same of another place."""
        told = at(self, path)
        told._locations = self._locations
        return told

    @property
    def formatted(self) -> GraphQLFormattedError:
        formatted: GraphQLFormattedError = {"message": self.message}
        if self._locations:
            formatted["locations"] = self._locations
        if self.path is not None:
            formatted["path"] = self.path
        if self.extensions:
            formatted["extensions"] = self.extensions
        return formatted


class Words:
    """What is said of the errors of one result; of those that are alike the same.

    ``source_of`` has the sources of fields, by coordinate, so that a value which does not fit its
    field is said to be that source's.
    """

    def __init__(self, source_of: Mapping[str, str], plan: Plan | None) -> None:
        self._source_of = source_of
        self._plan = plan
        self._said: dict[tuple[int, int, int, int], ToldError] = {}
        self._of_values: set[tuple[tuple[str, ...], str | None]] = set()
        self._logged: dict[tuple[Any, ...], dict[str, tuple[str, dict[str, Any]]]] = {}

    def of(self, error: GraphQLError) -> GraphQLError:
        """The error as clients are told it: with a code, and with nothing internal in it."""
        path, original = error.path, error.original_error
        if path is None or original is None:
            return error if isinstance(error, RequestRefused) else self._told(error)
        # All that an error has but its path, as the engine copies it.
        alike = (id(original), id(error.nodes), id(error.message), id(error.extensions))
        said = self._said.get(alike)
        if said is None:
            said = self._said[alike] = self._told(error)
            return said
        return said.at(path)

    def _told(self, error: GraphQLError) -> ToldError:
        if error.extensions and "code" in error.extensions:
            if isinstance(error, ToldError):
                return error
            return ToldError(error, error.message, error.extensions)
        if isinstance(error.original_error, SourceError):
            if isinstance(error.original_error, Unreadable | UnfitKey):
                self._log(error, error.original_error)
            return ToldError(error, error.message, extensions_of(error.original_error))
        source = self._source_at(error.path) if error.path is not None else None
        if source is not None and _is_about_the_value(error):
            return ToldError(error, *self._of_the_log(error, source))
        if _is_meant_for_clients(error):
            return ToldError(error, in_graphql(error), {"code": BadUserInput.code})
        return ToldError(error, *self._of_the_log(error, None))

    def _log(self, error: GraphQLError, of_value: Unreadable | UnfitKey) -> None:
        """Say it once for each field: no call has failed that says it."""
        field, reason = tuple(place(error.path or ())), of_value.reason
        if (field, reason) not in self._of_values:
            self._of_values.add((field, reason))
            log.warning("%s At %s: %s", of_value, error.path, reason)

    def _of_the_log(self, error: GraphQLError, source: str | None) -> tuple[str, dict[str, Any]]:
        """What is said of an error that the log alone shows."""
        kind = (tuple(place(error.path or ())), type(error.original_error))
        known = self._logged.setdefault(kind, {})
        message = error.message if source is None else _without_value(error.message)
        if message not in known and len(known) < PLACES_SHOWN:
            known[message] = _logged(error, source)
        return known.get(message) or [*known.values()][-1]

    def _source_at(self, path: Sequence[str | int]) -> str | None:
        # That of the nearest column: a value inside an embedded document is its column's.
        found = None
        if self._plan is not None:
            for step in self._plan.along(path):
                for planned in step:
                    found = self._source_of.get(planned.coordinate, found)
        return found


def once(errors: Iterable[GraphQLError], told: Iterable[GraphQLError]) -> list[GraphQLError]:
    """What is ``told`` of the errors, once for each field that is denied, and for one that failed
    alike in more than ``PLACES_SHOWN`` places in the first of them and with the number of the
    others."""
    shown: list[GraphQLError] = []
    alike: dict[tuple[Any, ...], list[int]] = {}
    for error, said in zip(errors, told, strict=True):
        if error.path is None or not isinstance(said, ToldError):
            shown.append(said)
            continue
        field, denied = place(error.path), isinstance(error.original_error, Denied)
        kind = (field, type(error.original_error), said.message)
        places = alike.setdefault(kind, [])
        places.append(len(shown))
        if len(places) <= (1 if denied else PLACES_SHOWN):
            shown.append(said.at(list(field)) if denied else said)
    for (_, type_, _), places in alike.items():
        more = len(places) - PLACES_SHOWN
        if more > 0 and type_ is not Denied:
            last = shown[places[PLACES_SHOWN - 1]]
            shown[places[PLACES_SHOWN - 1]] = ToldError(
                last,
                f"{last.message} It is so in {more} more places.",
                {**(last.extensions or {}), "more": more},
            )
    return shown


def place(path: Iterable[str | int]) -> tuple[str, ...]:
    """The place in the operation that a response path is at: ``ITEM`` for every index."""
    return tuple(ITEM if isinstance(step, int) else step for step in path)


def _logged(error: GraphQLError, source: str | None) -> tuple[str, dict[str, Any]]:
    if source is None:
        return masked(error.original_error or error, error.path)
    reason = _without_value(error.message)
    log.warning("a value of source %s does not fit at %s: %s", source, error.path, reason)
    bad = BadResponse(source, f"The source '{source}' sent a value that does not fit this field.")
    return str(bad), extensions_of(bad)


def _without_value(message: str) -> str:
    # "Int cannot represent non-integer value: 'a'": the value is anything that the source has.
    return message.partition(": ")[0]


def _is_about_the_value(error: GraphQLError) -> bool:
    # Completing a value (graphql-core, complete_value) raises TypeError for a null in a non-null
    # place, and GraphQLError, TypeError, ValueError or, of what is too deep, RecursionError from a
    # leaf's serializer. What stands where a document should lacks its attributes.
    return error.original_error is None or isinstance(error.original_error, ABOUT_VALUES)


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
