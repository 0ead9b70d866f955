"""A gateway that is told to stop while it is asked without a pause, by every transport: it says
first that it is not ready, loses no answer that can end within its grace, and has a code for the
others."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from gateway.transports.server import LISTENING_SECONDS
from tests.client import Gateway, Socket
from tests.gateway.edge import Served, edge, head, post

pytestmark = pytest.mark.process

EACH = 4
"""Clients of each transport."""

SHORT, LONG, TOO_LONG = 0.2, 7.0, 40.0
"""Seconds that operations take. Of the first there is always one, for each client; the others are
under way when the gateway is told to stop."""


def slow(seconds: float) -> str:
    return f"{{ slow(seconds: {seconds}) }}"


@dataclass
class Seen:
    """How the operations ended, by transport and by what they took."""

    ends: Counter[tuple[str, float, str]] = field(default_factory=Counter)
    told: float = 0.0
    """When the gateway was told to stop."""
    closing: Counter[bool] = field(default_factory=Counter)
    """Whether answers since then were the last on their connections."""

    def note(self, transport: str, seconds: float, body: Any) -> None:
        if body == {"data": {"slow": seconds}}:
            end = "answered"
        else:
            (error,) = body["errors"]
            end = error["extensions"]["code"]
        self.ends[transport, seconds, end] += 1

    @property
    def may_be_refused(self) -> bool:
        """Whether it may have ceased to listen."""
        return bool(self.told) and time.monotonic() - self.told > LISTENING_SECONDS - 0.5


async def posts(served: Served, seen: Seen, seconds: float) -> None:
    """Asks again on each connection for as long as it may, and then on another one."""
    while True:
        try:
            line = await served.line()
        except ConnectionError:
            assert seen.may_be_refused
            return
        async with line:
            is_last, is_first = False, True
            while not is_last:
                began = time.monotonic()
                try:
                    await line.send(post(slow(seconds)))
                    reply = await line.reply()
                except (ConnectionError, asyncio.IncompleteReadError):
                    if is_first and seen.may_be_refused:
                        return  # It had connected, and was not let in any more.
                    raise
                seen.note("post", seconds, reply.body)
                is_last, is_first = reply.headers.get("connection") == "close", False
                if seen.told and began > seen.told + 0.2:
                    seen.closing[is_last] += 1
            if seconds > SHORT:
                return


async def events(gateway: Gateway, seen: Seen, seconds: float) -> None:
    while True:
        try:
            async with gateway.events(slow(seconds)) as stream:
                (name, body), end = [event async for event in stream]
        except aiohttp.ClientConnectionError:
            assert seen.may_be_refused
            return
        assert (name, end) == ("next", ("complete", None))
        seen.note("events", seconds, body)
        if seconds > SHORT:
            return


async def socket(gateway: Gateway, seen: Seen, seconds: float) -> int:
    """Asks until it is closed; gives the code."""
    async with gateway.connected() as socket:
        number = 0
        while True:
            number += 1
            try:
                await socket.subscribe(str(number), slow(seconds))
            except ConnectionError:
                return (await socket.closed())[0]
            message = await socket.socket.receive(60)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return int(message.data)
            told = orjson.loads(message.data)
            is_error = told["type"] == "error"
            seen.note(
                "socket", seconds, {"errors": told["payload"]} if is_error else told["payload"]
            )
            if is_error or seconds > SHORT:
                return await closed(socket)
            assert (await socket.receive())["type"] == "complete"


async def closed(socket: Socket) -> int:
    message = await socket.socket.receive(60)
    while message.type is aiohttp.WSMsgType.TEXT:
        message = await socket.socket.receive(60)
    return int(message.data)


async def is_ready(served: Served) -> int:
    async with await served.line() as line:
        await line.send(head("GET /readyz HTTP/1.1"), b"\r\n")
        return (await line.reply()).status


async def test_under_load_no_answer_is_lost(tmp_path: Path) -> None:
    seen = Seen()
    # A connection that is kept may be closed at the moment at which it is used again.
    connector = aiohttp.TCPConnector(force_close=True)
    async with edge(tmp_path) as served, aiohttp.ClientSession(connector=connector) as session:
        gateway = Gateway(f"http://127.0.0.1:{served.port}", session)
        asking: list[Awaitable[Any]] = []
        sockets: list[asyncio.Task[int]] = []
        for seconds in (*[SHORT] * EACH, LONG, TOO_LONG):
            asking += [posts(served, seen, seconds), events(gateway, seen, seconds)]
            sockets.append(asyncio.create_task(socket(gateway, seen, seconds)))
        load = asyncio.gather(*asking)
        await asyncio.sleep(1.0)
        served.process.send_signal(signal.SIGTERM)
        seen.told = time.monotonic()
        await asyncio.sleep(0.1)
        ready = await is_ready(served)
        await load
        codes = [await each for each in sockets]
        with suppress(asyncio.TimeoutError):
            await asyncio.to_thread(served.process.wait, 10)

    short = {how: seen.ends[how, SHORT, "answered"] for how in ("post", "events", "socket")}
    assert ready == 503
    assert min(short.values()) > 3 * EACH, short
    assert set(seen.closing) == {True}
    for how in short:
        assert seen.ends[how, LONG, "answered"] == 1, seen.ends
        assert seen.ends[how, TOO_LONG, "SHUTTING_DOWN"] == 1, seen.ends
    assert {end for _, _, end in seen.ends} == {"answered", "SHUTTING_DOWN"}
    assert codes == [1012] * len(sockets)
    assert "Traceback" not in served.logged
