"""Who waits for a source holds up nobody else, and only so many wait."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.chain import source_queue
from loaders.chain.source_queue import SourceQueue
from loaders.contexts import Operation, Share
from loaders.identity import Identity

pytestmark = pytest.mark.unit


class Place:
    """How often it was given back and not taken back."""

    def __init__(self) -> None:
        self.away = 0

    def give_back(self) -> None:
        self.away += 1

    def take_back(self) -> None:
        self.away -= 1


def waiting(queue: SourceQueue, share: Share) -> asyncio.Task[bool]:
    return asyncio.create_task(queue.wait(share))


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(source_queue, "MOST_WAITING", 4)
    return 4


async def test_whoever_waits_gives_its_place_back_meanwhile() -> None:
    queue, taken, place = SourceQueue(1), Share("a"), Place()
    share, late, gone = (Share("b", place=place) for _ in range(3))
    assert queue.take(taken)

    first, cancelled = waiting(queue, share), waiting(queue, gone)
    in_time = asyncio.create_task(queue.wait(late, time.monotonic() + 0.02))
    await settle()
    assert place.away == 3
    cancelled.cancel()
    assert not await in_time
    assert (cancelled.done(), place.away) == (True, 1)
    queue.leave(taken)
    assert await first
    assert place.away == 0
    queue.leave(share)
    # A turn that is there at once is not waited for.
    assert await queue.wait(late)
    assert place.away == 0


async def test_an_operation_has_one_place_whatever_it_asks() -> None:
    place = Place()
    operation = Operation(Identity("ada"), place=place)

    with operation.budget("shop").away(), operation.budget("catalog").away():
        assert place.away == 2
    assert place.away == 0


async def test_further_ones_are_refused_at_once(most: int) -> None:
    queue, taken, further = SourceQueue(1), Share("a"), Share("b", place=Place())
    assert queue.take(taken)
    waits = [waiting(queue, share) for share in [Share("b") for _ in range(most)] for _ in range(3)]
    await settle()

    assert not await queue.wait(further)
    assert queue.why_none(further, "calls") == "4 operations wait for its calls, which"
    # What waits already may wait for more.
    (own, *_) = queue.shares_of("b")
    more = waiting(queue, own)
    await settle()
    assert not more.done()
    for each in (*waits, more):
        each.cancel()
    await asyncio.gather(*waits, more, return_exceptions=True)
    assert (queue.waiting, queue.shares_waiting) == (0, 0)


async def test_the_last_of_the_caller_of_whom_most_wait_gives_way(most: int) -> None:
    queue, taken = SourceQueue(1), Share("a")
    assert queue.take(taken)
    crowd = [Share("b") for _ in range(most - 1)]
    waits = {share: [waiting(queue, share), waiting(queue, share)] for share in crowd}
    own = waiting(queue, Share("c"))
    await settle()

    other = waiting(queue, Share("d"))
    await settle()
    assert [task.done() and not task.result() for task in waits[crowd[-1]]] == [True, True]
    assert not any(task.done() for share in crowd[:-1] for task in waits[share])
    # Now b has two, c and d have one each: nobody has so many more that they would give way.
    assert not await queue.wait(Share("c"))
    for each in (own, other, *(task for tasks in waits.values() for task in tasks)):
        each.cancel()


@given(
    callers=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    ends=st.lists(st.integers(0, 39), max_size=40),
)
async def test_each_wait_has_one_end(callers: list[int], ends: list[int]) -> None:
    """Whatever comes and goes, no more than so many operations wait, each wait ends with a turn or
    without, and each place is as it was."""
    queue, place = SourceQueue(2), Place()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_queue, "MOST_WAITING", 5)
        shares = [Share(caller, place=place) for caller in callers]
        tasks = {waiting(queue, share): share for share in shares}
        for end in ends:
            await settle()
            assert queue.shares_waiting <= 5
            (task, share) = list(tasks.items())[end % len(tasks)]
            if task.done() and not task.cancelled() and task.result() and share.turns:
                queue.leave(share)
            else:
                task.cancel()
        while any(not task.done() for task in tasks):
            await settle()
            for task, share in tasks.items():
                if task.done() and not task.cancelled() and task.result() and share.turns:
                    queue.leave(share)

    assert place.away == 0
    assert (queue.waiting, queue.shares_waiting) == (0, 0)
