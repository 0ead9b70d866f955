"""Numbers that JSON has in one column: ints, floats, and Decimals where a double lacks digits. They
compare and add up as they are written, and 0.1 is a tenth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation, getcontext, localcontext
from functools import partial
from math import isfinite
from typing import TypeVar

from loaders.json import LARGEST_EXPONENT, Number, number

Value = TypeVar("Value")

Rank = Callable[[object], tuple[object, ...]]
"""Makes of a value what sorts as it does."""

EXACT_INT = 2**53
"""The largest int of which all smaller ones are doubles."""

EXACT = Context(prec=3 * LARGEST_EXPONENT, traps=[Inexact, InvalidOperation])
"""In which numbers are added: with digits enough for any two, or not at all."""

DIGITS_OF_A_MEAN = 20
"""Those that it may have more than the sum has."""


def are_mixed(values: Collection[object]) -> bool:
    """Whether there are numbers among floats that a float can't be: Python would compare these with
    the binary fractions that floats are."""
    kinds = set(map(type, values))
    if float not in kinds or len(kinds) == 1:
        return False
    return Decimal in kinds or any(type(each) is int and abs(each) > EXACT_INT for each in values)


def written(value: Value) -> Value | Decimal:
    """A float as the decimal that it is written as; anything else as it is."""
    return Decimal(repr(value)) if type(value) is float else value


def alike(values: Sequence[Value]) -> Sequence[Value | Decimal]:
    """The values, so that they compare with each other as they are written."""
    return list(map(written, values)) if are_mixed(values) else values


def ranking(values: Collection[object]) -> Rank:
    """By what the values of one column sort: what is missing is the lowest, and what is no number
    among numbers (NaN) the highest, as in PostgreSQL."""
    mixed = are_mixed(values)
    if mixed or not {float, Decimal}.isdisjoint(map(type, values)):
        return partial(_rank_of_number, mixed)
    return _rank


def _rank(value: object) -> tuple[object, ...]:
    return (0,) if value is None else (1, value)


def _rank_of_number(mixed: bool, value: object) -> tuple[object, ...]:
    if isinstance(value, (float, Decimal)) and value != value:
        return (2,)
    return _rank(written(value) if mixed else value)


def total(values: Sequence[Number]) -> Number:
    """The sum with all of its digits: a float, if there were floats and it is written as one.
    Raises TypeError or ArithmeticError for what can't be added."""
    kinds = set(map(type, values))
    if not kinds & {float, Decimal} or not all(map(_is_finite, values)):
        return sum(values)
    with localcontext(EXACT):
        exact = sum(map(written, values), Decimal())
    return number(str(exact)) if float in kinds else exact


def mean(values: Sequence[Number]) -> Number:
    """The mean. Raises as ``total`` does."""
    summed = total(values)
    if isinstance(summed, int) and abs(summed) > EXACT_INT:
        summed = Decimal(summed)
    if not isinstance(summed, Decimal):
        return summed / len(values)
    digits = max(getcontext().prec, len(summed.as_tuple().digits) + DIGITS_OF_A_MEAN)
    with localcontext(prec=digits):
        return summed / len(values)


def _is_finite(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return not isinstance(value, float) or isfinite(value)
