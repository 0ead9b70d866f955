"""Another try of what failed in passing: reads are idempotent (RFC 9110, 9.2.2)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Found, Key
from loaders.contexts import Attempt
from loaders.errors import SourceUnavailable
from loaders.sources import Fetcher

FIRST_WAIT = 0.1
"""Seconds before the second try, at most. It is twice as long before each further one."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Tries the keys that failed in passing again, ``most`` times, after the wait that the source
    asks for, or one that grows from try to try."""

    following: Fetcher[Attempt]
    most: int

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        tried = Attempt(attempt.deadline, attempt.calls, self.most, headers=attempt.headers)
        found = await self.following.fetch(ask, keys, tried)
        if len(found) == 1 and type(found[0]) is Found:
            # Most are one of many requests, and well.
            return found
        answer = list(found)
        for tries in reversed(range(self.most)):
            failed = {
                place: each
                for place, each in enumerate(answer)
                if isinstance(each, SourceUnavailable) and each.is_passing
            }
            if not failed:
                break
            backoff = FIRST_WAIT * 2 ** (self.most - 1 - tries) * random.uniform(0.5, 1)  # noqa: S311
            asked = max(each.after or 0.0 for each in failed.values())
            await asyncio.sleep(attempt.left(asked or backoff))
            if attempt.is_late:
                if tried.last is not None:
                    tried.last.give_up(next(iter(failed.values())))
                break
            tried = Attempt(attempt.deadline, attempt.calls, tries, headers=attempt.headers)
            found = await self.following.fetch(ask, [keys[place] for place in failed], tried)
            for place, each in zip(failed, found, strict=True):
                answer[place] = each
        return answer
