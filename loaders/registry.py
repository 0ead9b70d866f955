"""The configured sources, and the loaders that one operation has over them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from aiodataloader import DataLoader

from gateway.errors import UpstreamUnavailable
from loaders.base import Recorder, Resource, Row, Source
from loaders.query import COUNT, Aggregate, Filter, Window

Loaded = TypeVar("Loaded")


class Sources:
    """Every configured source, by name. They open and close together."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._by_name = {source.name: source for source in sources}

    def __getitem__(self, name: str) -> Source:
        try:
            return self._by_name[name]
        except KeyError:
            raise UpstreamUnavailable(name) from None

    @property
    def names(self) -> list[str]:
        return list(self._by_name)

    async def open(self) -> None:
        await asyncio.gather(*(source.open() for source in self._by_name.values()))

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._by_name.values()))


class Loaders:
    """One operation's loaders. ``columns`` says what the operation needs of each resource.

    A loader is made when it is first asked for and found again by what it asks, so that equal
    asks from several places of the operation share one batch and one cache.
    """

    def __init__(
        self,
        sources: Sources,
        columns: Mapping[Resource, frozenset[str]],
        recorder: Recorder | None = None,
    ) -> None:
        self.recorder = recorder or Recorder()
        self._sources = sources
        self._columns = columns
        self._loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = {}

    def by_key(self, resource: Resource, column: str | None = None) -> DataLoader[Any, Row | None]:
        """Loads the row whose ``column`` (the resource's key unless told) is the key, or None."""
        column = column or resource.key

        async def batch(source: Source, keys: list[Any]) -> list[Any]:
            columns = self._needed(resource, column)
            rows = await source.fetch_by_key(resource, column, keys, columns, self.recorder)
            return [rows.get(key) for key in keys]

        return self._loader(("key", resource, column), resource, column, batch)

    def by_foreign_key(
        self, resource: Resource, column: str, window: Window
    ) -> DataLoader[Any, Sequence[Row]]:
        """Loads the list of rows whose ``column`` is the key, as the window has it."""

        async def batch(source: Source, keys: list[Any]) -> list[Any]:
            columns = self._needed(resource, column, *window.columns)
            groups = await source.fetch_by_foreign_key(
                resource, column, keys, columns, window, self.recorder
            )
            return [groups.get(key, ()) for key in keys]

        return self._loader(("foreign key", resource, column, window), resource, column, batch)

    def aggregates(
        self, resource: Resource, column: str, filter: Filter | None = None
    ) -> DataLoader[tuple[Any, Aggregate], Any]:
        """Loads the value of an aggregate over the rows whose ``column`` is the key.

        All aggregates that are asked of the same rows together are one call.
        """

        async def batch(source: Source, asked: list[tuple[Any, Aggregate]]) -> list[Any]:
            keys = list(dict.fromkeys(key for key, _ in asked))
            wanted = list(dict.fromkeys(aggregate for _, aggregate in asked))
            groups = await source.aggregate(resource, column, keys, wanted, filter, self.recorder)
            place = {aggregate: index for index, aggregate in enumerate(wanted)}
            return [
                groups[key][place[aggregate]] if key in groups else aggregate.of_nothing
                for key, aggregate in asked
            ]

        return self._loader(("aggregates", resource, column, filter), resource, column, batch)

    async def page(self, resource: Resource, window: Window) -> Sequence[Row]:
        """The rows of the whole resource that the window lets through."""
        columns = self._needed(resource, *window.columns)
        source = self._sources[resource.source]
        return await source.fetch_page(resource, columns, window, self.recorder)

    async def count(self, resource: Resource, filter: Filter | None) -> int:
        """How many rows of the whole resource the filter lets through."""
        source = self._sources[resource.source]
        groups = await source.aggregate(resource, None, (), [COUNT], filter, self.recorder)
        return int(groups[None][0]) if None in groups else 0

    def _needed(self, resource: Resource, *more: str) -> frozenset[str]:
        return self._columns.get(resource, frozenset()).union((resource.key, *more))

    def _loader(
        self,
        ask: tuple[Any, ...],
        resource: Resource,
        column: str,
        batch: Callable[[Source, list[Any]], Any],
    ) -> DataLoader[Any, Any]:
        loader = self._loaders.get(ask)
        if loader is None:

            async def chunk(keys: list[Any]) -> list[Any]:
                try:
                    return list(await batch(self._sources[resource.source], keys))
                except Exception as error:
                    return [error] * len(keys)

            async def load(keys: list[Any]) -> list[Any]:
                size = self._sources[resource.source].batch_size(resource, column)
                # All chunks end together, so that what depends on them is one batch again.
                chunks = [keys[start : start + size] for start in range(0, len(keys), size)]
                loaded = await asyncio.gather(*map(chunk, chunks))
                return [value for values in loaded for value in values]

            loader = self._loaders[ask] = DataLoader(load)
        return loader
