"""``where`` and ``orderBy``: input types generated from a type, and what they ask of a source."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.enum import StrawberryEnumDefinition

from gateway.errors import BadUserInput
from loaders.domains import within
from loaders.query import SEVERAL, And, Comparison, Filter, KeyComparison, Not, Operator, Or, Order
from resolvers.caching import cached
from resolvers.columns import (
    column_name,
    columns_of,
    coordinate_of,
    given_type,
    items_type,
    nullable_columns,
)
from resolvers.fields import SPEC, FetchedField, Node, definition_of, target_of
from resolvers.ids import keys_of
from resolvers.relations import One
from resolvers.scalars import EQUALITY, TEXT, scalar_of
from resolvers.time_zones import moments_of

MOST_VALUES = 1000
"""Values that one ``where`` may compare with."""

LONGEST_TEXT = 200
"""Characters that ``contains`` and ``startsWith`` may look for. MongoDB takes no long pattern."""

MOST_FILTERS = 1000
"""Filters that one ``where`` may hold in ``and``, ``or`` and ``not``, itself included."""

MOST_SORTS = 20
"""Items of one ``orderBy``."""

DEEPEST = 10
"""How deep ``and``, ``or`` and ``not`` may nest."""

OF_LISTS = (Operator.HAS, Operator.HAS_SOME, Operator.HAS_EVERY)

MEANINGS = {
    Operator.EQ: "Equal to this value.",
    Operator.NE: "Not equal to this value. A missing value is not equal to any.",
    Operator.IN: "Equal to one of these values.",
    Operator.NOT_IN: "Equal to none of these values.",
    Operator.GT: "Greater than this value.",
    Operator.GTE: "Greater than this value or equal to it.",
    Operator.LT: "Less than this value.",
    Operator.LTE: "Less than this value or equal to it.",
    Operator.CONTAINS: "Has this text in it, in upper or lower case.",
    Operator.STARTS_WITH: "Begins with this text, in upper or lower case.",
    Operator.HAS: "This value is in the list.",
    Operator.HAS_SOME: "At least one of these values is in the list; of no values, none is.",
    Operator.HAS_EVERY: "All of these values are in the list, in any order.",
    Operator.IS_NULL: "True: the value is missing. False: it is there.",
}


@strawberry.enum(description="Which way to sort. Missing values count as the lowest.")
class SortDirection(enum.Enum):
    ASC = strawberry.enum_value("ASC", description="From the lowest to the highest.")
    DESC = strawberry.enum_value("DESC", description="From the highest to the lowest.")


@dataclass(frozen=True, slots=True)
class Filterable:
    """A field of a filter input: what it compares, and whose ids it takes, if it takes ids.
    ``coordinate`` is that of the field which shows what is compared."""

    coordinate: str
    python_name: str
    column: str
    value_type: object
    ids_of: type[Node] | None
    description: str


@cached
def filter_input(type_: type[Node]) -> type:
    """The input type of ``where`` for lists of the type."""
    name = definition_of(type_).name
    filter_ = _input(
        f"{name}Filter",
        f"Which objects of type {name} to take. All that is given here must hold.",
        {
            **{
                each.python_name: (_comparison_input(each.value_type), each.description)
                for each in _filterable(type_)
            },
            "and_": (bool, "All of these must hold."),
            "or_": (bool, "At least one of these must hold."),
            "not_": (bool, "This must not hold."),
        },
    )
    # The input refers to itself, which an annotation can only do once it is there.
    for field in definition_of(filter_).fields:
        if field.python_name in ("and_", "or_"):
            field.type_annotation = StrawberryAnnotation(list[filter_] | None)  # type: ignore[valid-type]
        elif field.python_name == "not_":
            field.type_annotation = StrawberryAnnotation(filter_ | None)
    return filter_


@cached
def sort_input(type_: type[Node]) -> type | None:
    """The input type of ``orderBy``'s items for lists of the type; None if it sorts by nothing."""
    name = definition_of(type_).name
    members = {
        field.python_name.upper(): strawberry.enum_value(
            column_name(field, spec), description=field.description
        )
        for field, spec in columns_of(type_)
        if spec.sortable
    }
    if not members:
        return None
    members_type: Any = enum.Enum(f"{name}SortField", members)  # type: ignore[misc]
    fields = strawberry.enum(
        members_type, description=f"What lists of type {name} can be sorted by."
    )
    return _input(
        f"{name}Sort",
        f"One field to sort lists of type {name} by.",
        {"field": (fields, "The field.")},
        direction=strawberry.field(
            description="The direction; ASC unless given.", default=SortDirection.ASC
        ),
    )


class _Sort(Protocol):
    """An item of an ``orderBy``, as ``sort_input`` has it."""

    field: enum.Enum
    direction: SortDirection


