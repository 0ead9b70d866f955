"""What values the fields of an input type may have: ``input_field``, and ``@constraint``, which
shows it in the schema as graphql-constraint-directive has it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import UNSET
from strawberry.schema_directive import Location
from strawberry.types.base import StrawberryContainer
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from loaders.declarations import declaration

CONSTRAINTS = "sluice.constraints"
"""The metadata key of the constraints of an input type's field."""

Number = int | float | Decimal


@strawberry.schema_directive(
    locations=[Location.INPUT_FIELD_DEFINITION],
    name="constraint",
    description="What values this may have, or the items of a list. Lengths are Unicode code points"
    " after normalization (NFC); a pattern matches the whole text.",
)
class Constraint:
    min_length: int | None = UNSET
    max_length: int | None = UNSET
    pattern: str | None = UNSET
    multiline: bool | None = UNSET
    min: float | None = UNSET
    max: float | None = UNSET
    decimal_places: int | None = UNSET
    max_digits: int | None = UNSET
    min_items: int | None = UNSET
    max_items: int | None = UNSET
    unique_items: bool | None = UNSET
    unique_by: str | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What values a field may have, as ``input_field`` declares it. Those of texts and of numbers
    are of a list's innermost items, those of items of the list itself."""

    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    multiline: bool = False
    minimum: Number | None = None
    maximum: Number | None = None
    decimal_places: int | None = None
    max_digits: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique: bool | str = False

    def given(self, *names: str) -> list[str]:
        """Those of these that are declared."""
        return [name for name in names if getattr(self, name) not in (None, False)]

    @property
    def directives(self) -> list[object]:
        """How they stand in the schema. A bound that no double is stands in the description
        alone."""
        shown = {
            "min_length": self.min_length,
            "max_length": self.max_length,
            "pattern": self.pattern,
            "multiline": self.multiline or None,
            "min": _double(self.minimum),
            "max": _double(self.maximum),
            "decimal_places": self.decimal_places,
            "max_digits": self.max_digits,
            "min_items": self.min_items,
            "max_items": self.max_items,
            "unique_items": True if self.unique is True else None,
            "unique_by": self.unique if isinstance(self.unique, str) else None,
        }
        given = {name: value for name, value in shown.items() if value is not None}
        return [Constraint(**given)] if given else []  # type: ignore[arg-type]  # by name

    def described(self) -> Iterator[str]:
        """A sentence for each, as introspection shows no directives."""
        if (length := _span(self.min_length, self.max_length)) is not None:
            yield f"{_counted(length, 'character')}."
        if self.pattern is not None:
            yield f"Matches `{self.pattern}`."
        if self.multiline:
            yield "May have line breaks."
        if (size := _span(self.minimum, self.maximum)) is not None:
            yield f"{size}."
        if self.decimal_places is not None:
            yield f"{_counted(f'At most {self.decimal_places}', 'decimal place')}."
        if self.max_digits is not None:
            yield f"{_counted(f'At most {self.max_digits}', 'digit')}."
        if (items := _span(self.min_items, self.max_items)) is not None:
            yield f"{_counted(items, 'item')}."
        if isinstance(self.unique, str):
            yield f"No two items with the same `{self.unique}`."
        elif self.unique:
            yield "No item twice."


@declaration
def input_field(
    description: str,
    *,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    multiline: bool = False,
    minimum: Number | None = None,
    maximum: Number | None = None,
    decimal_places: int | None = None,
    max_digits: int | None = None,
    min_items: int | None = None,
    max_items: int | None = None,
    unique: bool | str = False,
    default: object = dataclasses.MISSING,
    name: str | None = None,
    deprecation_reason: str | None = None,
) -> Any:
    """A field of an input type, and what values it may have. What is wrong is told, by path and
    all of it at once, before any resolver of the field that has the argument runs.

    A text is normalized (NFC, Unicode Standard Annex 15) before it is measured in code points, and
    as the resolver has it. It has no control characters, but line breaks if it is ``multiline``,
    no halves of characters, and no more than 30 marks on one character. A ``pattern`` (of Rust's
    ``regex``, which takes linear time) matches all of it. ``minimum`` and ``maximum`` are
    inclusive. Of a Decimal zeros at the end of its fraction don't count as ``decimal_places`` or
    ``max_digits``. ``unique`` says that no item stands twice in a list, or the name in the schema
    of the items' field in which they differ. Null and what is absent has no problems: the type of
    the field says whether they may be, and ``default=UNSET`` tells them apart.
    """
    constraints = Constraints(
        min_length=min_length,
        max_length=max_length,
        pattern=pattern,
        multiline=multiline,
        minimum=minimum,
        maximum=maximum,
        decimal_places=decimal_places,
        max_digits=max_digits,
        min_items=min_items,
        max_items=max_items,
        unique=unique,
    )
    return StrawberryField(
        graphql_name=name,
        description=" ".join((description, *constraints.described())),
        default=default,
        deprecation_reason=deprecation_reason,
        directives=constraints.directives,
        metadata={CONSTRAINTS: constraints},
    )


def constraints_of(field: object) -> Constraints | None:
    """Those of a Strawberry field, if it is declared by ``input_field``."""
    found = getattr(field, "metadata", {}).get(CONSTRAINTS)
    return found if isinstance(found, Constraints) else None


def is_constrained(type_: object, met: set[object] | None = None) -> bool:
    """Whether values of the type, or anything in them, have constraints."""
    met = set() if met is None else met
    while isinstance(type_, StrawberryContainer | LazyType):
        type_ = type_.resolve_type() if isinstance(type_, LazyType) else type_.of_type
    definition = getattr(type_, "__strawberry_definition__", None)
    if type_ in met or not getattr(definition, "is_input", False):
        return False
    met.add(type_)
    assert definition is not None
    return any(
        constraints_of(field) is not None or is_constrained(field.type, met)
        for field in definition.fields
    )


def _double(bound: Number | None) -> float | None:
    if bound is None or not Decimal(bound).is_finite():
        return None
    try:
        nearest = float(bound)
    except OverflowError:
        return None
    return nearest if Decimal(str(nearest)) == Decimal(str(bound)) else None


def _counted(span: str, unit: str) -> str:
    is_one = span.endswith(" 1") and " to " not in span
    return f"{span} {unit}" if is_one else f"{span} {unit}s"


def _span(least: Number | None, most: Number | None) -> str | None:
    if least is None:
        return None if most is None else f"At most {most}"
    if most is None:
        return f"At least {least}"
    return f"Exactly {least}" if least == most else f"{least} to {most}"
