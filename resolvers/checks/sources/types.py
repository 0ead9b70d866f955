"""What of a column's values each type of a field can show, and be compared with."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import cast

from graphql import (
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    is_specified_scalar_type,
)
from strawberry.types.enum import StrawberryEnumDefinition

from loaders.descriptions import NUMBERS, TEXTS, ColumnDescription, Family
from resolvers.columns import items_type
from resolvers.directives import BACKREF
from resolvers.scalars import SCALARS, Scalar

OF_NAMES: Mapping[str, Scalar] = {each.name: each for each in SCALARS.values()}

BETTER: Mapping[Family, str] = {
    Family.TEXT: "declare str",
    Family.LABEL: "declare an enum, or str",
    Family.BOOLEAN: "declare bool",
    Family.INTEGER: "declare int",
    Family.BIG_INTEGER: "declare BigInt, or int if its values are small",
    Family.FLOAT: "declare float",
    Family.DECIMAL: "declare Decimal",
    Family.DATETIME: "declare datetime",
    Family.LOCAL_DATETIME: "declare LocalDateTime, or datetime with a time_zone",
    Family.DATE: "declare date",
    Family.TIME: "declare time",
    Family.ZONED_TIME: "declare time",
    Family.DURATION: "declare timedelta",
    Family.UUID: "declare uuid.UUID",
    Family.OBJECT_ID: "declare str",
    Family.DOCUMENT: "declare a type with its fields, or JSON",
    Family.BYTES: "declare bytes",
    Family.RECORD: "declare a type with its fields, or JSON",
    Family.OTHER: "declare str",
}
"""What to do about a column of each family."""

ORDERED = frozenset(Family) - {Family.DOCUMENT, Family.RECORD, Family.OTHER}
"""Whose values cursors give back as they were."""


def is_known(type_: GraphQLNamedType) -> bool:
    """Whether it can be told what a field of the type shows: not of a graph's own scalar."""
    return _is_standard(type_) or isinstance(type_, (GraphQLEnumType, GraphQLObjectType))


def misfit(type_: GraphQLNamedType, family: Family) -> str | None:
    """Why a field of the type can't show values of the family; None if it can, or if that can't be
    told."""
    if isinstance(type_, GraphQLObjectType):
        documents = (Family.DOCUMENT, Family.RECORD)
        return None if family in documents else f"no documents with the fields of {type_}"
    if family is Family.DOCUMENT:
        return None
    if isinstance(type_, GraphQLEnumType):
        return None if family in TEXTS | NUMBERS else f"nothing that {type_} has"
    if not _is_standard(type_) or family in OF_NAMES[type_.name].shows:
        return None
    if partly(type_, family) is not None:
        return None
    return f"{family}, which {type_} can't show"


def partly(type_: GraphQLNamedType, family: Family) -> str | None:
    """Which values of the family a field of the type can't show, where it can show others."""
    return OF_NAMES[type_.name].shows_some.get(family) if _is_standard(type_) else None


def uncompared(value_type: object, column: ColumnDescription) -> bool:
    """Whether a ``where`` over values of this Python type can't compare them with the column."""
    family = column.family
    if (items := items_type(value_type)) is not None:
        if family is Family.DOCUMENT and not column.is_list:
            return True
        value_type = items
    if family is None or family is Family.DOCUMENT:
        return False
    members = enum_values(value_type)
    if members is not None:
        texts = all(isinstance(each, str) for each in members)
        numbers = all(isinstance(each, int) for each in members)
        return (texts and family not in TEXTS) or (numbers and family not in NUMBERS)
    scalar = SCALARS.get(value_type)
    return scalar is not None and bool(scalar.operators) and family not in scalar.compares


def enum_values(value_type: object) -> list[object] | None:
    """What sources have for the values of an enum; None of what is no enum."""
    definition = getattr(value_type, "__strawberry_definition__", value_type)
    if not isinstance(definition, StrawberryEnumDefinition):
        return None
    return [each.value for each in cast("type[enum.Enum]", definition.wrapped_cls)]


def _is_standard(type_: GraphQLNamedType) -> bool:
    """Whether it is a scalar that the framework has, and not a graph's own of that name."""
    if not isinstance(type_, GraphQLScalarType) or type_.name not in OF_NAMES:
        return False
    made_of = type_.extensions.get(BACKREF)
    return is_specified_scalar_type(type_) or made_of is OF_NAMES[type_.name].definition
