"""What the caller may see of the operation is decided, before anything of it is fetched."""

from __future__ import annotations

from collections.abc import Awaitable

from graphql import GraphQLError
from strawberry.types.execution import PreExecutionError

from gateway.errors import Unauthenticated
from gateway.operations.authorization import decide
from gateway.operations.introspection import VisibleSchemas
from gateway.operations.operation import OperationState, Rest
from gateway.operations.prepared import By, Prepared
from gateway.operations.results import Send
from gateway.settings import Settings
from resolvers.graph import Graph


class AuthorizeStage:
    """Decides by the caller's standing, and has the operation begin with what it may fetch.

    A denied field is null, or has the whole operation rejected, or is logged alone, as the
    settings say. Only in development do anonymous clients see the schema.
    """

    name = "authorize"
    by = By.STANDING

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._graph = graph
        self._schemas = VisibleSchemas(graph)
        self._development = settings.in_development
        self._on_denial = settings.authorization.on_denial

    def prepare(self, known: Prepared) -> None:
        assert known.standing is not None
        known.decision = decide(
            self._graph, known.plan, known.standing, enforced=self._on_denial != "log"
        )

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        known, context = operation.prepared, operation.context
        decision, anonymous = known.decision, operation.identity.is_anonymous
        context.begin(known, decision, self._graph.rules.policies)
        if known.introspects:
            if anonymous and not self._development:
                return send(PreExecutionError(None, [_closed()]))
            context.visible_schema = self._schemas.of(
                decision.verdicts if decision.enforced else {}
            )
        if self._on_denial == "reject":
            if errors := decision.errors(anonymous=anonymous):
                return send(PreExecutionError(None, errors))
        elif self._on_denial == "log":
            for denial in decision.denials:
                context.log(denial)
        return rest(operation, send)


def _closed() -> GraphQLError:
    return GraphQLError(
        "The schema is shown to callers with a credential only.",
        extensions={"code": Unauthenticated.code},
    )
