"""A source whose rows are in memory, for tests without a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import ClassVar

from loaders.asks import Answer, Ask, Found, Key, keys_in
from loaders.comparing import MISFITS
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse, RowViolation, UnfitKey, UniqueViolation, bad_answer
from loaders.evaluation import filtered, found_in, paths_in
from loaders.keys import readings, told
from loaders.paths import spread
from loaders.query import (
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    SemiJoin,
)
from loaders.resource import Resource, Row
from loaders.sources import Capabilities
from loaders.writes import Delete, Insert, Write


@dataclass(frozen=True, eq=False, kw_only=True)
class MemoryTable(Resource):
    """The rows that a ``MemorySource`` has under this name."""

    joins: ClassVar[bool] = True


class MemorySource:
    """A source for tests, whose rows are in memory. It stands in for a source of any kind: what is
    declared over that stays as it is.

    ``rows`` has those of each resource under its name, or under ``schema.name`` where two schemas
    have tables of one name. Values are as the driver of the real source returns them. A column that
    a row lacks is None, but every row has its key. The rows may change from one operation to the
    next. Those that are handed out have the columns that were asked for alone, and are read-only.
    """

    kind = "memory"
    can = Capabilities(together=True)
    timeout = 10.0

    def __init__(self, name: str, rows: Mapping[str, Sequence[Row]]) -> None:
        self.name = name
        self.rows = rows

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def check(self) -> None: ...

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        return Description(kind="rows in memory", is_open=True)

    @asynccontextmanager
    async def begin(self, attempt: Attempt) -> AsyncIterator[MemoryTransaction]:
        """A transaction over the rows as they are now: what it has written takes their place."""
        within = MemoryTransaction(
            self.name, {name: list(rows) for name, rows in self.rows.items()}
        )
        yield within
        self.rows = within.rows

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        name, by, columns = ask.resource.name, ask.rows.by, ask.wants.columns
        with attempt.call(
            ask, keys, statement=f"{name} by {', '.join(by)}" if by else name
        ) as call:
            rows, filter = self._rows_of(ask.resource), ask.rows.filter
            if paths := paths_in(ask):
                # They are the test's own rows, which are not to be changed.
                own = [dict(row) for row in rows]
                spread(own, paths)
                rows = own
            if filter is not None:
                ask = Ask(ask.rows._replace(filter=self._joined(filter)), ask.wants)
            answer: list[Found | Exception] = []
            for each in _by_exact_value(self.name, by, keys, rows):
                if isinstance(each, Exception):
                    answer.append(each)
                    continue
                found = found_in(each, ask, self._bad)
                answer.append(found)
                if not isinstance(found.rows, Exception):
                    call.rows += len(found.rows)
                    found.rows = [
                        MappingProxyType({column: row.get(column) for column in columns})
                        for row in found.rows
                    ]
            return answer

    def _rows_of(self, resource: Resource) -> Sequence[Row]:
        _, *names = resource.id
        rows = self.rows.get(".".join(filter(None, names)), self.rows.get(resource.name))
        if rows is None:
            known = ", ".join(self.rows) or "none"
            raise self._bad(f"no rows, as it has none of '{resource.name}'", f"it has {known}")
        if any(row.get(resource.key) is None for row in rows):
            raise self._bad(f"a row of '{resource.name}' without '{resource.key}', its key")
        return rows

    def _joined(self, filter: Filter) -> Filter:
        """The filter with the values that its semi-joins let through in their place."""
        match filter:
            case And(parts):
                return And(tuple(map(self._joined, parts)))
            case Or(parts):
                return Or(tuple(map(self._joined, parts)))
            case Not(part):
                return Not(self._joined(part))
            case SemiJoin(column, resource, of, where):
                inner = None if where is None else self._joined(where)
                try:
                    rows = filtered(inner, self._rows_of(resource))
                except MISFITS:
                    raise self._bad("values that can't be compared") from None
                values = tuple(row[of] for row in rows if row.get(of) is not None)
                return Comparison(column, Operator.IN, values)
            case _:
                return filter

    def _bad(self, what: str, reason: str | None = None) -> BadResponse:
        return bad_answer(self.name, what, reason)


class MemoryTransaction(MemorySource):
    """Rows of its own, in which each has another key than the others. What a database would know of
    its tables it does not: nothing else must be unique, or there."""

    async def write(self, write: Write, attempt: Attempt) -> Row | None:
        rows = self._rows_of(write.resource)
        assert isinstance(rows, list)
        if isinstance(write, Insert):
            made = self._made(write, rows)
            rows.append(made)
            return _returned(made, write)
        (found,) = await self.fetch(write.ask, [(write.key,)], attempt)
        if isinstance(found, Exception):
            raise found
        if isinstance(found.rows, Exception):
            raise found.rows
        if not found.rows:
            return None
        key, version = write.resource.key, write.resource.version
        (place,) = [at for at, row in enumerate(rows) if told(row[key]) == told(write.key)]
        row = rows[place]
        if write.seen is not None and version is not None and row.get(version) != write.seen:
            return None
        if isinstance(write, Delete):
            del rows[place]
            return _returned(row, write)
        changed = {**row, **write.values}
        if version is not None:
            changed[version] = row.get(version, 0) + 1
        rows[place] = changed
        return _returned(changed, write)

    def _made(self, write: Insert, rows: Sequence[Row]) -> Row:
        key = write.resource.key
        if key not in write.values and write.resource.key_type is int:
            return {key: max((row[key] for row in rows), default=0) + 1, **write.values}
        value = write.values.get(key)
        if value is None:
            raise RowViolation(self.name, "It has no key.", [key])
        if any(told(row[key]) == told(value) for row in rows):
            raise UniqueViolation(self.name, "Another one has this key already.", [key])
        return dict(write.values)


def _returned(row: Row, write: Write) -> Row:
    return {column: row.get(column) for column in write.returning}


def _by_exact_value(
    source: str, by: tuple[str, ...], keys: Sequence[Key], rows: Sequence[Row]
) -> list[Sequence[Row] | UnfitKey]:
    """The rows that each key has: one whose value is a list is of each value in it. A key is read
    as each of the types of the columns' values."""
    if not by:
        return [rows]
    groups: dict[Hashable, list[Row]] = {}
    types: list[dict[type, None]] = [{} for _ in by]
    for row in rows:
        for key in keys_in(row, by):
            groups.setdefault(told(key), []).append(row)
            for known, value in zip(types, key, strict=True):
                known[type(value)] = None
    if not groups:
        return [()] * len(keys)
    found: list[Sequence[Row] | UnfitKey] = []
    for key in keys:
        read = list(map(readings, types, key))
        if not all(read):
            place = read.index([])
            names = " or ".join(each.__name__ for each in types[place])
            found.append(UnfitKey(source, by[place], key[place], names))
            continue
        mine = [groups[name] for each in product(*read) if (name := told(each)) in groups]
        found.append(mine[0] if len(mine) == 1 else _in_order(rows, mine))
    return found


def _in_order(rows: Sequence[Row], groups: Sequence[Sequence[Row]]) -> Sequence[Row]:
    """The rows of all the groups, each once."""
    chosen = {id(row) for group in groups for row in group}
    return [row for row in rows if id(row) in chosen] if chosen else ()
