"""How long one call to a source may take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from loaders.asks import Answer, Ask, Found, Key
from loaders.chain.counts import Counts
from loaders.chain.timer import Timer
from loaders.contexts import Attempt
from loaders.errors import SourceBusy, SourceError, SourceTimeout
from loaders.sources import Asked

FAIR = 1.0
"""Seconds in which a source should answer. A time-out after less, as the operation's time was up,
says nothing of it."""


@dataclass(frozen=True, slots=True)
class Timeout:
    """Ends a call that takes longer than its source has, or than is left of the attempt: the driver
    sees its task cancelled then. One that keeps to its deadline by itself needs no timer here, as
    long as it may also be late. Nothing is sent when no time is left. What the driver raises is the
    error of every key."""

    source: Asked
    counts: Counts
    _timer: Timer = field(default_factory=Timer)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        source = self.source
        now, longest, grace = time.monotonic(), source.timeout, source.can.grace
        left = inf if attempt.deadline is None else attempt.deadline - now
        if left <= 0:
            late = SourceTimeout(source.name, reason="the operation's time is up")
            late.is_outage = False
            return [late] * len(keys)
        within = attempt.another(attempt.tries)
        within.deadline = now + (longest if longest < left else left)
        try:
            if grace is not None and longest + grace <= left:
                return self._checked(ask, keys, await source.fetch(ask, keys, within))
            with self._timer.until(now + min(longest + (grace or 0.0), left)):
                answer = await source.fetch(ask, keys, within)
            return self._checked(ask, keys, answer)
        except TimeoutError:
            ours = f"no answer within {longest:g} s"
            reason = ours if left > longest else "no answer before the operation's time was up"
            late = SourceTimeout(source.name, reason=reason)
            late.is_outage = left >= min(longest, FAIR)
            if within.last is not None:
                within.last.fail(late)
            return [late] * len(keys)
        except SourceError as error:
            self.counts.busy += isinstance(error, SourceBusy)
            if isinstance(error, SourceTimeout):
                error.is_outage = left >= min(longest, FAIR)
            return [error] * len(keys)
        finally:
            attempt.last = within.last

    def _checked(self, ask: Ask, keys: Sequence[Key], answer: Answer) -> Answer:
        # Every call passes here. A source that has a Found for the first key knows what one is.
        if type(answer) is list and 0 < len(answer) == len(keys) and type(answer[0]) is Found:
            return answer
        source, of = f"the source '{self.source.name}' answered", ask.resource.name
        if not isinstance(answer, Sequence):
            raise TypeError(f"{source} for {of} with a {type(answer).__name__}, not with a list")
        if len(answer) != len(keys):
            raise TypeError(f"{source} {len(answer)} of {len(keys)} keys for {of}")
        for each in answer:
            if type(each) is not Found and not isinstance(each, Exception):
                got = type(each).__name__
                raise TypeError(f"{source} a key for {of} with a {got}, not with a Found")
        return answer
