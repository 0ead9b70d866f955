"""Token buckets in one process: what they grant, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.quotas.buckets import Level, LocalBuckets, Quota

QUOTA = Quota("default", 100, 10)


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_bucket_has_what_it_holds_and_then_what_flows_into_it() -> None:
    clock = Clock()
    buckets = LocalBuckets(clock=clock)

    assert await buckets.take("ada", QUOTA, 60, 0) == Level(True, 60)
    assert await buckets.take("ada", QUOTA, 41, 0) == Level(False, 60)
    assert await buckets.take("ada", QUOTA, 40, 0) == Level(True, 100)
    assert await buckets.take("bob", QUOTA, 100, 0) == Level(True, 100)
    clock.now += 3
    assert buckets.used("ada", QUOTA) == 70
    assert await buckets.take("ada", QUOTA, 31, 0) == Level(False, 70)
    assert await buckets.take("ada", QUOTA, 30, 0) == Level(True, 100)
    clock.now += 1_000
    assert buckets.used("ada", QUOTA) == 0
    assert await buckets.take("ada", QUOTA, 101, 0) == Level(False, 0)


async def test_what_is_not_granted_takes_what_it_is_to_take_otherwise_if_that_is_there() -> None:
    buckets = LocalBuckets(clock=Clock())
    await buckets.take("ada", QUOTA, 98, 1)

    assert [await buckets.take("ada", QUOTA, 10, 1) for _ in range(3)] == [
        Level(False, 99),
        Level(False, 100),
        Level(False, 100),
    ]


async def test_what_is_given_back_is_no_more_than_was_taken() -> None:
    buckets = LocalBuckets(clock=Clock())
    await buckets.take("ada", QUOTA, 60, 0)

    buckets.add("ada", QUOTA, -20)
    assert buckets.used("ada", QUOTA) == 40
    buckets.add("ada", QUOTA, -50)
    assert buckets.used("ada", QUOTA) == 0
    assert await buckets.take("ada", QUOTA, 101, 0) == Level(False, 0)


async def test_what_is_owed_flows_in_first() -> None:
    clock = Clock()
    buckets = LocalBuckets(clock=clock)
    await buckets.take("ada", QUOTA, 100, 0)

    buckets.add("ada", QUOTA, 50)
    clock.now += 5
    assert await buckets.take("ada", QUOTA, 1, 1) == Level(False, 100)
    clock.now += 1
    assert await buckets.take("ada", QUOTA, 10, 1) == Level(True, 100)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 150)),
        st.tuples(st.just("give back"), st.integers(0, 150)),
        st.tuples(st.just("pass"), st.integers(0, 15)),
    ),
    max_size=40,
)


@given(STEPS)
async def test_no_more_is_granted_than_it_holds_and_what_flows(
    steps: list[tuple[str, int]],
) -> None:
    clock = Clock()
    buckets = LocalBuckets(clock=clock)
    outstanding, granted = 0, 0
    for what, number in steps:
        if what == "pass":
            clock.now += number
        elif what == "take":
            level = await buckets.take("ada", QUOTA, number, 0)
            if level.granted:
                granted, outstanding = granted + number, outstanding + number
        else:
            # As its users do: what was taken, and not twice.
            number = min(number, outstanding)
            buckets.add("ada", QUOTA, -number)
            granted, outstanding = granted - number, outstanding - number

        assert granted <= QUOTA.cost + (clock.now - 1_000) * 10 + 1e-6
        assert 0 <= buckets.used("ada", QUOTA) <= QUOTA.cost


async def test_full_buckets_make_room_for_others() -> None:
    clock = Clock()
    buckets = LocalBuckets(100, clock)
    for number in range(100):
        await buckets.take(f"early {number}", QUOTA, 10, 0)
    await buckets.take("early 7", QUOTA, 90, 0)
    clock.now += 2

    for number in range(1_000):
        await buckets.take(f"late {number}", QUOTA, 1, 0)

    assert len(buckets) <= 100
    assert buckets.used("early 7", QUOTA) == 80


async def test_nobody_has_an_empty_bucket_forgotten_by_coming_from_many_addresses() -> None:
    buckets = LocalBuckets(100, Clock())
    await buckets.take("emptied", QUOTA, 100, 0)

    for number in range(10_000):
        await buckets.take(f"address {number}", QUOTA, 99, 0)

    assert len(buckets) <= 100
    assert await buckets.take("emptied", QUOTA, 1, 0) == Level(False, 100)


@pytest.mark.parametrize("quota", [Quota("default", 10**12, 1), Quota("default", 1, 2_678_400)])
async def test_the_largest_quotas_are_counted_to_the_unit(quota: Quota) -> None:
    buckets = LocalBuckets(clock=Clock())

    assert await buckets.take("ada", quota, quota.cost - 1, 0) == Level(True, quota.cost - 1)
    assert (await buckets.take("ada", quota, 2, 0)).granted is False
    assert await buckets.take("ada", quota, 1, 0) == Level(True, quota.cost)
