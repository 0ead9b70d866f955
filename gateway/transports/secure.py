"""HTTPS, for good."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = (b"strict-transport-security", b"max-age=31536000")
"""For a year. Whether it holds for the names below the host's is for their owner to say."""


class StrictTransport:
    """Middleware that tells browsers which asked by HTTPS to ask so always (RFC 6797)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), HEADER]
            await send(message)

        # A browser passes it over where it came by HTTP, and there it must not be.
        is_https = scope["type"] == "http" and scope["scheme"] == "https"
        await self._app(scope, receive, send_with_header if is_https else send)
