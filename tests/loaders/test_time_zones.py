"""Times without a time zone: which moments they are, and what is compared with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.time_zones import ZoneOffset, in_zone, local_time, moment_of

PRAGUE, NEW_YORK, LORD_HOWE = map(
    ZoneInfo, ("Europe/Prague", "America/New_York", "Australia/Lord_Howe")
)
ZONES = (ZoneInfo("UTC"), PRAGUE, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Kathmandu"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("local", "zone", "moment"),
    [
        ("2026-01-31T10:30", PRAGUE, "2026-01-31T09:30Z"),
        ("2026-07-31T10:30", PRAGUE, "2026-07-31T08:30Z"),
        # Clocks show it twice: it is the first time.
        ("2026-10-25T02:30", PRAGUE, "2026-10-25T00:30Z"),
        ("2026-10-25T03:00", PRAGUE, "2026-10-25T02:00Z"),
        ("2026-11-01T01:30", NEW_YORK, "2026-11-01T05:30Z"),
        # Half an hour.
        ("2026-04-05T01:45", LORD_HOWE, "2026-04-04T14:45Z"),
        ("2026-04-05T02:00", LORD_HOWE, "2026-04-04T15:30Z"),
    ],
)
def test_a_local_time_is_the_first_moment_that_shows_it(
    local: str, zone: ZoneInfo, moment: str
) -> None:
    assert moment_of(at(local), zone) == at(moment)


@pytest.mark.parametrize(
    ("local", "zone"),
    [("2026-03-29T02:30", PRAGUE), ("2026-03-08T02:00", NEW_YORK), ("2026-10-04T02:15", LORD_HOWE)],
)
def test_a_local_time_that_clocks_skip_is_none(local: str, zone: ZoneInfo) -> None:
    with pytest.raises(ValueError, match=f"clocks of {zone.key} skipped"):
        moment_of(at(local), zone)


@pytest.mark.parametrize(
    ("moment", "zone", "local"),
    [
        ("2026-01-31T09:30Z", PRAGUE, "2026-01-31T10:30"),
        ("2026-10-25T00:30Z", PRAGUE, "2026-10-25T02:30"),
        # The second time: all that is read as the first time was before.
        ("2026-10-25T01:00Z", PRAGUE, "2026-10-25T02:59:59.999999"),
        ("2026-10-25T01:59:59.999999Z", PRAGUE, "2026-10-25T02:59:59.999999"),
        ("2026-10-25T02:00Z", PRAGUE, "2026-10-25T03:00"),
    ],
)
def test_what_is_compared_with_local_times(moment: str, zone: ZoneInfo, local: str) -> None:
    assert local_time(in_zone(at(moment), zone)) == at(local)


def test_moments_of_a_repeated_hour_are_told_apart() -> None:
    first, second = (in_zone(at(f"2026-10-25T0{hour}:30Z"), PRAGUE) for hour in (0, 1))

    assert first != second
    assert first < second
    assert hash(first) != hash(second)
    assert isinstance(first.tzinfo, ZoneOffset)


NEAR = st.sampled_from(
    ["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-11-01T06:00Z", "2026-04-04T15:00Z"]
).map(at)
MOMENTS = st.builds(
    lambda moment, microseconds: moment + timedelta(microseconds=microseconds),
    NEAR,
    st.integers(-7_200_000_000, 7_200_000_000) | st.sampled_from([-1, 0, 1]),
)


@settings(max_examples=1_000, deadline=None, database=None, derandomize=True)
@given(MOMENTS, MOMENTS, st.sampled_from(ZONES))
def test_local_times_compare_as_their_moments_do(
    moment: datetime, other: datetime, zone: ZoneInfo
) -> None:
    local = other.astimezone(zone).replace(tzinfo=None, fold=0)
    try:
        kept = moment_of(local, zone)
    except ValueError:
        return
    wanted = local_time(in_zone(moment, zone))

    assert (local > wanted) == (kept > moment)
    if (local == wanted) != (kept == moment):
        # The last microsecond of an hour that is shown twice stands for all of the second time.
        assert moment.astimezone(zone).fold == 1
    if kept == moment:
        assert local == wanted
    assert moment_of(local, zone).tzinfo is UTC
