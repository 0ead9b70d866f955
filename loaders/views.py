"""Resources as one identity sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from loaders.base import Columns, Recorder, Resource, Row, Source
from loaders.query import (
    COUNT,
    NOTHING,
    Aggregate,
    And,
    Filter,
    Not,
    Or,
    Window,
    Within,
    all_of,
    conjuncts,
)

Fetched = TypeVar("Fetched")


IsWithin = Callable[[Within, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Answers for each key, in order, whether it is within: a bool, or the error of asking."""


class View:
    """The rows of a resource that a row filter lets through, by every road there is to them.

    Loaders reach sources by their views alone, so no fetch goes around a row filter. The source
    applies it, but for a ``Within`` that it can't join: its values that may be seen are asked of
    the source that has them, by ``is_within``, before rows are fetched by them. There is no
    other road to such rows: every other one raises TypeError. Where the row filter lets nothing
    through, no source is asked.
    """

    def __init__(
        self,
        source: Source,
        resource: Resource,
        row_filter: Filter | None,
        recorder: Recorder,
        is_within: IsWithin,
    ) -> None:
        """``row_filter`` is folded. Raises TypeError where it has a ``Within`` that can't be
        joined anywhere but among the conditions that must all hold."""
        self.row_filter = row_filter
        self._source = source
        self._resource = resource
        self._recorder = recorder
        self._is_within = is_within
        self._asked_elsewhere: list[Within] = []
        own: list[Filter] = []
        for part in conjuncts(row_filter):
            if self._serves(part):
                own.append(part)
            elif isinstance(part, Within):
                self._asked_elsewhere.append(part)
            else:
                raise TypeError(
                    f"the row filter of {resource} has a Within over another source inside an Or "
                    "or a Not, where it can't be asked first"
                )
        self._filter = all_of(*own)

    async def by_key(
        self, column: str, keys: Sequence[Any], columns: Columns
    ) -> Mapping[Any, Row | Exception]:
        """The row for each key of the unique ``column``; keys without one are left out. A key
        whose row could not be had is there with its error."""

        async def fetch(keys: Sequence[Any]) -> Mapping[Any, Row | Exception]:
            return await self._source.fetch_by_key(
                self._resource, column, keys, columns, self._filter, self._recorder
            )

        return await self._keyed(column, keys, fetch)

    async def by_foreign_key(
        self, column: str, keys: Sequence[Any], columns: Columns, window: Window
    ) -> Mapping[Any, Sequence[Row] | Exception]:
        """The rows whose ``column`` is the key, for each key, the window applied to each apart.
        Keys without rows may be left out; errors are as in ``by_key``."""
        window = self._narrowed(window)

        async def fetch(keys: Sequence[Any]) -> Mapping[Any, Sequence[Row] | Exception]:
            return await self._source.fetch_by_foreign_key(
                self._resource, column, keys, columns, window, self._recorder
            )

        return await self._keyed(column, keys, fetch)

    async def aggregate(
        self,
        column: str,
        keys: Sequence[Any],
        aggregates: Sequence[Aggregate],
        filter: Filter | None,
    ) -> Mapping[Any, Sequence[Any] | Exception]:
        """For each key of the foreign key ``column``, one value per aggregate, in their order.
        Keys without rows are left out; errors are as in ``by_key``."""
        filter = all_of(self._filter, filter)

        async def fetch(keys: Sequence[Any]) -> Mapping[Any, Sequence[Any]]:
            return await self._source.aggregate(
                self._resource, column, keys, aggregates, filter, self._recorder
            )

        return await self._keyed(column, keys, fetch)

    async def page(self, columns: Columns, window: Window) -> Sequence[Row]:
        """The rows of the whole resource that the window lets through."""
        if self._filter == NOTHING:
            return ()
        self._check_road(None)
        return await self._source.fetch_page(
            self._resource, columns, self._narrowed(window), self._recorder
        )

    async def count(self, filter: Filter | None) -> int:
        """How many rows of the whole resource the filter lets through."""
        if self._filter == NOTHING:
            return 0
        self._check_road(None)
        filter = all_of(self._filter, filter)
        groups = await self._source.aggregate(
            self._resource, None, (), [COUNT], filter, self._recorder
        )
        return int(groups[None][0]) if None in groups else 0

    async def has(self, column: str, keys: Sequence[Any]) -> Sequence[bool | Exception]:
        """For each key, in order, whether there is a row whose ``column`` it is."""
        found: Mapping[Any, Row | Sequence[Row] | Exception]
        if column == self._resource.key:
            found = await self.by_key(column, keys, {column})
        else:
            found = await self.by_foreign_key(column, keys, {column}, Window(limit=1))
        rows = [found.get(key) for key in keys]
        return [each if isinstance(each, Exception) else bool(each) for each in rows]

    async def _keyed(
        self,
        column: str,
        keys: Sequence[Any],
        fetch: Callable[[Sequence[Any]], Awaitable[Mapping[Any, Fetched | Exception]]],
    ) -> dict[Any, Fetched | Exception]:
        """What is fetched for the keys that may be seen, in chunks that the source takes."""
        if self._filter == NOTHING:
            return {}
        self._check_road(column)
        failed: dict[Any, Exception] = {}
        for within in self._asked_elsewhere:
            answers = dict(zip(keys, await self._is_within(within, keys), strict=True))
            failed |= {key: each for key, each in answers.items() if isinstance(each, Exception)}
            keys = [key for key in keys if answers[key] is True]

        async def chunk(keys: Sequence[Any]) -> Mapping[Any, Fetched | Exception]:
            try:
                return await fetch(keys)
            except Exception as error:
                return dict.fromkeys(keys, error)

        size = self._source.batch_size(self._resource, column)
        found: dict[Any, Fetched | Exception] = {}
        if len(keys) > size:
            # All chunks end together, so that what depends on them is one batch again.
            chunks = await asyncio.gather(
                *(chunk(keys[start : start + size]) for start in range(0, len(keys), size))
            )
            for fetched in chunks:
                found.update(fetched)
        elif keys:
            found.update(await chunk(keys))
        if self._asked_elsewhere:
            # A service may answer with more than it was asked for.
            found = {key: found[key] for key in keys if key in found}
            found |= failed
        return found

    def _narrowed(self, window: Window) -> Window:
        if self._filter is None:
            return window
        return replace(window, filter=all_of(self._filter, window.filter))

    def _check_road(self, column: str | None) -> None:
        for within in self._asked_elsewhere:
            if within.column != column:
                road = "as a whole" if column is None else f"by '{column}'"
                raise TypeError(
                    f"{self._resource} can't be fetched {road}: its row filter asks "
                    f"{within.resource} which values of '{within.column}' may be seen, so it can "
                    "be fetched by that column alone"
                )

    def _serves(self, filter: Filter) -> bool:
        """Whether the source can apply the filter by itself."""
        match filter:
            case And(parts) | Or(parts):
                return all(map(self._serves, parts))
            case Not(part):
                return self._serves(part)
            case Within(_, resource, _, where):
                return (
                    self._source.joins
                    and resource.source == self._resource.source
                    and (where is None or self._serves(where))
                )
            case _:
                return True
