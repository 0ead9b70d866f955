"""How many operations run at a time in a worker."""

from __future__ import annotations

import asyncio
from collections import deque

from gateway.errors import RequestRefused

LONGEST_WAIT = 5.0
"""Seconds that an operation waits for others to end, at most."""


class Flights:
    """Lets ``most`` operations run, and as many more wait as there may be ``queued``. Any further
    is refused, so that what is answered is answered soon."""

    def __init__(self, most: int, queued: int) -> None:
        self._most = most
        self._queued = queued
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.now = 0
        """Those that run."""

    def take(self) -> bool:
        """Begin one if it need not wait; returns whether it has begun."""
        if self.now < self._most:
            self.now += 1
            return True
        return False

    async def wait(self) -> None:
        """Begin one as soon as it may. Raises RequestRefused if it may not wait, or has waited for
        too long."""
        if len(self._waiting) >= self._queued:
            raise self._refusal()
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await self._turn()
        except TimeoutError:
            raise self._refusal() from None

    async def wait_long(self) -> None:
        """Begin one as soon as it may: an event of a subscription, which has no other behind it."""
        if not self.take():
            await self._turn()

    def leave(self) -> None:
        """One has ended."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                # It has the place of this one.
                turn.set_result(None)
                return
        self.now -= 1

    def refuse(self, refusal: RequestRefused) -> None:
        """Have none wait any more."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(refusal)

    async def _turn(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def _refusal(self) -> RequestRefused:
        return RequestRefused(
            f"There are {self._most} operations running here, and can't be more now: try again.",
            status=503,
            code="RATE_LIMITED",
        )
