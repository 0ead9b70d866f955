"""JSON is read and written with every digit of its numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loaders.json import LARGEST_EXPONENT, NotJSON, Reader, number, read, write
from loaders.json import TOO_LARGE as BEYOND
from tests.numbers import EXACT, NUMBERS, TOO_LARGE, exact, exactly

TEXTS = st.text() | st.uuids().map(str) | NUMBERS | st.datetimes().map(str)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


def same(value: object, text: str) -> bool:
    """Whether the value is the number that the text writes, to its last digit."""
    written = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
    return written == exact(text)


@EXACT
@given(NUMBERS)
def test_a_number_is_read_with_all_digits_and_as_a_double_where_that_has_them(text: str) -> None:
    value = read(text)

    assert same(value, text)
    assert value == number(text)
    if text.lstrip("-").isdecimal():
        assert type(value) is (int if len(text) <= 4300 else Decimal)
    else:
        is_double = same(float(text), text)
        assert type(value) is (float if is_double else Decimal)


@EXACT
@given(st.lists(NUMBERS | TEXTS.map(json.dumps)), st.sampled_from([",", " , ", ",\n", "\t,\r\n"]))
def test_numbers_among_others_are_read_and_written_with_all_digits(
    texts: list[str], separator: str
) -> None:
    document = f'{{"all": [{separator.join(texts)}], "one": {(texts or ["null"])[0]}}}'

    assert exactly(write(read(document))) == exactly(document)


@settings(EXACT, max_examples=EXACT.max_examples // 4)
@given(VALUES)
def test_what_doubles_hold_is_read_as_orjson_reads_it(value: Any) -> None:
    document = orjson.dumps(value)

    assert write(read(document)) == write(read(document.decode())) == document


def is_json(document: bytes) -> bool:
    """Whether it is, as Python reads it, with whole characters and numbers that can be held."""

    def held(text: str) -> str:
        if abs(exact(text).adjusted()) > LARGEST_EXPONENT:
            raise ValueError
        return text

    def none(text: str) -> str:
        raise ValueError

    decoder = json.JSONDecoder(parse_int=held, parse_float=held, parse_constant=none)
    try:
        json.dumps(decoder.decode(document.decode()), ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


@EXACT
@given(st.binary() | st.text('{}[]",:.0123456789eE+-\\ud8f \n', max_size=20).map(str.encode))
@example(b'["\\ud800"]')
@example(b'["\\ud83d\\ude00", 1e400]')
@example(b"[1e400, NaN]")
@example(b"[1e400, -Infinity]")
@example(b"\xef\xbb\xbf1")
@example(b"\xef\xbb\xbf1e400")
@example(b"01e400")
@example(b'{"a": 1e400, "a": 2}')
@example('["\ud800", 1e400]'.encode(errors="surrogatepass"))
def test_what_is_read_is_json_and_all_of_json_is_read(document: bytes) -> None:
    try:
        value = read(document)
    except NotJSON:
        assert not is_json(document)
    else:
        assert exactly(write(value)) == exactly(document)


@pytest.mark.parametrize("text", TOO_LARGE)
def test_a_number_beyond_all_that_can_hold_it_is_refused(text: str) -> None:
    with pytest.raises(NotJSON, match=BEYOND):
        read(f'{{"number": {text}}}')
    with pytest.raises(ValueError, match=BEYOND):
        number(text)


@pytest.mark.parametrize("document", ["[" * 100_000, "1e400, [" + "[" * 100_000, '{"a":' * 100_000])
def test_what_nests_too_deep_is_refused(document: str) -> None:
    with pytest.raises(NotJSON):
        read(document)


UNREADABLE = {
    "1e9999": "a number of a size that nothing can hold",
    r'"\ud800"': "a text with half a character",
    r'"x\udfff"': "a text with half a character",
}


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_value_that_cannot_be_read_is_one_in_its_place(text: str) -> None:
    written = f'{{"a": [1, {text}], "b": 12345678901234567.89, "c": "\\u00e9"}}'

    value: Any = Reader(ValueError)(written)

    assert (value["b"], value["c"]) == (Decimal("12345678901234567.89"), "é")
    assert value["a"][0] == 1
    assert str(value["a"][1]) == UNREADABLE[text]
    with pytest.raises(ValueError, match=UNREADABLE[text]):
        write(value)
    with pytest.raises(NotJSON, match=UNREADABLE[text]):
        read(f"[{text}]")


def test_a_name_that_cannot_be_read_costs_no_other() -> None:
    written = r'{"\ud800": 1, "b": "\ud83d\ude00", "c": 12345678901234567.89}'

    value: Any = Reader(ValueError)(written)

    assert (value["b"], value["c"]) == ("\U0001f600", Decimal("12345678901234567.89"))
    with pytest.raises(TypeError):
        write(value)
    with pytest.raises(NotJSON, match="half a character"):
        read(written)


@pytest.mark.parametrize(
    "value", [{1}, b"x", Decimal("NaN"), Decimal("-Infinity"), "\ud800", {1: 2}, [2**64, {1}]]
)
def test_what_json_has_not_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        write({"here": value})


def test_what_orjson_writes_is_written() -> None:
    value = {"id": UUID(int=1), "big": (2**64, -(2**63) - 1), "flag": True}

    assert write(value) == (
        b'{"id":"00000000-0000-0000-0000-000000000001",'
        b'"big":[18446744073709551616,-9223372036854775809],"flag":true}'
    )
