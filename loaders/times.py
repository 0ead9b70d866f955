"""Reading dates and times as ISO 8601 writes them, of which RFC 3339 is the usual form."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Self

from loaders.texts import time_text

DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)?", re.ASCII
)
"""RFC 3339, 5.6: with an offset, or a local time without one. Many write a blank for its T."""

TIME = re.compile(r"(\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)?", re.ASCII)

LEAP_SECOND = "60"
"""The next second's 0, as nothing that reckons with times has a second 60."""

TOO_LONG = re.compile(r"[.,]\d{7}")

MICROSECONDS = len(".123456")


class _Fine:
    """Between two microseconds: as a value of Python's type it is the one before. It compares with
    others, and is written, with all its digits."""

    # What is ignored below: what stands behind this class is datetime or time, which mypy can't see
    # from here.

    beyond: str = ""
    """The digits after the microsecond; the last is not 0."""

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) is True and self.beyond == _beyond(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return super().__hash__()

    def __lt__(self, other: object) -> bool:
        if super().__eq__(other) is True:
            return self.beyond < _beyond(other)
        result: bool = super().__lt__(other)  # type: ignore[misc]
        return result

    def __le__(self, other: object) -> bool:
        return self == other or self < other

    def __gt__(self, other: object) -> bool:
        if super().__eq__(other) is True:
            return self.beyond > _beyond(other)
        result: bool = super().__gt__(other)  # type: ignore[misc]
        return result

    def __ge__(self, other: object) -> bool:
        return self == other or self > other

    def isoformat(self, *separator: str, timespec: str = "auto") -> str:
        if self.beyond:
            timespec = "microseconds"
        text: str = super().isoformat(*separator, timespec=timespec)  # type: ignore[misc]
        end = text.index(".") + MICROSECONDS if self.beyond else 0
        return f"{text[:end]}{self.beyond}{text[end:]}"


class FineDatetime(_Fine, datetime):
    """A time with more digits than microseconds."""

    @classmethod
    def of(cls, floor: datetime, beyond: str) -> Self:
        """The time so many digits after ``floor``."""
        clock = floor.hour, floor.minute, floor.second, floor.microsecond
        made = cls(floor.year, floor.month, floor.day, *clock, floor.tzinfo, fold=floor.fold)
        made.beyond = beyond
        return made

    @property
    def floor(self) -> datetime:
        """The same, to the microsecond."""
        return datetime.combine(self.date(), self.timetz())

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        return type(self).of, (self.floor, self.beyond)


class FineTime(_Fine, time):
    """A time of the day with more digits than microseconds."""

    @classmethod
    def of(cls, floor: time, beyond: str) -> Self:
        """The time so many digits after ``floor``."""
        clock = floor.hour, floor.minute, floor.second, floor.microsecond
        made = cls(*clock, floor.tzinfo, fold=floor.fold)
        made.beyond = beyond
        return made

    @property
    def floor(self) -> time:
        """The same, to the microsecond."""
        clock = self.hour, self.minute, self.second, self.microsecond
        return time(*clock, self.tzinfo, fold=self.fold)

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        return type(self).of, (self.floor, self.beyond)


def _beyond(value: object) -> str:
    return value.beyond if isinstance(value, _Fine) else ""


def read_datetime(text: str) -> datetime:
    """The time, with its offset if it has one: a ``FineDatetime``, if it has more digits than
    microseconds. Raises ValueError if the text is none."""
    found = DATE_TIME.fullmatch(text)
    if found is None:
        if "T" not in text.upper() or TOO_LONG.search(text):
            raise ValueError("no date and time")
        return datetime.fromisoformat(text)
    day, clock, second, fraction, offset = found.groups()
    read = datetime.fromisoformat(f"{day}T{clock}:{_second(second, fraction)}{_offset(offset)}")
    try:
        read = read + timedelta(seconds=1) if second == LEAP_SECOND else read
    except OverflowError:
        raise ValueError("a time after the year 9999") from None
    beyond = _digits_beyond(fraction)
    return FineDatetime.of(read, beyond) if beyond else read


def datetime_text(text: str, read: datetime) -> str:
    """The text that ``read`` was read of, as RFC 3339 writes it, with all its digits."""
    found = DATE_TIME.fullmatch(text)
    if found is None or found[3] == LEAP_SECOND:
        return time_text(read)
    day, clock, second, fraction, offset = found.groups()
    return f"{day}T{clock}:{second}{fraction or ''}{_offset(offset)}"


def read_time(text: str) -> time:
    """The time of the day, with its offset if it has one: a ``FineTime``, if it has more digits
    than microseconds. Raises ValueError if the text is none."""
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError("no time of the day")
    clock, second, fraction, offset = found.groups()
    read = time.fromisoformat(f"{clock}:{_second(second, fraction)}{_offset(offset)}")
    if second == LEAP_SECOND:
        read = (datetime.combine(datetime.min, read) + timedelta(seconds=1)).timetz()
    beyond = _digits_beyond(fraction)
    return FineTime.of(read, beyond) if beyond else read


def clock_text(text: str, read: time) -> str:
    """The text that ``read`` was read of, as RFC 3339 writes it, with all its digits."""
    found = TIME.fullmatch(text)
    if found is None or found[2] == LEAP_SECOND:
        return time_text(read)
    clock, second, fraction, offset = found.groups()
    return f"{clock}:{second}{fraction or ''}{_offset(offset)}"


def _digits_beyond(fraction: str | None) -> str:
    return "" if fraction is None else fraction[MICROSECONDS:].rstrip("0")


def _second(second: str, fraction: str | None) -> str:
    return f"{'59' if second == LEAP_SECOND else second}{fraction or ''}"


def _offset(offset: str | None) -> str:
    return "Z" if offset in ("z", "+00:00") else offset or ""
