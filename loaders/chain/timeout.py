"""How long one call to a source may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt
from loaders.errors import SourceError, SourceTimeout
from loaders.sources import Source


@dataclass(frozen=True, slots=True)
class Timeout:
    """Ends a call that takes longer than its source has, or than is left of the attempt: the driver
    sees its task cancelled then, unless it ended by itself. What the driver raises is the error of
    every key."""

    source: Source

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        now, longest = time.monotonic(), self.source.timeout
        left = inf if attempt.deadline is None else attempt.deadline - now
        seconds = min(longest, left)
        within = Attempt(now + seconds, attempt.calls, attempt.tries)
        try:
            async with asyncio.timeout(min(longest + self.source.can.grace, left)):
                return await self.source.fetch(ask, keys, within)
        except TimeoutError:
            ours = f"no answer within {longest:g} s"
            reason = ours if left > longest else "no answer before the operation's time was up"
            late = SourceTimeout(self.source.name, reason=reason)
            if within.last is not None:
                within.last.fail(late)
            return [late] * len(keys)
        except SourceError as error:
            return [error] * len(keys)
