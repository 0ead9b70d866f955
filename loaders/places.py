"""Places in an order as JSON: how cursors hold the values that rows are sorted by.

It goes by what a value is, and not by what its column is declared as: a place that is read again
is the one that was written, whatever a column holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from types import NoneType
from typing import Any, NamedTuple
from uuid import UUID

from loaders.durations import duration_text, read_duration
from loaders.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Stored:
    """Stands in a place for a value that Python has none for, or none that can be kept: a text of
    which its source makes the value again."""

    text: str


class Codec(NamedTuple):
    """How a place holds values of a type that JSON has not. ``write`` raises TypeError for those
    that can't be held, and ``read`` ValueError for what is no such text."""

    tag: str
    write: Callable[[Any], str]
    read: Callable[[str], object]


Codecs = Mapping[type, Codec]
"""By the type of which values are, or their types are derived."""


def _hex_of_text(text: str) -> str:
    return text.encode(errors="surrogatepass").hex()


def _text_of_hex(text: str) -> str:
    return bytes.fromhex(text).decode(errors="surrogatepass")


LARGEST_NUMERIC = 131_072
"""Digits before the point of the largest numbers that a source has (``numeric``; PostgreSQL manual,
8.1)."""


def _decimal(text: str) -> Decimal:
    # A forged place can hold anything, and drivers write out a number that is asked for.
    value = Decimal(text)
    if value.is_snan() or (value.is_finite() and abs(value.adjusted()) > LARGEST_NUMERIC):
        raise ValueError("no number that a row is sorted by")
    return value


CODECS: Codecs = {
    Decimal: Codec("n", str, _decimal),
    datetime: Codec("t", datetime.isoformat, datetime.fromisoformat),
    date: Codec("d", date.isoformat, date.fromisoformat),
    time: Codec("c", time.isoformat, time.fromisoformat),
    timedelta: Codec("l", duration_text, read_duration),
    UUID: Codec("u", str, UUID),
    bytes: Codec("b", bytes.hex, bytes.fromhex),
    # Those that JSON has no number or text for: NaN, one of more than 64 bits, half a character.
    float: Codec("f", repr, float),
    int: Codec("i", hex, lambda text: int(text, 16)),
    str: Codec("s", _hex_of_text, _text_of_hex),
    Stored: Codec("r", lambda stored: stored.text, Stored),
}

PLAIN = frozenset({NoneType, bool, int, str})
"""The types whose values are held as they are, nearly always."""


def plainly(value: object, codecs: Codecs) -> object:
    """How a place holds the value, unless that is a number or a text that JSON has not. Raises
    TypeError for a value that it can't hold, and an ``Unreadable`` that its source can't make
    again."""
    if type(value) in PLAIN or (type(value) is float and isfinite(value)):
        return value
    return exactly(value, codecs)


def exactly(value: object, codecs: Codecs) -> object:
    """How a place holds any value at all. Raises as ``plainly`` does."""
    if isinstance(value, Unreadable):
        if value.stored is None:
            raise value.with_traceback(None)
        value = Stored(value.stored)
    if value is None or isinstance(value, bool):
        return value
    for kind in type(value).__mro__:
        if (codec := codecs.get(kind)) is not None:
            return [codec.tag, codec.write(value)]
    raise TypeError(f"no place holds a {type(value).__name__}")


def read(held: object, codecs: Codecs) -> object:
    """The value that a place holds so. Raises ValueError, or whatever else, for what is none."""
    if held is None or isinstance(held, (str, int, float)):
        return held
    if not isinstance(held, list):
        raise ValueError("nothing that a place holds")
    tag, text = held
    if not isinstance(text, str):
        raise ValueError("no text of a codec")
    for codec in codecs.values():
        if codec.tag == tag:
            return codec.read(text)
    raise ValueError("no tag of a codec")
