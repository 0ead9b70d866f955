"""Which operations run in a worker, and which wait for that (admission control)."""

from __future__ import annotations

import time
from collections.abc import Hashable
from weakref import WeakValueDictionary

from gateway.errors import RequestRefused
from loaders.chain.fair_queue import FairQueue
from loaders.contexts import Share

LONGEST_WAIT = 5.0
"""Seconds that an operation waits for others to end, at most."""


class Admission:
    """Lets ``most`` operations run, and as many more wait as there may be ``queued``. Any further
    is refused, so that what is answered is answered soon.

    Callers take turns. One of them has three quarters of those that run at most; and where no more
    may wait, the last of whoever waits with most gives way to another caller's.
    """

    def __init__(self, most: int, queued: int) -> None:
        self.queue = FairQueue(most, most - most // 4)
        self._queued = queued
        # What each caller has, for as long as one of its operations is here.
        self._shares = WeakValueDictionary[Hashable, Share]()

    @property
    def running(self) -> int:
        """How many operations run."""
        return self.queue.taken

    def place(self, caller: Hashable) -> Place:
        """A place for an operation of the caller's."""
        share = self._shares.get(caller)
        if share is None:
            share = self._shares[caller] = Share(caller)
        return Place(self, share)

    def refuse(self, refusal: RequestRefused) -> None:
        """Have none wait any more."""
        self.queue.refuse_all(refusal)

    async def wait(self, share: Share) -> None:
        """Begin one as soon as it may. Raises RequestRefused if it may not wait, or has waited for
        too long."""
        queue = self.queue
        if queue.waiting >= self._queued:
            longest = max(self._shares.values(), key=queue.waiting_of)
            if queue.waiting_of(longest) <= queue.waiting_of(share) + 1:
                raise self._refusal(share)
            queue.refuse_last(longest, self._refusal(longest))
        if not await queue.wait(share, time.monotonic() + LONGEST_WAIT):
            raise self._refusal(share)

    def _refusal(self, share: Share) -> RequestRefused:
        queue = self.queue
        is_full = queue.taken >= queue.size
        those = f"There are {queue.size}" if is_full else f"You have {share.turns}"
        return RequestRefused(
            f"{those} operations running here, and can't be more now: try again.",
            status=503,
            code="RATE_LIMITED",
        )


class Place:
    """The place of one operation among those that run, or of one event of a subscription.

    While it waits for a source, others run in it. When it goes on, there may be more than so many
    that run, for as long as they take: to wait anew would cost it what it has waited for.
    """

    __slots__ = ("_admission", "_away", "_has_left", "_share")

    def __init__(self, admission: Admission, share: Share) -> None:
        self._admission = admission
        self._share = share
        # How often it was given back and not taken back.
        self._away = 0
        self._has_left = False

    def take(self) -> bool:
        """Begin if it need not wait; returns whether it has begun."""
        return self._admission.queue.take(self._share)

    async def wait(self) -> None:
        """Begin as soon as it may. Raises RequestRefused if it may not wait, or has waited for too
        long."""
        await self._admission.wait(self._share)

    def give_back(self) -> None:
        """Let others run, until it is taken back as often as it was given."""
        self._away += 1
        if self._away == 1 and not self._has_left:
            self._admission.queue.leave(self._share)

    def take_back(self) -> None:
        """Go on."""
        self._away -= 1
        if self._away == 0 and not self._has_left:
            self._admission.queue.take_anyway(self._share)

    def leave(self) -> None:
        """It has ended."""
        self._has_left = True
        if self._away == 0:
            self._admission.queue.leave(self._share)

    def of_events(self) -> Place:
        """The place of a subscription's events, which have no others behind them: they wait for as
        long as they must, and give way to nobody."""
        return Place(self._admission, Share(self._share.caller))

    def another(self) -> Place:
        """One for another event of the same subscription."""
        return Place(self._admission, self._share)

    async def wait_long(self) -> None:
        """Begin as soon as it may."""
        await self._admission.queue.wait(self._share)
