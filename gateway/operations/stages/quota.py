"""An operation is charged to its caller, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable

from gateway.operations.costs import LEAST
from gateway.operations.operation import OperationState, Rest
from gateway.operations.results import Result, Send
from gateway.operations.spending import Spending
from gateway.quotas.accounts import Account
from gateway.settings import Settings
from resolvers.graph import Graph


class QuotaStage:
    """Refuses the operations of a caller who has nothing left, before anything of them is read,
    and settles the others when they have answered. The cost stage charges what they may take."""

    name = "quota"

    def __init__(self, graph: Graph, settings: Settings) -> None:
        pass

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        account = operation.context.account
        if account is None:
            return rest(operation, send)
        return self._settled(account, operation, send, rest)

    async def _settled(
        self, account: Account, operation: OperationState, send: Send, rest: Rest
    ) -> None:
        spending: Spending | None = None

        async def settle(result: Result) -> None:
            nonlocal spending
            if account.is_charged:
                spending = spending or operation.prepared.cost.spending(operation.variables)
                spending.add(result)
                if not getattr(result, "has_next", False):
                    fetched = _fetched(operation) if spending.has_failed else LEAST
                    account.settle(max(fetched, spending.total()))
                    spending = None
            else:
                account.end()
            await send(result)

        account.check()
        try:
            await rest(operation, settle)
        finally:
            account.end(_fetched(operation))


def _fetched(operation: OperationState) -> int:
    """How many rows its sources have sent so far, of which the response need not have any."""
    return max(LEAST, sum(call.rows for call in operation.context.operation.trace.calls))
