"""Keys as texts, which global ids and cursors hold, and keys of one type as those of another.

A value is read as a key of another type only where there is exactly one reading: whole numbers are
the same in all types, and their decimal text; a UUID, a date or an ObjectId has one text, without
which it would be several keys. Nothing else has one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from loaders.numbers import EXACT_INT
from loaders.numbers import written as number_written

FRACTIONAL = (float, Decimal)
NUMBERS = (int, *FRACTIONAL)

MOST_DIGITS = 100
"""Of a whole number that is a key in several types."""

TEXTUAL: list[type] = [UUID, date]
"""The types, beside numbers, of which each value has one text. Drivers add their own."""

NAN = "NaN", Decimal
"""What all that is no number is told by."""

WITHOUT_TEXT = (bool, datetime, time, timedelta, bytes)
"""Those that can be written in several ways, or in none."""


class Padded(str):
    """A text with blanks at its end that only fill it up, as those of PostgreSQL's ``char(n)`` do:
    as a key it is the ``text`` before them."""

    __slots__ = ()

    @property
    def text(self) -> str:
        return self.rstrip(" ")


def written(key: object) -> str:
    """The key's text."""
    return key.hex() if isinstance(key, bytes) else str(key)


def read(type_: type, text: str) -> Hashable:
    """The key of this type whose text it is. Raises ValueError if there is none."""
    try:
        make: Callable[[str], Hashable] = type_
        if issubclass(type_, (date, time)):
            make = type_.fromisoformat
        elif issubclass(type_, bytes):
            make = bytes.fromhex
        elif type_ is bool:
            make = {"False": False, "True": True}.__getitem__
        key = make(text)
        # An int in several ways of writing it would be several ids of one row.
        fits = written(key) == text and not (isinstance(key, Decimal) and not key.is_finite())
    except Exception as error:
        # Key types are the owners' own; whatever theirs raises means that this is no such key.
        raise ValueError(f"no text of a {type_.__name__}") from error
    if not fits:
        raise ValueError(f"no text of a {type_.__name__}")
    return key


def is_of(type_: type, value: object) -> bool:
    """Whether the value is of the type, as keys are: in Python True is an int, and a moment is a
    date."""
    kind = type(value)
    if kind is type_:
        return True
    if not isinstance(value, type_) or kind is bool or kind is Padded:
        return False
    return not (kind is datetime and type_ is date)


def compares(type_: type, value: object) -> bool:
    """Whether the value is compared with those of the type as it is: with numbers that have
    fractions, any number is."""
    if is_of(type_, value):
        return True
    return type_ in FRACTIONAL and isinstance(value, NUMBERS) and type(value) is not bool


def cast(type_: type, value: object) -> Hashable:
    """The value as a key of this type. Raises ValueError unless there is exactly one reading."""
    if isinstance(value, Padded):
        value = value.text
    if is_of(type_, value):
        return value
    if isinstance(value, bool) or type_ is bool:
        raise ValueError("a boolean is no other key")
    if type_ in NUMBERS:
        return _number(type_, value)
    if type_ is str and isinstance(value, NUMBERS):
        return str(_whole(value))
    if type_ is str and _has_text(type(value)):
        return written(value)
    if isinstance(value, str) and not issubclass(type_, WITHOUT_TEXT):
        return read(type_, value)
    raise ValueError(f"no reading of a {type(value).__name__} as {type_.__name__}")


def readings(types: Iterable[type], value: Hashable) -> list[Hashable]:
    """The value as a key of each of the types, where there is exactly one reading: none, one, or
    one of each kind of type."""
    found: dict[Hashable, Hashable] = {}
    for each in types:
        # Drivers have ints of their own.
        type_ = int if issubclass(each, int) and each is not bool else each
        try:
            key = value if compares(type_, value) else cast(type_, value)
            found.setdefault(told(key), key)
        except ValueError:
            continue
    return list(found.values())


def same_keys(key: Hashable) -> list[Hashable]:
    """The key in all of its readings."""
    return readings((type(key), int, str, *TEXTUAL), key)


def told(key: Hashable) -> Hashable:
    """What is equal for two keys where sources take them for equal, which Python does not always: 1
    is no source's True, a float is the number that it is written as, and what is no number is one
    key. Raises TypeError for what can't be told from others, and itself for a value that can't be
    read."""
    if isinstance(key, Padded):
        return key.text
    if isinstance(key, bool):
        return bool, key
    if isinstance(key, float):
        return _told_float(key)
    if isinstance(key, tuple):
        return tuple(map(told, key))
    hash(key)
    return NAN if isinstance(key, Decimal) and key.is_nan() else key


def _told_float(key: float) -> Hashable:
    if key != key:
        return NAN
    return key if key.is_integer() and abs(key) <= EXACT_INT else number_written(key)


def equal(one: type, other: type) -> bool:
    """Whether values of the types can be equal as they are."""
    return one is other or {one, other} <= set(NUMBERS)


def meet(one: type, other: type) -> bool:
    """Whether values of the types can be the same key."""
    if equal(one, other):
        return True
    if str not in (one, other):
        return False
    beside = other if one is str else one
    return not issubclass(beside, WITHOUT_TEXT)


def _has_text(type_: type) -> bool:
    return issubclass(type_, tuple(TEXTUAL)) and not issubclass(type_, WITHOUT_TEXT)


def _number(type_: type, value: object) -> Hashable:
    whole = _whole(value)
    try:
        number: Hashable = type_(whole)
    except OverflowError:
        number = None
    if number != whole:
        raise ValueError("a float has no such number")
    return number


def _whole(value: object) -> int:
    whole = None
    match value:
        case int():
            whole = value
        case float() if value.is_integer():
            whole = int(value)
        case Decimal() if value.is_finite() and value.adjusted() < MOST_DIGITS:
            whole = int(value)
        case str() if len(value) <= MOST_DIGITS:
            whole = int(value)
            value = whole if str(whole) == value else None
    if whole is None or whole != value or abs(whole) >= 10**MOST_DIGITS:
        raise ValueError("no whole number")
    return whole
