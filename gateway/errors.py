"""The errors of the gateway: their tree, their codes, and what a client is told of them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from graphql import GraphQLError
from strawberry.relay.types import InvalidGlobalIDError

from loaders.errors import (
    BadResponse,
    OverBudget,
    SourceError,
    SourceTimeout,
    SourceUnavailable,
    UnfitValue,
)

log = logging.getLogger("sluice.errors")

PLACES_SHOWN = 10
"""How many places of one field carry an error of their own when they all fail alike."""

ITEM = "@"
"""What stands in the path of a denial for every index of a list."""

LONGEST_MESSAGE = 500
"""Characters of a message. Some repeat what the client sent, which may be a megabyte, and an
operation can send it to many fields."""


NO_ID = "'{}' is not an id of this graph."
"""What is said of a text that is no global id, wherever one is expected."""


class GatewayError(Exception):
    """What went wrong, in words meant for the client, and the code that names its kind.

    graphql-core copies ``extensions`` of an original error into the error it reports, so
    raising one of these anywhere below a resolver is enough.
    """

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"

    @property
    def extensions(self) -> dict[str, Any]:
        return {"code": self.code}


class BadUserInput(GatewayError):
    """An argument, a variable or the request itself is not usable as it stands."""

    code = "BAD_USER_INPUT"


class Unauthenticated(GatewayError):
    """A credential is needed, or the one that was given is not good. The log has ``reason``, which
    holds nothing of the credential but what is quoted and cut short."""

    code = "UNAUTHENTICATED"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason or message


class Denied(GatewayError):
    """The caller may not see the field. What would let them is not said, nor what they have."""

    code = "UNAUTHORIZED_FIELD_OR_TYPE"

    def __init__(self, anonymous: bool) -> None:
        super().__init__("Unauthorized field or type")
        self.anonymous = anonymous

    @property
    def extensions(self) -> dict[str, Any]:
        return {"code": Unauthenticated.code if self.anonymous else self.code}


class OperationTooComplex(GatewayError):
    """The operation asks for more than one operation may."""

    code = "OPERATION_TOO_COMPLEX"


class RequestRefused(GraphQLError):
    """A request that is not run. ``status`` is what HTTP says of it."""

    def __init__(self, message: str, *, status: int = 400, code: str = BadUserInput.code) -> None:
        super().__init__(message, extensions={"code": code})
        self.status = status


CODES: dict[type[BaseException], str] = {
    SourceError: GatewayError.code,
    SourceTimeout: "UPSTREAM_TIMEOUT",
    SourceUnavailable: "UPSTREAM_UNAVAILABLE",
    BadResponse: "UPSTREAM_BAD_RESPONSE",
    UnfitValue: BadUserInput.code,
    OverBudget: OperationTooComplex.code,
}
"""The code of each kind of error of a source, and of its subclasses that have none of their own: a
kind of source may be anybody's."""

OF_THE_CLIENT = (UnfitValue, OverBudget)
"""Those that the source can do nothing about, so they don't name it."""


def extensions_of(error: GatewayError | SourceError) -> dict[str, Any]:
    """The extensions with which a client is told of the error."""
    if isinstance(error, GatewayError):
        return error.extensions
    code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
    if isinstance(error, OF_THE_CLIENT):
        return {"code": code}
    return {"code": code, "source": error.source}


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


def masked(error: Exception, place: object) -> tuple[str, dict[str, Any]]:
    """The message and the extensions that stand for an unexpected error, which only the log
    shows, with the ``place`` where it was raised."""
    error_id = secrets.token_hex(8)
    log.error("error %s at %s", error_id, place, exc_info=error)
    return (
        f"Something went wrong here; the log has it under {error_id}.",
        {"code": GatewayError.code, "id": error_id},
    )


def in_graphql(error: GraphQLError) -> str:
    """The message of an error about a client's value, without the words of Python that graphql-core
    and Strawberry have in some."""
    message = error.message
    if isinstance(error.original_error, InvalidGlobalIDError):
        # It has the id in quotes behind its own words.
        _, _, id_ = message.partition(": ")
        return NO_ID.format(id_.removesuffix(".").strip('"'))
    if message.endswith(" not to be None."):
        return f"{message.removesuffix('None.')}null."
    return message


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


def coded(errors: Iterable[GraphQLError], code: str) -> list[GraphQLError]:
    """The same errors; those without a code of their own get ``code``."""
    errors = list(errors)
    for error in errors:
        if not (error.extensions and "code" in error.extensions):
            error.message = in_graphql(error)
            error.extensions = {**(error.extensions or {}), "code": code}
    return errors
