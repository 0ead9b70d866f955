"""A plan, compiled further for execution: what is needed to run each of its fields, worked out
once and kept with the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from math import isfinite
from types import NoneType
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    VariableNode,
    Visitor,
    get_argument_values,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    visit,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from graphql.type import TypeNameMetaFieldDef
from graphql.type.scalars import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

from gateway.engine.batched import BATCHED, BY_PARTS, COLUMN, LEAF, MEMBER, BatchedResolver
from gateway.engine.plan import Plan, PlannedField, Selection

IMMUTABLE = (str, int, float, bool, NoneType, Enum)
"""Types of arguments that resolvers can't change, so that operations may share them."""


class Kind(Enum):
    """How a field gets its values."""

    TYPENAME = auto()
    COLUMN = auto()
    MEMBER = auto()
    BATCHED = auto()
    PROPERTY = auto()
    RESOLVER = auto()


class LeafShape:
    """A scalar or an enum. Values for which ``is_exact`` stand in the response as they are.

    An enum's names are ``known`` for those of its values that are texts, once they were met: it
    has only so many.
    """

    __slots__ = ("coerce", "exact", "fits", "known", "nullable", "type")

    def __init__(
        self, type_: GraphQLLeafType, nullable: bool, prepare: Callable[[Any], Any] | None
    ) -> None:
        self.type = type_
        self.nullable = nullable
        self.coerce: Callable[[Any], Any] = type_.coerce_output_value
        self.known: dict[str, Any] | None = {} if isinstance(type_, GraphQLEnumType) else None
        builtin, self.fits = _exact(self.coerce)
        exact = {NoneType, builtin} if nullable else {builtin}
        self.exact: set[Any] | None = None if builtin is None else exact
        if prepare is not None:
            self.coerce = lambda value: type_.coerce_output_value(prepare(value))

    def is_exact(self, values: list[Any], kinds: set[type]) -> bool:
        """Whether every value is what coercing it would give. ``kinds`` are the values' types."""
        if self.exact is None or not kinds <= self.exact:
            return False
        if self.fits is None or not values:
            return True
        present = [value for value in values if value is not None] if NoneType in kinds else values
        return self.fits(present)


class ListShape:
    """A list of what ``item`` is."""

    __slots__ = ("item", "nullable")

    def __init__(self, item: Shape, nullable: bool) -> None:
        self.item = item
        self.nullable = nullable


class ObjectShape:
    """Objects of one type."""

    __slots__ = ("nullable", "type")

    def __init__(self, type_: GraphQLObjectType, nullable: bool) -> None:
        self.type = type_
        self.nullable = nullable


class AbstractShape:
    """Objects of the types that an interface or a union has."""

    __slots__ = ("nullable", "type")

    def __init__(self, type_: GraphQLAbstractType, nullable: bool) -> None:
        self.type = type_
        self.nullable = nullable


Shape = LeafShape | ListShape | ObjectShape | AbstractShape


class Steps:
    """The fields of one object type at one place, in the order of the response."""

    __slots__ = ("constant", "steps", "template")

    def __init__(self, selection: Selection) -> None:
        steps = [Step(planned, order) for order, planned in enumerate(selection.values())]
        self.template: dict[str, Any] = {
            step.key: step.parent_type.name if step.kind is Kind.TYPENAME else None
            for step in steps
        }
        self.steps = [step for step in steps if step.kind is not Kind.TYPENAME]
        self.constant = [step for step in steps if step.kind is Kind.TYPENAME]

    def results(self, count: int) -> list[dict[str, Any]]:
        """As many objects of the response, with every key in its place."""
        template = self.template
        return [template.copy() for _ in range(count)]


