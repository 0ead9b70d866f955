"""So many calls to a source at a time, so that a slow one does not take everything there is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from loaders.asks import Answer, Ask, Key
from loaders.chain.counts import Counts
from loaders.chain.timer import Timer
from loaders.contexts import Attempt
from loaders.errors import SourceBusy
from loaders.sources import Fetcher
from loaders.trace import not_asked

LAST = 0.01
"""Seconds before its deadline in which nobody takes a turn: no time is left for a call."""


class Bulkhead:
    """Lets ``most`` calls be under way. The others wait for their turn, until their deadlines."""

    def __init__(self, following: Fetcher[Attempt], most: int, counts: Counts) -> None:
        self._following = following
        self._most = most
        self._counts = counts
        self._turns = asyncio.Semaphore(most)
        # With those that wait. While there are no more than turns, none waits.
        self._here = 0
        self._timer = Timer()

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        self._here += 1
        try:
            if self._here <= self._most or attempt.deadline is None:
                await self._turns.acquire()
            elif not await self._has_turn_by(attempt.deadline - LAST):
                return [self._busy(ask, keys, attempt)] * len(keys)
            try:
                return await self._following.fetch(ask, keys, attempt)
            finally:
                self._turns.release()
        finally:
            self._here -= 1

    async def _has_turn_by(self, deadline: float) -> bool:
        if deadline <= time.monotonic():
            return False
        try:
            with self._timer.until(deadline):
                return await self._turns.acquire()
        except TimeoutError:
            return False

    def _busy(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> SourceBusy:
        reason = f"all of its {self._most} calls are under way"
        self._counts.busy += 1
        attempt.not_sent(ask, keys, reason)
        not_asked(ask.resource, reason)
        return SourceBusy(ask.resource.source, reason=reason)