def to_filter(
    type_: type[Node],
    where: object,
    check: Callable[[str], None],
    node_types: Mapping[str, type[Node]],
    zone_of: Callable[[str], ZoneInfo | None] = lambda _: None,
) -> Filter | None:
    """The filter that a ``where`` says; None if it says nothing. ``node_types`` are those that
    global ids name, ``zone_of`` has the time zones of columns.

    ``check`` is given the coordinate of each field that is compared, and raises where the caller
    may not: what can be compared can be found out. Raises BadUserInput for a comparison with
    null, for an id of another type, and for a filter that is too large.
    """
    if where is None or where is strawberry.UNSET:
        return None
    parts = _Reader(type_, check, node_types, zone_of).read(where, "where", 1)
    return parts.parts[0] if len(parts.parts) == 1 else parts if parts.parts else None


def to_order(
    type_: type[Node], order_by: Sequence[_Sort] | None, check: Callable[[str], None]
) -> tuple[Order, ...]:
    """The order that an ``orderBy`` says, without the key that makes it total; ``check`` as for
    ``to_filter``. Raises BadUserInput for one that is too long."""
    if not order_by or order_by is strawberry.UNSET:
        return ()
    if len(order_by) > MOST_SORTS:
        raise BadUserInput(f"orderBy: more than {MOST_SORTS} fields to sort by.")
    nullable, coordinates = nullable_columns(type_), _coordinates(type_)
    order: dict[str, Order] = {}
    for each in order_by:
        column = each.field.value
        check(coordinates[column])
        descending = each.direction is SortDirection.DESC
        order.setdefault(column, Order(column, descending, nullable[column]))
    return tuple(order.values())


class _Reader:
    """Reads one ``where``, counting what it holds."""

    def __init__(
        self,
        type_: type[Node],
        check: Callable[[str], None],
        node_types: Mapping[str, type[Node]],
        zone_of: Callable[[str], ZoneInfo | None],
    ) -> None:
        self.check = check
        self.zone_of = zone_of
        self.node_types = node_types
        self.by_name = _filterable_by_name(type_)
        self.count = 0
        self.filters = 0

    def read(self, where: object, place: str, depth: int) -> And:
        if depth > DEEPEST:
            raise BadUserInput(f"{place}: and, or and not nest deeper than {DEEPEST} levels.")
        self.filters += 1
        if self.filters > MOST_FILTERS:
            raise BadUserInput(f"{place}: more than {MOST_FILTERS} filters in and, or and not.")
        parts: list[Filter] = []
        for name, value in vars(where).items():
            if value is strawberry.UNSET or value is None:
                continue
            if name == "not_":
                parts.append(Not(self.read(value, f"{place}.not", depth + 1)))
            elif name in ("and_", "or_"):
                inner = tuple(self.read(each, f"{place}.{name[:-1]}", depth + 1) for each in value)
                parts.append(And(inner) if name == "and_" else Or(inner))
            else:
                parts.extend(self.compare(self.by_name[name], value, f"{place}.{_camel(name)}"))
        return And(tuple(parts))

    def compare(self, filterable: Filterable, given: object, place: str) -> Iterator[Filter]:
        self.check(filterable.coordinate)
        for name, value in vars(given).items():
            if value is strawberry.UNSET:
                continue
            operator = Operator(_camel(name.rstrip("_")))
            if value is None or (isinstance(value, list) and None in value):
                raise BadUserInput(
                    f"{place}.{operator}: null can't be compared. Leave it out, or use isNull."
                )
            if operator in TEXT and "\0" in value:
                raise BadUserInput(f"{place}.{operator}: no text has the character NUL.")
            if operator in TEXT and len(value) > LONGEST_TEXT:
                raise BadUserInput(f"{place}.{operator}: more than {LONGEST_TEXT} characters.")
            self.count += len(value) if isinstance(value, list) else 1
            if self.count > MOST_VALUES:
                raise BadUserInput(f"{place}: more than {MOST_VALUES} values.")
            if operator is Operator.IS_NULL and items_type(filterable.value_type) is not None:
                # Sources may take a list for its items, of which some can be missing.
                there = Comparison(filterable.column, Operator.HAS_EVERY, ())
                yield Not(there) if value else there
                continue
            is_of_keys = filterable.ids_of is not None and operator is not Operator.IS_NULL
            kind = KeyComparison if is_of_keys else Comparison
            compared = kind(filterable.column, operator, self.plain(filterable, value))
            yield self.as_clocks_show(filterable, compared)

    def plain(self, filterable: Filterable, value: Any) -> object:
        many = isinstance(value, list)
        values: Sequence[Any] = value if many else [value]
        if filterable.ids_of is not None and not isinstance(value, bool):
            values = keys_of(self.node_types, values, filterable.ids_of)
        values = [each.value if isinstance(each, enum.Enum) else each for each in values]
        return tuple(values) if many else values[0]

    def as_clocks_show(self, filterable: Filterable, compared: Comparison) -> Filter:
        if datetime in (filterable.value_type, items_type(filterable.value_type)):
            zone = self.zone_of(filterable.column)
            return compared if zone is None else within(moments_of(zone), compared)
        return compared


