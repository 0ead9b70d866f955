"""The configured sources, and the loaders that one operation has over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from functools import partial
from typing import cast
from zoneinfo import ZoneInfo

from loaders.asks import Answer, Found, Key, Rows, Wants
from loaders.batching import Loader
from loaders.chain import chained
from loaders.chain.counts import Counts
from loaders.chain.decrypt import Decrypt
from loaders.chain.record import Record
from loaders.chain.resilience import DEFAULTS, Resilience
from loaders.chain.split import Split
from loaders.chain.timeout import Timeout
from loaders.contexts import Attempt, Operation
from loaders.encryption import Encryption
from loaders.errors import NotWritable, SourceUnavailable, UnfitKey
from loaders.listed import Listed
from loaders.parts import By, Parts, columns_of, keys_of
from loaders.query import Aggregate, Filter, SemiJoin, Window, joined
from loaders.resource import Resource, Row
from loaders.sources import Capabilities, Fetcher, Source
from loaders.views import View
from loaders.whole import Whole
from loaders.writes import References, Transaction, Writable
from loaders.writing import Writes


class Sources:
    """Every configured source, by name. They open and close together. ``time_zones`` has those of
    their times that have none, ``resilience`` what else is said of them, as far as they are
    configured, ``encryption`` which of their columns are encrypted, and ``references`` which name
    rows of others."""

    def __init__(
        self,
        sources: Sequence[Source],
        time_zones: Mapping[str, ZoneInfo] | None = None,
        resilience: Mapping[str, Resilience] | None = None,
        encryption: Encryption | None = None,
        references: References | None = None,
    ) -> None:
        self._time_zones = time_zones or {}
        self._by_name = {source.name: source for source in sources}
        self.counts = {source.name: Counts() for source in sources}
        """What was done for each source beside asking it."""
        self.references = references or {}
        self.encryption = encryption
        said = resilience or {}
        self._chains = {
            name: chained(source, said.get(name, DEFAULTS), self.counts[name], encryption)
            for name, source in self._by_name.items()
        }

    def __getitem__(self, name: str) -> Source:
        try:
            return self._by_name[name]
        except KeyError:
            raise SourceUnavailable(name) from None

    def chain(self, name: str) -> Fetcher[Operation]:
        """What operations ask the source by."""
        try:
            return self._chains[name]
        except KeyError:
            raise SourceUnavailable(name) from None

    def within(self, transaction: Transaction) -> Sources:
        """The same, but that one of them is asked and written to within a transaction."""
        inside = copy(self)
        asked: Fetcher[Attempt] = Split(Timeout(transaction, Counts()), transaction.can)
        if self.encryption is not None:
            asked = Decrypt(asked, self.encryption)
        inside._chains = {**self._chains, transaction.name: Record(asked, transaction.name)}
        return inside

    def can(self, name: str) -> Capabilities:
        """What the source can do: nothing much, if it is not there."""
        return self._by_name[name].can if name in self._by_name else Capabilities()

    def time_zone(self, name: str) -> ZoneInfo | None:
        """That of the source's times that have none."""
        return self._time_zones.get(name)

    @property
    def names(self) -> list[str]:
        return list(self._by_name)

    @property
    def headers(self) -> frozenset[str]:
        """The names of all headers of callers that a source sends on."""
        return frozenset().union(*(source.can.headers for source in self._by_name.values()))

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
        self._rows: dict[tuple[str, Resource, By], Loader[Hashable, Row | None]] = {}
        self._parts: dict[tuple[Resource, By, Filter | None], Parts] = {}
        self._joins: dict[tuple[Resource, str, Filter | None], Loader[Hashable, bool]] = {}
        self._listed: dict[Resource, Listed] = {}
        self._wholes: dict[Resource, Whole] = {}

    def by_key(self, resource: Resource, by: By = None) -> Loader[Hashable, Row | None]:
        """Loads the row whose unique column ``by`` (the resource's key unless told) is the key, or
        None. A row that was had by a list of the same operation is not fetched again."""
        by = by or resource.key
        loader = self._rows.get(("key", resource, by))
        if loader is None:
            columns = self._needed(resource, *columns_of(by))
            loader = self._rows["key", resource, by] = self._one(resource, by, columns)
        return loader

    def guarded(self, resource: Resource) -> Loader[Hashable, Row | None]:
        """Loads the row whose key it is, with the resource's guarded columns and no others."""
        loader = self._rows.get(("guarded", resource, resource.key))
        if loader is None:
            columns = self._guarded.get(resource, frozenset()) | {resource.key}
            loader = self._one(resource, resource.key, columns)
            self._rows["guarded", resource, resource.key] = loader
        return loader

    def lists(
        self, resource: Resource, by: By, window: Window, filter: Filter | None = None
    ) -> Loader[Hashable, Sequence[Row]]:
        """Loads the list of rows whose ``by`` is the key and which the filter lets through, as the
        window has it."""
        loader = self._parts_of(resource, by, filter).loader(window)
        return cast("Loader[Hashable, Sequence[Row]]", loader)

    def aggregates(
        self, resource: Resource, by: By, aggregate: Aggregate, filter: Filter | None = None
    ) -> Loader[Hashable, object]:
        """Loads the value of an aggregate over the rows whose ``by`` is the key and which the
        filter lets through.

        All aggregates that are asked of the same rows together are one call, and one with a list of
        them where the source can.
        """
        return self._parts_of(resource, by, filter).loader(aggregate)

    def view(self, resource: Resource) -> View:
        """The rows of the resource that the operation's caller may see."""
        return self._view(resource)

    @asynccontextmanager
    async def transaction(self, source: str) -> AsyncIterator[Writes]:
        """Write to the source: all of it as the context ends, and nothing if that raises. What was
        read of what is written is forgotten then. Raises NotWritable if nothing can be written to
        it."""
        writable = self._sources[source]
        if not isinstance(writable, Writable):
            raise NotWritable(source, f"Nothing can be written to the source '{source}'.")
        of = self._operation
        attempt = Attempt(of.deadline, of.trace.calls, share=of.budget(source))
        async with writable.begin(attempt) as transaction:
            inside = Loaders(self._sources.within(transaction), self._columns, of)
            writes = Writes(transaction, attempt, inside, self, self._sources)
            yield writes
        for resource, key in writes.written:
            self.changed(resource, [key])

    def changed(self, resource: Resource, keys: Sequence[Hashable] | None = None) -> None:
        """Forget what was read of a resource that was written to: the rows of these keys (of all,
        where none are given), and every list, aggregate and semi-join over its id, whoever asked
        and by whatever row filter. What is under way is forgotten too. Rows that were given out
        already stay as they are."""
        for (_, of, by), row in self._rows.items():
            if keys is not None and by == of.key and of.id == resource.id:
                for key in keys:
                    row.clear(key)
            elif self._hangs_on(of, None, resource):
                row.clear_all()
        for (of, _, filter), parts in self._parts.items():
            if self._hangs_on(of, filter, resource):
                for part in parts.loaders.values():
                    part.clear_all()
        for (of, _, where), join in self._joins.items():
            if self._hangs_on(of, where, resource):
                join.clear_all()
        for of, whole in self._wholes.items():
            if of.id == resource.id:
                whole.clear()
        for of in list(self._listed):
            if self._hangs_on(of, None, resource):
                # Lists that are under way go on filling what nobody looks at any more.
                del self._listed[of]

    def forget(self) -> None:
        """Let go of all that was loaded, and end what is under way. Whatever still holds the
        operation then holds no rows, and there is no cycle left for the garbage collector to
        find."""
        for parts in self._parts.values():
            parts.forget()
        for row in self._rows.values():
            row.forget()
        for join in self._joins.values():
            join.forget()
        for whole in self._wholes.values():
            whole.forget()
        for kept in (
            self._rows, self._parts, self._joins, self._listed, self._views, self._wholes
        ):  # fmt: skip
            kept.clear()

    def _hangs_on(self, of: Resource, filter: Filter | None, resource: Resource) -> bool:
        """Whether a resource's rows are of the other one, or are seen by a semi-join over it."""
        seen_by = self._views[of].row_filter if of in self._views else None
        joining = (*joined(filter), *joined(seen_by))
        return any(each.id == resource.id for each in (of, *joining))

    def _one(
        self, resource: Resource, by: By, columns: frozenset[str]
    ) -> Loader[Hashable, Row | None]:
        rows, wants = Rows(resource, columns_of(by), unique=True), Wants(columns)

        async def batch(keys: list[Hashable]) -> list[Row | Exception | None]:
            listed = self._listed.get(resource)
            known: dict[int, Row | Exception | None] = {}
            if listed is not None and isinstance(by, str):
                known.update(listed.find(by, keys, columns))
            left = [place for place in range(len(keys)) if place not in known] if known else []
            if left or not known:
                asked = [keys[place] for place in left] if known else keys
                answer = await self._view(resource).fetch(rows, wants, keys_of(by, asked))
                if not known:
                    # Most have one row, or none. There is one for each key of every batch.
                    return [
                        each.rows[0]
                        if type(each) is Found and type(each.rows) is tuple and each.rows
                        else _row(each)
                        for each in answer
                    ]
                known.update(zip(left, map(_row, answer), strict=True))
            return [known[place] for place in range(len(keys))]

        return Loader(batch, unfit=partial(_unfit, resource, by))

    def _parts_of(self, resource: Resource, by: By, filter: Filter | None) -> Parts:
        parts = self._parts.get((resource, by, filter))
        if parts is None:
            can = self._sources.can(resource.source)
            rows = Rows(resource, columns_of(by), filter=filter)

            async def fetch(
                window: Window | None, aggregates: tuple[Aggregate, ...], keys: Sequence[Key]
            ) -> Answer:
                view = self._view(resource)
                if window is None:
                    return await view.fetch(rows, Wants(aggregates=aggregates), keys)
                columns = self._needed(resource, *rows.by, *window.columns)
                listed = self._listed.get(resource)
                if listed is None:
                    listed = self._listed[resource] = Listed()
                asked = Rows(resource, rows.by, filter=filter, window=window)
                answer = await view.fetch(asked, Wants(columns, aggregates), keys)
                listed.add(answer, None if can.whole else columns)
                return answer

            parts = self._parts[resource, by, filter] = Parts(
                by, fetch, partial(_unfit, resource, by), together=can.together
            )
        return parts

    def _needed(self, resource: Resource, *more: str) -> frozenset[str]:
        return self._columns.get(resource, frozenset()).union((resource.key, *more))

    def _view(self, resource: Resource) -> View:
        view = self._views.get(resource)
        if view is None:
            view = self._view_of(resource, resource.seen_by(self._operation.identity))
            self._views[resource] = view
        return view

    def _view_of(self, resource: Resource, row_filter: Filter | None) -> View:
        source = self._sources.chain(resource.source)
        if resource.has_all_in_one:
            source = self._whole(resource, source)
        return View(resource, row_filter, source, self._operation, self._has_rows)

    def _whole(self, resource: Resource, source: Fetcher[Operation]) -> Whole:
        whole = self._wholes.get(resource)
        if whole is None:
            columns = self._needed(resource)
            whole = self._wholes[resource] = Whole(source, resource, columns, self._operation)
        return whole

    async def _has_rows(
        self, join: SemiJoin, values: Sequence[Hashable]
    ) -> Sequence[bool | Exception]:
        # A loader, so that no value is asked about twice in an operation.
        loader = self._joins.get((join.resource, join.of, join.where))
        if loader is None:

            async def batch(values: list[Hashable]) -> Sequence[bool | Exception]:
                return await self._view_of(join.resource, join.where).has(join.of, values)

            loader = self._joins[join.resource, join.of, join.where] = Loader(
                batch, nothing=False, unfit=partial(_unfit, join.resource, join.of)
            )
        return await loader.load_all(values)


def _unfit(resource: Resource, by: By, key: object) -> UnfitKey:
    """The error of what is no key of any resource, as it can't be told from others."""
    return UnfitKey(resource.source, ", ".join(columns_of(by)), key, "one value")


def _row(found: Found | Exception) -> Row | Exception | None:
    if type(found) is not Found:
        return found  # type: ignore[return-value]  # the error: nothing derives from Found
    rows = found.rows
    return rows if isinstance(rows, Exception) else rows[0] if rows else None
