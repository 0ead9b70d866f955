"""Lengths of time, as ISO 8601 has them: months and days are no certain number of seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Self

DAYS_OF_A_MONTH = 30
MICROSECONDS = 1_000_000
OF_AN_HOUR, OF_A_MINUTE = 3600 * MICROSECONDS, 60 * MICROSECONDS

ISO = re.compile(
    r"([+-]?)P(?=[\dT+-])(?:([+-]?\d+)Y)?(?:([+-]?\d+)M)?(?:([+-]?\d+)W)?(?:([+-]?\d+)D)?"
    r"(?:T(?=[\d+-])(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d+)?)S)?)?",
    re.ASCII | re.IGNORECASE,
)
"""ISO 8601-1, 5.5.2.3, and the signs of ISO 8601-2: before the whole, or before its parts."""


class Duration(timedelta):
    """Months, days and microseconds, each a whole number of its own, as PostgreSQL's intervals are.

    As a timedelta it is what PostgreSQL compares it by: a month is 30 days, a day 24 hours.
    """

    months: int
    whole_days: int
    clock: int
    """The microseconds beside the months and days."""

    def __new__(cls, months: int = 0, days: int = 0, microseconds: int = 0) -> Self:
        """Raises OverflowError for more than a timedelta can hold."""
        made = super().__new__(cls, days=months * DAYS_OF_A_MONTH + days, microseconds=microseconds)
        made.months, made.whole_days, made.clock = months, days, microseconds
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[int, int, int]]:
        return type(self), (self.months, self.whole_days, self.clock)

    def __str__(self) -> str:
        return duration_text(self)

    __repr__ = __str__


def parts_of(value: timedelta) -> tuple[int, int, int]:
    """The months, days and microseconds of a length of time."""
    if isinstance(value, Duration):
        return value.months, value.whole_days, value.clock
    if value.days < 0:
        # Python has -1 second as -1 day and 86,399 seconds.
        return 0, 0, value // timedelta(microseconds=1)
    return 0, value.days, value.seconds * MICROSECONDS + value.microseconds


def read_duration(text: str) -> Duration:
    """The length of time that ISO 8601 writes so. Raises ValueError if it is none, or has more
    digits than microseconds."""
    found = ISO.fullmatch(text)
    if found is None:
        raise ValueError("no duration as ISO 8601 writes it")
    sign = -1 if found[1] == "-" else 1
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups()[1:7])
    microseconds = Decimal(found[8] or 0) * MICROSECONDS
    if microseconds != (whole := int(microseconds)):
        raise ValueError("a duration has six digits of a second's fraction at most")
    clock = hours * OF_AN_HOUR + minutes * OF_A_MINUTE + whole
    try:
        return Duration(sign * (years * 12 + months), sign * (weeks * 7 + days), sign * clock)
    except OverflowError:
        days = timedelta.max.days
        raise ValueError(f"a duration has {days} days at most, of which a month has 30") from None


def duration_text(value: timedelta) -> str:
    """The length of time as ISO 8601 writes it, such as ``P1Y2M3DT4H5M6.7S``."""
    parts = parts_of(value)
    if not any(parts):
        return "PT0S"
    sign = "-" if min(parts) < 0 and max(parts) <= 0 else ""
    months, days, clock = (-part for part in parts) if sign else parts
    named = [*_split(months, (12, "Y"), (1, "M")), *_split(days, (1, "D"))]
    timed = _split(clock, (OF_AN_HOUR, "H"), (OF_A_MINUTE, "M"), (MICROSECONDS, "S"))
    return "".join((sign, "P", *named, *("T" if timed else ""), *timed))


def _split(amount: int, *units: tuple[int, str]) -> list[str]:
    """The amount in these units, the largest first, without those of which there is none. The last
    one has what is left, as a fraction."""
    sign, left = ("-", -amount) if amount < 0 else ("", amount)
    texts: list[str] = []
    for size, name in units:
        count, left = divmod(left, size)
        fraction = f".{left:06}".rstrip("0") if left and name == "S" else ""
        if count or fraction:
            texts.append(f"{sign}{count}{fraction}{name}")
    return texts
