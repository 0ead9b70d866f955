"""The calls that an operation makes to its sources."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from loaders.asks import Ask
from loaders.errors import SourceError
from loaders.logs import Limited
from loaders.resource import Columns, Resource

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

    ask: Ask
    keys: int
    statement: object = None
    url: str | None = None
    shape: object = None
    retried: bool = False
    """Whether it is made again where it fails in passing, which is not logged then."""
    is_part: bool = False
    """Whether it asks for a part of what another call has failed with, which is logged."""
    rows: int = 0
    ms: float = 0.0
    error: str | None = None
    _began: float = 0.0

    @property
    def source(self) -> str:
        return self.ask.resource.source

    @property
    def resource(self) -> str:
        return self.ask.resource.name

    @property
    def columns(self) -> Columns:
        """The columns that were read for it."""
        return self.ask.columns

    def __enter__(self) -> Call:
        self._began = time.perf_counter()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.ms = (time.perf_counter() - self._began) * 1000
        if isinstance(error, SourceError):
            self.fail(error)

    def fail(self, error: SourceError) -> None:
        """Note why the call, or a part of it, failed, and log it."""
        reason = error.reason or str(error)
        self.error = self.error or reason
        if self.is_part or (self.retried and error.is_passing):
            return
        failures.write(
            logging.WARNING,
            f"{self.source}.{self.resource}: {reason}",
            "source '%s' failed for %s: %s; asked: %s",
            self.source,
            self.resource,
            reason,
            self.shape,
        )

    def refuse(self, reason: str) -> None:
        """Note why it is not made at all."""
        self.error = self.error or reason

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


def not_asked(resource: Resource, reason: str) -> None:
    """Log why nothing was sent to the source: where no call was made, none logs it."""
    failures.write(
        logging.WARNING,
        f"{resource.source}.{resource.name}: {reason}",
        "source '%s' was not asked for %s: %s",
        resource.source,
        resource.name,
        reason,
    )


@dataclass(slots=True)
class Trace:
    """The calls that one operation made, in the order in which they began."""

    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class FanOut:
    """Where the requests of a fan-out are noted: as one call in ``calls``."""

    calls: list[Call]
    whole: Call | None = None


class Request:
    """One request of a fan-out, a part of its call. There are many, and most are well."""

    __slots__ = ("_keys", "_retried", "_whole", "rows")

    def __init__(self, whole: Call, keys: int, *, retried: bool) -> None:
        self.rows = 0
        self._whole = whole
        self._keys = keys
        self._retried = retried

    def __enter__(self) -> Request:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        whole = self._whole
        whole.keys += self._keys
        whole.rows += self.rows
        whole.ms = (time.perf_counter() - whole._began) * 1000
        if isinstance(error, SourceError):
            self.fail(error)

    def fail(self, error: SourceError) -> None:
        """Note why the request failed, and log it."""
        if not (self._retried and error.is_passing):
            self._whole.fail(error)

    def refuse(self, reason: str) -> None:
        """Note why it is not made at all."""
        self._whole.refuse(reason)

    def give_up(self, error: SourceError) -> None:
        """Log that it failed after all: it is not made again."""
        self._whole.fail(error)


Calls = list[Call] | FanOut
"""Where calls are noted as they begin."""
