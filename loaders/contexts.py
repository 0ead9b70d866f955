"""On whose behalf a source is asked: an operation, and below the place where operations meet, one
attempt to have an answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loaders.asks import Ask, Key
from loaders.identity import ANONYMOUS, Identity
from loaders.trace import Call, Calls, FanOut, Request, Trace

FAN_OUT = 100
"""Requests that the fan-outs of one operation may make to one source."""

NOT_SENT = "not sent"
"""What is shown in place of a statement."""


NO_HEADERS: Mapping[str, str] = {}


@dataclass(slots=True)
class Budget:
    """What an operation may still ask of each source."""

    requests: dict[str, int] = field(default_factory=dict)

    def take(self, source: str, wanted: int) -> int:
        """How many of the wanted requests of a fan-out may be made, which are then used up."""
        used = self.requests.get(source, 0)
        granted = min(wanted, FAN_OUT - used)
        self.requests[source] = used + granted
        return granted


@dataclass(slots=True)
class Operation:
    """An operation, as the loaders know it: who asks, until when its sources may take (on
    ``time.monotonic``'s clock; None for as long as they do), what it may ask, what it did, and
    those of its caller's ``headers`` that any source sends on, by their names in lower case."""

    identity: Identity = ANONYMOUS
    deadline: float | None = None
    budget: Budget = field(default_factory=Budget)
    trace: Trace = field(default_factory=Trace)
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS, repr=False)


@dataclass(slots=True)
class Attempt:
    """One attempt to have an answer: until when somebody waits for it (on ``time.monotonic``'s
    clock; None for as long as it takes), where its calls are noted, how often more it is made if it
    fails in passing, and whether it is for parts of what a call of it has failed with. ``headers``
    are the caller's that the source sends on: what is answered to them is for no other caller."""

    deadline: float | None
    calls: Calls
    tries: int = 0
    last: Call | Request | None = None
    in_parts: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS, repr=False)

    def another(self, tries: int = 0) -> Attempt:
        """One for the same asker, with a last call of its own, which is made so often more if it
        fails in passing."""
        return Attempt(self.deadline, self.calls, tries, headers=self.headers)

    def call(
        self,
        ask: Ask,
        keys: Sequence[Key],
        *,
        statement: object = None,
        url: str | None = None,
        shape: object = None,
    ) -> Call | Request:
        """The note of a call that is made within it, as a context manager."""
        calls = self.calls
        if type(calls) is FanOut and calls.whole is not None:
            self.last = Request(calls.whole, len(keys), retried=self.tries > 0)
            return self.last
        size = len(keys) if ask.rows.by else 0
        shape, retried = shape or statement, self.tries > 0
        call = Call(ask, size, statement, url, shape, retried=retried, is_part=self.in_parts)
        if isinstance(calls, FanOut):
            return self._fan_out(calls, call)
        calls.append(call)
        self.last = call
        return call

    def not_sent(self, ask: Ask, keys: Sequence[Key], reason: str) -> None:
        """Note why nothing is sent."""
        self.call(ask, keys, statement=NOT_SENT).refuse(reason)
        self.last = None

    def _fan_out(self, calls: FanOut, first: Call) -> Request:
        self.last = Request(first, first.keys, retried=first.retried)
        first.keys, first.retried = 0, False
        calls.calls.append(first.__enter__())
        calls.whole = first
        return self.last

    def left(self, most: float) -> float:
        """The seconds that are left, of ``most`` that it may take anyway."""
        return most if self.deadline is None else min(most, self.deadline - time.monotonic())

    @property
    def is_late(self) -> bool:
        """Whether nobody waits any more."""
        return self.deadline is not None and self.deadline <= time.monotonic()
