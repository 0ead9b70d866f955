"""From an operation to an attempt on its behalf."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt, Operation
from loaders.sources import Fetcher


@dataclass(frozen=True, slots=True)
class Record:
    """Has the calls noted in the operation's trace, lets them take until its deadline, and hands
    them its share of the source and those of its headers that the source sends on."""

    following: Fetcher[Attempt]
    source: str
    headers: frozenset[str] = frozenset()

    def fetch(self, ask: Ask, keys: Sequence[Key], operation: Operation) -> Awaitable[Answer]:
        share = operation.budget(self.source)
        attempt = Attempt(operation.deadline, operation.trace.calls, share=share)
        if self.headers:
            given = operation.headers.items()
            attempt.headers = {name: value for name, value in given if name in self.headers}
        return self.following.fetch(ask, keys, attempt)
