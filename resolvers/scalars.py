"""The scalars that a graph has, a line each: what of a source's values each shows, and
how its values compare."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NewType, TypedDict, Unpack

import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from loaders.declarations import declaration
from loaders.descriptions import NUMBERS, Family
from loaders.query import Operator
from resolvers import coercion

BigInt = NewType("BigInt", int)
LocalDateTime = NewType("LocalDateTime", datetime)
URL = NewType("URL", str)

EQUALITY = (Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN)
RANGE = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)
TEXT = (Operator.CONTAINS, Operator.STARTS_WITH)

WRITTEN = frozenset(Family) - {Family.DOCUMENT, Family.RECORD}
"""What a text can show: the text of the value's own scalar."""

BIG = "values beyond {} are errors: declare BigInt"
NOT_WHOLE = "values that are not whole are errors: declare {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """What a scalar is.

    ``definition`` is how it stands in the schema; GraphQL has its own by itself. ``operators`` are
    those of its values in a ``where``, none if they don't compare. ``is_sortable`` says that they
    have an order. ``shows`` are the families of a source's values that it shows all of,
    ``shows_some`` those of which it shows some, with what becomes of the others, and ``compares``
    those with which its own compare.
    """

    name: str
    definition: ScalarDefinition | None = None
    operators: tuple[Operator, ...] = ()
    is_sortable: bool = False
    shows: frozenset[Family] = frozenset()
    shows_some: Mapping[Family, str] = field(default_factory=dict)
    compares: frozenset[Family] = frozenset()
    of_texts: type | None = None


class Traits(TypedDict, total=False):
    """What a ``Scalar`` may have besides its name and its definition."""

    operators: tuple[Operator, ...]
    is_sortable: bool
    shows: frozenset[Family]
    shows_some: Mapping[Family, str]
    compares: frozenset[Family]
    of_texts: type | None


def _scalar(
    name: str,
    description: str,
    result: Callable[[object], object],
    input_: Callable[[object], object],
    *,
    url: str | None = None,
    **traits: Unpack[Traits],
) -> Scalar:
    definition = strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=url,
        serialize=result,
        parse_value=input_,
    )
    return Scalar(name=name, definition=definition, **traits)


RFC3339 = "https://www.rfc-editor.org/rfc/rfc3339"

SCALARS: Mapping[object, Scalar] = {
    str: Scalar(
        name="String",
        operators=(*EQUALITY, *TEXT),
        is_sortable=True,
        shows=WRITTEN,
        compares=frozenset({Family.TEXT}),
    ),
    strawberry.ID: Scalar(
        name="ID",
        operators=EQUALITY,
        is_sortable=True,
        shows=WRITTEN - {Family.BOOLEAN, Family.FLOAT},
        shows_some={Family.FLOAT: NOT_WHOLE.format("float")},
    ),
    bool: Scalar(
        name="Boolean",
        operators=(Operator.EQ,),
        is_sortable=True,
        shows=NUMBERS | {Family.BOOLEAN},
        compares=NUMBERS | {Family.BOOLEAN},
    ),
    int: Scalar(
        name="Int",
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=frozenset({Family.INTEGER, Family.BOOLEAN}),
        shows_some={
            Family.BIG_INTEGER: BIG.format("2,147,483,647"),
            Family.FLOAT: NOT_WHOLE.format("float"),
            Family.DECIMAL: NOT_WHOLE.format("Decimal"),
        },
        compares=NUMBERS,
    ),
    float: Scalar(
        name="Float",
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=NUMBERS | {Family.BOOLEAN},
        shows_some={
            Family.BIG_INTEGER: f"{BIG.format('9,007,199,254,740,992')}, or int if its values are "
            "small",
            Family.DECIMAL: "values of more than 15 digits are rounded: declare Decimal",
        },
        compares=NUMBERS,
    ),
    BigInt: _scalar(
        "BigInt",
        'A whole number of any size, as a string so that no digit is lost: "9223372036854775807".',
        coercion.big_int_result,
        coercion.big_int_input,
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=frozenset({Family.INTEGER, Family.BIG_INTEGER}),
        shows_some={
            Family.FLOAT: NOT_WHOLE.format("float"),
            Family.DECIMAL: NOT_WHOLE.format("Decimal"),
            Family.TEXT: "texts that are no whole number are errors",
        },
        compares=NUMBERS,
        of_texts=Decimal,
    ),
    Decimal: _scalar(
        "Decimal",
        'An exact decimal number, as a string so that no digit is lost: "19.90".',
        coercion.decimal_result,
        coercion.decimal_input,
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=NUMBERS,
        shows_some={Family.TEXT: "texts that are no number are errors"},
        compares=NUMBERS,
        of_texts=Decimal,
    ),
    datetime: _scalar(
        "DateTime",
        "A moment, with its time zone, as RFC 3339 writes it: 2026-01-31T09:30:00Z.",
        coercion.datetime_result,
        coercion.datetime_input,
        url=RFC3339,
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=frozenset({Family.DATETIME}),
        shows_some={Family.TEXT: "texts that are no ISO 8601 time with its zone are errors"},
        compares=frozenset({Family.DATETIME}),
        of_texts=datetime,
    ),
    LocalDateTime: _scalar(
        "LocalDateTime",
        "A date and time without a time zone, as a clock and a calendar on a wall show it: "
        "2026-01-31T09:30:00.",
        coercion.local_datetime_result,
        coercion.local_datetime_input,
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=frozenset({Family.LOCAL_DATETIME}),
        shows_some={Family.TEXT: "texts that are no time without a zone are errors"},
        compares=frozenset({Family.LOCAL_DATETIME}),
        of_texts=datetime,
    ),
    date: _scalar(
        "Date",
        "A day of the calendar, as RFC 3339 writes it: 2026-01-31.",
        coercion.date_result,
        coercion.date_input,
        url=RFC3339,
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=frozenset({Family.DATE}),
        shows_some={Family.TEXT: "texts that are no ISO 8601 date are errors"},
        compares=frozenset({Family.DATE}),
        of_texts=date,
    ),
    time: _scalar(
        "Time",
        "A time of the day, as RFC 3339 writes it: 09:30:00; with an offset if it has one: "
        "09:30:00+01:00.",
        coercion.time_result,
        coercion.time_input,
        url=RFC3339,
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=frozenset({Family.TIME, Family.ZONED_TIME}),
        shows_some={Family.TEXT: "texts that are no RFC 3339 time are errors"},
        compares=frozenset({Family.TIME}),
        of_texts=time,
    ),
    timedelta: _scalar(
        "Duration",
        "A length of time, as ISO 8601 writes it: P1DT2H30M. Compared with others, a month has 30 "
        "days and a day 24 hours.",
        coercion.duration_result,
        coercion.duration_input,
        operators=(*EQUALITY, *RANGE),
        is_sortable=True,
        shows=frozenset({Family.DURATION}),
        shows_some={Family.TEXT: "texts that are no ISO 8601 duration are errors"},
        compares=frozenset({Family.DURATION}),
        of_texts=timedelta,
    ),
    uuid.UUID: _scalar(
        "UUID",
        "A UUID: 01234567-89ab-cdef-0123-456789abcdef.",
        coercion.uuid_result,
        coercion.uuid_input,
        url="https://www.rfc-editor.org/rfc/rfc9562",
        operators=EQUALITY,
        is_sortable=True,
        shows=frozenset({Family.UUID}),
        shows_some={Family.TEXT: "texts that are no UUID are errors"},
        compares=frozenset({Family.UUID}),
        of_texts=uuid.UUID,
    ),
    bytes: _scalar(
        "Base64",
        "Bytes, as Base64 writes them.",
        coercion.bytes_result,
        coercion.bytes_input,
        url="https://www.rfc-editor.org/rfc/rfc4648#section-4",
        operators=EQUALITY,
        shows=frozenset({Family.BYTES}),
        shows_some={Family.TEXT: "texts that are no Base64 are errors"},
        compares=frozenset({Family.BYTES}),
        of_texts=bytes,
    ),
    URL: _scalar(
        "URL",
        "An absolute http or https address.",
        coercion.url,
        coercion.url,
        url="https://www.rfc-editor.org/rfc/rfc3986",
        is_sortable=True,
        shows=frozenset({Family.TEXT}),
    ),
    JSON: _scalar(
        "JSON",
        "Whatever JSON can hold. What it has no type for is the text that its own scalar shows.",
        coercion.json_result,
        lambda value: value,
        url="https://www.rfc-editor.org/rfc/rfc8259",
        shows=frozenset(Family),
    ),
}
"""By what a field is annotated with."""

_own: dict[object, Scalar] = {}


def scalar_of(type_: object) -> Scalar | None:
    """The scalar of what a field is annotated with; None if how it compares is not known."""
    return _own.get(type_) or SCALARS.get(type_)


def definitions_of(
    own: Mapping[object, ScalarDefinition | Scalar],
) -> dict[object, ScalarDefinition]:
    """The scalars that a graph has with these of its own, as they stand in its schema. How its own
    compare is known from now on."""
    _own.update({type_: each for type_, each in own.items() if isinstance(each, Scalar)})
    every = {**SCALARS, **own}
    return {
        type_: definition
        for type_, each in every.items()
        if (definition := each.definition if isinstance(each, Scalar) else each) is not None
    }


@declaration
def comparable(definition: ScalarDefinition, *, like: type) -> Scalar:
    """A scalar of the graph's own whose values compare as those of ``like``, a type that has a
    scalar: fields of it can be ``filterable`` and ``sortable`` as fields of that can. They are
    compared as ``parse_value`` makes them, with what the column holds."""
    known = SCALARS.get(like)
    if known is None or not known.operators:
        raise TypeError(f"comparable(): values of {like.__name__} don't compare")
    return Scalar(
        name=definition.name,
        definition=definition,
        operators=known.operators,
        is_sortable=known.is_sortable,
        of_texts=known.of_texts,
    )
