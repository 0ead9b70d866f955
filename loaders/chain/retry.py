"""Another try of what failed in passing: reads are idempotent (RFC 9110, 9.2.2)."""

from __future__ import annotations

import random
from asyncio import sleep
from collections.abc import Iterable, Sequence

from loaders.asks import Answer, Ask, Found, Key
from loaders.chain.counts import Counts
from loaders.contexts import Attempt
from loaders.errors import SourceError
from loaders.sources import Fetcher

FIRST_WAIT = 0.1
"""Seconds before the second try, at most. It is twice as long before each further one."""

LATER = 0.1
"""The share by which a wait that a source asks for may be longer: not all come back at once."""

RESERVE = 100.0
"""Retries of a budget that nobody has used for long: as many as one operation's fan-out has
requests."""


class Budget:
    """So many retries for each call, a ``share`` of one, so that a source that fails is not asked
    several times as much as one that works. What is not used is kept, up to the ``reserve``."""

    def __init__(self, share: float, reserve: float = RESERVE, left: float | None = None) -> None:
        self._share = share
        self._reserve = reserve
        self._left = reserve if left is None else left

    def earn(self) -> None:
        """For a call that was made, whatever has come of it."""
        if self._left < self._reserve:
            self._left = min(self._left + self._share, self._reserve)

    def spend(self) -> bool:
        """Whether there may be one retry more, which is then used up."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Retry:
    """Tries the keys that failed in passing again, ``most`` times and within the budget, after the
    wait that the source asks for, or one that grows from try to try. Nothing is waited for that
    would come too late."""

    def __init__(
        self, following: Fetcher[Attempt], most: int, budget: Budget, counts: Counts
    ) -> None:
        self._following = following
        self._most = most
        self._budget = budget
        self._counts = counts

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        # The first try is the attempt itself, which is nobody else's.
        tried = attempt
        tried.tries = self._most
        found = await self._following.fetch(ask, keys, tried)
        if tried.last is not None:
            self._budget.earn()
        if len(found) == 1:
            if type(found[0]) is Found:
                return found
        elif set(map(type, found)) == {Found}:
            return found
        answer = list(found)
        for tries in reversed(range(self._most)):
            failed = {
                place: each
                for place, each in enumerate(answer)
                if isinstance(each, SourceError) and each.is_passing
            }
            if not failed:
                break
            wait = _wait(failed.values(), self._most - 1 - tries)
            if not self._may_try(attempt, wait):
                _give_up(tried, failed.values())
                break
            with attempt.share.away():
                await sleep(wait)
            before = tried
            tried = attempt.another(tries)
            found = await self._following.fetch(ask, [keys[place] for place in failed], tried)
            for place, each in zip(failed, found, strict=True):
                answer[place] = each
            if tried.last is None:
                # Nothing was sent after all, so what is to be said is why the last try failed.
                _give_up(before, failed.values())
        return answer

    def _may_try(self, attempt: Attempt, wait: float) -> bool:
        if attempt.left(wait) < wait:
            return False
        if self._budget.spend():
            self._counts.retried += 1
            return True
        self._counts.spent += 1
        return False


def _wait(errors: Iterable[SourceError], tries: int) -> float:
    """The seconds before the next try, after so many tries beside the first."""
    asked = max(each.after or 0.0 for each in errors)
    if asked:
        return asked * random.uniform(1, 1 + LATER)  # noqa: S311
    backoff: float = FIRST_WAIT * 2**tries
    return backoff * random.uniform(0.5, 1)  # noqa: S311


def _give_up(tried: Attempt, errors: Iterable[SourceError]) -> None:
    if tried.last is not None:
        tried.last.give_up(next(iter(errors)))
