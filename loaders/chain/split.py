"""Batches that are no larger than a source takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Key
from loaders.chain.fair_queue import half_of
from loaders.contexts import Attempt
from loaders.sources import Capabilities, Fetcher
from loaders.trace import Calls, FanOut


@dataclass(frozen=True, slots=True)
class Split:
    """Asks in batches, all of which end together, so that what depends on them is one batch again.
    A fan-out is noted as one call."""

    following: Fetcher[Attempt]
    can: Capabilities

    def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Awaitable[Answer]:
        size = ask.rows.resource.batch_size(ask.rows.by) or self.can.batch_size
        if ask.rows.resource.is_fanned_out(ask.rows.by):
            attempt = attempt.another()
            attempt.calls = _as_one(attempt.calls)
        if len(keys) <= size:
            return self.following.fetch(ask, keys, attempt)
        return self._in_batches(ask, keys, attempt, size)

    async def _in_batches(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, size: int
    ) -> Answer:
        starts = range(0, len(keys), size)
        found: dict[int, Answer] = {}
        left = iter(starts)

        async def work() -> None:
            for start in left:
                batch = keys[start : start + size]
                try:
                    found[start] = await self.following.fetch(ask, batch, attempt.another())
                except Exception as error:
                    found[start] = [error] * len(batch)

        # Not a task for each batch: all but a few of them would only wait for their turn.
        most = self.can.in_flight
        workers = len(starts) if most is None else min(len(starts), half_of(most))
        await asyncio.gather(*(work() for _ in range(workers)))
        return [each for start in starts for each in found[start]]


def _as_one(calls: Calls) -> FanOut:
    return calls if isinstance(calls, FanOut) else FanOut(calls)
