"""Times without a time zone, as the clocks of some zone show them.

An hour that clocks show twice is read as the first one; a time that they skip is none. So every
moment has at most one local time that is read as it, and later moments have later ones.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from loaders.times import FineDatetime

MICROSECOND = timedelta(microseconds=1)


class ZoneOffset(tzinfo):
    """The offset that a time zone has at one moment: the ``tzinfo`` of a moment to compare local
    times of the zone with. Two moments with it compare as moments, which with a ZoneInfo in common
    they would not."""

    def __init__(self, zone: ZoneInfo, offset: timedelta) -> None:
        self.zone = zone
        self._offset = offset

    def utcoffset(self, _: datetime | None) -> timedelta:
        return self._offset

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> str:
        return self.zone.key


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """The same moment with a ``ZoneOffset``. Raises OverflowError where its local time is in no
    year from 1 to 9999."""
    local = moment.astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None
    return _as_fine_as(moment, local.replace(tzinfo=ZoneOffset(zone, offset), fold=0))


def in_utc(value: object, zone: ZoneInfo) -> object:
    """The moment of a time without a time zone; any other value as it is. Raises as ``moment_of``
    does."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return moment_of(value, zone)
    return value


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which the zone's clocks first showed this time. Raises ValueError if
    they skipped it, OverflowError if the moment is in no year from 1 to 9999."""
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) != local.replace(fold=0):
        raise ValueError(f"a time that clocks of {zone.key} skipped")
    return _as_fine_as(local, moment)


def local_time(moment: datetime) -> datetime:
    """The local time of a moment with a ``ZoneOffset``, to the microsecond, to compare local times
    with."""
    local, _ = local_place(moment)
    return local


def local_place(moment: datetime) -> tuple[datetime, bool]:
    """The last local time, to the microsecond, that is read as the moment of a ``ZoneOffset`` or as
    one before, and whether it is read as that very one.

    Where clocks show a time for the second time, it is the last one that they show twice: as those
    are read as the first time, all of them were before.
    """
    offset = moment.tzinfo
    assert isinstance(offset, ZoneOffset)
    is_exact = True
    if isinstance(moment, FineDatetime):
        moment, is_exact = moment.floor, False
    local = moment.replace(tzinfo=None)
    first = local.replace(tzinfo=offset.zone)
    if first.utcoffset() == moment.utcoffset():
        return local, is_exact
    low, high = local, local + timedelta(days=1)
    while high - low > MICROSECOND:
        middle = low + (high - low) // 2
        low, high = (middle, high) if _is_repeated(middle, offset.zone) else (low, middle)
    return low, False


def _as_fine_as(one: datetime, other: datetime) -> datetime:
    """The other time, with the digits that the one has beyond microseconds."""
    return FineDatetime.of(other, one.beyond) if isinstance(one, FineDatetime) else other


def _is_repeated(local: datetime, zone: ZoneInfo) -> bool:
    first = local.replace(tzinfo=zone)
    return first.utcoffset() != first.replace(fold=1).utcoffset()