def comparisons(type_: type[Node]) -> Iterator[tuple[str, str]]:
    """Where values of the type's fields can be compared with: each field's coordinate, with that
    of an input field or of an enum's value."""
    name = definition_of(type_).name
    for each in _filterable(type_):
        yield each.coordinate, f"{name}Filter.{_camel(each.python_name)}"
    for field, spec in columns_of(type_):
        if spec.sortable:
            yield coordinate_of(type_, field), f"{name}SortField.{field.python_name.upper()}"


@cached
def _coordinates(type_: type[Node]) -> Mapping[str, str]:
    return {column_name(f, spec): coordinate_of(type_, f) for f, spec in columns_of(type_)}


@cached
def _filterable_by_name(type_: type[Node]) -> Mapping[str, Filterable]:
    return {each.python_name: each for each in _filterable(type_)}


def filter_names(type_: type[Node]) -> Iterator[str]:
    """The names in the type's ``where``, as they are declared, of what it compares and of what
    joins comparisons."""
    yield from (_camel(each.python_name) for each in _filterable(type_))
    yield from ("and", "or", "not")


def has_comparisons(type_: object) -> bool:
    """Whether there is anything to compare values of the type by. Of a list there is where there
    is of its items."""
    if (items := items_type(type_)) is not None:
        return items_type(items) is None and has_comparisons(items)
    if type_ is strawberry.ID:
        # Global ids alone have these: a column's own values may be of any type.
        return False
    if isinstance(getattr(type_, "__strawberry_definition__", type_), StrawberryEnumDefinition):
        return True
    scalar = scalar_of(type_)
    return scalar is not None and bool(scalar.operators)


def _filterable(type_: type[Node]) -> Iterator[Filterable]:
    own = definition_of(type_).name
    yield Filterable(
        f"{own}.id", "id", type_.resource.key, strawberry.ID, type_, "The object's own id."
    )
    for field, spec in columns_of(type_):
        # One without comparisons is refused by a check, with all else that is wrong.
        if spec.filterable and has_comparisons(given_type(field)):
            yield Filterable(
                coordinate_of(type_, field),
                field.python_name,
                column_name(field, spec),
                given_type(field),
                None,
                field.description or "",
            )
    for field in definition_of(type_).fields:
        one = field.metadata.get(SPEC)
        if isinstance(field, FetchedField) and isinstance(one, One) and one.filterable:
            if target_of(field) is None:
                continue
            yield Filterable(
                coordinate_of(type_, field),
                f"{field.graphql_name or field.python_name}_id",
                one.by,
                strawberry.ID,
                field.target,
                f"The id of `{field.graphql_name or _camel(field.python_name)}`.",
            )


def _comparison_input(type_: object) -> type:
    items = items_type(type_)
    return _comparisons(type_) if items is None else _comparisons(items, of_list=True)


@cached
def _comparisons(type_: Any, *, of_list: bool = False) -> type:
    definition = getattr(type_, "__strawberry_definition__", type_)
    operators: tuple[Operator, ...]
    if isinstance(definition, StrawberryEnumDefinition):
        name, operators, type_ = definition.name, EQUALITY, definition.wrapped_cls
    else:
        scalar = scalar_of(type_)
        assert scalar is not None
        name, operators = scalar.name, scalar.operators
    what = f"a value of type {name} must compare"
    if of_list:
        name, operators, what = f"{name}List", OF_LISTS, f"a list of {name} must be"
    return _input(
        f"{name}Filter",
        f"How {what}. All that is given here must hold.",
        {
            **{
                _python(operator): (
                    list[type_] if operator in SEVERAL else type_,
                    MEANINGS[operator],
                )
                for operator in operators
            },
            "is_null": (bool, MEANINGS[Operator.IS_NULL]),
        },
    )


def _input(name: str, description: str, fields: dict[str, tuple[Any, str]], **more: Any) -> type:
    required = {"field"}
    annotations: dict[str, object] = {}
    namespace: dict[str, object] = {"__annotations__": annotations}
    for python_name, (type_, meaning) in fields.items():
        optional = python_name not in required
        annotations[python_name] = type_ | None if optional else type_
        namespace[python_name] = strawberry.field(
            name=_camel(python_name.rstrip("_")),
            description=meaning,
            **({"default": strawberry.UNSET} if optional else {}),
        )
    for python_name, field in more.items():
        annotations[python_name] = type(field.default)
        namespace[python_name] = field
    return strawberry.input(type(name, (), namespace), name=name, description=description)


def _python(operator: Operator) -> str:
    name = re.sub(r"(?=[A-Z])", "_", operator.value).lower()
    return f"{name}_" if name == "in" else name


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
