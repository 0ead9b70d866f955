"""Servers that behave badly: services with any handler, and sockets that fall silent."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Service:
    """An HTTP service: what it was asked, in order, and how many requests it had at once."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    busiest: int = 0
    _now: int = 0


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[Service]:
    """A service that answers every path with the handler; ``paths`` are as they were sent."""
    service = Service()

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        service.paths.append(request.raw_path)
        service._now += 1
        service.busiest = max(service.busiest, service._now)
        try:
            return await handler(request)
        finally:
            service._now -= 1

    runner = web.ServerRunner(web.Server(serve, handler_cancellation=True), shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sending(answer: bytes, *, asked: bytes = b"\r\n\r\n") -> AsyncIterator[str]:
    """A service that sends these very bytes when what it is asked ends with ``asked``, or at
    once without that, and hangs up; gives its URL."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if asked:
            await reader.readuntil(asked)
        writer.write(answer)
        await writer.drain()

    async with listening_to(talk) as port:
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """A port that takes connections and never says anything."""

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening_to(keep) as port:
        yield port


@dataclass
class Line:
    """A line to a server. While it is ``cut``, what the server says gets lost; else ``garble``
    says what becomes of it. It ``breaks`` under so many of its answers."""

    port: int
    cut: bool = False
    breaks: int = 0
    garble: Callable[[bytes], bytes] = bytes


@asynccontextmanager
async def line_to(host: str, port: int) -> AsyncIterator[Line]:
    """A port that passes everything on to another one, both ways."""
    line = Line(0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if line.breaks:
                line.breaks -= 1
                writer.transport.abort()
                return
            if not line.cut:
                writer.write(line.garble(data))
                await writer.drain()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, port)
        answers = asyncio.create_task(answer(from_server, writer))
        try:
            while data := await reader.read(65536):
                to_server.write(data)
                await to_server.drain()
        finally:
            answers.cancel()
            to_server.close()

    async with listening_to(talk) as line.port:
        yield line


def unused_port() -> int:
    """A port that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


@asynccontextmanager
async def listening_to(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    talks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The other side has gone, or the test is over.
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    transports: set[asyncio.Transport] = set()
    over = False

    class Protocol(asyncio.StreamReaderProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transports.add(transport)
            super().connection_made(transport)
            if over:
                transport.abort()

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Protocol(asyncio.StreamReader(), accept), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        # A driver's monitor connects whenever it likes, so there may be connections whose talk has
        # not begun, and some that are only just being accepted.
        over = True
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, *_accepting(), return_exceptions=True)
        for transport in transports:
            transport.abort()
        await asyncio.sleep(0.01)
        # What a driver connected just as this closed is collected here, and not in another test.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def _accepting() -> list[asyncio.Task[None]]:
    return [
        task
        for task in asyncio.all_tasks()
        if getattr(task.get_coro(), "__name__", "") == "_accept_connection2"
    ]
