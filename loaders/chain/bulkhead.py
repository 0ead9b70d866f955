"""So many calls to a source at a time, so that a slow one does not take everything there is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt
from loaders.errors import SourceBusy
from loaders.sources import Fetcher
from loaders.trace import not_asked


class WithoutTurn(asyncio.CancelledError):
    """A call was ended, by whoever keeps the time of several, while it waited for its turn. It goes
    no further than to them."""


class Bulkhead:
    """Lets ``most`` calls be under way. The others wait for their turn, until their deadlines."""

    def __init__(self, following: Fetcher[Attempt], most: int) -> None:
        self._following = following
        self._most = most
        self._turns = asyncio.Semaphore(most)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        if self._turns.locked():
            try:
                await self._wait(attempt)
            except TimeoutError:
                return [busy(ask, self._most)] * len(keys)
        else:
            await self._turns.acquire()
        try:
            return await self._following.fetch(ask, keys, attempt)
        finally:
            self._turns.release()

    async def _wait(self, attempt: Attempt) -> None:
        if attempt.is_timed:
            try:
                await self._turns.acquire()
            except asyncio.CancelledError:
                raise WithoutTurn from None
        else:
            left = None if attempt.deadline is None else attempt.left(inf)
            async with asyncio.timeout(left):
                await self._turns.acquire()


def busy(ask: Ask, most: int) -> SourceBusy:
    """The error of what had no turn in time, which is logged."""
    reason = f"all of its {most} calls are under way"
    not_asked(ask.resource, reason)
    return SourceBusy(ask.resource.source, reason=reason)
