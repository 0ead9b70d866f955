"""The values that a column can hold, and what comparisons with others come to.

A source compares in the terms of its columns: an operand that these can't hold it rounds, or
refuses. So a comparison is made the one with a value that the column can hold, or the constant,
that has the same answer as arithmetic gives: whole numbers are less than 10.5 where they are 10 at
most, and none equals it. Floats are the numbers that they are written as.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from math import inf, nextafter
from typing import NamedTuple

from loaders.durations import MICROSECONDS, Duration, parts_of
from loaders.numbers import EXACT_INT, written
from loaders.query import (
    NEGATIVE,
    NOTHING,
    SEVERAL,
    And,
    Comparison,
    Filter,
    KeyComparison,
    Not,
    Operator,
    Or,
    SemiJoin,
)
from loaders.reals import real_below, real_of
from loaders.resource import Resource
from loaders.time_zones import ZoneOffset, local_place
from loaders.times import FineDatetime, FineTime

EVERYTHING = And(())
"""The filter that lets every row through."""


class Place(NamedTuple):
    """Where an operand stands among the values that a column can hold: at ``value``, or unless it
    ``is_exact`` between that and the next. None as the value stands for those below all of them."""

    value: object
    is_exact: bool


NOWHERE = Place(None, False)
"""The place of what is no value of the column, and is neither greater nor less than them."""

Domain = Callable[[object], Place | None]
"""Finds the place of an operand; None for one of a type of which the source may think what it will.
"""

LESS = (Operator.LT, Operator.LTE)
GREATER = (Operator.GT, Operator.GTE)
FLAGS = (Operator.EQ, Operator.NE)
"""The operators that numbers are compared with flags by."""
TEXTUAL = (Operator.IS_NULL, Operator.CONTAINS, Operator.STARTS_WITH)
"""The operators whose operand is no value of the column."""


def has(domain: Domain, value: object) -> bool:
    """Whether the value, which is of a type that the domain knows, is one of the column's."""
    place = domain(value)
    return place is not None and place.is_exact


def within(domain: Domain, comparison: Comparison, *, flags: bool = False) -> Filter:
    """The comparison in the terms of a column with this domain; itself if it is so already. With
    ``flags`` a bool is one that numbers are shown as: all but 0 are true."""
    column, operator, wanted = comparison.column, comparison.operator, comparison.value
    if operator in TEXTUAL:
        return comparison
    if operator in SEVERAL:
        return _with_several(domain, comparison, flags)
    if type(wanted) is bool and flags:
        return _with_flag(domain, comparison)
    place = domain(wanted)
    if place is None:
        return comparison
    value, is_exact = place
    if is_exact:
        return comparison if value is wanted else Comparison(column, operator, value)
    if operator in LESS or operator in GREATER:
        if place is NOWHERE:
            return comparison
        is_less = operator in LESS
        if value is None:
            return NOTHING if is_less else Comparison(column, Operator.IS_NULL, False)
        return Comparison(column, Operator.LTE if is_less else Operator.GT, value)
    return EVERYTHING if operator in NEGATIVE else NOTHING


def _with_flag(domain: Domain, comparison: Comparison) -> Filter:
    column, operator = comparison.column, comparison.operator
    zero = domain(0)
    if zero is None or operator not in FLAGS:
        return comparison
    same: Filter = Comparison(column, Operator.EQ, zero.value)
    if comparison.value:
        is_there = Comparison(column, Operator.IS_NULL, False)
        same = And((is_there, Comparison(column, Operator.NE, zero.value)))
    return Not(same) if operator in NEGATIVE else same


def _with_several(domain: Domain, comparison: Comparison, flags: bool) -> Filter:
    column, operator, wanted = comparison.column, comparison.operator, comparison.value
    places = [domain(value) for value in wanted]
    kept = tuple(
        value if place is None else place.value
        for value, place in zip(wanted, places, strict=True)
        if place is None or place.is_exact
    )
    if len(kept) == len(places):
        is_same = all(one is other for one, other in zip(kept, wanted, strict=True))
        return comparison if is_same else Comparison(column, operator, kept)
    if operator is Operator.HAS_EVERY or not kept:
        return EVERYTHING if operator in NEGATIVE else NOTHING
    return Comparison(column, operator, kept)


@dataclass(frozen=True, slots=True)
class Domains:
    """Those of a resource's columns. ``of`` has that of a column, if it is known, and ``joined``
    those of a resource that filters join with it. ``flags`` is as for ``within``. ``read`` makes of
    a key one that the column can hold, or None if it can hold none that is the same."""

    of: Callable[[str], Domain | None]
    joined: Callable[[Resource], Domains | None] = lambda _: None
    flags: bool = False
    read: Callable[[str, object], object] = lambda _, key: key

    def terms(self, filter: Filter) -> Filter:
        """The filter in the terms of the columns; itself if it is so already."""
        match filter:
            case KeyComparison(_, operator) if operator is not Operator.IS_NULL:
                return self._with_keys(filter)
            case Comparison(column):
                domain = self.of(column)
                return filter if domain is None else within(domain, filter, flags=self.flags)
            case And(parts):
                changed = self._each(parts)
                return filter if changed is None else And(changed)
            case Or(parts):
                changed = self._each(parts)
                return filter if changed is None else Or(changed)
            case Not(part):
                inner = self.terms(part)
                return filter if inner is part else Not(inner)
            case SemiJoin(column, resource, of, where):
                domains = None if where is None else self.joined(resource)
                if where is None or domains is None:
                    return filter
                inner = domains.terms(where)
                return filter if inner is where else SemiJoin(column, resource, of, inner)

    def _with_keys(self, comparison: Comparison) -> Filter:
        column, operator, wanted = comparison.column, comparison.operator, comparison.value
        keys = wanted if operator in SEVERAL else (wanted,)
        read = [self.read(column, key) for key in keys]
        if all(one is other for one, other in zip(read, keys, strict=True)):
            return comparison
        kept, is_negative = tuple(key for key in read if key is not None), operator in NEGATIVE
        if not kept:
            return EVERYTHING if is_negative else NOTHING
        if operator not in SEVERAL:
            return Comparison(column, operator, kept[0])
        return Comparison(column, operator, kept)

    def _each(self, parts: tuple[Filter, ...]) -> tuple[Filter, ...] | None:
        changed = tuple(map(self.terms, parts))
        same = all(one is other for one, other in zip(changed, parts, strict=True))
        return None if same else changed


