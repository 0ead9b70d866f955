"""Places of responses: which are null, and which errors say why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Place = tuple[str | int, ...]


def field_at(path: Iterable[str | int]) -> tuple[str, ...]:
    """The field that a place is of: "@" for each index in its path."""
    return tuple("@" if isinstance(step, int) else step for step in path)


def places_of(data: Any, field: Sequence[str]) -> list[Place]:
    """The places of a field in the data, with "@" for each index: those of the objects that are
    there."""
    found: list[tuple[Place, Any]] = [((), data)]
    for step in field[:-1]:
        below: list[tuple[Place, Any]] = []
        for place, value in found:
            if step == "@":
                below += [((*place, index), item) for index, item in enumerate(value)]
            elif step in value:
                below.append(((*place, step), value[step]))
        found = [(place, value) for place, value in below if value is not None]
    last = field[-1]
    if last == "@":
        return [(*place, index) for place, items in found for index in range(len(items))]
    return [(*place, last) for place, value in found if last in value]


def nulls_in(data: Any, place: Place = ()) -> Iterator[Place]:
    """Every place of the data that is null."""
    if data is None:
        yield place
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from nulls_in(value, (*place, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from nulls_in(item, (*place, index))


def null_at(data: Any, path: Sequence[str | int]) -> Place:
    """The place that is null, at the path or around it. Fails where the path leads to a value, or
    nowhere."""
    for length, step in enumerate(path):
        if data is None:
            return tuple(path[:length])
        data = data[step]
    assert data is None, f"there is something at {path}"
    return tuple(path)


def explained(data: Any, errors: Iterable[Sequence[str | int]]) -> dict[Place, Place]:
    """The path of the error that each null place has, of errors by their paths: none has two."""
    found: dict[Place, Place] = {}
    for path in errors:
        place = null_at(data, path)
        assert place not in found, f"{place} is null for {found[place]} and for {path}"
        found[place] = tuple(path)
    return found


def paths_of(errors: Iterable[Mapping[str, Any]]) -> list[Place]:
    """The paths of errors as clients get them."""
    return [tuple(error["path"]) for error in errors]
