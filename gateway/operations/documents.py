"""Documents that clients sent before: parsed, validated and planned once, and bounded."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from cachetools import LRUCache
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    KnownOperationTypesRule,
    OperationDefinitionNode,
    Source,
    SourceLocation,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.engine.plan import Plan, compile_plan, condition_variables
from gateway.errors import coded
from gateway.operations.authorization import Decision, decide
from resolvers.graph import Graph
from resolvers.rules import Standing

LONGEST_KEPT = 20_000
"""Characters of the longest document that is kept."""

USUAL_LENGTH = 2_000
"""Characters that the documents which are kept have in the mean, at most: a cache that is bounded
in documents alone could be filled with long ones. One character takes some 50 bytes."""

LARGEST_KEPT = 1_000
"""Fields of the plans that are kept of one document, all together: a short document can have large
plans. One field takes some 300 bytes."""

MOST_TOKENS = 5_000
"""Tokens that a document may have: parsing and validating it holds up everyone else."""

MOST_LINES = 5_000
"""Lines that a document may have: an error says at which lines its fields stand, and graphql-core
counts them from the first, for each error again."""

PLANS_KEPT = 32
"""Plans kept of one document: one for each operation and choice of its conditions."""


DECISIONS_KEPT = 32
"""Decisions kept of one plan: one for each set of scopes that callers have."""

INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, whether it asks for the schema, and what was decided on it before."""

    plan: Plan
    introspects: bool
    decisions: LRUCache[Standing, Decision] = field(
        default_factory=lambda: LRUCache(DECISIONS_KEPT)
    )


@dataclass(slots=True)
class Document:
    """A parsed document, what validation found, and its plans.

    ``conditions`` are the variables that decide what its operations select, ``length`` is that of
    its text.
    """

    ast: DocumentNode
    errors: list[GraphQLError]
    conditions: frozenset[str]
    length: int
    plans: LRUCache[Any, Planned] = field(
        default_factory=lambda: LRUCache(LARGEST_KEPT, getsizeof=_share_of_plans)
    )


class Documents:
    """The documents of one graph, at most the ``size`` most recently used ones kept.

    Errors suggest names only with ``suggest``. Decisions hold if they are ``enforced``.
    """

    def __init__(self, graph: Graph, *, size: int, suggest: bool, enforced: bool) -> None:
        self._graph = graph
        self._schema = graph._schema
        self._suggest = suggest
        self._enforced = enforced
        self._rules: tuple[type[ASTValidationRule], ...] = (
            *(rule for rule in specified_rules if rule is not KnownOperationTypesRule),
            OperationTypesThatAreThere,
            MaybeNullValidationRule,
            OneOfInputValidationRule,
        )
        self._documents: LRUCache[str, Document] = LRUCache(
            size * USUAL_LENGTH, getsizeof=lambda document: max(document.length, USUAL_LENGTH)
        )

    def get(self, query: str) -> Document:
        """The document of a query's text. Raises GraphQLError if the text is no document."""
        document = self._documents.get(query)
        if document is None:
            document = self._read(query)
            longest = min(LONGEST_KEPT, self._documents.maxsize)
            if document.length <= longest and not document.errors:
                self._documents[query] = document
        return document

    def plan(
        self, document: Document, operation_name: str | None, variables: Mapping[str, Any]
    ) -> Planned:
        """The plan of a valid document's operation, for these variables."""
        conditions = {
            name: variables[name] is True for name in document.conditions if name in variables
        }
        choice = (operation_name, *sorted(conditions.items()))
        planned = document.plans.get(choice)
        if planned is None:
            plan = compile_plan(self._schema, document.ast, operation_name, conditions)
            # Also below the root: a field of a payload can lead to the root again.
            introspects = any(each.name in INTROSPECTION for each in plan.walk())
            planned = Planned(plan, introspects)
            if plan.size <= LARGEST_KEPT:
                document.plans[choice] = planned
        return planned

    def decision(self, planned: Planned, standing: Standing) -> Decision:
        """What the standing may see of the plan."""
        decision = planned.decisions.get(standing)
        if decision is None:
            decision = planned.decisions[standing] = decide(
                self._graph, planned.plan, standing, enforced=self._enforced
            )
        return decision

    def _read(self, query: str) -> Document:
        breaks = query.count("\n") + query.count("\r") - query.count("\r\n")
        if breaks >= MOST_LINES:
            raise GraphQLError(
                f"The document has more than {MOST_LINES} lines.",
                extensions={"code": "OPERATION_TOO_COMPLEX"},
            )
        try:
            ast = parse(_Text(query), max_tokens=MOST_TOKENS, allow_empty_selection_sets=False)
            errors = validate(self._schema, ast, self._rules, hide_suggestions=not self._suggest)
            conditions = condition_variables(ast) if not errors else frozenset()
        except GraphQLSyntaxError as error:
            # The one error of the parser that is not about the syntax.
            aborted = error.message.endswith("Parsing aborted.")
            code = "OPERATION_TOO_COMPLEX" if aborted else "GRAPHQL_PARSE_FAILED"
            raise coded([error], code)[0] from None
        except RecursionError:
            raise GraphQLError(
                "The document nests too deeply.", extensions={"code": "OPERATION_TOO_COMPLEX"}
            ) from None
        return Document(ast, coded(errors, "GRAPHQL_VALIDATION_FAILED"), conditions, len(query))


def none_of(kind: Enum) -> str:
    """What a client is told who sends a mutation or a subscription to a graph without any."""
    return f"This graph has no {kind.value}s."


class OperationTypesThatAreThere(ASTValidationRule):
    """graphql-core's ``KnownOperationTypesRule``, in words that say what is missing."""

    context: ValidationContext

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        if self.context.schema.get_root_type(node.operation) is None:
            self.report_error(GraphQLError(none_of(node.operation), node))


def _share_of_plans(planned: Planned) -> int:
    return max(planned.plan.size, LARGEST_KEPT // PLANS_KEPT)


class _Text(Source):
    """A document's text. It knows where its lines begin, so that an error's place is a look-up."""

    def __init__(self, body: str) -> None:
        super().__init__(body)
        breaks = list(re.finditer(r"\r\n|[\n\r]", body))
        self._ends = [each.start() for each in breaks]
        self._begins = [0, *(each.end() for each in breaks)]

    def get_location(self, position: int) -> SourceLocation:
        line = bisect_left(self._ends, position)
        return SourceLocation(line + 1, position + 1 - self._begins[line])