# Numbers.


def number_of(value: object) -> Decimal | None:
    """The number that a value is written as; None if it is no number."""
    match value:
        case bool():
            return None
        case float():
            number = Decimal(float.__repr__(value))
        case int() | Decimal():
            number = Decimal(value)
        case _:
            return None
    return None if number.is_nan() else number


def integers(low: int, high: int) -> Domain:
    """Whole numbers from ``low`` to ``high``."""

    def place(value: object) -> Place | None:
        if type(value) is int and low <= value <= high:
            return Place(value, True)
        number = number_of(value)
        if number is None:
            return None
        if number < low:
            return Place(None, False)
        if number > high:
            return Place(high, False)
        whole = int(number.to_integral_value(ROUND_FLOOR))
        return Place(whole, whole == number)

    return place


def decimals(value: object) -> Place | None:
    """Decimal numbers of any size."""
    if type(value) is Decimal or type(value) is int:
        return Place(value, True)
    number = number_of(value)
    return None if number is None else Place(number, True)


def doubles(value: object) -> Place | None:
    """Floats."""
    if type(value) is float:
        return Place(value, True)
    if type(value) is int and -EXACT_INT <= value <= EXACT_INT:
        return Place(float(value), True)
    number = number_of(value)
    return None if number is None else beside(number, float(number), double_below)


def reals(value: object) -> Place | None:
    """Floats of 32 bits."""
    if type(value) is float and real_of(value) == value:
        return Place(value, True)
    number = number_of(value)
    return None if number is None else beside(number, real_of(float(number)), real_below)


def beside(number: Decimal, nearest: float, below: Callable[[float], float]) -> Place:
    """The place of the number, of the float that is nearest to it."""
    shown = written(nearest)
    if shown == number:
        return Place(nearest, True)
    return Place(below(nearest) if shown > number else nearest, False)


def double_below(value: float) -> float:
    """The next lower float."""
    return nextafter(value, -inf)


# Times.


def microseconds(value: object) -> Place | None:
    """Moments, or times without a time zone, to the microsecond."""
    if isinstance(value, FineDatetime):
        return Place(value.floor, not value.beyond)
    return Place(value, True) if isinstance(value, datetime) else None


def local_microseconds(value: object) -> Place | None:
    """Times without a time zone, which are moments of one, to the microsecond."""
    if isinstance(value, datetime) and isinstance(value.tzinfo, ZoneOffset):
        local, is_exact = local_place(value)
        return Place(value, True) if is_exact else Place(local, False)
    return microseconds(value)


def milliseconds(value: object) -> Place | None:
    """Moments to the millisecond."""
    if not isinstance(value, datetime):
        return None
    beyond = value.microsecond % 1000
    if not beyond:
        return microseconds(value)
    floor = value.floor if isinstance(value, FineDatetime) else value
    return Place(floor.replace(microsecond=value.microsecond - beyond), False)


def days(value: object) -> Place | None:
    """Days. A time is one of its day."""
    if isinstance(value, datetime):
        clock = value.timetz().replace(tzinfo=None)
        is_midnight = clock == time.min and not getattr(value, "beyond", "")
        return Place(value.date(), is_midnight)
    return Place(value, True) if isinstance(value, date) else None


def clocks(value: object) -> Place | None:
    """Times of the day to the microsecond."""
    if isinstance(value, FineTime):
        return Place(value.floor, not value.beyond)
    return Place(value, True) if isinstance(value, time) else None


MONTHS_OR_DAYS, CLOCK = 1 << 31, 1 << 63
"""How many of each an interval has less than (PostgreSQL manual, 8.5)."""


def intervals(value: object) -> Place | None:
    """Lengths of time of PostgreSQL. It has one that is equal for each of Python's."""
    if not isinstance(value, timedelta):
        return None
    months, days, clock = parts_of(value)
    fits = all(-MONTHS_OR_DAYS <= each < MONTHS_OR_DAYS for each in (months, days))
    if not fits or not -CLOCK <= clock < CLOCK:
        value = Duration(0, value.days, value.seconds * MICROSECONDS + value.microseconds)
    return Place(value, True)


# Texts.

UNFIT = re.compile("[\0\ud800-\udfff]")
"""What no text in UTF-8 has that PostgreSQL keeps."""


def texts(value: object) -> Place | None:
    """Texts of PostgreSQL."""
    if not isinstance(value, str):
        return None
    return NOWHERE if UNFIT.search(value) else Place(value, True)


NAME_BYTES = 63
"""That a ``name`` can have (PostgreSQL manual, 8.3)."""


def names(value: object) -> Place | None:
    """Names of PostgreSQL's own."""
    place = texts(value)
    if place is None or not place.is_exact:
        return place
    return place if len(str(value).encode()) <= NAME_BYTES else NOWHERE


def labels(known: Iterable[str]) -> Domain:
    """The labels of an enum."""
    labels = frozenset(known)

    def place(value: object) -> Place | None:
        if not isinstance(value, str):
            return None
        return Place(value, True) if value in labels else NOWHERE

    return place