class Step:
    """A field at one place.

    ``order`` is its place in the selection, ``nullable`` says so of the field's own place and of
    its lists' items', outermost first. ``asks_type`` says that the objects which are its value
    are asked for their type, which needs an ``info``; ``by_parts`` that it is a leaf, or a list of
    them, which may be read of some of the objects at a time.
    """

    __slots__ = (
        "_arguments",
        "_selections",
        "asks_type",
        "batched",
        "by_parts",
        "coordinate",
        "definition",
        "key",
        "kind",
        "name",
        "nodes",
        "nullable",
        "order",
        "parent_type",
        "planned",
        "shape",
        "takes_arguments",
    )

    def __init__(self, planned: PlannedField, order: int) -> None:
        definition = planned.definition
        extensions = definition.extensions
        self.planned = planned
        self.order = order
        self.key = planned.response_key
        self.definition = definition
        self.nodes = planned.nodes
        self.parent_type = planned.parent_type
        self.coordinate = planned.coordinate
        self.takes_arguments = bool(definition.args or planned.nodes[0].arguments)
        self.batched: BatchedResolver | None = extensions.get(BATCHED)
        self.name = planned.name
        if definition is TypeNameMetaFieldDef:
            self.kind = Kind.TYPENAME
        elif self.batched is not None:
            self.kind = Kind.BATCHED
        elif COLUMN in extensions:
            self.kind = Kind.COLUMN
            self.name = extensions[COLUMN]
        elif MEMBER in extensions:
            self.kind = Kind.MEMBER
            self.name = extensions[MEMBER]
        elif definition.resolve is None and not self.takes_arguments:
            self.kind = Kind.PROPERTY
        else:
            self.kind = Kind.RESOLVER
        self._selections: dict[str, Steps] = {}
        self._arguments = self._constant_arguments()
        self.shape = self._shape(definition.type)
        self.nullable = tuple(_nullable(self.shape))
        innermost = self.shape
        while isinstance(innermost, ListShape):
            innermost = innermost.item
        self.by_parts = isinstance(innermost, LeafShape) and (
            self.kind in (Kind.COLUMN, Kind.MEMBER) or BY_PARTS in extensions
        )
        self.asks_type = isinstance(innermost, AbstractShape) or (
            isinstance(innermost, ObjectShape) and innermost.type.is_type_of is not None
        )

    @property
    def field_details(self) -> list[FieldDetails]:
        """The field's nodes as graphql-core's executor has them."""
        return [FieldDetails(node, None) for node in self.nodes]

    def selection(self, type_: GraphQLObjectType) -> Steps:
        """What is selected of the field's values of this type, compiled when it is first asked
        for: most types of an interface's or union's place are never met."""
        steps = self._selections.get(type_.name)
        if steps is None:
            selection = self.planned.selections.get(type_.name, {})
            steps = self._selections[type_.name] = Steps(selection)
        return steps

    def arguments(self, variables: VariableValues, hide_suggestions: bool) -> dict[str, Any]:
        """The field's arguments. Raises GraphQLError where they don't fit."""
        if self._arguments is not None:
            return self._arguments
        return get_argument_values(
            self.definition, self.nodes[0], variables, None, hide_suggestions
        )

    def _constant_arguments(self) -> dict[str, Any] | None:
        if not self.takes_arguments:
            return {}
        variables = _Variables()
        for argument in self.nodes[0].arguments or ():
            visit(argument, variables)
        if variables.found:
            return None
        try:
            arguments = get_argument_values(self.definition, self.nodes[0])
        except Exception:
            # It is raised again, and reported, when the field runs.
            return None
        if all(isinstance(value, IMMUTABLE) for value in arguments.values()):
            return arguments
        return None

    def _shape(self, type_: GraphQLOutputType, nullable: bool = True) -> Shape:
        if is_non_null_type(type_):
            return self._shape(type_.of_type, nullable=False)
        if is_list_type(type_):
            return ListShape(self._shape(type_.of_type), nullable)
        if is_leaf_type(type_):
            return LeafShape(type_, nullable, self.definition.extensions.get(LEAF))
        if is_abstract_type(type_):
            return AbstractShape(type_, nullable)
        assert isinstance(type_, GraphQLObjectType)
        return ObjectShape(type_, nullable)


def steps_of(plan: Plan) -> Steps:
    """The plan's steps, kept with it."""
    if plan.steps is None:
        plan.steps = Steps(plan.selection)
    steps: Steps = plan.steps
    return steps


class _Variables(Visitor):
    found = False

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.found = True


def _nullable(shape: Shape) -> Iterator[bool]:
    yield shape.nullable
    if isinstance(shape, ListShape):
        yield from _nullable(shape.item)


def _exact(coerce: Callable[[Any], Any]) -> tuple[type | None, Callable[[list[Any]], bool] | None]:
    """The builtin type whose values the coercion leaves alone, and which of them it takes."""
    if coerce in (GraphQLString.coerce_output_value, GraphQLID.coerce_output_value):
        return str, None
    if coerce == GraphQLInt.coerce_output_value:
        return int, _fit_32_bits
    if coerce == GraphQLFloat.coerce_output_value:
        return float, _are_finite
    if coerce == GraphQLBoolean.coerce_output_value:
        return bool, None
    return None, None


def _fit_32_bits(values: list[int]) -> bool:
    return not values or (min(values) >= GRAPHQL_MIN_INT and max(values) <= GRAPHQL_MAX_INT)


def _are_finite(values: list[float]) -> bool:
    return all(map(isfinite, values))
