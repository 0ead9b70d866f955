"""A source that does not keep up holds so many operations and no more (load shedding)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from loaders.asks import Answer, Ask, Key
from loaders.chain.counts import Counts
from loaders.contexts import Attempt, Share
from loaders.errors import SourceBusy
from loaders.sources import Fetcher
from loaders.trace import not_asked

WINDOW = 1.0
"""Seconds by which it is told whether a source keeps up. Where twice as many have passed, the loop
was held, or hardly anybody asks: that says nothing of the source."""


class Shed:
    """Lets ``most`` operations be with a source that does not keep up, their waiting for a turn
    included. Any further has an error at once: what it would wait with, its place in the worker, is
    for operations that ask other sources.

    A source keeps up if all that are with it are answered within ``longest`` (seconds) at the pace
    of the last ``WINDOW``. Those beyond ``most`` that came before that was told wait no longer.
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
        self._answered, self._since, self._keeps_up = 0, 0.0, True

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        there, share = self._there, attempt.share
        asks = there.get(share, 0)
        if not asks:
            now = time.monotonic()
            if now - self._since >= WINDOW:
                self._look(now)
            if len(there) >= self._most:
                if not self._keeps_up:
                    return [self._busy(ask, keys, attempt)] * len(keys)
                last = now + self._longest
                attempt.deadline = last if attempt.deadline is None else min(last, attempt.deadline)
        there[share] = asks + 1
        try:
            return await self._following.fetch(ask, keys, attempt)
        finally:
            self._answered += 1
            if there[share] == 1:
                del there[share]
            else:
                there[share] -= 1

    def _look(self, now: float) -> None:
        seconds = now - self._since
        if seconds < 2 * WINDOW:
            self._keeps_up = self._answered / seconds * self._longest >= len(self._there)
        self._answered, self._since = 0, now

    def _busy(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> SourceBusy:
        reason = f"{self._most} operations wait for it, which does not keep up"
        self._counts.busy += 1
        attempt.not_sent(ask, keys, reason)
        not_asked(ask.resource, reason)
        return SourceBusy(ask.resource.source, reason=reason)
