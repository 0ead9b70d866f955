"""The calls that an operation makes to its sources."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import Protocol

from loaders.errors import SourceError
from loaders.logs import Limited
from loaders.resource import Columns

failures = Limited(logging.getLogger("sluice.sources"))
"""Why calls to sources fail, for operators: each reason is its own kind of line."""


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
    retried: bool = False
    """Whether it is made again where it fails in passing, which is not logged then."""
    part_of: Call | None = None
    """The call whose fan-out it is a part of."""
    _began: float = 0.0

    def __enter__(self) -> Call:
        self._began = time.perf_counter()
        if self.part_of is not None:
            self.part_of._began = self.part_of._began or self._began
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        ended = time.perf_counter()
        self.ms = (ended - self._began) * 1000
        if isinstance(error, SourceError):
            self.fail(error)
        if self.part_of is not None:
            self.part_of.keys += self.keys
            self.part_of.rows += self.rows
            self.part_of.ms = (ended - self.part_of._began) * 1000

    def fail(self, error: SourceError) -> None:
        """Note why the call, or a part of it, failed, and log it."""
        reason = error.reason or str(error)
        self.error = self.error or reason
        if self.retried and error.is_passing:
            return
        if self.part_of is not None:
            self.part_of.error = self.part_of.error or reason
        failures.write(
            logging.WARNING,
            f"{self.source}.{self.resource}: {reason}",
            "source '%s' failed for %s: %s; asked: %s",
            self.source,
            self.resource,
            reason,
            self.shape,
        )

    def give_up(self, error: SourceError) -> None:
        """Log that it failed after all: it is not made again."""
        self.retried = False
        self.fail(error)

    def as_dict(self) -> dict[str, object]:
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
class Trace:
    """The calls that one operation made, in the order in which they began."""

    calls: list[Call] = field(default_factory=list)


class Calls(Protocol):
    """Where calls are noted as they begin."""

    def append(self, call: Call, /) -> None: ...


@dataclass(slots=True)
class FanOut:
    """Where the calls of a fan-out are noted: as one call in ``calls``."""

    calls: Calls
    _whole: Call | None = None

    def append(self, call: Call, /) -> None:
        if self._whole is None:
            self._whole = replace(call, keys=0)
            self.calls.append(self._whole)
        call.part_of = self._whole
