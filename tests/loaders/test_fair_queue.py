"""Turns go by caller, and nobody has more than a share of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.chain.fair_queue import FairQueue, half_of
from loaders.chain.source_queue import SourceQueue
from loaders.contexts import Share

pytestmark = pytest.mark.unit


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("size", "half"), [(1, 1), (2, 1), (3, 1), (10, 5), (11, 5)])
def test_a_share_has_half_of_the_turns_and_one_at_least(size: int, half: int) -> None:
    queue, share, other = SourceQueue(size), Share("a"), Share("a")

    assert half_of(size) == half
    assert [queue.take(share) for _ in range(half + 1)] == [True] * half + [False]
    assert queue.take(other) is (size > half)


async def test_the_next_turn_is_another_caller_s() -> None:
    queue, taken = FairQueue(1, 1), Share("first")
    assert queue.take(taken)
    began: list[str] = []

    async def turn(name: str) -> None:
        share = Share(name)
        assert await queue.wait(share)
        began.append(name)
        queue.leave(share)

    waiting = [asyncio.create_task(turn(name)) for name in "aaaaabbc"]
    await settle()
    queue.leave(taken)
    await asyncio.gather(*waiting)

    assert "".join(began) == "abcabaaa"


async def test_within_a_caller_its_operations_take_turns() -> None:
    queue, taken = FairQueue(1, 1), Share("a")
    assert queue.take(taken)
    began: list[Share] = []

    async def turn(share: Share) -> None:
        assert await queue.wait(share)
        began.append(share)
        queue.leave(share)

    one, two = Share("a"), Share("a")
    waiting = [asyncio.create_task(turn(share)) for share in (one, one, one, two)]
    await settle()
    queue.leave(taken)
    await asyncio.gather(*waiting)

    assert began == [one, two, one, one]


async def test_who_has_waited_until_the_deadline_has_none() -> None:
    queue, taken, late, other = FairQueue(1, 1), Share("a"), Share("b"), Share("c")
    assert queue.take(taken)

    assert not await queue.wait(late, time.monotonic() + 0.02)
    assert not await queue.wait(late, time.monotonic() - 1)
    waiting = asyncio.create_task(queue.wait(other))
    await settle()
    queue.leave(taken)

    assert await waiting
    assert (late.turns, other.turns) == (0, 1)


async def test_a_turn_that_comes_as_its_task_is_cancelled_is_the_next_one_s() -> None:
    queue, taken, one, two = FairQueue(1, 1), Share("a"), Share("b"), Share("c")
    assert queue.take(taken)
    first, second = (asyncio.create_task(queue.wait(each)) for each in (one, two))
    await settle()
    queue.leave(taken)
    first.cancel()

    assert await second
    assert (one.turns, two.turns) == (0, 1)


async def test_those_that_are_refused_have_the_error() -> None:
    queue, taken = FairQueue(1, 1), Share("a")
    assert queue.take(taken)
    one, two = Share("a"), Share("b")
    waiting = [asyncio.create_task(queue.wait(share)) for share in (one, two, two)]
    await settle()
    assert (queue.waiting, queue.waiting_of(two), queue.waiting_of(taken)) == (3, 2, 0)

    queue.refuse_last(two, KeyError("b"))
    await settle()
    assert [each.done() for each in waiting] == [False, False, True]
    queue.refuse_all(ValueError("all"))
    ended = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(each) for each in ended] == [ValueError, ValueError, KeyError]
    assert queue.waiting == 0
    queue.leave(taken)
    assert queue.take(Share())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 5)),
        st.tuples(st.just("end"), st.integers(0, 30)),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
    ),
    max_size=60,
)


@given(size=st.integers(1, 6), of_one=st.integers(1, 6), steps=STEPS)
async def test_no_turn_is_lost_or_given_twice(
    size: int, of_one: int, steps: list[tuple[str, int]]
) -> None:
    """Whatever comes and goes: at most so many have turns, of one share at most its part, and
    nobody waits who could have one."""
    queue = FairQueue(size, of_one)
    shares = [Share(number // 2) for number in range(6)]
    running: list[Share] = []
    waiting: dict[asyncio.Task[None], Share] = {}

    async def turn(share: Share) -> None:
        assert await queue.wait(share)
        running.append(share)

    def check() -> None:
        held = Counter(map(id, running))
        assert len(running) <= size
        assert all(share.turns == held[id(share)] <= of_one for share in shares)
        idle = {share for share in waiting.values() if share.turns < of_one}
        assert not idle or len(running) == size

    for step, place in steps:
        if step == "ask":
            share = shares[place]
            if queue.take(share):
                running.append(share)
            else:
                waiting[asyncio.create_task(turn(share))] = share
        elif step == "end" and running:
            queue.leave(running.pop(place % len(running)))
        elif step == "cancel" and waiting:
            [*waiting][place % len(waiting)].cancel()
        if place % 3:
            await settle()
            waiting = {task: share for task, share in waiting.items() if not task.done()}
            check()

    while running or waiting:
        await settle()
        waiting = {task: share for task, share in waiting.items() if not task.done()}
        check()
        if running:
            queue.leave(running.pop())
    assert (queue.waiting, queue.taken) == (0, 0)
    assert all(queue.take(share) for share in shares[:1])
