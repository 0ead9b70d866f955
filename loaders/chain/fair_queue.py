"""Turns of what many share, by caller and not by arrival.

That is fair queuing: J. Nagle, "On Packet Switches With Infinite Storage", RFC 970, 1985.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Hashable

from loaders.chain.timer import Timer
from loaders.contexts import Share

Waiting = dict[Share, deque["asyncio.Future[None]"]]


class FairQueue:
    """Has ``size`` turns, of which one share has ``of_one`` at most. Who finds none waits for one.

    The next turn is another caller's than the last one, as long as several wait, and within a
    caller another share's; within a share they go by arrival.
    """

    def __init__(self, size: int, of_one: int) -> None:
        self.size = size
        self._free = size
        self.of_one = of_one
        # In the order of their turns. Whatever waits is here as its share or all turns are taken.
        self._callers: dict[Hashable, Waiting] = {}
        self._timer = Timer()

    def has_one(self, share: Share) -> bool:
        """Whether there is a turn at once."""
        return self._free > 0 and share.turns < self.of_one

    def take(self, share: Share) -> bool:
        """Take a turn if there is one at once."""
        if not self.has_one(share):
            return False
        self._free -= 1
        share.turns += 1
        return True

    def take_anyway(self, share: Share) -> None:
        """Take a turn even if there is none: the next one begins once as many have been left."""
        self._free -= 1
        share.turns += 1

    async def wait(self, share: Share, deadline: float | None = None) -> bool:
        """Take a turn as soon as there is one, until the deadline (on ``time.monotonic``'s clock).
        Returns whether there was."""
        if self.take(share):
            return True
        if deadline is not None and deadline <= time.monotonic():
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._callers.setdefault(share.caller, {}).setdefault(share, deque()).append(turn)
        try:
            if deadline is None:
                await turn
            else:
                with self._timer.until(deadline):
                    await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(share)
            else:
                self._remove(share, turn)
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def leave(self, share: Share) -> None:
        """Let the next have the turn."""
        share.turns -= 1
        self._free += 1
        while self._free > 0 and self._callers and self._begin_next():
            pass

    @property
    def taken(self) -> int:
        """How many turns are taken."""
        return self.size - self._free

    @property
    def waiting(self) -> int:
        """How many turns are waited for."""
        return sum(len(turns) for shares in self._callers.values() for turns in shares.values())

    def waiting_of(self, share: Share) -> int:
        """How many of them are the share's."""
        return len(self._callers.get(share.caller, {}).get(share, ()))

    @property
    def shares_waiting(self) -> int:
        """How many shares wait for one or more."""
        return sum(map(len, self._callers.values()))

    def shares_of(self, caller: Hashable) -> list[Share]:
        """Those of the caller's that wait, in the order of their turns."""
        return list(self._callers.get(caller, ()))

    @property
    def longest(self) -> Hashable:
        """The caller of whom most shares wait. There must be one."""
        return max(self._callers, key=lambda caller: len(self._callers[caller]))

    def refuse_last(self, share: Share, error: Exception) -> None:
        """Raise the error in what has waited for the shortest of what the share waits for."""
        turn = self._callers[share.caller][share][-1]
        self._remove(share, turn)
        if not turn.done():
            turn.set_exception(error)

    def refuse_all(self, error: Exception) -> None:
        """Raise the error in all that wait."""
        while self._callers:
            share = next(iter(next(iter(self._callers.values()))))
            self.refuse_last(share, error)

    def _begin_next(self) -> bool:
        """Let the next begin. Returns whether there may be another."""
        for caller, shares in self._callers.items():
            for share, turns in shares.items():
                if share.turns >= self.of_one:
                    continue
                turn = turns.popleft()
                del shares[share], self._callers[caller]
                if turns:
                    shares[share] = turns
                if shares:
                    self._callers[caller] = shares
                # Of one whose task is cancelled, the task has not heard yet.
                if not turn.done():
                    self._free -= 1
                    share.turns += 1
                    turn.set_result(None)
                return True
        return False

    def _remove(self, share: Share, turn: asyncio.Future[None]) -> None:
        shares = self._callers.get(share.caller, {})
        turns = shares.get(share)
        if turns is None or turn not in turns:
            return
        turns.remove(turn)
        if not turns:
            del shares[share]
        if not shares:
            del self._callers[share.caller]


def half_of(size: int) -> int:
    """Half of the turns, but one at least."""
    return max(1, size // 2)
