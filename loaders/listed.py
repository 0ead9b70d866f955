"""Rows that lists of an operation had, found by key."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from loaders.resource import Row


class Listed:
    """The rows of one resource that lists had. Nothing is looked at before somebody asks by key."""

    def __init__(self) -> None:
        self._lists: list[tuple[Sequence[Row], frozenset[str] | None]] = []
        self._indices: dict[str, dict[Hashable, tuple[Row, frozenset[str] | None]]] = {}
        self._indexed: dict[str, int] = {}

    def add(self, rows: Sequence[Row], columns: frozenset[str] | None) -> None:
        """Keep a list's rows, which have these columns; None where each has what it has."""
        if rows:
            self._lists.append((rows, columns))

    def find(
        self, column: str, keys: Sequence[Hashable], columns: frozenset[str]
    ) -> dict[Hashable, Row]:
        """The rows that have these columns, of those keys of the unique column that there are."""
        index = self._index(column)
        found: dict[Hashable, Row] = {}
        for key in keys:
            row, had = index.get(key, NONE)
            # In Python 1, True and 1.0 are one key. Here they are not.
            if row is None or type(row.get(column)) is not type(key):
                continue
            if columns <= had if had is not None else all(each in row for each in columns):
                found[key] = row
        return found

    def _index(self, column: str) -> dict[Hashable, tuple[Row, frozenset[str] | None]]:
        index = self._indices.setdefault(column, {})
        for rows, columns in self._lists[self._indexed.get(column, 0) :]:
            for row in rows:
                index[row.get(column)] = row, columns
        self._indexed[column] = len(self._lists)
        return index


NONE: tuple[None, None] = (None, None)
