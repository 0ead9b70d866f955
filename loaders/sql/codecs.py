"""What PostgreSQL's values are in Python, where asyncpg reads them as others, or loses a whole page
for one that can't be read.

Each codec goes by asyncpg's format of that name: "tuple" is of the integers that PostgreSQL keeps
(asyncpg's documentation, ``Connection.set_type_codec``), "binary" of bytes, "text" of what
PostgreSQL writes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Literal, NamedTuple, Never, Protocol, TypeVar

from loaders.durations import MICROSECONDS, Duration, parts_of
from loaders.errors import Unreadable
from loaders.json import NotJSON, Reader, write
from loaders.keys import Padded
from loaders.places import Stored
from loaders.reals import REAL, read_real
from loaders.texts import text_of
from loaders.time_zones import ZoneOffset, local_time

EPOCH = datetime(2000, 1, 1)
EPOCH_UTC = EPOCH.replace(tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
OF_A_DAY = 86_400 * MICROSECONDS

INFINITIES = {
    2**31 - 1: "infinity",
    -(2**31): "-infinity",
    2**63 - 1: "infinity",
    -(2**63): "-infinity",
}

REMEMBERED = 10_000
"""Days, moments and numbers of 32 bits that are kept as they were read: rows have the same ones
over and over."""

AS_TEXT = (
    *("box", "circle", "line", "lseg", "path", "point", "polygon"),
    *("cidr", "inet", "pg_lsn", "pg_snapshot", "tid", "txid_snapshot"),
)
"""Types whose values are texts as PostgreSQL writes them. Python takes some for lists, such as the
addresses of a network, of which there are millions."""

TEXTS = ("text", "varchar", "name", "xml")

JSONB_VERSION = b"\x01"

Value = TypeVar("Value")

Raw = TypeVar("Raw")
"""A value as asyncpg has it of PostgreSQL, by the format of its codec."""


class TypeCodec(NamedTuple):
    """What ``Connection.set_type_codec`` takes for a type of ``pg_catalog``. What its functions
    take is the type's own, so only asyncpg can call them."""

    name: str
    encoder: Callable[[Never], object]
    decoder: Callable[[Never], object]
    format: Literal["tuple", "binary", "text"]


def codecs_of(source: str, *, is_unicode: bool) -> Iterator[TypeCodec]:
    """The codecs of a source's connection. ``is_unicode`` says that its server sends no text that
    is none."""
    reading = _Reading(source)
    yield TypeCodec("date", _from_date, _Remembered(reading.date_of).__getitem__, "tuple")
    yield TypeCodec(
        "timestamp",
        _from_local_datetime,
        _Remembered(reading.local_datetime_of).__getitem__,
        "tuple",
    )
    yield TypeCodec(
        "timestamptz", _from_datetime, _Remembered(reading.datetime_of).__getitem__, "tuple"
    )
    yield TypeCodec("time", _from_time, reading.time_of, "tuple")
    yield TypeCodec("timetz", _from_zoned_time, reading.zoned_time_of, "tuple")
    yield TypeCodec("interval", _from_interval, reading.interval_of, "tuple")
    yield TypeCodec("float4", _from_real, _Remembered(read_real).__getitem__, "binary")
    yield TypeCodec("json", write, reading.json_of, "binary")
    yield TypeCodec("jsonb", _from_json, reading.jsonb_of, "binary")
    yield TypeCodec("bpchar", _from_text, reading.padded_of, "binary")
    for name in AS_TEXT:
        yield TypeCodec(name, str, str, "text")
    if not is_unicode:
        for name in TEXTS:
            yield TypeCodec(name, _from_text, reading.text_of, "binary")


RECORD_FIELD = re.compile(r'(?:"((?:[^"\\]|""|\\.)*)"|([^",()\\]*))[,)]', re.DOTALL)
"""A field of a record as text, and what ends it (PostgreSQL manual, 8.16.6)."""

QUOTED_IN_RANGES = re.compile(r'[\s()\[\],"\\]')
"""(PostgreSQL manual, 8.17.5)"""


def record_of(names: Sequence[str], text: str) -> dict[str, str | None]:
    """A value of a composite type with these fields, of how PostgreSQL writes it."""
    fields: list[str | None] = []
    for field in RECORD_FIELD.finditer(text, 1):
        quoted, plain = field.groups()
        if quoted is not None:
            plain = re.sub(r'""|\\.', lambda pair: pair[0][1], quoted, flags=re.DOTALL)
        # An empty text is quoted; where there is nothing, there is nothing.
        fields.append(None if quoted is None and not plain else plain)
    return dict(zip(names, fields, strict=True))


class Range(Protocol):
    """A range, as asyncpg has it."""

    @property
    def isempty(self) -> bool: ...

    @property
    def lower(self) -> object: ...

    @property
    def lower_inc(self) -> bool: ...

    @property
    def upper(self) -> object: ...

    @property
    def upper_inc(self) -> bool: ...


def range_text(value: Range) -> str:
    """A range as PostgreSQL writes it, such as [2026-01-01,2026-02-01); times as RFC 3339 does."""
    if value.isempty:
        return "empty"
    begins, ends = "[" if value.lower_inc else "(", "]" if value.upper_inc else ")"
    return f"{begins}{_bound_text(value.lower)},{_bound_text(value.upper)}{ends}"


def _bound_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Unreadable):
        if value.text is None:
            raise value
        return value.text
    match value:
        case bool():
            text = "t" if value else "f"
        case float() | Decimal() if not isfinite(value):
            text = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        case float():
            text = repr(value).removesuffix(".0")
        case _:
            text = str(text_of(value))
    if text and not QUOTED_IN_RANGES.search(text):
        return text
    return '"{}"'.format(re.sub(r'(["\\])', r"\1\1", text))


