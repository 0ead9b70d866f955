"""What takes long is begun once in a turn of the event loop, so that others have theirs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.operations.stages.execute import ExecuteStage
from gateway.operations.stages.parse import ParseStage
from gateway.operations.turns import Turns
from gateway.settings import Settings
from gateway.testing import GraphClient
from tests.gateway.failing import CALLER, graph


async def turns_of(loop_turns: list[int]) -> None:
    """Count the loop's turns."""
    while True:
        loop_turns[0] += 1
        await asyncio.sleep(0)


async def test_one_goes_on_in_each_turn_in_the_order_of_their_coming() -> None:
    turns, now = Turns(), [0]
    went: list[tuple[int, int]] = []

    async def go(name: int) -> None:
        await turns.take()
        went.append((name, now[0]))

    counting = asyncio.create_task(turns_of(now))
    await asyncio.gather(*map(go, range(20)))
    counting.cancel()

    assert [name for name, _ in went] == [*range(20)]
    assert len({turn for _, turn in went}) == 20


async def test_one_that_gives_up_costs_the_others_nothing() -> None:
    turns = Turns()
    await turns.take()
    waiting = [asyncio.create_task(turns.take()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()

    assert await asyncio.gather(*waiting[::2]) == [None, None]


@pytest.mark.parametrize(
    ("stage", "method", "query"),
    [
        (ParseStage, "prepare", "{{ a{}: __typename }}"),
        (ExecuteStage, "_run", "{{ __schema {{ a{}: __typename }} }}"),
    ],
    ids=["documents", "introspection"],
)
async def test_what_takes_long_is_begun_once_in_a_turn(
    monkeypatch: pytest.MonkeyPatch, stage: Any, method: str, query: str
) -> None:
    client = GraphClient(graph, settings=Settings.of(environment="development"))
    now, begun = [0], list[int]()
    begin = getattr(stage, method)

    def note(*of: object) -> Any:
        begun.append(now[0])
        return begin(*of)

    monkeypatch.setattr(stage, method, note)
    counting = asyncio.create_task(turns_of(now))
    async with client:
        answers = await asyncio.gather(
            *(client.execute(query.format(number), identity=CALLER) for number in range(10))
        )
    counting.cancel()

    assert [answer.errors for answer in answers] == [[]] * 10
    assert len(set(begun)) == 10
