"""What a source is told to write: one row, made, changed or deleted.

Whoever writes has a transaction of the source, which is what its rows are read by meanwhile, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol, runtime_checkable

from loaders.asks import Ask, Rows, Wants
from loaders.contexts import Attempt
from loaders.query import Filter
from loaders.resource import Resource, Row
from loaders.sources import Asked


class Insert(NamedTuple):
    """A row that is to be there: its ``values`` by columns. What it says nothing of is as the
    source has it by default."""

    resource: Resource
    values: Mapping[str, object]
    returning: frozenset[str]

    @property
    def ask(self) -> Ask:
        """What it is about, as a call is noted."""
        return Ask(Rows(self.resource), Wants(self.returning))


class Update(NamedTuple):
    """New values of a row's columns: the one whose key it is, if the ``filter`` lets that through.
    With ``seen`` its version must be that."""

    resource: Resource
    key: Hashable
    values: Mapping[str, object]
    returning: frozenset[str]
    filter: Filter | None = None
    seen: object = None

    @property
    def ask(self) -> Ask:
        """Which row it is about, and what is wanted of it."""
        return _ask_for(self)


class Delete(NamedTuple):
    """A row that is to be gone: the one whose key it is, if the ``filter`` lets that through. With
    ``seen`` its version must be that."""

    resource: Resource
    key: Hashable
    returning: frozenset[str]
    filter: Filter | None = None
    seen: object = None

    @property
    def ask(self) -> Ask:
        """Which row it is about, and what is wanted of it."""
        return _ask_for(self)


Write = Insert | Update | Delete

References = Mapping[Hashable, Sequence[tuple[str, Resource]]]
"""For the ids of resources, the columns that name rows of others by their keys, and these."""


class Transaction(Asked, Protocol):
    """A source within a transaction: what is written by it is read by it, and by nobody else before
    it is over. One statement goes after the other. After an error of it all of it fails."""

    async def write(self, write: Write, attempt: Attempt) -> Row | None:
        """The row as it is then, or was before it was deleted: its columns ``returning``. None
        where no row has the key, the filter lets it not through, or its version is not the one that
        was seen.

        Raises UniqueViolation, ReferenceViolation, RowViolation or UnfitValue where the source does
        not take the row, and a ``SourceError`` for all else.
        """


@runtime_checkable
class Writable(Protocol):
    """A source that can be written to."""

    def begin(self, attempt: Attempt) -> AbstractAsyncContextManager[Transaction]:
        """A transaction: all of it is written as the context ends, and nothing if that raises.

        Raises OutcomeUnknown where it can't be told whether it was written.
        """


def _ask_for(write: Update | Delete) -> Ask:
    resource = write.resource
    rows = Rows(
        resource, (resource.key,), unique=True, filter=write.filter, row_filter=write.filter
    )
    return Ask(rows, Wants(write.returning))
