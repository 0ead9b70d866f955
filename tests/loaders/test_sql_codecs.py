"""What PostgreSQL sends is read as it is, or is a marker; and it is sent back as it came."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from math import isnan
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loaders.durations import Duration, parts_of, read_duration
from loaders.errors import Unreadable
from loaders.sql.codecs import codecs_of, record_of

CODECS: dict[str, Any] = {each.name: each for each in codecs_of("shop", is_unicode=False)}

many = settings(max_examples=500, deadline=None, database=None, derandomize=True)

INT4, INT8 = st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)
OF_A_DAY = st.integers(0, 86_400_000_000)
# What Python has.
DAYS = st.integers(date.min.toordinal() - 730_120, date.max.toordinal() - 730_120)
MOMENTS = st.integers(-63_082_281_600_000_000, 252_455_615_999_999_999)

RAW: dict[str, st.SearchStrategy[Any]] = {
    "date": st.tuples(st.one_of(DAYS, INT4)),
    "timestamp": st.tuples(st.one_of(MOMENTS, INT8)),
    "timestamptz": st.tuples(st.one_of(MOMENTS, INT8)),
    "time": st.tuples(OF_A_DAY),
    "timetz": st.tuples(OF_A_DAY, st.integers(-57_599, 57_599)),
    "interval": st.tuples(st.one_of(INT4, st.integers(-99, 99)), INT4, INT8),
}


@pytest.mark.parametrize("name", RAW)
@many
@given(data=st.data())
def test_a_value_is_sent_back_as_it_came(name: str, data: st.DataObject) -> None:
    raw = data.draw(RAW[name])

    value = CODECS[name].decoder(raw)

    if not isinstance(value, Unreadable):
        assert CODECS[name].encoder(value) == raw


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("date", (9527,), date(2026, 1, 31)),
        ("date", (date.max.toordinal() - 730_120,), date.max),
        ("timestamp", (1_500_000,), datetime(2000, 1, 1, 0, 0, 1, 500_000)),
        ("timestamptz", (-1,), datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("time", (34_200_000_001,), time(9, 30, 0, 1)),
        ("timetz", (0, -3600), time(0, tzinfo=timezone(timedelta(hours=1)))),
        ("interval", (1, -2, 3), Duration(1, -2, 3)),
        ("float4", b"\x41\x73\x33\x33", 15.2),
        ("float4", b"\x00\x00\x00\x01", 1e-45),
        ("float4", b"\x7f\x80\x00\x00", float("inf")),
        ("jsonb", b'\x01{"a": 1}', {"a": 1}),
        ("json", b"[1]", [1]),
        ("text", b"a", "a"),
        ("point", "(1,2)", "(1,2)"),
    ],
)
def test_a_value_is_read_as_it_is(name: str, raw: Any, value: object) -> None:
    assert CODECS[name].decoder(raw) == value


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("date", (2**31 - 1,), "infinity"),
        ("date", (-(2**31),), "-infinity"),
        ("date", (-1_000_000,), None),
        ("timestamp", (2**63 - 1,), "infinity"),
        ("timestamptz", (-(2**63),), "-infinity"),
        ("timestamptz", (-(2**62),), None),
        ("time", (86_400_000_000,), "24:00:00"),
        ("timetz", (86_400_000_000, 0), None),
        ("interval", (2**31 - 1, 0, 0), None),
        ("json", b'"\\ud800"', None),
        ("text", b"\xff", None),
    ],
)
def test_what_python_has_not_is_a_marker(name: str, raw: Any, text: str | None) -> None:
    value = CODECS[name].decoder(raw)

    assert isinstance(value, Unreadable)
    assert value.text == text
    assert value.source == "shop"


@many
@given(st.binary(min_size=4, max_size=4))
@example(b"\x7f\x7f\xff\xff")
@example(b"\x80\x00\x00\x00")
def test_a_float_of_32_bits_is_the_shortest_that_is_read_as_it(raw: bytes) -> None:
    value = CODECS["float4"].decoder(raw)

    if isnan(value):
        assert isnan(struct.unpack(">f", raw)[0])
        return
    assert struct.pack(">f", value) == raw
    digits = repr(abs(value)).partition("e")[0].replace(".", "").strip("0")
    if digits and abs(value) != float("inf"):
        shorter = float(f"{value:.{max(len(digits) - 1, 1)}g}")
        assert shorter == value or abs(shorter) > 3.5e38 or struct.pack(">f", shorter) != raw


@many
@given(INT4, INT4, INT8)
@example(0, 0, 0)
@example(-1, -1, -1)
@example(14, 3, -500_000)
def test_a_duration_is_read_as_it_is_written(months: int, days: int, microseconds: int) -> None:
    try:
        value = Duration(months, days, microseconds)
    except OverflowError:
        return

    assert parts_of(read_duration(str(value))) == (months, days, microseconds)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Duration(14, 3, 14_706_700_000), "P1Y2M3DT4H5M6.7S"),
        (Duration(1, -3, 0), "P1M-3D"),
        (Duration(-1, 0, -500_000), "-P1MT0.5S"),
        (Duration(0, 0, 86_400_000_000), "PT24H"),
        (Duration(), "PT0S"),
    ],
)
def test_a_duration_is_written_as_iso_8601_has_it(value: Duration, text: str) -> None:
    assert str(value) == text


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "1D", "P1.5D", "P1D1Y", "PT1.1234567S", "P9999999999Y"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("(a,5)", ["a", "5"]),
        ('(,"")', [None, ""]),
        ('("a,""b\\\\ c (x)","\nd")', ['a,"b\\ c (x)', "\nd"]),
        ('("(x,""y z"")",)', ['(x,"y z")', None]),
    ],
)
def test_a_record_is_read_of_its_text(text: str, fields: list[str | None]) -> None:
    assert list(record_of(["a", "b"], text).values()) == fields


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp", datetime(2026, 1, 1, tzinfo=UTC)),
        ("timestamptz", datetime(2026, 1, 1)),
        ("timestamp", "2026-01-01"),
        ("time", "10:00"),
        ("interval", 5),
        ("float4", "1"),
    ],
)
def test_a_value_of_another_type_is_refused_as_one(name: str, value: Any) -> None:
    with pytest.raises(TypeError):
        CODECS[name].encoder(value)


@pytest.mark.parametrize(
    ("name", "value"), [("time", time(10, tzinfo=UTC)), ("timetz", time(10)), ("float4", 1e300)]
)
def test_a_value_that_does_not_fit_is_refused_as_such(name: str, value: Any) -> None:
    with pytest.raises((ValueError, OverflowError)):
        CODECS[name].encoder(value)
