"""How values of rows compare with those that are asked for, where the gateway compares them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from operator import ge, gt, le, lt
from typing import Any
from uuid import UUID

from loaders.durations import read_duration
from loaders.numbers import alike
from loaders.query import Operator
from loaders.time_zones import ZoneOffset, in_utc
from loaders.times import read_datetime, read_time

MISFITS = (TypeError, ValueError, ArithmeticError, AttributeError)
"""What Python raises for values that can't be compared or added."""

ITEMS = frozenset({Operator.HAS, Operator.HAS_SOME, Operator.HAS_EVERY})
"""The operators that look at the items of lists."""


def _equal(value: object, wanted: object) -> bool:
    # In Python 1 and True are equal: in no source, and a claim that is true is not customer 1.
    if (type(value) is bool) is not (type(wanted) is bool):
        return False
    value, wanted = _like(value, wanted)
    return bool(value == wanted)


def _has(value: object, every: Iterable[object]) -> bool:
    if not isinstance(value, (list, tuple)):
        raise TypeError("no list")
    items = [each for each in value if each is not None]
    return all(any(_equal(item, wanted) for item in items) for wanted in every)


READERS: Mapping[type, Callable[[str], object]] = {
    datetime: read_datetime,
    date: date.fromisoformat,
    time: read_time,
    timedelta: read_duration,
    UUID: UUID,
    bytes: partial(b64decode, validate=True),
}
"""What JSON has no type for is read of its text before it is compared. Subtypes come first."""


def of_text(type_: type | None, value: Any) -> Any:
    """The value, a text as one of the type. Raises ValueError or ArithmeticError for one that is
    none."""
    if type_ is None or not isinstance(value, str):
        return value
    if type_ is Decimal:
        return _finite(Decimal(value))
    return READERS[type_](value)


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError("no number")
    return number


def _like(value: object, wanted: object) -> Sequence[object]:
    if isinstance(value, str):
        read = next((read for type_, read in READERS.items() if isinstance(wanted, type_)), None)
        value = value if read is None else read(value)
    if isinstance(wanted, Decimal):
        return Decimal(str(value)), wanted
    if isinstance(wanted, datetime) and isinstance(wanted.tzinfo, ZoneOffset):
        return in_utc(value, wanted.tzinfo.zone), wanted
    pair = value, wanted
    return pair if type(value) is type(wanted) else alike(pair)


def _ordered(test: Callable[..., bool]) -> Callable[[object, object], bool]:
    return lambda value, wanted: bool(test(*_like(value, wanted)))


TESTS: dict[Operator, Callable[..., bool]] = {
    Operator.EQ: _equal,
    Operator.NE: lambda value, wanted: not _equal(value, wanted),
    Operator.IN: lambda value, wanted: any(_equal(value, each) for each in wanted),
    Operator.NOT_IN: lambda value, wanted: not any(_equal(value, each) for each in wanted),
    Operator.GT: _ordered(gt),
    Operator.GTE: _ordered(ge),
    Operator.LT: _ordered(lt),
    Operator.LTE: _ordered(le),
    Operator.CONTAINS: lambda value, wanted: wanted.casefold() in value.casefold(),
    Operator.STARTS_WITH: lambda value, wanted: value.casefold().startswith(wanted.casefold()),
    Operator.HAS: lambda value, wanted: _has(value, (wanted,)),
    Operator.HAS_SOME: lambda value, wanted: any(_has(value, (each,)) for each in wanted),
    Operator.HAS_EVERY: _has,
}
