"""What the operation is estimated to cost is within bounds, before anything is fetched."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.errors import too_complex
from gateway.operations.costs import OperationCost
from gateway.operations.operation import OperationState, Rest
from gateway.operations.prepared import By, Prepared
from gateway.operations.results import Send
from gateway.quotas.accounts import Account
from gateway.settings import Settings
from resolvers.graph import Graph

log = logging.getLogger("sluice.cost")


class CostStage:
    """Refuses an operation that costs more than one may, or logs it, as the settings say, and
    charges its caller, who may have a quota. One that is asked for its cost ``only`` does not
    run."""

    name = "cost"
    by = By.STANDING

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._costs = graph.costs
        self._most = settings.limits.cost
        self._enforces = settings.limits.cost_mode == "enforce"

    def prepare(self, known: Prepared) -> None:
        known.cost = OperationCost(known.plan, known.decision, self._costs)

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        operation.estimate = estimate = operation.prepared.cost.estimate(operation.variables)
        if operation.asked("cost") == "only":
            return send(ExecutionResult(None, None))
        if estimate > self._most:
            self._refuse(operation, estimate)
        account = operation.context.account
        if account is None:
            return rest(operation, send)
        return self._charge(account, estimate, operation, send, rest)

    async def _charge(
        self, account: Account, estimate: int, operation: OperationState, send: Send, rest: Rest
    ) -> None:
        if operation.kind is OperationType.SUBSCRIPTION:
            await account.subscribe(estimate)
        else:
            await account.charge(estimate)
        await rest(operation, send)

    def _refuse(self, operation: OperationState, estimate: int) -> None:
        if self._enforces:
            raise too_complex(
                f"The operation costs {estimate:,}, and one may cost {self._most:,}: "
                "ask for smaller pages, or for less within lists."
            )
        log.warning(
            "measure: operation %.100r of %s costs %d, more than %d",
            operation.name,
            operation.identity.credential or "an anonymous caller",
            estimate,
            self._most,
        )
