"""So many calls to a source at a time, so that a slow one does not take everything there is."""

from __future__ import annotations

from collections.abc import Sequence

from loaders.asks import Answer, Ask, Key
from loaders.chain.counts import Counts
from loaders.chain.source_queue import SourceQueue
from loaders.contexts import Attempt
from loaders.errors import SourceBusy
from loaders.sources import Fetcher
from loaders.trace import not_asked

LAST = 0.01
"""Seconds before its deadline in which nobody takes a turn: no time is left for a call."""


class Bulkhead:
    """Lets ``most`` calls be under way, and half of them for one operation. The others wait for
    their turn, until their deadlines."""

    def __init__(self, following: Fetcher[Attempt], most: int, counts: Counts) -> None:
        self._following = following
        self._counts = counts
        self._turns = SourceQueue(most)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        turns, share = self._turns, attempt.share
        if not turns.take(share):
            deadline = attempt.deadline
            if not await turns.wait(share, None if deadline is None else deadline - LAST):
                return [self._busy(ask, keys, attempt)] * len(keys)
        try:
            return await self._following.fetch(ask, keys, attempt)
        finally:
            turns.leave(share)

    def _busy(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> SourceBusy:
        reason = f"{self._turns.why_none(attempt.share, 'calls')} are under way"
        self._counts.busy += 1
        attempt.not_sent(ask, keys, reason)
        not_asked(ask.resource, reason)
        return SourceBusy(ask.resource.source, reason=reason)
