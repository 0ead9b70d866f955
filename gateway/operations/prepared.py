"""What is made of an operation before it runs: made once, and kept for those like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol, runtime_checkable

from cachetools import LRUCache
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
)
from strawberry.types.graphql import OperationType

from gateway.engine.plan import Plan, condition_variables
from gateway.operations.authorization import Decision
from gateway.operations.costs import OperationCost
from resolvers.rules import Standing

LONGEST_KEPT = 20_000
"""Characters of the longest document that is kept."""

USUAL_LENGTH = 2_000
"""Characters that the documents which are kept have in the mean, at most: a cache that is bounded
in documents alone could be filled with long ones. One character takes some 50 bytes."""

INVALID_KEPT = 100
"""Documents with errors that are kept, apart from the others, so that they push none of these
out."""

LARGEST_KEPT = 1_000
"""Fields of the plans that are kept of one document, all together: a short document can have large
plans. One field takes some 300 bytes."""

PLANS_KEPT = 32
"""Plans kept of one document: one for each operation and choice of its conditions."""

DECISIONS_KEPT = 32
"""Decisions kept of one plan: one for each set of scopes that callers have."""


class By(IntEnum):
    """What a stage's preparation goes by: the document's text; the choice of an operation, by its
    name and the values of the variables that its ``@skip`` and ``@include`` have; the standing of
    its caller. Each goes by those before it, too."""

    TEXT = 1
    CHOICE = 2
    STANDING = 3


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document.

    ``operations`` are kind and name of its operations, by their names; that of None is the first.
    ``conditions`` are the variables that decide what they select.
    """

    ast: DocumentNode
    operations: Mapping[str | None, tuple[OperationType, str | None]]
    conditions: frozenset[str]

    @classmethod
    def of(cls, ast: DocumentNode) -> Document:
        operations: dict[str | None, tuple[OperationType, str | None]] = {}
        for each in ast.definitions:
            if isinstance(each, OperationDefinitionNode):
                name = each.name.value if each.name else None
                its = (OperationType(each.operation.value), name)
                operations.setdefault(None, its)
                operations.setdefault(name, its)
        return cls(ast, operations, condition_variables(ast))


@dataclass(slots=True)
class Prepared:
    """What the stages have made of an operation, each its own part.

    It is shared by all operations that are alike, so nothing changes it once it is made.
    ``errors`` are those for which the operation must not run: with them nothing further is made.
    ``rules`` are validated by beside the gateway's own.
    """

    query: str
    rules: tuple[type[ASTValidationRule], ...] = ()
    operation_name: str | None = None
    conditions: Mapping[str, bool] = field(default_factory=dict)
    standing: Standing | None = None

    errors: Sequence[GraphQLError] = ()
    document: Document = field(init=False, repr=False)
    plan: Plan = field(init=False, repr=False)
    introspects: bool = False
    decision: Decision = field(init=False, repr=False)
    cost: OperationCost = field(init=False, repr=False)


@runtime_checkable
class Prepares(Protocol):
    """A stage that makes something of an operation which is the same for all that are alike."""

    name: str
    by: By

    def prepare(self, known: Prepared, /) -> None:
        """Set the stage's own part of what is known. It goes by nothing else but that: neither by
        variables nor by the moment.

        Raises GraphQLError for an operation of which nothing can be made.
        """


