"""Nothing is sent for an operation that would not wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt
from loaders.errors import SourceTimeout
from loaders.sources import Fetcher


@dataclass(frozen=True, slots=True)
class Deadline:
    """Refuses what is asked when no time is left."""

    following: Fetcher
    source: str

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        if attempt.is_late:
            return [SourceTimeout(self.source, reason="the operation's time is up")] * len(keys)
        return await self.following.fetch(ask, keys, attempt)
