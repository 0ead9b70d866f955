"""The configured sources, and the loaders that one operation has over them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from loaders.base import Recorder, Resource, Row, Source
from loaders.batching import Batch, Loader
from loaders.errors import SourceUnavailable
from loaders.identity import Identity
from loaders.query import Aggregate, Filter, Window, Within, joined
from loaders.views import View


class Sources:
    """Every configured source, by name. They open and close together."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._by_name = {source.name: source for source in sources}

    def __getitem__(self, name: str) -> Source:
        try:
            return self._by_name[name]
        except KeyError:
            raise SourceUnavailable(name) from None

    @property
    def names(self) -> list[str]:
        return list(self._by_name)

    async def open(self) -> None:
        await asyncio.gather(*(source.open() for source in self._by_name.values()))

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._by_name.values()))


class Loaders:
    """One operation's loaders, over the rows that the identity may see.

    ``columns`` says what the operation needs of each resource, ``guarded`` which columns of it
    are read apart, for the rows for which they may be shown. A loader is made when it is first
    asked for and found again by what it asks, so that equal asks from several places of the
    operation share one batch and one cache.
    """

    def __init__(
        self,
        sources: Sources,
        columns: Mapping[Resource, frozenset[str]],
        recorder: Recorder,
        identity: Identity,
        *,
        guarded: Mapping[Resource, frozenset[str]] | None = None,
    ) -> None:
        self._sources = sources
        self._columns = columns
        self._guarded = guarded or {}
        self._recorder = recorder
        self._identity = identity
        self._views: dict[Resource, View] = {}
        self._loaders: dict[tuple[Any, ...], Loader[Any, Any]] = {}

    def by_key(self, resource: Resource, column: str | None = None) -> Loader[Any, Row | None]:
        """Loads the row whose ``column`` (the resource's key unless told) is the key, or None."""
        column = column or resource.key

        async def batch(keys: list[Any]) -> list[Any]:
            rows = await self._view(resource).by_key(column, keys, self._needed(resource, column))
            return [rows.get(key) for key in keys]

        return self._loader(("key", resource, column), batch)

    def guarded(self, resource: Resource) -> Loader[Any, Row | None]:
        """Loads the row whose key it is, with the resource's guarded columns and no others."""

        async def batch(keys: list[Any]) -> list[Any]:
            columns = self._guarded.get(resource, frozenset()) | {resource.key}
            rows = await self._view(resource).by_key(resource.key, keys, columns)
            return [rows.get(key) for key in keys]

        return self._loader(("guarded", resource), batch)

    def by_foreign_key(
        self, resource: Resource, column: str, window: Window
    ) -> Loader[Any, Sequence[Row]]:
        """Loads the list of rows whose ``column`` is the key, as the window has it."""

        async def batch(keys: list[Any]) -> list[Any]:
            columns = self._needed(resource, column, *window.columns)
            groups = await self._view(resource).by_foreign_key(column, keys, columns, window)
            return [groups.get(key, ()) for key in keys]

        return self._loader(("foreign key", resource, column, window), batch)

    def aggregates(
        self, resource: Resource, column: str, filter: Filter | None = None
    ) -> Loader[tuple[Any, Aggregate], Any]:
        """Loads the value of an aggregate over the rows whose ``column`` is the key.

        All aggregates that are asked of the same rows together are one call.
        """

        async def batch(asked: list[tuple[Any, Aggregate]]) -> list[Any]:
            keys = list(dict.fromkeys(key for key, _ in asked))
            wanted = list(dict.fromkeys(aggregate for _, aggregate in asked))
            groups = await self._view(resource).aggregate(column, keys, wanted, filter)
            place = {aggregate: index for index, aggregate in enumerate(wanted)}

            def value(key: Any, aggregate: Aggregate) -> Any:
                group = groups.get(key)
                if group is None:
                    return aggregate.of_nothing
                return group if isinstance(group, Exception) else group[place[aggregate]]

            return [value(key, aggregate) for key, aggregate in asked]

        return self._loader(("aggregates", resource, column, filter), batch)

    def pages(self, resource: Resource) -> Loader[Window, Sequence[Row]]:
        """Loads the rows of the whole resource that the window lets through."""

        async def page(window: Window) -> Sequence[Row]:
            return await self._view(resource).page(self._needed(resource, *window.columns), window)

        return self._loader(("pages", resource), _each(page))

    def counts(self, resource: Resource) -> Loader[Window, int]:
        """Loads how many rows of the whole resource the window's filter lets through."""

        async def count(window: Window) -> int:
            return await self._view(resource).count(window.filter)

        return self._loader(("counts", resource), _each(count))

    def changed(self, resource: Resource, keys: Sequence[Any] | None = None) -> None:
        """Forget what was read of a resource that was written to: the rows of these keys (of all,
        where none are given), and every list, count, aggregate and semi-join over its id, whoever
        asked and by whatever row filter. What is under way is forgotten too. Rows that were given
        out already stay as they are."""
        for (kind, of, *more), loader in self._loaders.items():
            if self._joins(of, more, resource):
                loader.clear_all()
            elif of.id == resource.id:
                if keys is not None and (kind == "guarded" or more == [of.key]):
                    for key in keys:
                        loader.clear(key)
                else:
                    loader.clear_all()

    def _joins(self, of: Resource, asked: Sequence[Any], resource: Resource) -> bool:
        """Whether a semi-join over the resource decides which rows of ``of`` are seen."""
        filters = [each.filter if isinstance(each, Window) else each for each in asked]
        if of in self._views:
            filters.append(self._views[of].row_filter)
        return any(each.id == resource.id for filter in filters for each in joined(filter))

    def forget(self) -> None:
        """Let go of all that was loaded. Whatever still holds the operation then holds no rows, and
        there is no cycle left for the garbage collector to find."""
        self._loaders.clear()
        self._views.clear()

    def _needed(self, resource: Resource, *more: str) -> frozenset[str]:
        return self._columns.get(resource, frozenset()).union((resource.key, *more))

    def _view(self, resource: Resource) -> View:
        view = self._views.get(resource)
        if view is None:
            view = self._view_of(resource, resource.seen_by(self._identity))
            self._views[resource] = view
        return view

    def _view_of(self, resource: Resource, row_filter: Filter | None) -> View:
        source = self._sources[resource.source]
        return View(source, resource, row_filter, self._recorder, self._is_within)

    async def _is_within(self, within: Within, keys: Sequence[Any]) -> Sequence[Any]:
        resource, of, where = within.resource, within.of, within.where

        async def batch(keys: list[Any]) -> list[Any]:
            return list(await self._view_of(resource, where).has(of, keys))

        # A loader, so that no key is asked about twice in an operation.
        return await self._loader(("within", resource, of, where), batch).load_all(keys)

    def _loader(self, ask: tuple[Any, ...], batch: Batch) -> Loader[Any, Any]:
        loader = self._loaders.get(ask)
        if loader is None:
            loader = self._loaders[ask] = Loader(batch)
        return loader


def _each(fetch: Callable[[Any], Awaitable[Any]]) -> Batch:
    """A batch that can only be fetched key by key, all at the same time."""

    async def batch(keys: list[Any]) -> list[Any]:
        if len(keys) == 1:
            return [await fetch(keys[0])]
        return await asyncio.gather(*map(fetch, keys), return_exceptions=True)

    return batch
