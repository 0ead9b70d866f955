"""How much a request may bring."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.transports.http import refusal


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
