"""The text of a value that JSON has no type for: what its scalar shows, and what a field shows that
is declared as a text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from loaders.durations import duration_text
from loaders.json import LARGEST_EXPONENT

OFFSET = len("+00:00")


def time_text(value: datetime | time) -> str:
    """As RFC 3339 writes it, if it has a time zone; without one, the same without its offset."""
    text = value.isoformat()
    if value.tzinfo is UTC:
        # What sources give, mostly.
        return f"{text[:-OFFSET]}Z"
    if text.endswith("+00:00"):
        return f"{text[:-OFFSET]}Z"
    if isinstance(value, datetime) and value.tzinfo is not None and text[-OFFSET] not in "+-":
        # Of long ago: RFC 3339 has no seconds in an offset.
        return time_text(value.astimezone(UTC))
    return text


def decimal_text(value: Decimal) -> str:
    """All its digits, without an exponent. Raises ValueError for what is no number, or too large
    for that."""
    text = str(value)
    if "E" not in text and len(text) <= LARGEST_EXPONENT and value.is_finite():
        return text
    if not value.is_finite():
        raise ValueError("not a finite decimal number")
    if value and abs(value.adjusted()) > LARGEST_EXPONENT:
        raise ValueError("not a decimal number of a size that databases can hold")
    return format(value, "f")


def bytes_text(value: bytes) -> str:
    """As Base64 (RFC 4648, section 4)."""
    return b64encode(value).decode()


TEXTS: dict[type, Callable[[Any], str]] = {
    datetime: time_text,
    date: date.isoformat,
    time: time_text,
    timedelta: duration_text,
    Decimal: decimal_text,
    bytes: bytes_text,
}
"""How values of a type, and of its subtypes, are written. Drivers add those of their own types,
whose ``str`` is not what the source writes."""


def text_of(value: object) -> object:
    """The value's text, if its type has one; any other value as it is, which is written by its
    ``str``."""
    for type_ in type(value).__mro__:
        if (write := TEXTS.get(type_)) is not None:
            return write(value)
    return value
