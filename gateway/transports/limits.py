"""How much a request may bring, and how much of one address there may be at a time."""

from __future__ import annotations

import logging
from collections import Counter

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.transports.addresses import bounded_as
from gateway.transports.http import refusal
from loaders.json import write
from loaders.logs import Limited

log = logging.getLogger("sluice.edge")


class BodyLimit:
    """Middleware that answers 413 to a request whose body is larger than ``limit`` bytes."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        left = self._limit

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _TooLarge
            return message

        declared = Headers(scope=scope).get("content-length", "")
        try:
            if declared.isdecimal() and int(declared) > self._limit:
                raise _TooLarge
            await self._app(scope, limited, send)
        except _TooLarge:
            reason = f"The body is larger than {self._limit} bytes."
            await refusal(Request(scope), 413, reason)(scope, receive, send)


class _TooLarge(Exception):
    pass


class AddressLimit:
    """Middleware that answers 429 where a client, by its address, has more than so many requests or
    WebSockets at the same time. Of IPv6 a /64 is one address."""

    def __init__(self, app: ASGIApp, *, requests: int, sockets: int) -> None:
        self._app = app
        self._most = {
            "http": ("limits.connections_per_address", requests, "requests"),
            "websocket": ("limits.sockets_per_address", sockets, "WebSockets"),
        }
        self._now: Counter[tuple[str, str]] = Counter()
        self._log = Limited(log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in self._most or scope["client"] is None:
            await self._app(scope, receive, send)
            return
        bound, most, what = self._most[scope["type"]]
        client = scope["type"], bounded_as(scope["client"][0])
        self._now[client] += 1
        try:
            if self._now[client] <= most:
                await self._app(scope, receive, send)
            else:
                reason = f"Your address has {most} {what} here already, and can't have more."
                self._log.write(logging.INFO, bound, "%s, from %s: %s", bound, client[1], reason)
                await _refuse(reason, scope, receive, send)
        finally:
            self._now[client] -= 1
            if not self._now[client]:
                del self._now[client]


async def _refuse(reason: str, scope: Scope, receive: Receive, send: Send) -> None:
    body = {"errors": [{"message": reason, "extensions": {"code": "RATE_LIMITED"}}]}
    response = Response(write(body), 429, {"retry-after": "1"}, "application/json")
    if scope["type"] == "http":
        await response(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        # Before it is accepted: the handshake is answered with 403.
        await send({"type": "websocket.close"})
