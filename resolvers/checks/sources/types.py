"""What of a column's values each type of a field can show, and be compared with."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
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
from resolvers.directives import BACKREF
from resolvers.fields import items_type
from resolvers.scalars import SCALARS

WRITTEN = frozenset(Family) - {Family.BYTES, Family.DOCUMENT, Family.RECORD}

SHOWS: Mapping[str, frozenset[Family]] = {
    "Int": frozenset({Family.INTEGER, Family.BOOLEAN}),
    "Float": NUMBERS | {Family.BOOLEAN},
    "String": WRITTEN,
    "ID": WRITTEN - {Family.BOOLEAN, Family.FLOAT},
    "Boolean": NUMBERS | {Family.BOOLEAN},
    "DateTime": frozenset({Family.DATETIME}),
    "Date": frozenset({Family.DATE}),
    "Decimal": NUMBERS,
    "URL": frozenset({Family.TEXT}),
}
"""The values that the scalars show, all of them. That documents are in none of these says nothing:
JSON can hold such a value."""

SHOWS_SOME: Mapping[str, Mapping[Family, str]] = {
    "Int": {
        Family.BIG_INTEGER: "values beyond 2,147,483,647 are errors: declare Decimal, or a scalar "
        "of your own",
        Family.FLOAT: "values that are not whole are errors: declare float",
        Family.DECIMAL: "values that are not whole are errors: declare Decimal",
    },
    "Float": {
        Family.BIG_INTEGER: "values beyond 9,007,199,254,740,992 are errors: declare Decimal, or "
        "int if its values are small",
        Family.DECIMAL: "values of more than 15 digits are rounded: declare Decimal",
    },
    "ID": {Family.FLOAT: "values that are not whole are errors: declare float"},
    "DateTime": {Family.TEXT: "texts that are no ISO 8601 time with its zone are errors"},
    "Date": {Family.TEXT: "texts that are no ISO 8601 date are errors"},
    "Decimal": {Family.TEXT: "texts that are no number are errors"},
}
"""Those of which they show some as they are, and what becomes of the others."""

BETTER: Mapping[Family, str] = {
    Family.TEXT: "declare str",
    Family.LABEL: "declare an enum, or str",
    Family.BOOLEAN: "declare bool",
    Family.INTEGER: "declare int",
    Family.BIG_INTEGER: "declare Decimal, or int if its values are small",
    Family.FLOAT: "declare float",
    Family.DECIMAL: "declare Decimal",
    Family.DATETIME: "declare datetime",
    Family.LOCAL_DATETIME: "make it a timestamp with time zone, or declare str",
    Family.DATE: "declare date",
    Family.TIME: "declare str",
    Family.UUID: "declare str",
    Family.OBJECT_ID: "declare str",
    Family.DOCUMENT: "declare a type with its fields",
    Family.BYTES: "declare a computed field that writes it as a text",
    Family.RECORD: "declare a computed field for what is needed of it",
}
"""What to do about a column of each family."""

COMPARED: Mapping[object, frozenset[Family]] = {
    str: frozenset({Family.TEXT}),
    bool: NUMBERS | {Family.BOOLEAN},
    int: NUMBERS,
    float: NUMBERS,
    Decimal: NUMBERS,
    datetime: frozenset({Family.DATETIME}),
    date: frozenset({Family.DATE}),
}
"""The columns that a ``where`` can compare with, by the type of its values."""

ORDERED = frozenset(Family) - {
    Family.BYTES,
    Family.DOCUMENT,
    Family.RECORD,
    Family.TIME,
    Family.UUID,
    Family.OBJECT_ID,
}
"""Whose values cursors give back as they were; for UUIDs and ObjectIds those of keys alone."""


def is_known(type_: GraphQLNamedType) -> bool:
    """Whether it can be told what a field of the type shows: not of a graph's own scalar."""
    return _is_standard(type_) or isinstance(type_, (GraphQLEnumType, GraphQLObjectType))


def misfit(type_: GraphQLNamedType, family: Family) -> str | None:
    """Why a field of the type can't show values of the family; None if it can, or if that can't be
    told."""
    if isinstance(type_, GraphQLObjectType):
        return None if family is Family.DOCUMENT else f"no documents with the fields of {type_}"
    if family is Family.DOCUMENT:
        return None
    if isinstance(type_, GraphQLEnumType):
        return None if family in TEXTS | NUMBERS else f"nothing that {type_} has"
    if not _is_standard(type_) or family in SHOWS[type_.name]:
        return None
    if partly(type_, family) is not None:
        return None
    return f"{family}, which {type_} can't show"


def partly(type_: GraphQLNamedType, family: Family) -> str | None:
    """Which values of the family a field of the type can't show, where it can show others."""
    return SHOWS_SOME.get(type_.name, {}).get(family) if _is_standard(type_) else None


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
    return value_type in COMPARED and family not in COMPARED[value_type]


def enum_values(value_type: object) -> list[object] | None:
    """What sources have for the values of an enum; None of what is no enum."""
    definition = getattr(value_type, "__strawberry_definition__", value_type)
    if not isinstance(definition, StrawberryEnumDefinition):
        return None
    return [each.value for each in cast("type[enum.Enum]", definition.wrapped_cls)]


def _is_standard(type_: GraphQLNamedType) -> bool:
    """Whether it is a scalar that the framework has, and not a graph's own of that name."""
    if not isinstance(type_, GraphQLScalarType) or type_.name not in SHOWS:
        return False
    made_of = type_.extensions.get(BACKREF)
    return is_specified_scalar_type(type_) or any(made_of is each for each in SCALARS.values())
