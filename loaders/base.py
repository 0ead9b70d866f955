"""The loader contract: what a resource is, and what every kind of source does with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from loaders.declarations import Declared
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import SourceError
from loaders.identity import Identity
from loaders.logs import Limited
from loaders.query import Aggregate, Filter, Window, Within, folded

failures = Limited(logging.getLogger("sluice.sources"))
"""Why calls to sources fail, for operators: each reason is its own kind of line."""

Row = Mapping[str, Any]
"""One record as its driver returns it."""

Columns = Collection[str]

RowFilter = Callable[[Identity], Filter | None]
"""Says which rows an identity may see: those that the filter lets through, all where it is None.
Where it raises, none are seen."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Resource(Declared):
    """A named set of rows in a source that can be fetched by key.

    ``key`` is the column that identifies a row and ``key_type`` its Python type, into which the
    text of a global id is read. ``row_filter`` is part of every fetch, by whatever road.
    """

    source: str
    name: str
    key: str = "id"
    key_type: type = int
    row_filter: RowFilter | None = None

    joins: ClassVar[bool] = False
    """Whether its source can join it with another resource of the same source."""

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"

    @property
    def id(self) -> tuple[str, ...]:
        """What it is in its source. Two resources with one id are the same rows, perhaps with
        different row filters."""
        return self.source, self.name

    def mistakes(self) -> Iterator[str]:
        """What of the declaration can't work, whatever the source holds."""
        return iter(())

    def why_not_by(self, column: str | None) -> str | None:
        """Why rows can't be had by the column, or as a whole if it is None, as far as the
        declaration tells; None if they can."""
        return None

    def seen_by(self, identity: Identity) -> Filter | None:
        """The row filter for this identity, folded. Raises what the row filter raises, and
        TypeError where it returns no filter."""
        filter = None if self.row_filter is None else self.row_filter(identity)
        return None if filter is None else folded(filter)


@dataclass(frozen=True, slots=True)
class Through(Declared):
    """The row filter that ``through`` makes."""

    column: str
    resource: Resource

    def __call__(self, identity: Identity) -> Filter | None:
        where = self.resource.seen_by(identity)
        if where is None:
            return None
        return Within(self.column, self.resource, self.resource.key, where)


def through(column: str, resource: Resource) -> Through:
    """The row filter of rows that are seen where the row they point at is: the one of
    ``resource`` whose key stands in their ``column``.

    Within one PostgreSQL database it is part of the statement. Otherwise rows can be fetched by
    ``column`` alone, because the other source is asked first which of its values may be seen.
    """
    return Through(column, resource)


@dataclass(slots=True)
class Call:
    """One call to a source, as ``extensions.explain.calls`` shows it.

    ``keys`` is the size of the batch (0 where the call was not by key), ``ms`` the time until
    the rows were there. A fan-out of single requests is one call, its ``url`` the template. The
    ``statement`` is what is shown of it as text, which is made of it when it is shown, ``shape``
    the same without a value of anybody's, for the log. ``error`` is why it failed, if it did.
    """

    source: str
    resource: str
    columns: Columns
    keys: int = 0
    statement: object = None
    url: str | None = None
    rows: int = 0
    ms: float = 0.0
    shape: object = None
    error: str | None = None

    def __enter__(self) -> Call:
        self.ms = -time.perf_counter() * 1000
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.ms += time.perf_counter() * 1000
        if isinstance(error, SourceError):
            self.fail(error)

    def fail(self, error: SourceError) -> None:
        """Note why the call, or a part of it, failed, and log it."""
        reason = error.reason or str(error)
        self.error = self.error or reason
        failures.write(
            logging.WARNING,
            f"{self.source}.{self.resource}: {reason}",
            "source '%s' failed for %s: %s; asked: %s",
            self.source,
            self.resource,
            reason,
            self.shape,
        )

    def as_dict(self) -> dict[str, Any]:
        what = {"url": self.url} if self.statement is None else {"statement": str(self.statement)}
        return {
            "source": self.source,
            "resource": self.resource,
            **what,
            "keys": self.keys,
            "rows": self.rows,
            "ms": round(self.ms, 2),
            "columns": sorted(self.columns),
            **({} if self.error is None else {"error": self.error}),
        }


@dataclass(slots=True)
class Recorder:
    """The calls that one operation made, in the order in which they began.

    ``requests`` counts the single requests of fan-outs, by source, against their limit.
    """

    calls: list[Call] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)

    def call(
        self,
        resource: Resource,
        columns: Columns,
        *,
        keys: int = 0,
        statement: object = None,
        url: str | None = None,
        shape: object = None,
    ) -> Call:
        """The record of a call that is made within it, as a context manager."""
        call = Call(
            resource.source, resource.name, columns, keys, statement, url, shape=shape or statement
        )
        self.calls.append(call)
        return call


class Translated:
    """A context manager that raises what ``translate`` makes of an error that passes, if it makes
    anything of it. It can be entered any number of times."""

    def __init__(self, translate: Callable[[BaseException], Exception | None]) -> None:
        self._translate = translate

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and (translated := self._translate(error)) is not None:
            raise translated from error


class Source(Protocol):
    """A configured connection: what the loaders ask of each kind of source.

    Every fetch raises a ``SourceError`` where the source fails and ``UnfitValue`` where a
    value can't be compared with its column. Rows hold at least ``columns``. Keys come without
    duplicates, at most ``batch_size`` of them. A filter's columns need not be among ``columns``.
    """

    name: str

    joins: bool
    """Whether its filters may have a ``Within`` over another resource of the same source."""

    def batch_size(self, resource: Resource, column: str) -> int:
        """How many keys one call may carry."""

    async def open(self) -> None:
        """Make the pool or session, without waiting for the source to be there."""

    async def close(self) -> None:
        """Close it, and wait for that."""

    async def check(self) -> None:
        """Return if the source answers, raise a ``SourceError`` if it does not."""

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        """What the source says of the resource. ``samples`` are values that rows can be asked for
        by, for a source that is asked by key alone. Raises a ``SourceError`` if it can't say."""

    async def fetch_by_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Row | Exception]:
        """The row for each key of the unique ``column``; keys without a row that the filter lets
        through are left out.

        A key whose row alone could not be had is there with its error.
        """

    async def fetch_by_foreign_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        window: Window,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Row] | Exception]:
        """The rows whose ``column`` is the key, for each key, the window applied to each apart.

        Keys without rows may be left out. A key whose rows alone could not be had is there with
        its error.
        """

    async def fetch_page(
        self, resource: Resource, columns: Columns, window: Window, recorder: Recorder
    ) -> Sequence[Row]:
        """The rows of the whole resource that the window lets through."""

    async def aggregate(
        self,
        resource: Resource,
        column: str | None,
        keys: Sequence[Any],
        aggregates: Sequence[Aggregate],
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Any]]:
        """For each key of the foreign key ``column``, one value per aggregate, in their order.

        Keys without rows are left out. Without a ``column``, the whole resource is one group,
        under the key None.
        """
