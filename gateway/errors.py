"""The errors of the gateway: their tree, their codes, and the words that clients have for them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from typing import Any, ClassVar

from graphql import GraphQLError, print_ast
from strawberry.relay.types import InvalidGlobalIDError

from loaders.errors import (
    BadResponse,
    OutcomeUnknown,
    OverBudget,
    SourceError,
    SourceTimeout,
    SourceUnavailable,
    UnfitValue,
    VersionConflict,
    WriteRefused,
)

log = logging.getLogger("sluice.errors")

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
"""The code of a document that can't be read."""

ITEM = "@"
"""What stands in the path of a denial for every index of a list."""

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


def too_complex(message: str) -> GraphQLError:
    """The error of an operation that asks for more than one may, and does not run."""
    return GraphQLError(message, extensions={"code": OperationTooComplex.code})


class Ended(GatewayError):
    """The operation was ended before it had all of its answer: the gateway stops."""

    code = "SHUTTING_DOWN"

    def as_refusal(self) -> RequestRefused:
        """The same of all that was asked for."""
        return RequestRefused(str(self), status=503, code=self.code)


class RequestRefused(GraphQLError):
    """A request that is not run. ``status`` is what HTTP says of it; 422, that it can be read but
    not be run as it stands, is told to those alone who know it from the draft. ``retry_after``
    are the seconds after which it can be asked again, where they are known."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 422,
        code: str = BadUserInput.code,
        retry_after: int | None = None,
    ) -> None:
        told = {} if retry_after is None else {"retryAfter": retry_after}
        super().__init__(message, extensions={"code": code, **told})
        self.status = status
        self.retry_after = retry_after


CODES: dict[type[BaseException], str] = {
    SourceError: GatewayError.code,
    SourceTimeout: "UPSTREAM_TIMEOUT",
    SourceUnavailable: "UPSTREAM_UNAVAILABLE",
    BadResponse: "UPSTREAM_BAD_RESPONSE",
    UnfitValue: BadUserInput.code,
    OverBudget: OperationTooComplex.code,
    WriteRefused: "WRITE_REFUSED",
    VersionConflict: "VERSION_CONFLICT",
    OutcomeUnknown: "OUTCOME_UNKNOWN",
}
"""The code of each kind of error of a source, and of its subclasses that have none of their own: a
kind of source may be anybody's."""

OF_THE_CLIENT = (UnfitValue, OverBudget, WriteRefused)
"""Those that the source can do nothing about, so they don't name it."""


def extensions_of(error: GatewayError | SourceError) -> dict[str, Any]:
    """The extensions with which a client is told of the error."""
    if isinstance(error, GatewayError):
        return error.extensions
    code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
    if isinstance(error, OF_THE_CLIENT):
        return {"code": code}
    return {"code": code, "source": error.source}


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
    if error.nodes and message.startswith("Expected value of type 'Int', but encountered error"):
        # Python reads no integer of thousands of digits.
        return f"Int cannot represent non 32-bit signed integer value: {print_ast(error.nodes[0])}"
    if isinstance(error.original_error, InvalidGlobalIDError):
        # It has the id in quotes behind its own words.
        _, _, id_ = message.partition(": ")
        return NO_ID.format(id_.removesuffix(".").strip('"'))
    if message.endswith(" not to be None."):
        return f"{message.removesuffix('None.')}null."
    return message


def coded(errors: Iterable[GraphQLError], code: str) -> list[GraphQLError]:
    """The same errors; those without a code of their own get ``code``."""
    errors = list(errors)
    for error in errors:
        if not (error.extensions and "code" in error.extensions):
            error.message = in_graphql(error)
            error.extensions = {**(error.extensions or {}), "code": code}
    return errors
