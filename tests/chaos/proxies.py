"""Proxies before the sources, which can make them fail in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import cycle
from typing import cast

FAULTS = ("refuses", "resets", "hangs", "lies", "is slow")
"""What can be wrong with a source: no connection comes about; each breaks in the middle of an
answer; what it is asked it takes, and says nothing; it says something else; it takes its time."""

SLOW_SECONDS = 0.3

GARBAGE = bytes(range(255, -1, -1))

Lies = Callable[[bytes], bytes | None]
"""What a service answers in place of what it should, by what it is asked; None: not yet."""


class Proxy:
    """A port that leads to a source, well or with a fault."""

    def __init__(self, port: int, lies: Lies | None = None) -> None:
        self.fault: str | None = None
        self.port = 0
        self.lies = lies
        self._to = port
        self._server: asyncio.Server | None = None
        self.fronts: set[Front] = set()

    async def turn(self, fault: str | None) -> None:
        """Have it so from now on."""
        self.fault = fault
        # What went wrong on a connection stays wrong with it.
        for front in list(self.fronts):
            front.abort()
        if fault == "refuses":
            self.close()
        elif self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: Front(self), "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for front in list(self.fronts):
            front.abort()

    async def connect(self, front: Front) -> Back | None:
        """The source's end of a connection; None if it can't be had."""
        loop = asyncio.get_running_loop()
        try:
            _, back = await loop.create_connection(lambda: Back(front), "127.0.0.1", self._to)
        except OSError:
            return None
        return back


class Front(asyncio.Protocol):
    """The gateway's end of a connection."""

    transport: asyncio.Transport

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._back: Back | None = None
        self._asked = bytearray()
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.proxy.fronts.add(self)
        self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        self._back = await self.proxy.connect(self)
        if self._back is None or self.transport.is_closing():
            self.abort()
        elif self._asked and self.proxy.fault not in ("hangs", "lies"):
            self._back.transport.write(bytes(self._asked))
            self._asked.clear()

    def data_received(self, data: bytes) -> None:
        proxy = self.proxy
        if proxy.fault == "hangs":
            return
        if proxy.fault == "lies" and proxy.lies is not None:
            self._asked += data
            answer = proxy.lies(bytes(self._asked))
            if answer is not None:
                self._asked.clear()
                self.transport.write(answer)
        elif self._back is None:
            self._asked += data
        else:
            self._back.transport.write(data)

    def answer(self, data: bytes) -> None:
        """What the source said."""
        match self.proxy.fault:
            case None:
                self.transport.write(data)
            case "resets":
                self.transport.write(data[: len(data) // 2])
                self.abort()
            case "lies":
                self.transport.write(GARBAGE * (len(data) // len(GARBAGE) + 1))
            case "is slow":
                loop = asyncio.get_running_loop()
                loop.call_later(SLOW_SECONDS, self._late, data)

    def _late(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def abort(self) -> None:
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.fronts.discard(self)
        if self._back is not None:
            self._back.transport.abort()


class Back(asyncio.Protocol):
    """The source's end of a connection."""

    transport: asyncio.Transport

    def __init__(self, front: Front) -> None:
        self._front = front

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._front.answer(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._front.proxy.fault != "hangs":
            self._front.transport.close()


def lying() -> Lies:
    """A service whose answers are none, each in a way of its own, or are of something else. A list
    without what was asked for is an answer like any other: nobody can tell that it is a lie."""
    other = b'{"sku":"OTHER-1","order_id":-5,"code":"OTHER","name":5}'
    bodies = cycle(
        [
            b"<html>It works</html>", b"", b"[" * 5_000, b'{"items": [1, null, "a"]}', b'{"items"',
            b"null", b"\xff\xfe\x00", b'{"items": {}}', b"[5]", other,
        ]
    )  # fmt: skip

    def answer(asked: bytes) -> bytes | None:
        if not asked.endswith(b"\r\n\r\n"):
            return None
        body = next(bodies)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        return head % len(body) + body

    return answer


@asynccontextmanager
async def proxy_to(port: int, lies: Lies | None = None) -> AsyncIterator[Proxy]:
    proxy = Proxy(port, lies)
    await proxy.turn(None)
    try:
        yield proxy
    finally:
        proxy.close()
        await asyncio.sleep(0.05)
