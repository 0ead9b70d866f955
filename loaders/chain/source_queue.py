"""Turns at a source, for which only so many operations wait, and none of them holds up others."""

from __future__ import annotations

from loaders.chain.fair_queue import FairQueue, half_of
from loaders.contexts import Share

MOST_WAITING = 200
"""Operations that wait for turns at one source, at most."""


class SourceQueue(FairQueue):
    """A queue whose shares are operations', and have half of the turns at most. Who waits gives its
    place in the worker to others meanwhile, so that a source which does not keep up holds the
    places of its calls that are under way and no more.

    Where no more may wait, the last operation of the caller of whom most wait gives way to another
    caller's.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size, half_of(size))

    async def wait(self, share: Share, deadline: float | None = None) -> bool:
        """Take a turn as soon as there is one, until the deadline (on ``time.monotonic``'s clock).
        Returns whether there was: there is none at all for whom there is no room to wait, or who
        had to give way."""
        if self.take(share):
            return True
        if not self._has_room_for(share):
            return False
        with share.away():
            try:
                return await super().wait(share, deadline)
            except _GaveWayError:
                return False

    def why_none(self, share: Share, turns: str) -> str:
        """Why there is none, for the log, in which they are called ``turns``."""
        if self.shares_waiting >= MOST_WAITING:
            return f"{MOST_WAITING} operations wait for its {turns}, which"
        if share.turns < self.of_one:
            return f"all of its {self.size} {turns}"
        return f"{self.of_one} of its {self.size} {turns}, which are an operation's share,"

    def _has_room_for(self, share: Share) -> bool:
        if self.waiting_of(share) or self.shares_waiting < MOST_WAITING:
            return True
        crowd = self.shares_of(self.longest)
        if len(crowd) <= len(self.shares_of(share.caller)) + 1:
            return False
        last = crowd[-1]
        while self.waiting_of(last):
            self.refuse_last(last, _GaveWayError())
        return True


class _GaveWayError(Exception):
    """Raised in what waits for a turn that another caller's operation waits for instead."""