class _Remembered(dict[Raw, object]):
    """Values by what they were read of."""

    def __init__(self, read: Callable[[Raw], object]) -> None:
        self._read = read

    def __missing__(self, raw: Raw) -> object:
        if len(self) >= REMEMBERED:
            self.clear()
        value = self[raw] = self._read(raw)
        return value


class _Reading:
    """Makes Python's values. One that can't be made is an ``Unreadable``."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._read_json = Reader(partial(Unreadable, source))

    def date_of(self, raw: tuple[int]) -> date | Unreadable:
        try:
            return date.fromordinal(raw[0] + EPOCH_DAY)
        except (ValueError, OverflowError):
            return self._out_of_range("date", raw[0])

    def local_datetime_of(self, raw: tuple[int]) -> datetime | Unreadable:
        try:
            return EPOCH + timedelta(0, 0, raw[0])
        except OverflowError:
            return self._out_of_range("timestamp", raw[0])

    def datetime_of(self, raw: tuple[int]) -> datetime | Unreadable:
        try:
            return EPOCH_UTC + timedelta(0, 0, raw[0])
        except OverflowError:
            return self._out_of_range("timestamp with time zone", raw[0])

    def time_of(self, raw: tuple[int]) -> time | Unreadable:
        if raw[0] >= OF_A_DAY:
            return Unreadable(
                self._source, "a time of 24:00", text="24:00:00", stored=_stored(*raw)
            )
        return (EPOCH + timedelta(0, 0, raw[0])).time()

    def zoned_time_of(self, raw: tuple[int, int]) -> time | Unreadable:
        if raw[0] >= OF_A_DAY:
            return Unreadable(
                self._source, "a time of 24:00 with a time zone", stored=_stored(*raw)
            )
        # PostgreSQL counts the seconds westward.
        zone = timezone(timedelta(0, -raw[1]))
        return (EPOCH + timedelta(0, 0, raw[0])).time().replace(tzinfo=zone)

    def interval_of(self, raw: tuple[int, int, int]) -> Duration | Unreadable:
        try:
            return Duration(*raw)
        except OverflowError:
            return Unreadable(
                self._source, "an interval of millions of years", stored=_stored(*raw)
            )

    def json_of(self, raw: bytes) -> object:
        try:
            return self._read_json(raw)
        except NotJSON as error:
            return Unreadable(self._source, str(error))

    def jsonb_of(self, raw: bytes) -> object:
        # Before the text there is its version.
        return self.json_of(raw[1:])

    def text_of(self, raw: bytes) -> str | Unreadable:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return Unreadable(self._source, "a text that is not UTF-8", stored=raw.hex())

    def padded_of(self, raw: bytes) -> str | Unreadable:
        text = self.text_of(raw)
        return Padded(text) if isinstance(text, str) and text.endswith(" ") else text

    def _out_of_range(self, type_: str, raw: int) -> Unreadable:
        text = INFINITIES.get(raw)
        why = "outside the years 1 to 9999" if text is None else f"that is {text}"
        return Unreadable(self._source, f"a {type_} {why}", text=text, stored=_stored(raw))


def _from_real(value: float) -> bytes:
    try:
        return REAL.pack(value)
    except struct.error:
        raise TypeError(f"{type(value).__name__} in place of a number") from None


def _from_text(value: str | Stored) -> bytes:
    return bytes.fromhex(value.text) if isinstance(value, Stored) else str.encode(value)


def _stored(*numbers: int) -> str:
    """What PostgreSQL keeps for a value, as a text that places hold."""
    return " ".join(map(str, numbers))


def _storable(
    encode: Callable[[Value], tuple[int, ...]],
) -> Callable[[Value | Stored], tuple[int, ...]]:
    """Have values that Python has not be sent too, as they are stored."""

    def encoded(value: Value | Stored) -> tuple[int, ...]:
        if isinstance(value, Stored):
            return tuple(map(int, value.text.split()))
        return encode(value)

    return encoded


def _from_json(value: object) -> bytes:
    return JSONB_VERSION + write(value)


@_storable
def _from_date(value: date) -> tuple[int, ...]:
    return (value.toordinal() - EPOCH_DAY,)


@_storable
def _from_local_datetime(value: datetime) -> tuple[int, ...]:
    _check(datetime, value)
    if isinstance(value.tzinfo, ZoneOffset):
        value = local_time(value)
    return (_microseconds(value - EPOCH),)


@_storable
def _from_datetime(value: datetime) -> tuple[int, ...]:
    _check(datetime, value)
    return (_microseconds(value - EPOCH_UTC),)


@_storable
def _from_time(value: time) -> tuple[int, ...]:
    _check(time, value)
    if value.tzinfo is not None:
        raise ValueError("a time with a zone, where there is none")
    return (_clock(value),)


@_storable
def _from_zoned_time(value: time) -> tuple[int, ...]:
    _check(time, value)
    offset = value.utcoffset()
    if offset is None:
        raise ValueError("a time without a zone, where there is one")
    return _clock(value), -(offset.days * 86_400 + offset.seconds)


def _clock(value: time) -> int:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return seconds * MICROSECONDS + value.microsecond


@_storable
def _from_interval(value: timedelta) -> tuple[int, ...]:
    _check(timedelta, value)
    return parts_of(value)


def _microseconds(length: timedelta) -> int:
    return (length.days * 86_400 + length.seconds) * MICROSECONDS + length.microseconds


def _check(type_: type, value: object) -> None:
    # A TypeError says that it is the declaration which is wrong.
    if not isinstance(value, type_):
        raise TypeError(f"{type(value).__name__} in place of {type_.__name__}")
