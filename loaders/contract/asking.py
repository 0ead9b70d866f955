"""How the contract's tests ask a source, and how they look at what it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from loaders.asks import WHOLE, Ask, Found, Key, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.contract.data import COLUMNS, ROWS
from loaders.query import ALL_ROWS, Aggregate, Filter, Window
from loaders.resource import Resource, Row
from loaders.sources import Source


class Stocked(ABC):
    """A source of some kind, with rows in it."""

    @abstractmethod
    def stocked(self, rows: Sequence[Row]) -> AbstractAsyncContextManager[tuple[Source, Resource]]:
        """A source of the kind, not open yet, and the resource in it that has these rows, with the
        ``COLUMNS``, and those for the class's ``types`` and ``lists``."""

    def missing(self, resource: Resource) -> Resource:
        """One that the source does not have. It has another name, unless a kind finds its rows by
        something else."""
        return replace(resource, name="not_there")

    @asynccontextmanager
    async def _asking(self, rows: Sequence[Row] = ROWS) -> AsyncIterator[Asking]:
        async with self.stocked(rows) as (source, resource):
            await source.open()
            try:
                yield Asking(source, resource)
            finally:
                await source.close()


@dataclass(frozen=True)
class Asking:
    """What a source answers an operation about a resource."""

    source: Source
    resource: Resource

    async def __call__(
        self,
        keys: Sequence[Key] = (WHOLE,),
        *,
        columns: Iterable[str] = COLUMNS,
        by: tuple[str, ...] = (),
        unique: bool = False,
        filter: Filter | None = None,
        window: Window = ALL_ROWS,
        aggregates: tuple[Aggregate, ...] = (),
        operation: Operation | None = None,
    ) -> Sequence[Found]:
        """What each key has. Raises the first error.

        Where rows are wanted, so are the columns that they are asked by and sorted by, as it is
        when loaders ask.
        """
        if columns := frozenset(columns):
            columns = columns.union(by, window.columns)
        wants = Wants(columns, aggregates)
        ask = Ask(Rows(self.resource, by, unique, filter, window), wants)
        answer = await chained(self.source).fetch(ask, keys, operation or Operation())
        assert len(answer) == len(keys)
        found: list[Found] = []
        for each in answer:
            if isinstance(each, Exception):
                raise each
            found.append(each)
        return found


def rows_of(found: Found) -> Sequence[Row]:
    if isinstance(found.rows, Exception):
        raise found.rows
    return found.rows


def column(found: Iterable[Found], name: str) -> list[list[object]]:
    return [[row.get(name) for row in rows_of(each)] for each in found]


def values(found: Iterable[Found]) -> list[list[object]]:
    return [[number(value) for value in each.values] for each in found]


def number(value: object) -> object:
    # A mean of whole numbers is a float here, a decimal there.
    return round(float(value), 9) if isinstance(value, (float, Decimal)) else value


def ids(rows: Iterable[Row]) -> list[object]:
    return [row["id"] for row in rows]
