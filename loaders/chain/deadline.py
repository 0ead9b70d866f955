"""Nothing is sent for an operation that would not wait for it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt
from loaders.errors import SourceTimeout
from loaders.sources import Fetcher


@dataclass(frozen=True, slots=True)
class Deadline:
    """Refuses what is asked when no time is left."""

    following: Fetcher[Attempt]
    source: str

    def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Awaitable[Answer]:
        return self._refuse(keys) if attempt.is_late else self.following.fetch(ask, keys, attempt)

    async def _refuse(self, keys: Sequence[Key]) -> Answer:
        return [SourceTimeout(self.source, reason="the operation's time is up")] * len(keys)
