"""What declarations say of the values of a column."""

from __future__ import annotations

import strawberry

from resolvers.columns import column_name, columns_of, given_type, items_type
from resolvers.fields import Node
from resolvers.scalars import SCALARS, LocalDateTime

KNOWN = frozenset(type_ for type_ in SCALARS if isinstance(type_, type))
"""Annotations that tell the type of a column's values."""


def value_type(type_: type[Node], column: str) -> type | None:
    """The Python type of a column's values, or of the items of its lists, where it is declared."""
    if column == type_.resource.key:
        return type_.resource.key_type
    for field, spec in columns_of(type_):
        if column_name(field, spec) == column:
            shown = given_type(field)
            annotated = items_type(shown) or shown
            # Times without a zone are of another type than those of the same Python type.
            behind = None if annotated is LocalDateTime else plain(annotated)
            return behind if isinstance(behind, type) and behind in KNOWN else None
    return None


def plain(type_: object) -> object:
    """The type behind a NewType. That an ID is a text says nothing of its column."""
    while type_ is not strawberry.ID and hasattr(type_, "__supertype__"):
        type_ = type_.__supertype__
    return type_
