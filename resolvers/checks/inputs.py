"""Whether the constraints of input types mean something, and can be kept by a value at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNamedType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from strawberry import UNSET

from resolvers.checks.faults import Fault
from resolvers.checks.places import Declarations
from resolvers.constraints import Constraints, constraints_of
from resolvers.directives import BACKREF
from resolvers.inputs import NUMBERS, TEXTS, InputChecks, problems_of
from resolvers.texts import Pattern

OF_TEXTS = ("min_length", "max_length", "pattern", "multiline")
OF_NUMBERS = ("minimum", "maximum")
OF_DECIMALS = ("decimal_places", "max_digits")
OF_LISTS = ("min_items", "max_items", "unique")

SPANS = (("min_length", "max_length"), ("minimum", "maximum"), ("min_items", "max_items"))
COUNTS = ("min_length", "max_length", "decimal_places", "min_items", "max_items")


def inputs_can_be_given(declared: Declarations) -> Iterator[Fault]:
    """Constraints are of the field's type, and some value keeps them."""
    for type_ in declared.schema.type_map.values():
        if not isinstance(type_, GraphQLInputObjectType):
            continue
        for name, field in type_.fields.items():
            of = field.extensions.get(BACKREF)
            if (constraints := constraints_of(of)) is not None:
                coordinate = f"{type_.name}.{name}"
                faults = [*_unfit(field.type, constraints), *_empty(constraints)]
                if not faults:
                    default = getattr(of, "default", dataclasses.MISSING)
                    faults = [*_broken_default(field.type, constraints, default)]
                yield from (Fault(coordinate, each) for each in faults)


def inputs_are_of_input_types(declared: Declarations) -> Iterator[Fault]:
    """What has constraints is given by clients, and not to them."""
    for place in declared.places:
        if constraints_of(place.field) is not None:
            yield Fault(place.coordinate, "input_field() is for fields of input types")


def _unfit(type_: GraphQLInputType, constraints: Constraints) -> Iterator[str]:
    """What is of another type's values."""
    nullable = type_.of_type if is_non_null_type(type_) else type_
    named = get_named_type(nullable)
    kinds = (
        (OF_TEXTS, named.name in TEXTS, "texts"),
        (OF_NUMBERS, named.name in NUMBERS, "numbers"),
        (OF_DECIMALS, named.name == "Decimal", "decimals"),
        (OF_LISTS, is_list_type(nullable), "lists"),
    )
    for names, fits, of in kinds:
        if not fits:
            for name in constraints.given(*names):
                yield f"'{name}' is of {of}, and {type_} is none"
    by = constraints.unique
    if isinstance(by, str) and is_list_type(nullable):
        yield from _no_difference(named, by)


def _no_difference(items: GraphQLNamedType, by: str) -> Iterator[str]:
    if not isinstance(items, GraphQLInputObjectType):
        yield f"'unique' names '{by}', and {items} has no fields"
    elif by not in items.fields:
        yield f"'unique' names '{by}', which is no field of {items}"


def _empty(constraints: Constraints) -> Iterator[str]:
    """What no value keeps."""
    for bound in OF_NUMBERS:
        value = getattr(constraints, bound)
        if value is not None and not Decimal(value).is_finite():
            yield f"'{bound}' must be a finite number, not {value}"
            return
    for name in COUNTS:
        value = getattr(constraints, name)
        if value is not None and value < 0:
            yield f"'{name}' must be 0 or more, not {value}"
    digits, places = constraints.max_digits, constraints.decimal_places
    if digits is not None and digits < 1:
        yield f"'max_digits' must be 1 or more, not {digits}"
    elif digits is not None and places is not None and places > digits:
        yield f"'decimal_places' is {places}, which is more than 'max_digits', {digits}"
    for least, most in SPANS:
        low, high = getattr(constraints, least), getattr(constraints, most)
        if low is not None and high is not None and low > high:
            yield f"'{least}' is {low}, which is more than '{most}', {high}"
    if constraints.pattern is not None:
        try:
            Pattern(constraints.pattern)
        except ValueError as error:
            yield f"'pattern' is no regular expression that takes linear time: {error}"


def _broken_default(
    type_: GraphQLInputType, constraints: Constraints, default: object
) -> Iterator[str]:
    if default is dataclasses.MISSING or default is UNSET or default is None:
        return
    # Those of objects are of their own fields.
    is_leaf = not isinstance(get_named_type(type_), GraphQLInputObjectType)
    check = InputChecks().of(type_, constraints) if is_leaf else None
    if check is not None:
        _, problems = problems_of(check, "", default)
        for each in problems:
            yield f"'default' breaks its own constraints: {each.message}"
