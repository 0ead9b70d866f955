"""Answers over HTTP that come in several parts: server-sent events, and two kinds of
multipart/mixed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, ClassVar, Never, Protocol

from starlette.types import Receive, Send
from strawberry.http.streaming import MultipartTransport

from gateway.operations.results import Result, body_of
from loaders.json import write

KEEP_ALIVE_SECONDS = 15.0
"""After which something that says nothing shows proxies that an answer still goes on."""


EVENT_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    # Has nginx pass each event on at once.
    "X-Accel-Buffering": "no",
}


class Stream(Protocol):
    """What the results of an operation are sent by, one after another, for as long as it lasts."""

    of_any_kind: ClassVar[bool]
    """Whether it is for operations of any kind, in parts where they defer some, and is opened
    before they run; else for subscriptions, and is opened when one has begun."""

    opened: bool

    async def open(self) -> None: ...

    async def next(self, result: Result) -> None: ...

    async def fail(self, errors: Sequence[Mapping[str, Any]]) -> None:
        """Send why there are no further results."""

    async def complete(self) -> None:
        """Send that these were all."""

    async def keep_alive(self) -> Never:
        """Show proxies, for as long as it is open, that it still is."""


class EventStream:
    """Results as server-sent events: graphql-sse's distinct connections mode.

    Lines end with LF. CR LF would do as well (HTML, 9.2.5), but clients find no event there that
    look for two LF.
    """

    of_any_kind: ClassVar[bool] = True

    def __init__(self, send: Send) -> None:
        self._send = send
        self.opened = False

    async def open(self) -> None:
        self.opened = True
        await _start(self._send, EVENT_HEADERS)

    async def next(self, result: Result) -> None:
        await self._next(body_of(result))

    async def fail(self, errors: Sequence[Mapping[str, Any]]) -> None:
        await self._next({"errors": errors})

    async def complete(self) -> None:
        # Browsers drop an event without data.
        await _write(self._send, "event: complete\ndata:\n\n", last=True)

    async def keep_alive(self) -> Never:
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            await _write(self._send, ": keep-alive\n\n")

    async def _next(self, body: Mapping[str, Any]) -> None:
        await _write(self._send, f"event: next\ndata: {_json(body)}\n\n")


class Parts:
    """The results of an operation with deferred parts, as multipart/mixed ("Incremental delivery
    over HTTP"). It opens with the first."""

    boundary: ClassVar[str] = "-"
    parameters: ClassVar[str] = ""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._transport = MultipartTransport(self.boundary)
        self._delimiter = f"\r\n--{self.boundary}"
        self.opened = False

    async def open(self) -> None:
        self.opened = True
        media_type = f'multipart/mixed; boundary="{self.boundary}"{self.parameters}'
        await _start(self._send, {"Content-Type": media_type})

    async def next(self, result: Result) -> None:
        if not self.opened:
            await self.open()
        await self._part(body_of(result))

    async def complete(self) -> None:
        await _write(self._send, "--\r\n", last=True)

    async def _part(self, body: Mapping[str, Any]) -> None:
        # Each part ends with its delimiter, so that a client can tell at once that it is whole.
        text, self._delimiter = self._delimiter, ""
        await _write(self._send, text + self._transport.encode_multipart_data(body, _json))


class SubscriptionParts(Parts):
    """The events of a subscription as multipart/mixed: Apollo's "Multipart HTTP protocol for
    GraphQL subscriptions", version 1.0.

    An event is the ``payload`` of its part. The errors of none, which end the subscription, stand
    beside a ``payload`` that is null; a part without either is a heartbeat.
    """

    of_any_kind: ClassVar[bool] = False
    boundary: ClassVar[str] = "graphql"
    parameters: ClassVar[str] = "; subscriptionSpec=1.0"

    async def open(self) -> None:
        await super().open()
        # Some proxies pass nothing on before there is a body.
        await self._part({})

    async def next(self, result: Result) -> None:
        body = body_of(result)
        if "data" in body:
            await self._part({"payload": body})
        else:
            await self.fail(body["errors"])

    async def fail(self, errors: Sequence[Mapping[str, Any]]) -> None:
        await self._part({"payload": None, "errors": errors})

    async def keep_alive(self) -> Never:
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            if self.opened:
                await self._part({})


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
