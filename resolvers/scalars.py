"""The scalars that every graph has, beyond the specification's own.

Rows are shown as their sources give them, so each serializer takes what any of the drivers has
for such a value (JSON has text for dates and decimals) and raises ValueError for anything else.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import NewType
from urllib.parse import urlsplit

import orjson
import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from loaders.json import LARGEST_EXPONENT, write

URL = NewType("URL", str)

NO_DATETIME = "not a date and time as ISO 8601 writes it, such as 2026-01-31T09:30:00Z"
NO_DATE = "not a date as ISO 8601 writes it, such as 2026-01-31"


def _datetime(value: object) -> datetime:
    read = _read(datetime, value, NO_DATETIME)
    if not isinstance(read, datetime):
        raise ValueError(NO_DATETIME)
    if read.tzinfo is None:
        raise ValueError("the time zone is missing: write 2026-01-31T09:30:00Z")
    return read


def _date(value: object) -> date:
    read = _read(date, value, NO_DATE)
    if not isinstance(read, date) or isinstance(read, datetime):
        raise ValueError(NO_DATE)
    return read


def _read(type_: type[date], value: object, otherwise: str) -> object:
    if not isinstance(value, str):
        return value
    try:
        return type_.fromisoformat(value)
    except ValueError:
        raise ValueError(otherwise) from None


def _decimal(value: object) -> Decimal:
    if type(value) is Decimal:
        read = value
    elif isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise ValueError("not a decimal number")
    else:
        try:
            read = Decimal(str(value))
        except InvalidOperation:
            raise ValueError("not a decimal number") from None
    if not read.is_finite():
        raise ValueError("not a finite decimal number")
    if abs(read.adjusted()) > LARGEST_EXPONENT:
        raise ValueError("not a decimal number of a size that databases can hold")
    return read


def _json(value: object) -> object:
    try:
        orjson.dumps(value)
    except TypeError:
        # A number that orjson can't write, or nothing of JSON, which is the error of this place.
        return orjson.Fragment(write(value))
    return value


def _url(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a URL")
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError("not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("not an absolute http or https URL")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment, with its time zone, as ISO 8601 writes it: 2026-01-31T09:30:00Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=lambda value: _datetime(value).isoformat(),
        parse_value=_datetime,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day of the calendar, as ISO 8601 writes it: 2026-01-31.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=lambda value: _date(value).isoformat(),
        parse_value=_date,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number, as a string so that no digit is lost: "19.90".',
        serialize=lambda value: format(_decimal(value), "f"),
        parse_value=_decimal,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, its numbers with all of their digits.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=_json,
        parse_value=lambda value: value,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute http or https address.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986",
        serialize=_url,
        parse_value=_url,
    ),
}