class Preparations:
    """What was prepared before: of at most as many documents of the usual length as ``size`` says,
    the most recently used, and of some that have errors.

    Plans belong to a document and decisions to a plan, and each goes with what it belongs to. So
    neither many names, conditions or standings of one document nor large plans take more than
    their bounds.
    """

    def __init__(self, stages: Sequence[Prepares], *, size: int) -> None:
        order = [stage.by for stage in stages]
        assert order == sorted(order), "a stage goes by less than one before it"
        self._by = {by: [each for each in stages if each.by is by] for by in By}
        self._texts = _texts_kept(size)
        self._invalid = _texts_kept(min(size, INVALID_KEPT))

    def __contains__(self, query: str) -> bool:
        """Whether a document's text was prepared before."""
        return query in self._texts or query in self._invalid

    def get(
        self,
        query: str,
        operation_name: str | None,
        variables: Mapping[str, Any],
        standing: Standing,
    ) -> Prepared:
        """What is known of an operation, with its ``errors``. Raises GraphQLError for a text that
        is no document."""
        # To a cache that keeps an order, get is two look-ups.
        try:
            text = self._texts[query]
        except KeyError:
            text = self._of_text(query)
        if text.known.errors:
            return text.known
        conditions = conditions_of(text.known.document, variables)
        key = (operation_name, *sorted(conditions.items()))
        try:
            choice = text.choices[key]
        except KeyError:
            choice = self._of_choice(text, key, operation_name, conditions)
        if choice.known.errors:
            return choice.known
        try:
            return choice.standings[standing]
        except KeyError:
            return self._of_standing(choice, standing)

    def _of_text(self, query: str) -> _Text:
        text = self._invalid.get(query)
        if text is None:
            text = _Text(Prepared(query))
            try:
                for stage in self._by[By.TEXT]:
                    if not text.known.errors:
                        stage.prepare(text.known)
            except GraphQLError as error:
                text.refusal = error
            kept = self._invalid if text.refusal or text.known.errors else self._texts
            if len(query) <= min(LONGEST_KEPT, kept.maxsize):
                kept[query] = text
        if text.refusal is not None:
            # Not with where it was raised before, which would grow.
            raise text.refusal.with_traceback(None)
        return text

    def _of_choice(
        self,
        text: _Text,
        key: tuple[Any, ...],
        operation_name: str | None,
        conditions: Mapping[str, bool],
    ) -> _Choice:
        choice = _Choice(copy(text.known))
        choice.known.operation_name, choice.known.conditions = operation_name, conditions
        prepare(self._by[By.CHOICE], choice.known)
        if not choice.known.errors and choice.known.plan.size <= LARGEST_KEPT:
            text.choices[key] = choice
        return choice

    def _of_standing(self, choice: _Choice, standing: Standing) -> Prepared:
        known = copy(choice.known)
        known.standing = standing
        prepare(self._by[By.STANDING], known)
        if not known.errors:
            choice.standings[standing] = known
        return known


def conditions_of(document: Document, variables: Mapping[str, Any]) -> dict[str, bool]:
    """The values of the document's conditions, of those that have one."""
    return {name: variables[name] is True for name in document.conditions if name in variables}


def prepare(stages: Iterable[Prepares], known: Prepared) -> None:
    """Have the stages prepare a valid document's operation. Where one can't, that is its error,
    and the others are left out."""
    try:
        for stage in stages:
            stage.prepare(known)
    except GraphQLError as error:
        known.errors = [error]


@dataclass(slots=True)
class _Choice:
    """An operation of a document, as far as it is the same for every standing."""

    known: Prepared
    standings: LRUCache[Standing, Prepared] = field(
        default_factory=lambda: LRUCache(DECISIONS_KEPT)
    )


@dataclass(slots=True)
class _Text:
    """A document, as far as it is the same for all of its operations. ``refusal`` says why the
    text is none."""

    known: Prepared
    refusal: GraphQLError | None = None
    choices: LRUCache[tuple[Any, ...], _Choice] = field(
        default_factory=lambda: LRUCache(LARGEST_KEPT, getsizeof=_share_of_plans)
    )


def _texts_kept(size: int) -> LRUCache[str, _Text]:
    return LRUCache(
        size * USUAL_LENGTH, getsizeof=lambda text: max(len(text.known.query), USUAL_LENGTH)
    )


def _share_of_plans(choice: _Choice) -> int:
    return max(choice.known.plan.size, LARGEST_KEPT // PLANS_KEPT)
