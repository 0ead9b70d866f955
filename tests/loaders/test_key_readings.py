"""Which values are read as keys of another type: those of which there is exactly one reading."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

import loaders.mongo_codecs  # noqa: F401 (it says that an ObjectId has a text)
from loaders.keys import cast, is_of, meet, read, written

VALUES: dict[type, st.SearchStrategy[Any]] = {
    int: st.integers(),
    float: st.floats(allow_nan=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    str: st.one_of(
        st.text(), st.integers().map(str), st.uuids().map(str), st.dates().map(str)
    ),
    uuid.UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    time: st.times(),
    bool: st.booleans(),
    bytes: st.binary(),
    ObjectId: st.binary(min_size=12, max_size=12).map(ObjectId),
}  # fmt: skip
PAIRS = list(product(VALUES, repeat=2))


@given(st.sampled_from(PAIRS).flatmap(lambda pair: st.tuples(st.just(pair), VALUES[pair[0]])))
def test_a_reading_leads_back(drawn: tuple[tuple[type, type], Any]) -> None:
    (own, other), value = drawn

    try:
        key = cast(other, value)
    except ValueError:
        # One that has no reading has none of its type, or is one of several, or no whole number.
        assert own is not other
        return

    assert is_of(other, key)
    assert meet(own, other)
    # No other value of its type is the same key.
    assert cast(own, key) == value


@given(
    st.sampled_from(PAIRS).flatmap(
        lambda pair: st.tuples(st.just(pair[1]), VALUES[pair[0]], VALUES[pair[0]])
    )
)
def test_two_values_are_two_keys(drawn: tuple[type, Any, Any]) -> None:
    other, one, two = drawn
    try:
        keys = cast(other, one), cast(other, two)
    except ValueError:
        return

    assert (keys[0] == keys[1]) is (one == two)


@pytest.mark.parametrize(
    ("type_", "value", "key"),
    [
        (int, "12", 12),
        (int, "-5", -5),
        (int, 12.0, 12),
        (int, Decimal("12.00"), 12),
        (int, Decimal("1E+3"), 1000),
        (float, "12", 12.0),
        (Decimal, "12", Decimal(12)),
        (str, 12, "12"),
        (str, 12.0, "12"),
        (str, Decimal("12.0"), "12"),
        (str, uuid.UUID(int=10), "00000000-0000-0000-0000-00000000000a"),
        (uuid.UUID, "00000000-0000-0000-0000-00000000000a", uuid.UUID(int=10)),
        (str, ObjectId("00000000000000000000000a"), "00000000000000000000000a"),
        (ObjectId, "00000000000000000000000a", ObjectId("00000000000000000000000a")),
        (str, date(2026, 1, 31), "2026-01-31"),
        (date, "2026-01-31", date(2026, 1, 31)),
    ],
)
def test_there_is_one_reading(type_: type, value: Any, key: Any) -> None:
    found = cast(type_, value)

    assert (type(found), found) == (type_, key)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, "012"), (int, "+1"), (int, " 1"), (int, "1_0"), (int, "1.0"), (int, ""), (int, "٣"),
        (int, "9" * 5_000), (int, 1.5), (int, math.inf), (int, math.nan), (int, Decimal("1.5")),
        (int, Decimal("NaN")), (int, Decimal("sNaN")), (int, Decimal("1E+999999")), (int, None),
        (int, True), (int, [1]), (int, uuid.UUID(int=1)), (float, 2**53 + 1), (float, 10**400),
        (Decimal, "1.5"), (Decimal, 0.5), (str, Decimal("1.5")), (str, 0.5), (str, True),
        (str, None), (str, [1]), (str, {}), (str, b"a"), (str, datetime(2026, 1, 1, tzinfo=UTC)),
        (uuid.UUID, "A" * 32), (uuid.UUID, "{00000000-0000-0000-0000-00000000000a}"),
        (uuid.UUID, "00000000-0000-0000-0000-00000000000A"), (uuid.UUID, 1), (uuid.UUID, b"1" * 16),
        (ObjectId, "00000000000000000000000A"), (ObjectId, b"1" * 12), (ObjectId, 5),
        (date, "20260131"), (date, "2026-W01-5"), (date, datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime, "2026-01-01"), (datetime, date(2026, 1, 1)), (bytes, "00"), (bool, 1),
        (bool, "true"), (time, "09:30"),
    ],
)  # fmt: skip
def test_there_is_none_or_more_than_one(type_: type, value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        cast(type_, value)


@given(st.sampled_from(list(VALUES)).flatmap(lambda each: st.tuples(st.just(each), VALUES[each])))
def test_a_key_is_read_from_its_text(drawn: tuple[type, Any]) -> None:
    type_, key = drawn
    if type_ is float or (type_ is Decimal and key == 0):
        # No keys; and of a zero there are several.
        return

    again = read(type_, written(key))

    assert (type(again), again) == (type_, key)
    assert written(again) == written(key)
