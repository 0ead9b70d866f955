"""One timer ends each call at its own deadline, and no other."""

from __future__ import annotations

import asyncio
import time

import pytest

from loaders.chain.timer import Timer


async def ended(timer: Timer, allowed: float, takes: float) -> str:
    try:
        with timer.until(time.monotonic() + allowed):
            await asyncio.sleep(takes)
    except TimeoutError:
        return "late"
    return "done"


async def test_each_call_is_ended_at_its_own_deadline() -> None:
    timer = Timer()
    # The deadlines are neither in the order in which the calls begin, nor in the reverse of it.
    calls = [(0.2, 9), (0.05, 9), (9, 0.1), (0.1, 0.01), (9, 0.3), (0.15, 9)]

    found = await asyncio.gather(*(ended(timer, *each) for each in calls))

    assert found == ["late", "late", "done", "done", "done", "late"]


async def test_a_deadline_that_has_passed_ends_what_waits_at_once() -> None:
    assert await ended(Timer(), -1, 9) == "late"


async def test_what_somebody_else_cancels_is_cancelled_and_not_late() -> None:
    timer = Timer()
    task = asyncio.create_task(ended(timer, 9, 9))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_was_late_can_go_on() -> None:
    timer = Timer()

    assert [await ended(timer, 0.01, 9), await ended(timer, 9, 0.05)] == ["late", "done"]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


def test_it_goes_on_in_another_event_loop() -> None:
    timer = Timer()

    assert asyncio.run(ended(timer, 9, 0)) == "done"
    # The first loop is closed, and the timer that it still held with it.
    assert asyncio.run(ended(timer, 0.01, 9)) == "late"
