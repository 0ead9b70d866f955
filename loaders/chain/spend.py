"""What one operation may ask of one source."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Key
from loaders.contexts import CALLS, FAN_OUT, Budget, Operation
from loaders.errors import OverBudget
from loaders.sources import Fetcher


@dataclass(frozen=True, slots=True)
class Spend:
    """Refuses the calls that an operation has not left, and the keys of fan-outs for which it has
    no request left."""

    following: Fetcher[Operation]
    source: str

    def fetch(self, ask: Ask, keys: Sequence[Key], operation: Operation) -> Awaitable[Answer]:
        budget = operation.budget(self.source)
        if budget.calls >= CALLS:
            return self._refuse(keys)
        budget.calls += 1
        if ask.rows.resource.is_fanned_out(ask.rows.by):
            return self._fan_out(ask, keys, operation, budget)
        return self.following.fetch(ask, keys, operation)

    async def _fan_out(
        self, ask: Ask, keys: Sequence[Key], operation: Operation, budget: Budget
    ) -> Answer:
        granted = budget.take_requests(len(keys))
        found = await self.following.fetch(ask, keys[:granted], operation) if granted else ()
        refused = OverBudget(
            self.source,
            f"This operation needs more than {FAN_OUT} requests to '{self.source}', which answers "
            "one id at a time. Ask for fewer objects.",
        )
        return [*found, *[refused] * (len(keys) - granted)]

    async def _refuse(self, keys: Sequence[Key]) -> Answer:
        said = f"This operation needs more than {CALLS} calls to '{self.source}'."
        return [OverBudget(self.source, f"{said} Ask for fewer fields.")] * len(keys)
