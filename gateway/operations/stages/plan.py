"""The operation is compiled against the schema."""

from __future__ import annotations

from gateway.engine.plan import compile_plan
from gateway.operations.compat import schema_of
from gateway.operations.costs import INTROSPECTING
from gateway.operations.prepared import By, Prepared
from gateway.settings import Settings
from resolvers.graph import Graph


class PlanStage:
    """Makes the operation's plan, on which authorization, projection and execution hang."""

    name = "plan"
    by = By.CHOICE

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._schema = schema_of(graph)

    def prepare(self, known: Prepared) -> None:
        known.plan = compile_plan(
            self._schema, known.document.ast, known.operation_name, known.conditions
        )
        # Also below the root: a field of a payload can lead to the root again.
        known.introspects = any(each.name in INTROSPECTING for each in known.plan.walk())
