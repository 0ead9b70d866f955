"""Batches that are no larger than a source takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from math import inf

from loaders.asks import Answer, Ask, Key
from loaders.chain.bulkhead import WithoutTurn, busy
from loaders.contexts import Attempt
from loaders.errors import SourceTimeout
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
            attempt = Attempt(attempt.deadline, _as_one(attempt.calls))
        if len(keys) <= size:
            return self.following.fetch(ask, keys, attempt)
        return self._in_batches(ask, keys, attempt, size)

    async def _in_batches(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, size: int
    ) -> Answer:
        # One timer for all, so that those who wait for their turn need none each.
        attempt = Attempt(attempt.deadline, attempt.calls, is_timed=True)
        starts = range(0, len(keys), size)
        found: dict[int, Answer] = {}
        without_turn: list[int] = []
        left = iter(starts)

        async def work() -> None:
            for start in left:
                batch = keys[start : start + size]
                try:
                    found[start] = await self.following.fetch(ask, batch, attempt)
                except WithoutTurn:
                    without_turn.append(start)
                    raise asyncio.CancelledError from None
                except Exception as error:
                    found[start] = [error] * len(batch)

        # Not a task for each batch: all but a few of them would only wait for their turn.
        workers = min(len(starts), self.can.in_flight or len(starts))
        late = SourceTimeout(ask.resource.source, reason="not all batches came in time")
        try:
            async with asyncio.timeout(None if attempt.deadline is None else attempt.left(inf)):
                await asyncio.gather(*(work() for _ in range(workers)))
        except TimeoutError:
            if without_turn:
                # Others have the turns: neither these were asked for, nor what is still left.
                waited = busy(ask, self.can.in_flight or 0)
                for start in (*without_turn, *left):
                    found[start] = [waited] * len(keys[start : start + size])
            for start in starts:
                found.setdefault(start, [late] * len(keys[start : start + size]))
        return [each for start in starts for each in found[start]]


def _as_one(calls: Calls) -> FanOut:
    return calls if isinstance(calls, FanOut) else FanOut(calls)
