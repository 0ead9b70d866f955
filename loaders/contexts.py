"""On whose behalf a source is asked: an operation, and below the place where operations meet, one
attempt to have an answer."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from loaders.asks import Ask, Key
from loaders.callers import Caller, caller_of
from loaders.identity import ANONYMOUS, Identity
from loaders.trace import Call, Calls, FanOut, Request, Trace

CALLS = 200
"""Calls that one operation may make to one source. A fan-out is one of them."""

FAN_OUT = 100
"""Requests that the fan-outs of one operation may make to one source."""

NOT_SENT = "not sent"
"""What is shown in place of a statement."""


NO_HEADERS: Mapping[str, str] = {}


class Place(Protocol):
    """The place of an operation among those that run in a worker, of which there are so many."""

    def give_back(self) -> None:
        """Have another run in it, until it is taken back as often as it was given."""

    def take_back(self) -> None:
        """Run again, even if another does by now."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Share:
    """What one has of what many take turns at: for which ``caller``, and the ``turns`` that it has
    at the moment. An operation's has its ``place``, if it is one of many."""

    caller: Hashable = None
    turns: int = 0
    place: Place | None = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Others run in the operation's place meanwhile."""
        if self.place is None:
            yield
            return
        self.place.give_back()
        try:
            yield
        finally:
            self.place.take_back()


@dataclass(slots=True, eq=False)
class Budget(Share):
    """What one operation has of one source: its turns, and the ``calls`` and the ``requests`` of
    fan-outs that it has made so far."""

    calls: int = 0
    requests: int = 0

    def take_requests(self, wanted: int) -> int:
        """How many of the wanted requests of a fan-out may be made, which are then used up."""
        granted = min(wanted, FAN_OUT - self.requests)
        self.requests += granted
        return granted


@dataclass(slots=True)
class Operation:
    """An operation, as the loaders know it: who asks, until when its sources may take (on
    ``time.monotonic``'s clock; None for as long as they do), what it did, those of its caller's
    ``headers`` that any source sends on, by their names in lower case, and the ``address`` that
    counts as the caller's, where it is known. It has its ``place`` if it is one of many."""

    identity: Identity = ANONYMOUS
    deadline: float | None = None
    trace: Trace = field(default_factory=Trace)
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS, repr=False)
    address: str | None = None
    place: Place | None = None
    _budgets: dict[str, Budget] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """Whoever asks, as they are counted."""
        return caller_of(self.identity, self.address)

    def budget(self, source: str) -> Budget:
        """What it has of the source."""
        found = self._budgets.get(source)
        if found is None:
            found = self._budgets[source] = Budget(self.caller, place=self.place)
        return found


@dataclass(slots=True)
class Attempt:
    """One attempt to have an answer: until when somebody waits for it (on ``time.monotonic``'s
    clock; None for as long as it takes), where its calls are noted, how often more it is made if it
    fails in passing, and whether it is for parts of what a call of it has failed with. ``headers``
    are the caller's that the source sends on: what is answered to them is for no other caller.
    ``share`` is what the operation has of the source's turns."""

    deadline: float | None
    calls: Calls
    tries: int = 0
    last: Call | Request | None = None
    in_parts: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS, repr=False)
    share: Share = field(default_factory=Share)

    def another(self, tries: int = 0) -> Attempt:
        """One for the same asker, with a last call of its own, which is made so often more if it
        fails in passing."""
        return Attempt(self.deadline, self.calls, tries, headers=self.headers, share=self.share)

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
