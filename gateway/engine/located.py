"""Errors of fields, at the places of the response where they happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from graphql import FieldNode, GraphQLError, Node, located_error

ResponsePath = Sequence[str | int]

E = TypeVar("E", bound=GraphQLError)
T = TypeVar("T")

MOST_PLACES = 20_000
"""Places of one response, or of one deferred part of it, that can have an error: the root's field
with which there are more is one as a whole, and so is the part. An error takes a kilobyte while its
response is made."""

LONG_PATH = 500
"""Characters of a path's names for which a place counts once more: clients choose them."""


def located(error: Exception, nodes: list[FieldNode], path: list[str | int]) -> GraphQLError:
    """The error of a field, at its place. A path that it brings along is of some other response."""
    if isinstance(error, GraphQLError) and error.path is not None:
        return GraphQLError(
            error.message, nodes, path=path, original_error=error, extensions=error.extensions
        )
    return located_error(error, nodes, path)


def at(error: E, path: list[str | int]) -> E:
    """The same error at another place. Made anew it would cost thirty times as much."""
    copy = type(error).__new__(type(error), error.message)
    copy.message = error.message
    copy.nodes = error.nodes
    copy.source = error.source
    copy.positions = error.positions
    copy.locations = error.locations
    copy.original_error = error.original_error
    copy.cause = error.cause
    copy.extensions = error.extensions
    copy.__traceback__ = error.__traceback__
    copy.path = path
    return copy


def weight(path: ResponsePath) -> int:
    """For how many of ``MOST_PLACES`` a place counts."""
    return 1 + sum(len(key) for key in path if isinstance(key, str)) // LONG_PATH


class TooManyErrors(GraphQLError):
    """What stands for the errors of a field of the root, or of a part, with which there are more
    than ``MOST_PLACES``."""

    def __init__(
        self, nodes: Sequence[Node] | None = None, path: list[str | int] | None = None
    ) -> None:
        super().__init__(
            f"More than {MOST_PLACES} places of the response are errors: ask for fewer objects at"
            " a time, or for fewer of the fields that fail.",
            nodes,
            path=path,
            extensions={"code": "OPERATION_TOO_COMPLEX"},
        )


def explanation(path: ResponsePath, nulls: Mapping[tuple[str | int, ...], T], otherwise: T) -> T:
    """What is said of the outermost of the ``nulls`` that the place is at or within, or
    ``otherwise`` if it is in none."""
    for length in range(len(path) + 1):
        found = nulls.get(tuple(path[:length]))
        if found is not None:
            return found
    return otherwise
