"""A gateway that is told to stop: nobody loses an answer that can still come."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.client import Gateway
from tests.gateway.edge import TYPENAME, Served, edge, head, post

pytestmark = pytest.mark.process

STOPPED = {
    "message": "The gateway is shutting down: try again.",
    "extensions": {"code": "SHUTTING_DOWN"},
}


async def stopped(served: Served) -> float:
    """Wait until the process has ended; gives the seconds that took."""
    began = time.monotonic()
    await asyncio.to_thread(served.process.wait, 30)
    return time.monotonic() - began


@pytest.mark.parametrize("workers", [1, 2])
async def test_under_load_every_answer_comes_and_is_the_last_on_its_connection(
    tmp_path: Path, workers: int
) -> None:
    async with (
        edge(tmp_path, server={"workers": workers}) as served,
        await served.line() as slow,
        await served.line() as idle,
    ):
        await slow.send(post("{ slow(seconds: 1.5) }"))
        await idle.send(post())
        before = await idle.reply()
        await asyncio.sleep(0.2)
        served.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.4)
        if workers == 1:
            async with await served.line() as probing:
                await probing.send(head("GET /readyz HTTP/1.1"), b"\r\n")
                ready = await probing.reply()
            assert (ready.status, ready.body) == (503, {"status": "not ready", "sources": {}})
            anew = await served.ask()
            await idle.send(post())
            last = await idle.reply()
            for each in (anew, last):
                assert (each.status, each.body) == (200, TYPENAME)
                assert each.headers["connection"] == "close"
        answer = await slow.reply()
        seconds = await stopped(served)

    assert (before.status, "connection" in before.headers) == (200, False)
    assert (answer.status, answer.body) == (200, {"data": {"slow": 1.5}})
    assert answer.headers["connection"] == "close"
    assert seconds < 9


async def test_without_operations_it_stops_at_once(tmp_path: Path) -> None:
    async with edge(tmp_path) as served, await served.line() as idle:
        await idle.send(post())
        await idle.reply()
        served.process.send_signal(signal.SIGTERM)
        seconds = await stopped(served)

    assert seconds < 9


async def test_what_does_not_end_within_the_grace_is_told_so(tmp_path: Path) -> None:
    async with edge(tmp_path) as served, aiohttp.ClientSession() as session:
        gateway = Gateway(f"http://127.0.0.1:{served.port}", session)
        plain = asyncio.create_task(served.ask("{ slow(seconds: 25) }"))
        writing = asyncio.create_task(
            served.ask("mutation { a: write(seconds: 12) b: write(seconds: 0.1) }")
        )
        async with (
            gateway.events("subscription { ticks(seconds: 60) }") as events,
            gateway.messages("subscription { ticks(seconds: 60) }") as messages,
            gateway.connected() as socket,
        ):
            stream = aiter(events)
            first = await anext(stream)
            parts = aiter(messages)
            begin = [await anext(parts), await anext(parts)]
            await socket.subscribe("a", "{ slow(seconds: 25) }")
            await asyncio.sleep(0.3)
            began = time.monotonic()
            served.process.send_signal(signal.SIGTERM)
            rest: list[Any] = [event async for event in stream]
            last = [message async for message in parts]
            subscribed_for = time.monotonic() - began
            told = await asyncio.wait_for(_next(socket), 15)
            refused = await plain
            ran_for = time.monotonic() - began
            written = await writing
            closed = await socket.closed()

    assert first == ("next", {"data": {"ticks": 1}})
    assert rest == [("next", {"errors": [STOPPED]}), ("complete", None)]
    assert begin == [{}, {"payload": {"data": {"ticks": 1}}}]
    assert last == [{"payload": None, "errors": [STOPPED]}]
    assert subscribed_for < 2
    assert told == {"id": "a", "type": "error", "payload": [STOPPED]}
    assert (refused.status, refused.body) == (503, {"errors": [STOPPED]})
    assert refused.headers["retry-after"] == "1"
    assert 9 < ran_for < 11.5
    (error,) = written.body["errors"]
    assert (error["path"], error["extensions"]) == (["b"], STOPPED["extensions"])
    assert written.body["data"] == {"a": 12, "b": None}
    assert closed[0] == 1012


async def _next(socket: Any) -> Any:
    return orjson.loads((await socket.socket.receive()).data)
