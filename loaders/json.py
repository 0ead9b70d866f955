"""JSON, with every digit of its numbers: of services, of PostgreSQL and of clients.

orjson reads a number with a fraction, an exponent or more than 64 bits as the nearest double. So it
reads what has no number that could lose anything by that, which is nearly everything, and Python's
own reader the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Never

import orjson

Number = int | float | Decimal

LARGEST_EXPONENT = 6144
"""That of the largest decimal which IEEE 754 has room for. Drivers turn some that are far beyond
it into other numbers, and a few letters of exponent would be a gigabyte when written out."""

TOO_LARGE = "a number of a size that nothing can hold"
NO_TEXT = "a text with half a character"
TOO_DEEP = "values within values, too deep"

DIGITS = 15
"""Those that a double always holds."""

SHAPES = bytes.maketrans(b"0123456789.E", b"00000000000e")
LONG, TINY = b"0" * 16, b"e-000"
"""What a number has that a double may not hold, its digits and its point written as 0: any 15
digits it holds, with any exponent of two. What is too large for one, orjson refuses."""

AFTER_TINY = re.compile(rb"[eE]-[0-9]{3,}(?![^\s,\]}])")
"""That of a number. UUIDs have it too, with letters or a hyphen behind."""

HALVES = re.compile(r"\\ud[89a-f]", re.IGNORECASE)
"""Escapes of characters beyond the first 65,536, which need two."""

LARGEST_OF_64_BITS, SMALLEST_OF_64_BITS = 2**64 - 1, -(2**63)


class NotJSON(ValueError):
    """A text is no JSON, or has a value in it that can't be read. The message says why, and has
    nothing of the text."""


def number(text: str) -> Number:
    """The number that is so written in JSON or GraphQL: an int if it has neither fraction nor
    exponent, a float if that is written as the same number, else a Decimal. Raises ValueError
    for one beyond ``LARGEST_EXPONENT``."""
    try:
        if text.lstrip("-").isdecimal():
            return int(text)
    except ValueError:
        pass  # Python makes no int of so many digits.
    nearest = float(text)
    mantissa = text.lower().partition("e")[0]
    is_zero = not mantissa.strip("-0.")
    if is_zero or (mantissa == text and len(text) <= DIGITS):
        return nearest
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(TOO_LARGE) from None
    if abs(exact.adjusted()) > LARGEST_EXPONENT:
        raise ValueError(TOO_LARGE)
    return nearest if exact == Decimal(repr(nearest)) else exact


def _refuse(reason: str) -> Never:
    raise NotJSON(reason)


class Reader:
    """Reads JSON. In place of a value that can't be read stands what ``unreadable`` makes of the
    reason; without that, nothing of the text is read."""

    def __init__(self, unreadable: Callable[[str], object] = _refuse) -> None:
        self._unreadable = unreadable
        self._decoder = json.JSONDecoder(
            parse_int=self._number, parse_float=self._number, parse_constant=self._constant
        )

    def __call__(self, text: bytes | str) -> object:
        """What the text says. Raises NotJSON."""
        raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        shapes = raw.translate(SHAPES)
        if LONG not in shapes and (TINY not in shapes or not _has_tiny(raw, shapes)):
            try:
                return orjson.loads(raw)
            except orjson.JSONDecodeError:
                pass  # A number too large for a double, half a character, or no JSON at all.
        return self._exactly(raw)

    def _exactly(self, raw: bytes) -> object:
        try:
            text = raw.decode()
            value = self._decoder.decode(text)
            return self._whole(value) if HALVES.search(text) else value
        except RecursionError:
            raise NotJSON(TOO_DEEP) from None
        except NotJSON:
            raise
        except ValueError:
            raise NotJSON("text that is not JSON") from None

    def _number(self, text: str) -> object:
        try:
            return number(text)
        except ValueError as error:
            return self._unreadable(str(error))

    def _constant(self, _: str) -> Never:
        # NaN and Infinity, which Python takes and JSON has not.
        raise ValueError

    def _whole(self, value: object) -> object:
        """The value, its texts without halves of characters."""
        if isinstance(value, str):
            return value if _is_whole(value) else self._unreadable(NO_TEXT)
        if isinstance(value, list):
            return [self._whole(each) for each in value]
        if isinstance(value, dict):
            if self._unreadable is _refuse and not all(map(_is_whole, value)):
                _refuse(NO_TEXT)
            # A member by such a name is nobody's, and costs no other: an object that is shown as a
            # whole can't be written.
            return {name: self._whole(each) for name, each in value.items()}
        return value


read = Reader()
"""Reads what clients send."""


def _has_tiny(raw: bytes, shapes: bytes) -> bool:
    at = shapes.find(TINY)
    while at >= 0 and not AFTER_TINY.match(raw, at):
        at = shapes.find(TINY, at + 1)
    return at >= 0


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def write(value: object) -> bytes:
    """The value as JSON, with all digits. Raises TypeError for what JSON has not, and for values
    within values of more than 254 levels."""
    try:
        return orjson.dumps(value, default=_fragment)
    except TypeError:
        pass
    try:
        return orjson.dumps(_with_fragments(value), default=_fragment)
    except RecursionError:
        raise TypeError(TOO_DEEP) from None


def _fragment(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"JSON has no {type(value).__name__}")


def _with_fragments(value: object) -> object:
    # For an int that is too large orjson asks nobody.
    if isinstance(value, dict):
        return {name: _with_fragments(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_with_fragments(each) for each in value]
    if isinstance(value, int) and not SMALLEST_OF_64_BITS <= value <= LARGEST_OF_64_BITS:
        return orjson.Fragment(str(value))
    if isinstance(value, Exception):
        # It stands where a value could not be read.
        raise value
    return value
