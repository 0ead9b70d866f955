"""What one operation may ask of one source."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Key
from loaders.contexts import FAN_OUT, Operation
from loaders.errors import OverBudget
from loaders.sources import Fetcher


@dataclass(frozen=True, slots=True)
class Spend:
    """Refuses the keys of fan-outs for which an operation has no request left."""

    following: Fetcher[Operation]
    source: str

    def fetch(self, ask: Ask, keys: Sequence[Key], operation: Operation) -> Awaitable[Answer]:
        if ask.rows.resource.is_fanned_out(ask.rows.by):
            return self._fan_out(ask, keys, operation)
        return self.following.fetch(ask, keys, operation)

    async def _fan_out(self, ask: Ask, keys: Sequence[Key], operation: Operation) -> Answer:
        granted = operation.budget.take(self.source, len(keys))
        found = await self.following.fetch(ask, keys[:granted], operation) if granted else ()
        refused = OverBudget(
            self.source,
            f"This operation needs more than {FAN_OUT} requests to '{self.source}', which answers "
            "one id at a time. Ask for fewer objects.",
        )
        return [*found, *[refused] * (len(keys) - granted)]
