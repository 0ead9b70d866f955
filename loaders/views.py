"""Resources as one operation's caller sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence

from loaders.asks import Answer, Ask, Found, Key, Rows, Wants, nothing_of
from loaders.contexts import Operation
from loaders.query import (
    ALL_ROWS,
    NOTHING,
    And,
    Filter,
    Not,
    Or,
    SemiJoin,
    Window,
    all_of,
    conjuncts,
)
from loaders.resource import Resource
from loaders.sources import Fetcher

HasRows = Callable[[SemiJoin, Sequence[Hashable]], Awaitable[Sequence[bool | Exception]]]
"""Answers for each value, in order, whether a semi-join's resource has it, or why that can't be
told."""


class View:
    """The rows of a resource that a row filter lets through, by every road there is to them.

    Loaders reach sources by their views alone, so no fetch goes around a row filter. The source
    applies it, but for a ``SemiJoin`` that it can't make: its values that may be seen are asked of
    the source that has them, by ``has_rows``, before rows are fetched by them. There is no other
    road to such rows: every other one raises TypeError. Where the row filter lets nothing through,
    no source is asked.
    """

    def __init__(
        self,
        resource: Resource,
        row_filter: Filter | None,
        source: Fetcher[Operation],
        operation: Operation,
        has_rows: HasRows,
    ) -> None:
        """``row_filter`` is folded. Raises TypeError where it has a ``SemiJoin`` that can't be made
        anywhere but among the conditions that must all hold."""
        self.row_filter = row_filter
        self._resource = resource
        self._source = source
        self._operation = operation
        self._has_rows = has_rows
        self._asked_elsewhere: list[SemiJoin] = []
        own: list[Filter] = []
        for part in conjuncts(row_filter):
            if self._serves(part):
                own.append(part)
            elif isinstance(part, SemiJoin):
                self._asked_elsewhere.append(part)
            else:
                raise TypeError(
                    f"the row filter of {resource} has a SemiJoin over another source inside an Or "
                    "or a Not, where it can't be asked first"
                )
        self._filter = all_of(*own)

    @property
    def own_filter(self) -> Filter | None:
        """The part of the row filter that the source applies by itself."""
        return self._filter

    def fetch(self, rows: Rows, wants: Wants, keys: Sequence[Key]) -> Awaitable[Answer]:
        """What of the rows may be seen, for each key, by its position. A key of which nothing may
        be seen has what a key without rows has."""
        if self._filter is not None:
            if self._filter == NOTHING:
                return _nothing_of_all(wants, keys)
            filter = all_of(self._filter, rows.filter)
            rows = Rows(rows.resource, rows.by, rows.unique, filter, rows.window, self._filter)
        ask = Ask(rows, wants)
        if self._asked_elsewhere:
            self._check_road(rows.by)
            return self._fetch_joined(ask, keys)
        return self._source.fetch(ask, keys, self._operation)

    async def _fetch_joined(self, ask: Ask, keys: Sequence[Key]) -> Answer:
        wants = ask.wants
        answer: list[Found | Exception] = [nothing_of(wants)] * len(keys)
        seen = dict(enumerate(keys))
        for join in self._asked_elsewhere:
            values = [value for (value,) in seen.values()]
            for place, has in zip(list(seen), await self._has_rows(join, values), strict=True):
                if has is not True:
                    del seen[place]
                if isinstance(has, Exception):
                    answer[place] = has
        if seen:
            found = await self._source.fetch(ask, list(seen.values()), self._operation)
            for place, each in zip(seen, found, strict=True):
                answer[place] = each
        return answer

    async def has(self, column: str, values: Sequence[Hashable]) -> Sequence[bool | Exception]:
        """For each value, in order, whether there is a row whose ``column`` has it."""
        unique = column == self._resource.key
        window = ALL_ROWS if unique else Window(limit=1)
        rows = Rows(self._resource, (column,), unique=unique, window=window)
        found = await self.fetch(rows, Wants(frozenset({column})), [(each,) for each in values])
        return [each if isinstance(each, Exception) else bool(each.rows) for each in found]

    def _check_road(self, by: tuple[str, ...]) -> None:
        for join in self._asked_elsewhere:
            if by != (join.column,):
                road = f"by {' and '.join(map(repr, by))}" if by else "as a whole"
                raise TypeError(
                    f"{self._resource} can't be fetched {road}: its row filter asks "
                    f"{join.resource} which values of '{join.column}' may be seen, so it can "
                    "be fetched by that column alone"
                )

    def _serves(self, filter: Filter) -> bool:
        """Whether the source can apply the filter by itself."""
        match filter:
            case And(parts) | Or(parts):
                return all(map(self._serves, parts))
            case Not(part):
                return self._serves(part)
            case SemiJoin(_, resource, _, where):
                return (
                    self._resource.joins
                    and resource.source == self._resource.source
                    and (where is None or self._serves(where))
                )
            case _:
                return True


async def _nothing_of_all(wants: Wants, keys: Sequence[Key]) -> Answer:
    return [nothing_of(wants)] * len(keys)
