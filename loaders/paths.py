"""Paths: columns whose names have dots, each a step into an embedded document.

A row has the value of a path under the path's own name, as soon as it was asked for, so whoever
reads rows reads it as any other column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import lru_cache

Document = Mapping[str, object]

DOCUMENTS: dict[type, Callable[..., Document]] = {}
"""The documents that values of a type are, which are no mappings in Python. Drivers add their
own."""


@lru_cache(4096)
def paths_of(columns: frozenset[str]) -> tuple[str, ...]:
    """Those of the columns that are paths."""
    return tuple(sorted(column for column in columns if "." in column))


def value_at(row: Mapping[str, object], path: str) -> object:
    """What stands at the path, None where nothing does. Through a list it is the list of what
    stands there in each of its documents, as MongoDB compares it."""
    return row[path] if path in row else _at(row, path.split("."))


def spread(rows: Iterable[MutableMapping[str, object]], paths: Iterable[str]) -> None:
    """Give each row the values of these paths. One that has such a name itself, as a service's
    object can, keeps what it has there."""
    walks = [(path, path.split(".")) for path in paths]
    for row in rows:
        for path, steps in walks:
            if path not in row:
                row[path] = _at(row, steps)


def _at(value: object, steps: list[str]) -> object:
    for index, step in enumerate(steps):
        if isinstance(value, list):
            return _in_each(value, steps[index:])
        document = _document(value)
        value = None if document is None else document.get(step)
    return value


def _in_each(documents: list[object], steps: list[str]) -> list[object]:
    found: list[object] = []
    for each in documents:
        document = _document(each)
        if document is not None and steps[0] in document:
            value = _at(document, steps)
            if isinstance(value, list):
                found += value
            else:
                found.append(value)
    return found


def _document(value: object) -> Document | None:
    if isinstance(value, Mapping):
        return value
    document_of = DOCUMENTS.get(type(value))
    return None if document_of is None else document_of(value)
