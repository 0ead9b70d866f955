"""Rows that lists of an operation had, found by key."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from loaders.asks import Answer, Found
from loaders.errors import Unreadable
from loaders.resource import Row


class Listed:
    """The rows of one resource that lists had. Nothing is looked at before somebody asks by key."""

    def __init__(self) -> None:
        self._answers: list[tuple[Answer, frozenset[str] | None]] = []
        self._indices: dict[str, dict[object, tuple[Row, frozenset[str] | None]]] = {}
        self._indexed: dict[str, int] = {}

    def add(self, answer: Answer, columns: frozenset[str] | None) -> None:
        """Keep the rows of lists, which have these columns; None where each has what it has."""
        self._answers.append((answer, columns))

    def find(
        self, column: str, keys: Sequence[Hashable], columns: frozenset[str]
    ) -> dict[int, Row]:
        """The rows that have these columns, of those keys of the unique column that there are, by
        the keys' places."""
        index = self._index(column)
        found: dict[int, Row] = {}
        for place, key in enumerate(keys):
            row, had = index.get(key, NONE)
            # In Python 1, True and 1.0 are one key. Here they are not.
            if row is None or type(row.get(column)) is not type(key):
                continue
            if columns <= had if had is not None else all(each in row for each in columns):
                found[place] = row
        return found

    def _index(self, column: str) -> dict[object, tuple[Row, frozenset[str] | None]]:
        index = self._indices.setdefault(column, {})
        for answer, columns in self._answers[self._indexed.get(column, 0) :]:
            for each in answer:
                if isinstance(each, Found) and not isinstance(each.rows, Exception):
                    for row in each.rows:
                        try:
                            index[row.get(column)] = row, columns
                        except (TypeError, Unreadable):
                            # A source can send anything in place of a key.
                            continue
        self._indexed[column] = len(self._answers)
        return index


NONE: tuple[None, None] = (None, None)
