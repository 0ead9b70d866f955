"""So many operations run at a time in a worker, some wait, and any further are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import strawberry

from gateway.errors import RequestRefused
from gateway.operations import admission
from gateway.operations.admission import Admission
from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from resolvers import Graph
from tests.client import Gateway, serving, until

TYPENAME = {"data": {"__typename": "Query"}}
HELD = "{ held }"
TOO_MANY = {
    "message": "There are 2 operations running here, and can't be more now: try again.",
    "extensions": {"code": "RATE_LIMITED"},
}

held: set[asyncio.Event] = set()
"""What operations wait for."""


async def hold() -> bool:
    event = asyncio.Event()
    held.add(event)
    try:
        return await event.wait()
    finally:
        held.discard(event)


def release() -> None:
    for event in held:
        event.set()


@strawberry.type(description="What happens.")
class Happening:
    held: bool = strawberry.field(resolver=hold, description="True, once it is let go.")


async def happen() -> AsyncGenerator[Happening, None]:
    subscribed.append(asyncio.Event())
    await subscribed[-1].wait()
    yield Happening()
    yield Happening()
    await asyncio.sleep(60)


subscribed: list[asyncio.Event] = []
"""With what each subscription begins."""


@strawberry.type
class Query:
    held: bool = strawberry.field(resolver=hold, description="True, once it is let go.")


@strawberry.type
class Subscription:
    happening: AsyncGenerator[Happening, None] = strawberry.subscription(
        resolver=happen, description="Two things that happen."
    )


graph = Graph(Query, subscription=Subscription)


@asynccontextmanager
async def with_limits(*, operations: int = 2, queued: int = 1) -> AsyncIterator[Gateway]:
    limits = {"operations": operations, "queued_operations": queued}
    settings = Settings.of(graph=f"{__name__}:graph", sources={}, limits=limits)
    async with serving(settings) as gateway:
        yield gateway
        release()


async def test_some_run_some_wait_and_any_further_is_refused() -> None:
    async with with_limits() as gateway:
        running = [asyncio.create_task(gateway.ask(HELD, explain=False)) for _ in range(2)]
        await until(lambda: len(held) == 2)
        waiting = asyncio.create_task(gateway.ask("{ __typename }", explain=False))
        await asyncio.sleep(0.1)
        refused = await gateway.ask("{ __typename }", explain=False)
        strict = await gateway.ask("{ __typename }", accept="application/graphql-response+json")
        async with gateway.connected() as socket:
            on_socket = await socket.ask("{ __typename }", explain=False)
        async with gateway.events("{ __typename }") as events:
            as_event = [event async for event in events]
        async with gateway.session.get(f"{gateway.url}/healthz") as probe:
            alive = probe.status
        assert not waiting.done()
        release()
        answers = [await each for each in (*running, waiting)]
        after = await gateway.ask("{ __typename }", explain=False)

    assert (refused.status, refused.body) == (503, {"errors": [TOO_MANY]})
    assert refused.headers["retry-after"] == "1"
    assert (strict.status, strict.body) == (503, {"errors": [TOO_MANY]})
    assert on_socket.body == {"errors": [TOO_MANY]}
    assert as_event == [("next", {"errors": [TOO_MANY]}), ("complete", None)]
    assert alive == 200
    assert [each.body for each in answers] == [{"data": {"held": True}}] * 2 + [TYPENAME]
    assert (after.status, after.body) == (200, TYPENAME)


async def test_who_has_waited_for_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "LONGEST_WAIT", 0.1)
    async with with_limits() as gateway:
        running = [asyncio.create_task(gateway.ask(HELD)) for _ in range(2)]
        await until(lambda: len(held) == 2)
        refused = await gateway.ask("{ __typename }", explain=False)
        release()
        await asyncio.gather(*running)

    assert (refused.status, refused.body) == (503, {"errors": [TOO_MANY]})


async def test_who_hangs_up_makes_room() -> None:
    async with with_limits() as gateway:
        for _ in range(10):
            asking = [asyncio.create_task(gateway.ask(HELD)) for _ in range(3)]
            await until(lambda: len(held) == 2)
            for each in asking:
                each.cancel()
            await until(lambda: not held)
        answer = await gateway.ask("{ __typename }", explain=False)

    assert (answer.status, answer.body) == (200, TYPENAME)


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_a_subscription_is_in_flight_while_an_event_executes(engine: str) -> None:
    limits = {"operations": 2, "queued_operations": 1}
    settings = Settings.of(graph=f"{__name__}:graph", sources={}, limits=limits, engine=engine)
    subscribed.clear()
    async with serving(settings) as gateway, gateway.connected() as socket:
        for n in range(3):
            await socket.subscribe(str(n), "subscription { happening { held } }")
        await until(lambda: len(subscribed) == 3)
        for event in subscribed:
            event.set()
        # The third event waits for its turn, and is not lost.
        await until(lambda: len(held) == 2)
        during = await gateway.ask("{ __typename }", explain=False)
        results, most = [], 0
        for _ in range(6):
            receiving = asyncio.create_task(socket.receive())
            while not receiving.done():
                most = max(most, len(held))
                release()
                await asyncio.sleep(0.01)
            results.append(await receiving)
        after = await gateway.ask("{ __typename }", explain=False)

    told = {"type": "next", "payload": {"data": {"happening": {"held": True}}}}
    assert sorted(results, key=lambda each: each["id"]) == [
        {"id": str(n), **told} for n in range(3) for _ in range(2)
    ]
    assert during.status == 503
    assert most == 2
    assert after.body == TYPENAME


async def test_a_turn_that_comes_as_its_operation_is_cancelled_is_the_next_one_s() -> None:
    of_one = Admission(1, 5)
    one, two, three = (of_one.place("a") for _ in range(3))
    assert one.take()
    first, second = (asyncio.create_task(each.wait()) for each in (two, three))
    await asyncio.sleep(0)
    one.leave()
    first.cancel()
    await second

    assert of_one.running == 1
    three.leave()
    assert of_one.running == 0


YOURS: dict[str, Any] = {
    "message": "You have 3 operations running here, and can't be more now: try again.",
    "extensions": {"code": "RATE_LIMITED"},
}


async def test_one_caller_leaves_places_and_turns_to_others() -> None:
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with (
        with_limits(operations=4, queued=2) as many,
        aiohttp.ClientSession(connector=elsewhere) as session,
    ):
        other = Gateway(many.url, session)

        async def ask(query: str, gateway: Gateway) -> Any:
            return await gateway.ask(query, explain=False)

        asking = [asyncio.create_task(ask(HELD, many)) for _ in range(5)]
        await until(lambda: len(held) == 3)
        # One place is left, for somebody else, though two wait.
        at_once = await ask("{ __typename }", other)
        refused = await ask("{ __typename }", many)
        holding = asyncio.create_task(ask(HELD, other))
        await until(lambda: len(held) == 4)
        # The queue is full, and the last of those who have most in it gives way.
        waiting = asyncio.create_task(ask("{ __typename }", other))
        (gave_way, *_), _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        release()
        later = await waiting
        await until(lambda: bool(held))
        release()
        answers = [await each for each in (*asking, holding)]

    full = {**YOURS, "message": YOURS["message"].replace("You have 3", "There are 4")}
    assert at_once.body == later.body == TYPENAME
    assert (refused.status, refused.body) == (503, {"errors": [YOURS]})
    assert gave_way.result().body == {"errors": [full]}
    assert [each.status for each in answers].count(200) == 5


async def test_events_wait_as_long_as_they_must_and_give_way_to_nobody() -> None:
    of_one = Admission(1, 1)
    running, event = of_one.place("a"), of_one.place("a").of_events()
    assert running.take()
    waiting = asyncio.create_task(event.wait_long())
    await asyncio.sleep(0)

    with pytest.raises(RequestRefused):
        await of_one.place("b").wait()
    running.leave()
    await waiting

    assert of_one.running == 1


async def test_while_it_waits_for_a_source_another_runs_in_its_place() -> None:
    of_one = Admission(1, 5)
    one, two = of_one.place("a"), of_one.place("b")
    assert one.take()
    beginning = asyncio.create_task(two.wait())
    one.give_back()
    one.give_back()
    await beginning
    one.take_back()
    assert of_one.running == 1
    # Both run now, and nobody else begins before both have ended.
    one.take_back()
    assert of_one.running == 2
    two.leave()
    assert not of_one.place("c").take()
    one.leave()
    assert of_one.running == 0
    assert of_one.place("c").take()


async def test_what_ends_while_it_waits_leaves_one_place() -> None:
    of_one = Admission(1, 5)
    one, two = of_one.place("a"), of_one.place("b")
    assert one.take()
    one.give_back()
    one.leave()
    assert two.take()
    one.take_back()
    one.give_back()
    one.take_back()

    assert of_one.running == 1
