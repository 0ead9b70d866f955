"""A second call where the first takes longer than most: whichever is answered first counts."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Hashable, Sequence
from math import ceil

from loaders.asks import Answer, Ask, Key
from loaders.chain.breaker import Circuit, works
from loaders.chain.counts import Counts
from loaders.chain.retry import Budget
from loaders.contexts import Attempt
from loaders.sources import Fetcher
from loaders.trace import Call

PERCENTILE = 0.95
"""The share of calls that are answered sooner than a second one is made."""

ENOUGH = 100
"""Calls of which that can be told."""

KEPT = 1_000

SHARE = 0.05
"""Second calls, at most, as a share of all."""

SAVED = 10.0
"""Those that may be made at once, where few were needed before."""

SLOWER = "given up: another call was answered sooner"


class Latencies:
    """How long the last calls took."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=KEPT)
        self._new = 0
        self.usual: float | None = None
        """The seconds in which most are answered, once there are enough."""

    def add(self, seconds: float) -> None:
        self._last.append(seconds)
        self._new += 1
        if self._new == ENOUGH:
            self._new = 0
            self.usual = sorted(self._last)[ceil(PERCENTILE * len(self._last)) - 1]


class Hedge:
    """Makes a second call beside one that takes longer than most of its kind, and cancels the other
    once one is answered. There is none while the ``circuit`` is not closed, or where the budget of
    retries, or its own, is used up."""

    def __init__(
        self,
        following: Fetcher[Attempt],
        retries: Budget | None,
        circuit: Circuit | None,
        counts: Counts,
    ) -> None:
        self._following = following
        self._retries = retries
        self._own = Budget(SHARE, SAVED, left=0.0)
        self._circuit = circuit
        self._counts = counts
        # There are as many as roads to resources.
        self._latencies: dict[Hashable, Latencies] = {}

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        road = ask.rows.resource, ask.rows.by
        latencies = self._latencies.get(road)
        if latencies is None:
            latencies = self._latencies[road] = Latencies()
        self._own.earn()
        usual = latencies.usual
        if usual is None or not (self._circuit is None or self._circuit.is_closed):
            return await self._timed(ask, keys, attempt, latencies)
        attempts = [attempt]
        calls = [asyncio.ensure_future(self._timed(ask, keys, attempt, latencies))]
        try:
            await asyncio.wait(calls, timeout=usual)
            if calls[0].done() or not self._may_hedge():
                return await calls[0]
            second = attempt.another(attempt.tries)
            attempts.append(second)
            calls.append(asyncio.ensure_future(self._timed(ask, keys, second, latencies)))
            first = await self._answered(calls)
            answer = calls[first].result()
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        other = attempts[1 - first].last
        if calls[1 - first].cancelled() and isinstance(other, Call):
            other.refuse(SLOWER)
        attempt.last = attempts[first].last
        return answer

    async def _timed(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, latencies: Latencies
    ) -> Answer:
        began = time.monotonic()
        try:
            return await self._following.fetch(ask, keys, attempt)
        finally:
            # Of one that was given up it would have been longer.
            latencies.add(time.monotonic() - began)

    async def _answered(self, calls: Sequence[asyncio.Future[Answer]]) -> int:
        """Which of the two is answered first; the first, if neither is."""
        left = set(calls)
        while left:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for call in done:
                if call.exception() is None and works(call.result()):
                    return calls.index(call)
        return 0

    def _may_hedge(self) -> bool:
        if not self._own.spend():
            return False
        if self._retries is not None and not self._retries.spend():
            return False
        self._counts.hedged += 1
        return True
