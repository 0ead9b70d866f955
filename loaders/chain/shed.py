"""A source that does not keep up holds so many operations and no more (load shedding)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from loaders.asks import Answer, Ask, Key
from loaders.chain.counts import Counts
from loaders.chain.timer import Timer, Until
from loaders.contexts import Attempt, Share
from loaders.errors import SourceBusy, SourceTimeout
from loaders.sources import Fetcher
from loaders.trace import not_asked

WINDOW = 0.25
"""Seconds after which is looked whether a source keeps up, by what it has answered in the last two:
a pool that still connects answers nothing in the first."""

GIVEN_UP = (SourceBusy, SourceTimeout)


class Shed:
    """Lets ``most`` operations be with a source that does not keep up, their waiting for a turn
    included. Any further has an error at once: what it would wait with, its place in the worker, is
    for operations that ask other sources.

    A source keeps up if all that are with it are answered within ``longest`` (seconds) at its pace
    of the last half second. Once it does not, those beyond ``most`` that came before have the
    error, too.
    """

    def __init__(
        self, following: Fetcher[Attempt], most: int, longest: float, counts: Counts
    ) -> None:
        self._following = following
        self._most = most
        self._longest = longest
        self._counts = counts
        # How many asks each operation has there.
        self._there: dict[Share, int] = {}
        # Those beyond, and until when each of their asks may take.
        self._beyond: dict[Share, set[Until]] = {}
        self._timer = Timer()
        self._keeps_up = True
        self._answered = 0
        # How much it had answered, and when, at the last looks.
        self._looks: deque[tuple[int, float]] = deque(maxlen=2)
        self._looking: asyncio.TimerHandle | None = None

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        there, share = self._there, attempt.share
        if share in self._beyond or (share not in there and len(there) >= self._most):
            return await self._fetch_beyond(ask, keys, attempt)
        return await self._fetch(ask, keys, attempt)

    async def _fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        there, share = self._there, attempt.share
        there[share] = there.get(share, 0) + 1
        try:
            answer = await self._following.fetch(ask, keys, attempt)
            # Whoever has given up was not answered.
            self._answered += not any(isinstance(each, GIVEN_UP) for each in answer[:1])
            return answer
        finally:
            if there[share] == 1:
                del there[share]
            else:
                there[share] -= 1

    async def _fetch_beyond(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        if self._looking is None:
            self._look()
        if not self._keeps_up:
            return self._busy(ask, keys, attempt)
        until = self._timer.until(time.monotonic() + self._longest)
        untils = self._beyond.setdefault(attempt.share, set())
        untils.add(until)
        try:
            with until:
                return await self._fetch(ask, keys, attempt)
        except TimeoutError:
            return self._busy(ask, keys, attempt)
        finally:
            untils.discard(until)
            if not untils:
                self._beyond.pop(attempt.share, None)

    def _look(self) -> None:
        """Tell whether it keeps up, and look again until it does and there are less than ``most``:
        those that give up make room for no more than themselves."""
        now = time.monotonic()
        if len(self._looks) == 2:
            answered, since = self._looks[0]
            pace = (self._answered - answered) / (now - since)
            self._keeps_up = pace * self._longest >= max(1, len(self._there))
        if self._keeps_up and len(self._there) < self._most:
            self._looking = None
            self._looks.clear()
            return
        self._looks.append((self._answered, now))
        self._looking = asyncio.get_running_loop().call_later(WINDOW, self._look)
        if not self._keeps_up:
            for until in [each for untils in self._beyond.values() for each in untils]:
                self._timer.stop(until)
                until.expire()

    def _busy(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        reason = f"{self._most} operations wait for it, which does not keep up"
        self._counts.busy += 1
        attempt.not_sent(ask, keys, reason)
        not_asked(ask.resource, reason)
        return [SourceBusy(ask.resource.source, reason=reason)] * len(keys)
