"""The document fits the schema, or its operation does not run."""

from __future__ import annotations

from collections.abc import Awaitable
from enum import Enum

from graphql import (
    ASTValidationRule,
    GraphQLError,
    KnownOperationTypesRule,
    OperationDefinitionNode,
    ValidationContext,
    specified_rules,
    validate,
)
from strawberry.types.execution import PreExecutionError

from gateway.errors import coded, too_complex
from gateway.operations.compat import (
    MaybeNullValidationRule,
    OneOfInputValidationRule,
    ValidationAbortedError,
    schema_of,
)
from gateway.operations.operation import OperationState, Rest
from gateway.operations.prepared import By, Prepared
from gateway.operations.results import Send
from gateway.settings import Settings
from resolvers.graph import Graph

MOST_ERRORS = 100
"""Errors of one document that are told."""

TOO_COMPLEX = (
    "The document can't be validated: it nests too deeply, or it has a field in one place, or its"
    " fragments, too often. Ask for each field once, or send several operations."
)


def none_of(kind: Enum) -> str:
    """What a client is told who sends a mutation or a subscription to a graph without any."""
    return f"This graph has no {kind.value}s."


class OperationTypesThatAreThere(ASTValidationRule):
    """graphql-core's ``KnownOperationTypesRule``, in words that say what is missing."""

    context: ValidationContext

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        if self.context.schema.get_root_type(node.operation) is None:
            self.report_error(GraphQLError(none_of(node.operation), node))


RULES: tuple[type[ASTValidationRule], ...] = (
    *(rule for rule in specified_rules if rule is not KnownOperationTypesRule),
    OperationTypesThatAreThere,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


class ValidateStage:
    """Validates, and answers an operation that must not run with what is wrong in it. Errors
    suggest names in development alone."""

    name = "validate"
    by = By.TEXT

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._schema = schema_of(graph)
        self._hide_suggestions = not settings.in_development

    def prepare(self, known: Prepared) -> None:
        errors = validate(
            self._schema,
            known.document.ast,
            (*RULES, *known.rules),
            max_errors=MOST_ERRORS,
            hide_suggestions=self._hide_suggestions,
        )
        if errors and isinstance(errors[-1], ValidationAbortedError):
            errors[-1] = _aborted(len(errors) > MOST_ERRORS)
        known.errors = coded(errors, "GRAPHQL_VALIDATION_FAILED")

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        if operation.prepared.errors:
            # Those of what was prepared may be told again.
            return send(PreExecutionError(None, list(operation.prepared.errors)))
        return rest(operation, send)


def _aborted(by_errors: bool) -> GraphQLError:
    """What is told of a validation that was given up: by too many errors, or by too much work."""
    if by_errors:
        return GraphQLError(f"There are more errors than these {MOST_ERRORS}: mend them first.")
    return too_complex(TOO_COMPLEX)
