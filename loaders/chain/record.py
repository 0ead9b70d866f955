"""From an operation to an attempt on its behalf."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt, Operation
from loaders.sources import Fetcher


@dataclass(frozen=True, slots=True)
class Record:
    """Has the calls noted in the operation's trace, and lets them take until its deadline."""

    following: Fetcher[Attempt]

    def fetch(self, ask: Ask, keys: Sequence[Key], operation: Operation) -> Awaitable[Answer]:
        attempt = Attempt(operation.deadline, operation.trace.calls)
        return self.following.fetch(ask, keys, attempt)
