"""The configured sources, and the loaders that one operation has over them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from loaders.asks import Found, Key, Rows, Wants
from loaders.batching import Batch, Gathering, Loader, Share
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.errors import SourceUnavailable
from loaders.listed import Listed
from loaders.query import Aggregate, Filter, SemiJoin, Window, joined
from loaders.resource import Resource, Row
from loaders.sources import Asked, Capabilities, Source
from loaders.views import View

Part = Window | Aggregate
"""What is loaded of the same rows: the list in a window, or a value made of them all."""

By = str | tuple[str, ...] | None
"""What rows are loaded by: a column, whose values are the loader's keys, or several, whose values
as tuples are; None for a whole resource, whose one key is ``WHOLE``."""


class Sources:
    """Every configured source, by name. They open and close together."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._by_name = {source.name: source for source in sources}
        self._chains = {source.name: chained(source) for source in sources}

    def __getitem__(self, name: str) -> Source:
        try:
            return self._by_name[name]
        except KeyError:
            raise SourceUnavailable(name) from None

    def chain(self, name: str) -> Asked:
        """What operations ask the source by."""
        return self._chains[name]

    @property
    def names(self) -> list[str]:
        return list(self._by_name)

    async def open(self) -> None:
        await asyncio.gather(*(source.open() for source in self._by_name.values()))

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._by_name.values()))


