"""What declarations say of the values of a column."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.types.base import StrawberryList, StrawberryOptional

from resolvers.fields import Node, column_name, columns_of, given_type

NUMBERS = (int, float, Decimal)
KNOWN = (str, *NUMBERS, bool, datetime, date, uuid.UUID)
"""Annotations that tell the type of a column's values."""


def value_type(type_: type[Node], column: str) -> type | None:
    """The Python type of a column's values, or of the items of its lists, where it is declared."""
    if column == type_.resource.key:
        return type_.resource.key_type
    for field, spec in columns_of(type_):
        if column_name(field, spec) == column:
            given: Any = given_type(field)
            if isinstance(given, StrawberryList):
                given = given.of_type
            if isinstance(given, StrawberryOptional):
                given = given.of_type
            annotated = plain(given)
            return annotated if annotated in KNOWN else None
    return None


def plain(type_: Any) -> object:
    """The type behind a NewType. That an ID is a text says nothing of its column."""
    while type_ is not strawberry.ID and hasattr(type_, "__supertype__"):
        type_ = type_.__supertype__
    return type_
