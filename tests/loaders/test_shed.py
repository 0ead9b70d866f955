"""A source that does not keep up holds half of all operations, and not the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from loaders.asks import Answer, Ask, Found, Key, Rows, Wants
from loaders.chain import shed
from loaders.chain.counts import Counts
from loaders.chain.shed import Shed
from loaders.contexts import Attempt, Share
from loaders.errors import SourceBusy
from loaders.memory import MemoryTable

WINDOW, LONGEST = 0.15, 2.5
ASK = Ask(Rows(MemoryTable(source="shop", name="orders"), ("id",)), Wants())
KEYS: list[Key] = [(1,), (2,)]


class Hanging:
    """A source that answers as much as it is told to."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(0)

    def answer(self, count: int = 100) -> None:
        """So many asks, those that wait or those that come."""
        for _ in range(count):
            self._turns.release()

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        await self._turns.acquire()
        return [Found() for _ in keys]


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Hanging:
    monkeypatch.setattr(shed, "WINDOW", WINDOW)
    return Hanging()


@pytest.fixture
def counts() -> Counts:
    return Counts()


def asking(chain: Shed, share: Share | None = None) -> asyncio.Task[Answer]:
    return asyncio.create_task(chain.fetch(ASK, KEYS, Attempt(None, [], share=share or Share())))


async def test_those_beyond_half_are_refused_once_one_has_waited_for_long(
    source: Hanging, counts: Counts
) -> None:
    chain = Shed(source, 2, LONGEST, counts)
    waiting = [asking(chain) for _ in range(2)]
    await asyncio.sleep(1.2 * WINDOW)
    # This one waits until that is told, and that one not at all.
    refused = await asking(chain)
    at_once = await asking(chain)
    source.answer()
    answers = await asyncio.gather(*waiting)
    anew = await asking(chain)

    assert [type(each) for each in (*refused, *at_once)] == [SourceBusy] * 4
    assert str(refused[0]) == "The gateway's calls to the source 'shop' are all busy."
    assert answers == [[Found(), Found()]] * 2
    assert anew == [Found(), Found()]
    assert counts.busy == 2


async def test_a_burst_is_let_through(source: Hanging, counts: Counts) -> None:
    chain = Shed(source, 2, LONGEST, counts)
    burst = [asking(chain) for _ in range(10)]
    await asyncio.sleep(0)
    source.answer()

    assert await asyncio.gather(*burst) == [[Found(), Found()]] * 10
    assert counts.busy == 0


async def test_a_source_that_answers_holds_as_many_as_there_are(
    source: Hanging, counts: Counts
) -> None:
    """Ten wait, and four are answered in each window."""
    chain = Shed(source, 2, LONGEST, counts)
    waiting = [asking(chain) for _ in range(10)]
    for _ in range(5):
        await asyncio.sleep(WINDOW * 1.1)
        source.answer(4)
        waiting += [asking(chain) for _ in range(4)]
    source.answer()

    assert await asyncio.gather(*waiting) == [[Found(), Found()]] * 30


async def test_an_operation_that_is_there_may_ask_on(source: Hanging, counts: Counts) -> None:
    chain, share = Shed(source, 1, LONGEST, counts), Share()
    waiting = [asking(chain, share)]
    await asyncio.sleep(2 * WINDOW)
    waiting.append(asking(chain, share))
    await asyncio.sleep(0)
    waiting[0].cancel()
    source.answer()

    assert await waiting[1] == [Found(), Found()]


async def test_all_that_one_beyond_has_asked_is_refused(source: Hanging, counts: Counts) -> None:
    chain, beyond = Shed(source, 1, LONGEST, counts), Share()
    there = asking(chain)
    await asyncio.sleep(0)
    asked = [asking(chain, beyond) for _ in range(3)]
    refused = await asyncio.gather(*asked)
    source.answer()

    assert {type(each) for answer in refused for each in answer} == {SourceBusy}
    assert await there == [Found(), Found()]
    assert await asking(chain, beyond) == [Found(), Found()]
