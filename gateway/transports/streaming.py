"""Answers over HTTP that come in several parts: server-sent events, and multipart/mixed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Never

from starlette.types import Receive, Send
from strawberry.http.streaming import MultipartTransport

from loaders.json import write

KEEP_ALIVE_SECONDS = 15.0
"""Of silence, after which a comment shows proxies that an event stream is still alive."""


EVENT_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    # Has nginx pass each event on at once.
    "X-Accel-Buffering": "no",
}


class EventStream:
    """Results as server-sent events: graphql-sse's distinct connections mode.

    Lines end with LF. CR LF would do as well (HTML, 9.2.5), but clients find no event there that
    look for two LF.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    async def open(self) -> None:
        await _start(self._send, EVENT_HEADERS)

    async def next(self, body: Mapping[str, Any]) -> None:
        await _write(self._send, f"event: next\ndata: {_json(body)}\n\n")

    async def complete(self) -> None:
        # Browsers drop an event without data.
        await _write(self._send, "event: complete\ndata:\n\n", last=True)

    async def keep_alive(self) -> Never:
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            await _write(self._send, ": keep-alive\n\n")


class Parts:
    """The results of an operation with deferred parts, as multipart/mixed ("Incremental delivery
    over HTTP")."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._transport = MultipartTransport()
        self.opened = False

    async def next(self, body: Mapping[str, Any]) -> None:
        text = self._transport.encode_multipart_data(body, _json)
        if not self.opened:
            self.opened = True
            await _start(self._send, self._transport.headers)
            text = f"\r\n--{self._transport.separator}{text}"
        # Each part ends with its delimiter, so that a client can tell at once that it is whole.
        await _write(self._send, text)

    async def complete(self) -> None:
        await _write(self._send, "--\r\n", last=True)


async def first_of(*works: Coroutine[Any, Any, str | None]) -> str | None:
    """What the first of these gives or raises; the others are cancelled and have ended."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def hung_up(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, headers: Mapping[str, str]) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})


async def _write(send: Send, text: str, *, last: bool = False) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": not last})


def _json(body: object) -> str:
    return write(body).decode()
