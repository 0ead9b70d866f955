"""Dates and times of clients are those of RFC 3339, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from resolvers.coercion import (
    date_input,
    datetime_input,
    local_datetime_input,
    time_input,
)


def moment(*clock: int, **more: int) -> datetime:
    return datetime(2026, 1, 31, *clock, tzinfo=UTC, **more)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-31T09:30:00Z", moment(9, 30)),
        ("2026-01-31t09:30:00z", moment(9, 30)),
        ("2026-01-31T09:30:00.5Z", moment(9, 30, microsecond=500_000)),
        ("2026-01-31T09:30:60Z", moment(9, 31)),
        ("2026-01-31T09:30:00-00:00", moment(9, 30)),
        ("2026-01-31T09:30:00+05:30", moment(4, 0)),
        ("2026-01-31T09:30:00+23:59", moment(9, 30) - timedelta(hours=23, minutes=59)),
    ],
)
def test_a_moment_is_taken(text: str, read: datetime) -> None:
    assert datetime_input(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "2026-W05-6T09:30:00Z", "2026-031T09:30:00Z", "20260131T093000Z", "2026-01-31T09:30Z",
        "2026-01-31T09:30:00", "2026-01-31", "2026-01-31T09:30:00,5Z", "2026-01-31T24:00:00Z",
        "2026-01-31T09:30:61Z", "2026-01-31T09:60:00Z", "2026-02-30T09:30:00Z",
        "2026-01-31T09:30:00+0530", "2026-01-31T09:30:00+05", "2026-01-31T09:30:00+24:00",
        "2026-01-31T09:30:00+00:60", "2026-01-31T09:30:00+05:30:15", "2026-01-31T09:30:00.Z",
        "+2026-01-31T09:30:00Z", "26-01-31T09:30:00Z", " 2026-01-31T09:30:00Z",
        "2026-01-31T09:30:00Z\n", "\uff12026-01-31T09:30:00Z", "0000-01-31T09:30:00Z",
        "9999-12-31T23:59:60Z", "now", "",
    ],
)  # fmt: skip
def test_what_is_no_moment_of_rfc_3339_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r"as RFC 3339 writes it|the time zone is missing"):
        datetime_input(text)


@pytest.mark.parametrize("text", ["2026-W05-6", "2026-031", "20260131", "2026-1-31", "2026-02-30"])
def test_what_is_no_date_of_rfc_3339_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match="as RFC 3339 writes it"):
        date_input(text)


def test_a_time_of_the_day_is_taken() -> None:
    assert time_input("09:30:00") == time(9, 30)
    assert time_input("23:59:60") == time(0, 0)
    assert time_input("09:30:00-05:00") == time(9, 30, tzinfo=timezone(timedelta(hours=-5)))


@pytest.mark.parametrize(
    "text", ["09:30", "9:30:00", "093000", "24:00:00", "09:30:00+00:60", "T09:30:00"]
)
def test_what_is_no_time_of_rfc_3339_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match="as RFC 3339 writes it"):
        time_input(text)


@pytest.mark.parametrize(
    "text", ["2026-01-31T09:30:00Z", "2026-01-31T09:30:00+01:00", "2026-01-31"]
)
def test_a_moment_is_no_time_without_a_time_zone(text: str) -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        local_datetime_input(text)
