"""Comparisons with numbers in MongoDB, whose fields may hold ints, doubles and Decimal128s alike.

It compares these as what they are exactly, and the double 0.1 is a little more than the Decimal128.
Here both are a tenth. So a number of which no double is exactly what it is written as is compared
apart: with doubles as a double, with all others as a decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Context, Decimal
from typing import NamedTuple

from loaders.domains import LESS, Place, beside, double_below, number_of
from loaders.numbers import EXACT_INT, written
from loaders.query import NEGATIVE, SEVERAL, Operator

Condition = dict[str, object]

DECIMAL128 = Context(prec=34, Emin=-6143, Emax=6144, rounding=ROUND_FLOOR, traps=[])
"""The decimals that MongoDB has; from others, the next lower one."""

DOUBLES: Condition = {"$type": "double"}
OTHERS: Condition = {"$type": ["int", "long", "decimal"]}

SMALLEST_INT, LARGEST_INT = -(2**63), 2**63 - 1

ORDERED = {
    Operator.LT: "$lt",
    Operator.LTE: "$lte",
    Operator.GT: "$gt",
    Operator.GTE: "$gte",
}

OF_ITEMS = (Operator.HAS, Operator.HAS_SOME, Operator.HAS_EVERY)


class Number(NamedTuple):
    """A number: its places among doubles and among all other numbers, and whether a double or a
    decimal that is equal to it would find others, too."""

    double: Place
    other: Place
    is_mistaken: bool


def number_condition(column: str, operator: Operator, wanted: object) -> Condition | None:
    """The comparison as MongoDB's condition; None if it can be made with the values as they are."""
    values: Sequence[object] = (wanted,)
    if operator in SEVERAL:
        values = wanted  # type: ignore[assignment]  # such an operator has a tuple
    numbers = [_number(value) for value in values]
    if not any(numbers):
        return None
    if operator in ORDERED:
        (number,) = numbers
        assert number is not None
        doubles = {column: {**DOUBLES, **_ordered(operator, number.double)}}
        return {"$or": [doubles, {column: {**OTHERS, **_ordered(operator, number.other)}}]}
    if operator is Operator.HAS_EVERY:
        each = [
            _any_of(column, [value], [number], of_items=True)
            for value, number in zip(values, numbers, strict=True)
        ]
        return {"$and": each}
    condition = _any_of(column, values, numbers, of_items=operator in OF_ITEMS)
    return {"$nor": [condition]} if operator in NEGATIVE else condition


def _ordered(operator: Operator, place: Place) -> Condition:
    if not place.is_exact:
        operator = Operator.LTE if operator in LESS else Operator.GT
    return {ORDERED[operator]: place.value}


def _any_of(
    column: str, values: Sequence[object], numbers: Sequence[Number | None], *, of_items: bool
) -> Condition:
    pairs = list(zip(values, numbers, strict=True))
    themselves = [value for value, number in pairs if number is None]
    apart = [number for number in numbers if number is not None]
    doubles = [each.double.value for each in apart if each.double.is_exact]
    others = [each.other.value for each in apart if each.other.is_exact]
    if not any(each.is_mistaken for each in apart):
        return {column: {"$in": [*themselves, *doubles, *others]}}
    conditions = [
        {**DOUBLES, "$in": [*themselves, *doubles]},
        {**OTHERS, "$in": [*themselves, *others]},
    ]
    return {
        "$or": [
            {column: {"$elemMatch": condition} if of_items else condition}
            for condition in conditions
        ]
    }


def _number(value: object) -> Number | None:
    """What it is compared as; None if MongoDB does so by itself, as with what is no number."""
    if type(value) is int and -EXACT_INT <= value <= EXACT_INT:
        return None
    number = number_of(value)
    if number is None or not number.is_finite():
        return None
    nearest = float(number)
    exactly = Decimal(nearest)
    if exactly == number == written(nearest):
        if type(value) is not int or SMALLEST_INT <= value <= LARGEST_INT:
            return None
        return Number(Place(nearest, True), Place(number, True), False)
    floor = DECIMAL128.plus(number)
    double = beside(number, nearest, double_below)
    other = Place(floor, floor == number)
    is_mistaken = exactly == number or (double.is_exact and DECIMAL128.plus(exactly) == exactly)
    return Number(double, other, is_mistaken)
