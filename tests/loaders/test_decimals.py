"""Decimals of MongoDB: every one is what its own driver makes of it."""

from __future__ import annotations

from decimal import Decimal

import bson
import pytest
from bson.codec_options import CodecOptions, TypeRegistry
from bson.decimal128 import Decimal128
from hypothesis import example, given
from hypothesis import strategies as st

from loaders.mongo_codecs import DecimalCodec

CODEC = DecimalCodec()
EDGES = [
    "0",
    "-0",
    "0E-6176",
    "0E+6111",
    "1E-6176",
    "-9.999999999999999999999999999999999E+6144",
    "9999999999999999999999999999999999",
    "19.90",
    "-0.01",
    "Infinity",
    "-Infinity",
    "NaN",
    "-NaN",
    "sNaN",
]


@pytest.mark.parametrize("text", EDGES)
def test_a_decimal_keeps_its_sign_digits_and_exponent(text: str) -> None:
    stored = Decimal128(text)

    assert CODEC.transform_bson(stored).as_tuple() == stored.to_decimal().as_tuple()


@given(st.binary(min_size=16, max_size=16))
@example((0x3040 << 112 | 10**34).to_bytes(16, "little"))  # a significand of 35 digits
def test_whatever_16_bytes_are_read_as_the_driver_reads_them(bid: bytes) -> None:
    stored = Decimal128.from_bid(bid)

    assert CODEC.transform_bson(stored).as_tuple() == stored.to_decimal().as_tuple()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0, max_value=10**12))
def test_a_decimal_that_is_stored_is_read_again(value: Decimal) -> None:
    options: CodecOptions[dict[str, Decimal]] = CodecOptions(type_registry=TypeRegistry([CODEC]))

    stored = bson.encode({"price": value}, codec_options=options)

    assert bson.decode(stored, options)["price"].as_tuple() == value.as_tuple()
