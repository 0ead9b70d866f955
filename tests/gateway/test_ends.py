"""Whatever ends an operation ends what runs for it at the sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import aiohttp
import orjson
import pytest

from demo.stack import Addresses
from tests.client import Gateway, request, until
from tests.gateway.ending import Ending, begun, bulkhead, ending, quick, slow, slow_event, written

SOURCES = ("postgres", "mongo", "rest")


@pytest.fixture(scope="module")
async def served(addresses: Addresses) -> AsyncIterator[Ending]:
    async with ending(addresses) as served:
        yield served
        await served.admin.execute("drop schema ending cascade")


Started = Callable[[], Awaitable[None]]
"""Waits until what was sent runs."""


def body(query: str) -> bytes:
    return orjson.dumps(request(query))


async def hang_up(gateway: Gateway, sent: bytes, accept: str, started: Started) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(
            posted(session, f"{gateway.url}/graphql", data=sent, headers=headers)
        )
        await started()
        asking.cancel()
        with suppress(asyncio.CancelledError):
            (await asking).close()


async def posted(session: aiohttp.ClientSession, url: str, **given: Any) -> Any:
    return await session.post(url, **given)


async def post(gateway: Gateway, query: str, started: Started) -> None:
    await hang_up(gateway, body(query), "application/json", started)


async def batch(gateway: Gateway, query: str, started: Started) -> None:
    sent = orjson.dumps([request("{ __typename }"), request(query)])
    await hang_up(gateway, sent, "application/json", started)


async def events(gateway: Gateway, query: str, started: Started) -> None:
    async with gateway.events(query):
        await started()


async def parts(gateway: Gateway, query: str, started: Started) -> None:
    deferred = f"{{ __typename ... @defer {query} }}"
    await hang_up(gateway, body(deferred), "multipart/mixed", started)


async def complete(gateway: Gateway, query: str, started: Started) -> None:
    async with gateway.connected() as socket:
        await socket.subscribe("a", query)
        await started()
        await socket.send(id="a", type="complete")
        # Its connection stays.
        assert (await socket.ask("{ __typename }")).status == 0


async def close(gateway: Gateway, query: str, started: Started) -> None:
    async with gateway.connected() as socket:
        await socket.subscribe("a", query)
        await started()


async def abort(gateway: Gateway, query: str, started: Started) -> None:
    async with gateway.connected() as socket:
        await socket.subscribe("a", query)
        await started()
        transport: Any = socket.socket._writer.transport
        transport.abort()


async def subscription_events(gateway: Gateway, query: str, started: Started) -> None:
    async with gateway.events(slow_event(source_of(query))):
        await started()


async def subscription_parts(gateway: Gateway, query: str, started: Started) -> None:
    async with gateway.messages(slow_event(source_of(query))):
        await started()


def source_of(query: str) -> str:
    (source,) = (each for each in SOURCES if query == slow(each))
    return source


ENDS = (post, batch, events, parts, complete, close, abort, subscription_events, subscription_parts)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("end", ENDS)
async def test_who_does_not_wait_has_nothing_run_at_the_sources(
    served: Ending, end: Any, source: str
) -> None:
    await end(served.gateway, slow(source), lambda: served.becomes(source, 1))
    await served.becomes(source, 0, seconds=1.0)
    answer = await served.gateway.ask(quick(source), explain=False)

    assert answer.codes == []
    await until(lambda: served.taken() == [0, 0, 0, 0] and not tasks())


def tasks() -> list[str]:
    """The tasks of the gateway's own that run."""
    names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    ours = ("Loader.", "Gathering.", "Calls.", "Operations.", "_awaited", "ExecuteStage.")
    return [name for name in names if name.startswith(ours)]


async def test_an_operation_whose_time_is_up_has_nothing_run_at_the_sources(
    addresses: Addresses,
) -> None:
    async with ending(addresses, request_seconds=2.0) as served:
        for source in SOURCES:
            asking = asyncio.create_task(served.gateway.ask(slow(source), explain=False))
            await served.becomes(source, 1)
            answer = await asking
            await served.becomes(source, 0, seconds=2.0)

            assert answer.partial == {source: None}
            assert answer.codes == ["UPSTREAM_TIMEOUT"]
        await until(lambda: served.taken() == [0, 0, 0, 0] and not tasks())


async def test_mongodb_is_told_what_is_left(addresses: Addresses) -> None:
    async with ending(addresses, request_seconds=2.0) as served:
        await served.gateway.ask(quick("mongo"))
        (found,) = served.mongo.named("find")

        assert 1000 < found["maxTimeMS"] <= 1800


async def test_what_waits_for_mongodb_is_never_sent(served: Ending) -> None:
    """As many calls as there may be, and more, all of which are given up."""
    before = len(served.mongo.named("find"))
    together = 20
    async with AsyncExitStack() as stack:
        for n in range(together):
            socket = await stack.enter_async_context(served.gateway.connected())
            await socket.subscribe(str(n), slow("mongo"))
        sources = served.sources
        most = sources["mongo"].can.in_flight
        await until(lambda: len(served.mongo.held) == most)
        turns = bulkhead(sources.chain("mongo"))._turns
        await until(lambda: turns.taken + turns.waiting == together)
    await served.becomes("mongo", 0, seconds=1.0)
    answer = await served.gateway.ask(quick("mongo"), explain=False)

    assert answer.codes == []
    assert len(served.mongo.named("find")) == before + most + 1
    await until(lambda: served.taken() == [0, 0, 0, 0] and not tasks())


async def test_others_do_not_wait_for_what_was_given_up(served: Ending) -> None:
    async with served.gateway.connected() as socket:
        for n in range(100):
            await socket.subscribe(str(n), slow("mongo"))
            await socket.send(id=str(n), type="complete")
        async with asyncio.timeout(2.0):
            answer = await served.gateway.ask(quick("mongo"), explain=False)

    assert answer.codes == []
    await until(lambda: served.taken() == [0, 0, 0, 0] and not tasks())


@pytest.mark.parametrize("end", [post, batch, events, complete, close, abort])
async def test_what_is_being_written_is_written_and_nothing_more_begun(
    served: Ending, end: Any
) -> None:
    begun.clear()
    written.clear()

    async def started() -> None:
        await until(lambda: begun == [0.5])

    query = "mutation { a: write(seconds: 0.5) b: write(seconds: 0.1) }"
    await end(served.gateway, query, started)
    assert written == []
    await until(lambda: written == [0.5])
    await until(lambda: served.taken() == [0, 0, 0, 0] and not tasks())

    assert (begun, written) == ([0.5], [0.5])


async def test_what_is_written_has_the_operation_s_time_and_no_more(addresses: Addresses) -> None:
    begun.clear()
    written.clear()
    async with ending(addresses, request_seconds=0.6) as served:

        async def started() -> None:
            await until(lambda: begun == [5])

        await post(served.gateway, "mutation { write(seconds: 5) }", started)
        await served.becomes("postgres", 0, seconds=1.6)
        await until(lambda: served.taken() == [0, 0, 0, 0] and not tasks())

    assert written == []
