"""Reading dates and times as ISO 8601 writes them, of which RFC 3339 is the usual form."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from loaders.texts import time_text

DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
"""RFC 3339, 5.6: with an offset, or a local time without one. Many write a blank for its T."""

TIME = re.compile(r"(\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)

LEAP_SECOND = "60"
"""The next second's 0, as nothing that reckons with times has a second 60."""

TOO_LONG = re.compile(r"[.,]\d{7}")


def read_datetime(text: str) -> datetime:
    """The time, to the microsecond, with its offset if it has one. Raises ValueError if the text is
    none."""
    found = DATE_TIME.fullmatch(text)
    if found is None:
        if "T" not in text.upper() or TOO_LONG.search(text):
            raise ValueError("no date and time")
        return datetime.fromisoformat(text)
    day, clock, second, fraction, offset = found.groups()
    read = datetime.fromisoformat(f"{day}T{clock}:{_second(second, fraction)}{_offset(offset)}")
    try:
        return read + timedelta(seconds=1) if second == LEAP_SECOND else read
    except OverflowError:
        raise ValueError("a time after the year 9999") from None


def datetime_text(text: str, read: datetime) -> str:
    """The text that ``read`` was read of, as RFC 3339 writes it, with all its digits."""
    found = DATE_TIME.fullmatch(text)
    if found is None or found[3] == LEAP_SECOND:
        return time_text(read)
    day, clock, second, fraction, offset = found.groups()
    return f"{day}T{clock}:{second}{fraction or ''}{_offset(offset)}"


def read_time(text: str) -> time:
    """The time of the day, to the microsecond, with its offset if it has one. Raises ValueError if
    the text is none."""
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError("no time of the day")
    clock, second, fraction, offset = found.groups()
    read = time.fromisoformat(f"{clock}:{_second(second, fraction)}{_offset(offset)}")
    if second != LEAP_SECOND:
        return read
    return (datetime.combine(datetime.min, read) + timedelta(seconds=1)).timetz()


def clock_text(text: str, read: time) -> str:
    """The text that ``read`` was read of, as RFC 3339 writes it, with all its digits."""
    found = TIME.fullmatch(text)
    if found is None or found[2] == LEAP_SECOND:
        return time_text(read)
    clock, second, fraction, offset = found.groups()
    return f"{clock}:{second}{fraction or ''}{_offset(offset)}"


def _second(second: str, fraction: str | None) -> str:
    return f"{'59' if second == LEAP_SECOND else second}{fraction or ''}"


def _offset(offset: str | None) -> str:
    return "Z" if offset in ("z", "+00:00") else offset or ""
