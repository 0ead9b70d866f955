"""Texts that clients send: what every source can keep of them, and how they are measured."""

from __future__ import annotations

import re
from unicodedata import combining, is_normalized, normalize

from pydantic_core import SchemaError, SchemaValidator, core_schema

MOST_MARKS = 30
"""Marks on one character, as the stream-safe text format (UAX 15, section 13) has it. Normalizing
sorts them, which takes the square of their number."""

GROWS = 4
"""How many code points a normalized one may be of, at most."""

# PostgreSQL has no NUL, and no encoding has halves of characters.
UNSUITED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
UNSUITED_IN_LINES = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

MARKS_WITHOUT_CLASS = "\u0f73\u0f75\u0f81"
"""They are made of marks, and are said to be none."""


class Pattern:
    """A regular expression of Rust's ``regex``, which takes time by the text's length and no more.

    Raises ValueError for what is none, or too large.
    """

    def __init__(self, pattern: str) -> None:
        try:
            # Once alone: a parenthesis of its own must not close ours.
            _validator(pattern)
            self._validator = _validator(rf"\A(?:{pattern})\z")
        except SchemaError as error:
            raise ValueError(str(error).partition("\n")[2].strip() or str(error)) from None

    def matches(self, text: str) -> bool:
        """Whether it matches all of the text."""
        return self._validator.isinstance_python(text)


def is_suited(text: str, *, multiline: bool) -> bool:
    """Whether it has no control characters but line breaks where it may have some, no halves of
    characters, and no more than ``MOST_MARKS`` on one character."""
    if (UNSUITED_IN_LINES if multiline else UNSUITED).search(text) is not None:
        return False
    return text.isascii() or not _has_many_marks(text)


def normalized(text: str) -> str:
    """The same in NFC, of a text that ``is_suited``."""
    return text if text.isascii() or is_normalized("NFC", text) else normalize("NFC", text)


def _has_many_marks(text: str) -> bool:
    # More of them in a row than may be have one at each of these places, at least.
    step = MOST_MARKS + 1
    for place in range(MOST_MARKS, len(text), step):
        if _is_mark(text[place]):
            first, last = place, place
            while first > 0 and place - first < step and _is_mark(text[first - 1]):
                first -= 1
            while last + 1 < len(text) and last - place < step and _is_mark(text[last + 1]):
                last += 1
            if last - first >= MOST_MARKS:
                return True
    return False


def _is_mark(character: str) -> bool:
    return combining(character) != 0 or character in MARKS_WITHOUT_CLASS


def _validator(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
