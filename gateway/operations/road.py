"""The road of an operation: the stages, in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Protocol

from gateway.operations.extensions import StrawberryExtensions
from gateway.operations.operation import OperationState, Rest, Surrounds
from gateway.operations.owned import stage_named
from gateway.operations.prepared import Preparations, Prepared, Prepares
from gateway.operations.results import Send
from gateway.operations.stages.authorize import AuthorizeStage
from gateway.operations.stages.cost import CostStage
from gateway.operations.stages.execute import ExecuteStage
from gateway.operations.stages.parse import ParseStage
from gateway.operations.stages.plan import PlanStage
from gateway.operations.stages.present import PresentStage
from gateway.operations.stages.quota import QuotaStage
from gateway.operations.stages.shape import ShapeStage
from gateway.operations.stages.trusted import TrustedStage
from gateway.operations.stages.validate import ValidateStage
from gateway.operations.turns import Turns
from gateway.settings import Settings
from resolvers.graph import Graph
from resolvers.rules import Standing


class Stage(Protocol):
    """A stage, made once for a graph. It has a half that ``Prepares``, one that ``Surrounds``, or
    both."""

    name: str

    def __init__(self, graph: Graph, settings: Settings, /) -> None: ...


ORDER: Sequence[type[Stage]] = (
    PresentStage,  # around all, as every end of an operation goes through it
    QuotaStage,  # around all that its caller pays for
    TrustedStage,  # before anything of a text is looked at
    ParseStage,
    ShapeStage,  # before validation, whose work it bounds
    ValidateStage,
    PlanStage,
    AuthorizeStage,  # before anything is fetched
    CostStage,  # of what its caller may see
    ExecuteStage,
)
"""Every stage, the outermost first. What they prepare is looked up, or made, where the first of
them prepares something."""


def road(graph: Graph, settings: Settings) -> Rest:
    """All stages as one, those of the graph's owner at their places."""
    ours = {stage.name: stage for stage in (each(graph, settings) for each in ORDER)}
    stages: list[object] = [*ours.values()]
    for each in settings.stages:
        stages.insert(stages.index(ours[each.before]), stage_named(each.stage)())
    preparing = [stage for stage in ours.values() if isinstance(stage, Prepares)]
    stages.insert(stages.index(preparing[0]), _Prepare(graph, settings, preparing))
    rest: Rest = _end
    for stage in reversed(stages):
        if isinstance(stage, Surrounds):
            rest = partial(stage.around, rest=rest)
    return rest


class _Prepare:
    """Finds what the stages prepared of an operation before, or has them prepare it. Extensions
    may make something else of each operation, so with them nothing is kept."""

    name = "prepare"

    def __init__(self, graph: Graph, settings: Settings, stages: Sequence[Prepares]) -> None:
        self._rules = graph.rules
        self._stages = stages
        self._kept = Preparations(stages, size=settings.limits.cached_documents)
        self._turns = Turns()

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        standing, extensions = self._rules.standing(operation.identity), operation.extensions
        query, name, variables = operation.query, operation.operation_name, operation.variables
        if isinstance(extensions, StrawberryExtensions):
            operation.prepared = Prepared(query, operation_name=name, standing=standing)
            return self._by_extensions(extensions, operation, send, rest)
        if query not in self._kept:
            return self._in_turn(operation, standing, send, rest)
        operation.prepared = self._kept.get(query, name, variables, standing)
        return rest(operation, send)

    async def _in_turn(
        self, operation: OperationState, standing: Standing, send: Send, rest: Rest
    ) -> None:
        # To parse and to validate a document takes longer than anything else before it runs.
        await self._turns.take()
        query, name, variables = operation.query, operation.operation_name, operation.variables
        operation.prepared = self._kept.get(query, name, variables, standing)
        await rest(operation, send)

    async def _by_extensions(
        self, extensions: StrawberryExtensions, operation: OperationState, send: Send, rest: Rest
    ) -> None:
        await self._turns.take()
        await extensions.prepare(self._stages, operation.prepared, operation.variables)
        await rest(operation, send)


async def _end(operation: OperationState, send: Send) -> None:
    """There is nothing within the innermost stage."""
