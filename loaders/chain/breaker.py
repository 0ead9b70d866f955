"""A source that fails is left alone for a while, so that nobody waits for it."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from loaders.asks import Answer, Ask, Found, Key
from loaders.chain.counts import Counts
from loaders.chain.resilience import BreakerSettings
from loaders.contexts import Attempt
from loaders.errors import BadResponse, SourceError, SourceUnavailable, UnfitKey
from loaders.sources import Fetcher

log = logging.getLogger("sluice.sources")

STEPS = 20
"""The window of time goes on in so many steps."""


OPEN = "its circuit breaker is open, since too many calls failed"


class Window:
    """The latest calls, and how many of them failed: those of this step and the one before, and if
    they are less than ``enough`` of further steps, up to ``seconds`` ago. So where many are made,
    what has just begun to fail is not outweighed by what it was before."""

    def __init__(self, seconds: float, enough: int) -> None:
        self._step = seconds / STEPS
        self._enough = enough
        self.clear()

    def clear(self) -> None:
        self._number, self._ends = -STEPS, 0.0
        # Of the step that it is, and of those before with their numbers.
        self._calls = self._failed = 0
        self._before: deque[tuple[int, int, int]] = deque()

    def add(self, now: float, *, failed: bool) -> None:
        if now >= self._ends:
            self._go_on(now)
        self._calls += 1
        if failed:
            self._failed += 1

    def _go_on(self, now: float) -> None:
        self._before.append((self._number, self._calls, self._failed))
        self._number, self._calls, self._failed = int(now / self._step), 0, 0
        self._ends = (self._number + 1) * self._step
        while self._before and self._before[0][0] <= self._number - STEPS:
            self._before.popleft()

    def counted(self) -> tuple[int, int]:
        """The calls, and those that failed."""
        calls, failed = self._calls, self._failed
        for number, earlier, of_them in reversed(self._before):
            if calls >= self._enough and number < self._number - 1:
                break
            calls, failed = calls + earlier, failed + of_them
        return calls, failed


class Circuit:
    """The states of a breaker, on the clock ``now``.

    It is closed until of enough calls, the latest, so large a share has failed. Then it is open
    for so many seconds, and after that half-open: one call is let through, and as it ends the
    circuit is closed, or open again.
    """

    def __init__(
        self, settings: BreakerSettings, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._now = now
        self._window = Window(settings.seconds, settings.calls)
        # Until when it is open, if it is not closed.
        self._until: float | None = None
        self._is_probed = False
        # What began before it opened or closed says nothing of what came after.
        self._era = 0

    @property
    def is_closed(self) -> bool:
        return self._until is None

    def enter(self) -> int | None:
        """Whether a call may be made: its era, to be given back as it ends, or None."""
        if self._until is not None:
            if self._is_probed or self._now() < self._until:
                return None
            self._is_probed = True
        return self._era

    def leave(self, era: int, works: bool | None) -> str | None:
        """A call has ended, from which the source works or does not, or which doesn't tell. Returns
        why the circuit has opened, if it has been closed before."""
        if era != self._era:
            return None
        if self._until is not None:
            self._probed(works)
        elif works is not None:
            self._window.add(self._now(), failed=not works)
            if not works:
                return self._weighed()
        return None

    def _probed(self, works: bool | None) -> None:
        self._is_probed = False
        if works is not None:
            self._era += 1
            self._window.clear()
            self._until = None if works else self._now() + self.settings.open_seconds

    def _weighed(self) -> str | None:
        calls, failed = self._window.counted()
        if calls < self.settings.calls or failed < self.settings.failures * calls:
            return None
        self._era += 1
        self._until = self._now() + self.settings.open_seconds
        return f"{failed} of its last {calls} calls failed"


class Breaker:
    """Asks nothing of a source whose calls fail: a time-out or an outage is one, whatever is wrong
    with a value is none. What is not asked is unavailable at once."""

    def __init__(
        self, following: Fetcher[Attempt], source: str, circuit: Circuit, counts: Counts
    ) -> None:
        self._following = following
        self._source = source
        self._circuit = circuit
        self._counts = counts
        # Those that were refused before it opened.
        self._before = 0

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        circuit = self._circuit
        era = circuit.enter()
        if era is None:
            return [self._refusal(ask, keys, attempt)] * len(keys)
        try:
            answer = await self._following.fetch(ask, keys, attempt)
        except BaseException:
            circuit.leave(era, None)
            raise
        was_closed = circuit.is_closed
        opened = circuit.leave(era, works(answer))
        if opened is not None:
            self._opened(opened, answer)
        elif not was_closed and circuit.is_closed:
            refused = self._counts.refused - self._before
            log.info("source '%s' works again: it was not asked %d times", self._source, refused)
        return answer

    def _opened(self, why: str, answer: Answer) -> None:
        self._before = self._counts.refused
        self._counts.opened += 1
        last = next(each for each in answer if isinstance(each, SourceError) and each.is_outage)
        reason = last.reason or str(last)
        log.warning(
            "source '%s' is left alone for %g s: %s, the last: %s",
            self._source,
            self._circuit.settings.open_seconds,
            why,
            reason,
        )

    def _refusal(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> SourceUnavailable:
        self._counts.refused += 1
        attempt.not_sent(ask, keys, OPEN)
        return SourceUnavailable(self._source, reason=OPEN)


def works(answer: Answer) -> bool | None:
    """Whether a source works that answers so; None where that can't be told, as it may not have
    been asked."""
    if answer and type(answer[0]) is Found:
        return True
    said: bool | None = None
    for each in answer:
        if type(each) is Found:
            return True
        if isinstance(each, SourceError) and each.is_outage:
            said = False
        elif said is None and isinstance(each, BadResponse) and not isinstance(each, UnfitKey):
            said = True
    return said
