"""Resources: the sets of rows that a graph's types stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from loaders.declarations import Declared
from loaders.errors import Unreadable
from loaders.identity import Identity
from loaders.keys import cast, is_of
from loaders.places import CODECS, Codecs
from loaders.query import Filter, folded

Row = Mapping[str, Any]
"""One record as its driver returns it. Several places of an operation share it: it is read-only."""

Columns = Collection[str]


def unreadable(row: Row, columns: Columns) -> Unreadable | None:
    """The first of the row's values in these columns that could not be read, if there is one."""
    for column in columns:
        value = row.get(column)
        if isinstance(value, Unreadable):
            return value
    return None


RowFilter = Callable[[Identity], Filter | None]
"""Says which rows an identity may see: those that the filter lets through, all where it is None.
Where it raises, none are seen."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Resource(Declared):
    """A named set of rows in a source that can be fetched by key.

    ``key`` is the column that identifies a row and ``key_type`` its Python type, into which the
    text of a global id is read. ``row_filter`` is part of every fetch, by whatever road.
    ``version`` is a column of integers that each update raises by one.
    """

    source: str
    name: str
    key: str = "id"
    key_type: type = int
    row_filter: RowFilter | None = None
    version: str | None = None

    joins: ClassVar[bool] = False
    """Whether its source can join it with another resource of the same source: filters of it may
    have a ``SemiJoin`` over one."""

    has_all_in_one: ClassVar[bool] = False
    """Whether what is asked as a whole is answered with all rows, whatever of them is wanted: it is
    asked once in an operation."""

    has_paths: ClassVar[bool] = True
    """Whether a dot in a column's name is a step into an embedded document: without, it is a letter
    of the name like any other."""

    place_codecs: ClassVar[Codecs] = CODECS
    """How cursors hold the values of its columns, where JSON has no type for them."""

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"

    @property
    def id(self) -> tuple[str, ...]:
        """What it is in its source. Two resources with one id are the same rows, perhaps with
        different row filters."""
        return self.source, self.name

    def is_key(self, value: object) -> bool:
        """Whether the value is of the key's type."""
        return is_of(self.key_type, value)

    def key_of(self, value: object) -> Hashable:
        """What a row has as its key, as one of the key's type. Raises ValueError, unless the row is
        found by exactly one such key."""
        return cast(self.key_type, value)

    def mistakes(self) -> Iterator[str]:
        """What of the declaration can't work, whatever the source holds."""
        return iter(())

    def why_not_by(self, column: str | None) -> str | None:
        """Why rows can't be had by the column, or as a whole if it is None, as far as the
        declaration tells; None if they can."""
        return None

    def batch_size(self, by: tuple[str, ...]) -> int | None:
        """How many keys of these columns one call may carry; None for as many as its source
        takes."""
        return None

    def is_fanned_out(self, by: tuple[str, ...]) -> bool:
        """Whether rows are had by these columns in a request for each key."""
        return False

    def seen_by(self, identity: Identity) -> Filter | None:
        """The row filter for this identity, folded. Raises what the row filter raises, and
        TypeError where it returns no filter."""
        filter = None if self.row_filter is None else self.row_filter(identity)
        return None if filter is None else folded(filter)
