"""So many calls to a source at a time, so that a slow one does not take everything there is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt
from loaders.errors import SourceTimeout
from loaders.sources import Fetcher


class Bulkhead:
    """Lets ``most`` calls be under way. The others wait for their turn, until their deadlines."""

    def __init__(self, following: Fetcher[Attempt], source: str, most: int) -> None:
        self._following = following
        self._source = source
        self._turns = asyncio.Semaphore(most)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        if self._turns.locked() and attempt.deadline is not None and not attempt.is_timed:
            try:
                async with asyncio.timeout(attempt.left(inf)):
                    await self._turns.acquire()
            except TimeoutError:
                reason = "its turn did not come in time"
                return [SourceTimeout(self._source, reason=reason)] * len(keys)
        else:
            await self._turns.acquire()
        try:
            return await self._following.fetch(ask, keys, attempt)
        finally:
            self._turns.release()