class Loaders:
    """One operation's loaders, over the rows that its caller may see.

    ``columns`` says what the operation needs of each resource, ``guarded`` which columns of it
    are read apart, for the rows for which they may be shown. A loader is made when it is first
    asked for and found again by what it asks, so that equal asks from several places of the
    operation share one batch and one cache.
    """

    def __init__(
        self,
        sources: Sources,
        columns: Mapping[Resource, frozenset[str]],
        operation: Operation,
        *,
        guarded: Mapping[Resource, frozenset[str]] | None = None,
    ) -> None:
        self._sources = sources
        self._columns = columns
        self._guarded = guarded or {}
        self._operation = operation
        self._views: dict[Resource, View] = {}
        self._loaders: dict[tuple[str, Rows, Part | None], Loader[Hashable, Any]] = {}
        self._gatherings: dict[Rows, Gathering[Part, Hashable, object]] = {}
        self._listed: dict[Resource, Listed] = {}

    def by_key(self, resource: Resource, by: By = None) -> Loader[Hashable, Row | None]:
        """Loads the row whose unique column ``by`` (the resource's key unless told) is the key, or
        None. A row that was had by a list of the same operation is not fetched again."""
        by = by or resource.key
        return self._one("key", resource, by, self._needed(resource, *columns_of(by)))

    def guarded(self, resource: Resource) -> Loader[Hashable, Row | None]:
        """Loads the row whose key it is, with the resource's guarded columns and no others."""
        columns = self._guarded.get(resource, frozenset()) | {resource.key}
        return self._one("guarded", resource, resource.key, columns)

    def lists(
        self, resource: Resource, by: By, window: Window, filter: Filter | None = None
    ) -> Loader[Hashable, Sequence[Row]]:
        """Loads the list of rows whose ``by`` is the key and which the filter lets through, as the
        window has it."""
        return self._gathered(Rows(resource, columns_of(by), filter=filter), by, window)

    def aggregates(
        self, resource: Resource, by: By, aggregate: Aggregate, filter: Filter | None = None
    ) -> Loader[Hashable, object]:
        """Loads the value of an aggregate over the rows whose ``by`` is the key and which the
        filter lets through.

        All aggregates that are asked of the same rows together are one call, and one with a list of
        them where the source can.
        """
        return self._gathered(Rows(resource, columns_of(by), filter=filter), by, aggregate)

    def changed(self, resource: Resource, keys: Sequence[Hashable] | None = None) -> None:
        """Forget what was read of a resource that was written to: the rows of these keys (of all,
        where none are given), and every list, aggregate and semi-join over its id, whoever asked
        and by whatever row filter. What is under way is forgotten too. Rows that were given out
        already stay as they are."""
        for (_, rows, _), loader in self._loaders.items():
            if self._joins(rows.resource, rows.filter, resource):
                loader.clear_all()
            elif rows.resource.id == resource.id:
                if keys is not None and rows.unique and rows.by == (rows.resource.key,):
                    for key in keys:
                        loader.clear(key)
                else:
                    loader.clear_all()
        for of in list(self._listed):
            if of.id == resource.id or self._joins(of, None, resource):
                # Lists that are under way go on filling what nobody looks at any more.
                del self._listed[of]

    def _joins(self, of: Resource, filter: Filter | None, resource: Resource) -> bool:
        """Whether a semi-join over the resource decides which rows of ``of`` are seen."""
        filters = [filter, self._views[of].row_filter if of in self._views else None]
        return any(each.id == resource.id for part in filters for each in joined(part))

    def forget(self) -> None:
        """Let go of all that was loaded. Whatever still holds the operation then holds no rows, and
        there is no cycle left for the garbage collector to find."""
        self._loaders.clear()
        self._gatherings.clear()
        self._listed.clear()
        self._views.clear()

    def _one(
        self, kind: str, resource: Resource, by: By, columns: frozenset[str]
    ) -> Loader[Hashable, Row | None]:
        rows, wants = Rows(resource, columns_of(by), unique=True), Wants(columns)

        async def batch(keys: list[Hashable]) -> list[Row | Exception | None]:
            listed = self._listed.get(resource)
            known: Mapping[Hashable, Row] = {}
            if listed is not None and isinstance(by, str):
                known = listed.find(by, keys, columns)
            left = [key for key in keys if key not in known] if known else keys
            if left:
                answer = await self._view(resource).fetch(rows, wants, keys_of(by, left))
                if not known:
                    return [_row(each) for each in answer]
                fetched = dict(zip(left, map(_row, answer), strict=True))
                return [known[key] if key in known else fetched[key] for key in keys]
            return [known[key] for key in keys]

        return self._loader((kind, rows, None), batch)

    def _gathered(self, rows: Rows, by: By, part: Part) -> Loader[Hashable, Any]:
        gathering = self._gatherings.get(rows)
        if gathering is None:

            async def batches(
                asked: list[tuple[Part, list[Hashable]]],
            ) -> Sequence[Sequence[object]]:
                return await self._parts(rows, by, asked)

            gathering = self._gatherings[rows] = Gathering(batches)
        return self._loader(("gathered", rows, part), gathering.part(part))

    async def _parts(
        self, rows: Rows, by: By, asked: Sequence[tuple[Part, list[Hashable]]]
    ) -> Sequence[Sequence[object]]:
        """For each part, in order, the value or the error of each of its keys: a list for a window,
        a value for an aggregate."""
        source = self._sources[rows.resource.source]
        values: dict[int, Sequence[object]] = {}

        async def fetch(places: list[int]) -> None:
            keys = asked[places[0]][1]
            parts = [asked[place][0] for place in places]
            window = next((part for part in parts if isinstance(part, Window)), None)
            aggregates = tuple(part for part in parts if isinstance(part, Aggregate))
            if window is None:
                ask, wants = rows, Wants(aggregates=aggregates)
            else:
                ask = replace(rows, window=window)
                columns = self._needed(rows.resource, *rows.by, *window.columns)
                wants = Wants(columns, aggregates)
            listed = self._listed.setdefault(rows.resource, Listed())
            found = await self._view(rows.resource).fetch(ask, wants, keys_of(by, keys))
            for place, part in zip(places, parts, strict=True):
                if isinstance(part, Window):
                    values[place] = lists = [_rows(each) for each in found]
                    for had in lists:
                        if not isinstance(had, Exception):
                            listed.add(had, None if source.can.whole else wants.columns)
                else:
                    index = aggregates.index(part)
                    values[place] = [
                        each if isinstance(each, Exception) else each.values[index]
                        for each in found
                    ]

        calls = _calls(asked, source.can)
        if len(calls) == 1:
            await fetch(calls[0])
        else:
            await asyncio.gather(*map(fetch, calls))
        return [values[place] for place in range(len(asked))]

    def _needed(self, resource: Resource, *more: str) -> frozenset[str]:
        return self._columns.get(resource, frozenset()).union((resource.key, *more))

    def _view(self, resource: Resource) -> View:
        view = self._views.get(resource)
        if view is None:
            view = self._view_of(resource, resource.seen_by(self._operation.identity))
            self._views[resource] = view
        return view

    def _view_of(self, resource: Resource, row_filter: Filter | None) -> View:
        source = self._sources[resource.source]
        chain = self._sources.chain(resource.source)
        return View(resource, row_filter, chain, source.can, self._operation, self._has_rows)

    async def _has_rows(self, join: SemiJoin, values: Sequence[Hashable]) -> list[bool | Exception]:
        async def batch(values: list[Hashable]) -> Sequence[bool | Exception]:
            return await self._view_of(join.resource, join.where).has(join.of, values)

        # A loader, so that no value is asked about twice in an operation.
        rows = Rows(join.resource, (join.of,), filter=join.where)
        return await self._loader(("semi-join", rows, None), batch).load_all(values)

    def _loader(
        self,
        ask: tuple[str, Rows, Part | None],
        batch: Batch[Hashable, Any] | Share[Part, Hashable, Any],
    ) -> Loader[Hashable, Any]:
        loader = self._loaders.get(ask)
        if loader is None:
            loader = self._loaders[ask] = Loader(batch)
        return loader


def columns_of(by: By) -> tuple[str, ...]:
    """The columns that rows are loaded by."""
    return (by,) if isinstance(by, str) else by or ()


def keys_of(by: By, keys: Sequence[Any]) -> Sequence[Key]:
    """A source's keys, of a loader's."""
    return [(key,) for key in keys] if isinstance(by, str) else keys


def _calls(asked: Sequence[tuple[Part, list[Hashable]]], can: Capabilities) -> list[list[int]]:
    """The places of the parts that are asked for in one call: the aggregates of the same keys, and
    where the source can, a window of them."""
    windows = [place for place, (part, _) in enumerate(asked) if isinstance(part, Window)]
    calls = [[place] for place in windows]
    joining = calls if can.together else []
    for place, (part, keys) in enumerate(asked):
        if isinstance(part, Window):
            continue
        call = next((each for each in joining if asked[each[0]][1] == keys), None)
        if call is None:
            call = []
            calls.append(call)
            joining = [*joining, call]
        call.append(place)
    return calls


def _row(found: Found | Exception) -> Row | Exception | None:
    rows = _rows(found)
    return rows if isinstance(rows, Exception) else rows[0] if rows else None


def _rows(found: Found | Exception) -> Sequence[Row] | Exception:
    return found if isinstance(found, Exception) else found.rows
