"""Keys as texts: what global ids and cursors hold of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date, datetime, time
from decimal import Decimal


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
    if not isinstance(value, type_) or kind is bool:
        return False
    return not (kind is datetime and type_ is date)
