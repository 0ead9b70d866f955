"""What a source is asked: which rows, and what is wanted of them.

The two are apart because what is wanted of the same rows (their columns, a count) leaves together,
and because a cache holds more than one asker needs.
"""

from __future__ import annotations

from collections.abc import (
    Collection,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from loaders.errors import Unreadable
from loaders.keys import told
from loaders.query import ALL_ROWS, Aggregate, Filter, Window
from loaders.resource import Resource, Row

Key = tuple[Hashable, ...]
"""One value for each column that rows are asked by. Of a whole resource, the one key is empty."""

WHOLE: Key = ()
"""The key of a whole resource."""


class Rows(NamedTuple):
    """Which rows of a resource, for each key: those whose columns ``by`` hold the key's values,
    alone or in a list, and which the ``filter`` and the ``window`` let through.

    ``unique`` says that a key has one row at most; there is no window then. ``row_filter`` is the
    part of the filter that is the resource's own, the first of two if it is not all of it: none of
    its values is a client's. Two of them are equal only where the values in them are of the same
    types.
    """

    resource: Resource
    by: tuple[str, ...] = ()
    unique: bool = False
    filter: Filter | None = None
    window: Window = ALL_ROWS
    row_filter: Filter | None = None


class Wants(NamedTuple):
    """What of the rows: ``columns``, none where no rows are wanted, and ``aggregates``, which are
    over all rows of the key that the filter lets through and know no place and no limit."""

    columns: frozenset[str] = frozenset()
    aggregates: tuple[Aggregate, ...] = ()


class Ask(NamedTuple):
    """One question to a source, to be put to it for any number of keys."""

    rows: Rows
    wants: Wants

    @property
    def resource(self) -> Resource:
        return self.rows.resource

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are read for it, apart from those that only its filter looks at."""
        if not self.wants.aggregates:
            return self.wants.columns
        aggregated = {each.column for each in self.wants.aggregates if each.column is not None}
        return self.wants.columns.union(aggregated, self.rows.by)


@dataclass(slots=True)
class Found:
    """What a key has: its rows, with at least the columns that were asked for, in the window's
    order, and one value for each aggregate, in the order of the ask. Each can be an error instead:
    a sum that can't be made costs none of the rows."""

    rows: Sequence[Row] | Exception = ()
    values: Sequence[object] = ()


def nothing_of(wants: Wants) -> Found:
    """What a key has that has no rows."""
    return Found((), tuple(each.of_nothing for each in wants.aggregates))


def has(found: Found | Exception, wants: Wants) -> bool:
    """Whether there is anything but what a key has that has no rows."""
    if isinstance(found, Exception) or found.rows:
        return True
    return tuple(found.values) != tuple(each.of_nothing for each in wants.aggregates)


Answer = Sequence[Found | Exception]
"""What each key has, or why it could not be had, by the keys' positions: the value in a row need
not be the value that was asked for (``char(6)`` pads it), and a failure may be of one key alone."""


def answered(ask: Ask, keys: Sequence[Key], rows: Sequence[Row]) -> list[Found] | None:
    """What each key has, of rows that are as the ask has them, told by the rows' values: a row
    whose value is a list is of each value in it. None where that can't tell, as a row's values are
    no key that was asked for."""
    by = ask.rows.by
    if not by:
        return [Found(rows)]
    try:
        groups = _groups(ask, rows)
    except TypeError:
        # No list is a key.
        return _answered_as_told(ask, keys, rows)
    listed = [groups.get(key) for key in _values_of(by, keys)]
    if len(groups) + listed.count(None) != len(keys) or _may_be_mistaken(by, keys, groups):
        return _answered_as_told(ask, keys, rows)
    return [Found(each or ()) for each in listed]


def _answered_as_told(ask: Ask, keys: Sequence[Key], rows: Sequence[Row]) -> list[Found] | None:
    places: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(told(key), []).append(place)
    return answered_at(ask, len(keys), places, rows)


def answered_at(
    ask: Ask, count: int, places: Mapping[Hashable, Sequence[int]], rows: Sequence[Row]
) -> list[Found] | None:
    """The same, of so many keys, where each value that rows may have, by which it is ``told``, has
    the places of its keys."""
    found: list[list[Row]] = [[] for _ in range(count)]
    for row in rows:
        values = map(told, keys_in(row, ask.rows.by))
        mine = {place for value in values for place in places.get(value, ())}
        if not mine:
            return None
        for place in mine:
            found[place].append(row)
    return [Found(each[:1] if ask.rows.unique else each) for each in found]


def _may_be_mistaken(
    by: tuple[str, ...], keys: Sequence[Key], groups: Mapping[Hashable, Sequence[Row]]
) -> bool:
    """Whether Python may have taken a key for another: 1 for True."""
    if len(by) == 1 and True not in groups and False not in groups:
        return False
    return any(type(value) is bool for key in keys for value in key)


def keys_in(row: Row, by: tuple[str, ...]) -> Iterable[Key]:
    """The keys that the row is found by, each once: one for each value of a list. No row is found
    by a value that can't be read."""
    return product(*(_each_in(row.get(column)) for column in by))


def _each_in(value: Hashable) -> Collection[Hashable]:
    values: Iterable[Hashable] = value if isinstance(value, list) else [value]
    each_in: dict[Hashable, Hashable] = {}
    for each in values:
        try:
            if each is not None:
                each_in.setdefault(told(each), each)
        except (TypeError, Unreadable):
            # A source can have anything in place of a key.
            continue
    return each_in.values()


def by_value(ask: Ask, keys: Sequence[Key], rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
    """The rows that each key has, told by their values, in their order; others are left out."""
    by = ask.rows.by
    if not by:
        return [rows]
    groups, values = _groups(ask, rows), _values_of(by, keys)
    if _may_be_mistaken(by, keys, groups):
        groups, values = {told(each): groups[each] for each in groups}, list(map(told, values))
    return [groups.get(value, ()) for value in values]


def _groups(ask: Ask, rows: Sequence[Row]) -> Mapping[Hashable, Sequence[Row]]:
    by = ask.rows.by
    groups: dict[Hashable, list[Row]] = {}
    if len(by) == 1:
        (column,) = by
        if ask.rows.unique:
            return {row[column]: (row,) for row in rows}
        for row in rows:
            groups.setdefault(row[column], []).append(row)
    else:
        for row in rows:
            groups.setdefault(tuple(row[column] for column in by), []).append(row)
    return groups


def _values_of(by: tuple[str, ...], keys: Sequence[Key]) -> Sequence[Hashable]:
    return [key for (key,) in keys] if len(by) == 1 else keys
