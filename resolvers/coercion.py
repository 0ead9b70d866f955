"""Result and input coercion (GraphQL specification, 3.5) of the scalars that every graph has beyond
the specification's own.

Rows are shown as their sources give them, so each result takes what any of the drivers has for such
a value: JSON has text for dates, decimals and much else. Inputs are taken as they are documented,
and in no other form. All raise ValueError for what is no such value.
"""

from __future__ import annotations

import re
import uuid
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from math import isfinite
from urllib.parse import urlsplit

import orjson

from loaders.durations import duration_text, read_duration
from loaders.json import LARGEST_EXPONENT, LARGEST_OF_64_BITS, SMALLEST_OF_64_BITS
from loaders.numbers import EXACT_INT
from loaders.texts import bytes_text, decimal_text, text_of, time_text
from loaders.times import (
    DATE_TIME,
    TIME,
    clock_text,
    datetime_text,
    read_datetime,
    read_time,
)

NO_DATETIME = "not a date and time as RFC 3339 writes it, such as 2026-01-31T09:30:00Z"
NO_ZONE = "the time zone is missing: write 2026-01-31T09:30:00Z"
NO_LOCAL_DATETIME = "not a date and time without a time zone, such as 2026-01-31T09:30:00"
NO_DATE = "not a date as RFC 3339 writes it, such as 2026-01-31"
NO_TIME = "not a time of the day as RFC 3339 writes it, such as 09:30:00"
NO_DURATION = "not a duration as ISO 8601 writes it, such as P1DT2H30M"
NO_DECIMAL = "not a decimal number"
NO_INTEGER = "not a whole number"
NO_UUID = "not a UUID, such as 01234567-89ab-cdef-0123-456789abcdef"
NO_BASE64 = "not bytes as Base64 writes them"
NO_URL = "not an absolute http or https URL"
NO_JSON = "a value that JSON has not"

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
INTEGER = re.compile(r"-?\d{1,1000}", re.ASCII)
UUID = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.ASCII | re.IGNORECASE)

AS_THEY_ARE = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def datetime_result(value: object) -> str:
    if type(value) is datetime and value.tzinfo is not None:
        return time_text(value)
    return _shown(value, _moment(_read(value, NO_DATETIME)))


def datetime_input(value: object) -> datetime:
    return _moment(_read_strictly(value, NO_DATETIME))


def local_datetime_result(value: object) -> str:
    return _shown(value, _local(_read(value, NO_LOCAL_DATETIME)))


def local_datetime_input(value: object) -> datetime:
    return _local(_read_strictly(value, NO_LOCAL_DATETIME))


def _moment(read: datetime) -> datetime:
    if read.tzinfo is None:
        raise ValueError(NO_ZONE)
    return read


def _local(read: datetime) -> datetime:
    if read.tzinfo is not None:
        raise ValueError(NO_LOCAL_DATETIME)
    return read


def _read(value: object, otherwise: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError(otherwise)
    try:
        return read_datetime(value)
    except ValueError:
        raise ValueError(otherwise) from None


def _read_strictly(value: object, otherwise: str) -> datetime:
    if isinstance(value, str) and (" " in value or DATE_TIME.fullmatch(value) is None):
        raise ValueError(otherwise)
    return _read(value, otherwise)


def _shown(value: object, read: datetime) -> str:
    return datetime_text(value, read) if isinstance(value, str) else time_text(read)


def date_result(value: object) -> str:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            raise ValueError(NO_DATE) from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(NO_DATE)
    return value.isoformat()


def date_input(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or DATE.fullmatch(value) is None:
        raise ValueError(NO_DATE)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(NO_DATE) from None


def time_result(value: object) -> str:
    if isinstance(value, time):
        text = time_text(value)
        if TIME.fullmatch(text) is None:
            # Its offset has seconds.
            raise ValueError(NO_TIME)
        return text
    return clock_text(str(value), time_input(value))


def time_input(value: object) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str):
        raise ValueError(NO_TIME)
    try:
        return read_time(value)
    except ValueError:
        raise ValueError(NO_TIME) from None


def duration_result(value: object) -> str:
    return duration_text(duration_input(value))


def duration_input(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(NO_DURATION)
    try:
        return read_duration(value)
    except ValueError as error:
        raise ValueError(f"{NO_DURATION}: {error}") from None


def decimal_result(value: object) -> str:
    if type(value) is Decimal:
        return decimal_text(value)
    return decimal_text(_decimal(value))


def decimal_input(value: object) -> Decimal:
    read = _decimal(value)
    decimal_text(read)
    return read


def _decimal(value: object) -> Decimal:
    if type(value) is Decimal:
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise ValueError(NO_DECIMAL)
    text = str(value)
    if NUMBER.fullmatch(text) is None:
        raise ValueError(NO_DECIMAL)
    try:
        return Decimal(text)
    except InvalidOperation:
        # Its exponent has more digits than Python counts.
        raise ValueError(NO_DECIMAL) from None


def big_int_result(value: object) -> str:
    whole = isinstance(value, float) and abs(value) <= EXACT_INT and value.is_integer()
    if whole or (isinstance(value, Decimal) and _is_whole(value)):
        return str(int(value))  # type: ignore[call-overload]  # a number, as it is whole
    return str(big_int_input(value))


def _is_whole(value: Decimal) -> bool:
    return (
        value.is_finite()
        and abs(value.adjusted()) <= LARGEST_EXPONENT
        and value == value.to_integral_value()
    )


def big_int_input(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or INTEGER.fullmatch(value) is None:
        raise ValueError(NO_INTEGER)
    return int(value)


def uuid_result(value: object) -> str:
    return str(uuid_input(value))


def uuid_input(value: object) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    if not isinstance(value, str) or UUID.fullmatch(value) is None:
        raise ValueError(NO_UUID)
    return uuid.UUID(value)


def bytes_result(value: object) -> str:
    return bytes_text(bytes_input(value))


def bytes_input(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError(NO_BASE64)
    try:
        return b64decode(value, validate=True)
    except (NoBase64, ValueError):
        raise ValueError(NO_BASE64) from None


def url(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(NO_URL)
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError(NO_URL) from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(NO_URL)
    return value


def json_result(value: object) -> object:
    """The value as JSON has it: whatever that has no type for as the text of its scalar."""
    try:
        # NaN is written as null, and so can't be told from it.
        if b"null" not in orjson.dumps(value, option=AS_THEY_ARE):
            return value
    except TypeError:
        pass
    try:
        return _json(value)
    except RecursionError:
        raise ValueError(NO_JSON) from None


def _json(value: object) -> object:
    if value is None or isinstance(value, (bool, Enum)):
        return value
    if isinstance(value, str):
        value.encode()  # It raises for half a character.
        return value
    if isinstance(value, int):
        return (
            int(value)
            if SMALLEST_OF_64_BITS <= value <= LARGEST_OF_64_BITS
            else _json(Decimal(value))
        )
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(NO_JSON)
        return value
    if isinstance(value, Decimal):
        decimal_text(value)
        return value
    if isinstance(value, Mapping):
        return {_name(name): _json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(each) for each in value]
    if isinstance(value, Exception):
        raise value
    text = text_of(value)
    if type(text).__module__ == "builtins" and not isinstance(text, str):
        raise ValueError(NO_JSON)
    return str(text)


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(NO_JSON)
    name.encode()
    return name
