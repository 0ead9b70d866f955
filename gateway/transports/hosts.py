"""By which names of its host the gateway may be asked.

A web page is held back by its browser alone, which goes by the names of hosts. A name that its
owner first has for his own page and then for this machine (DNS rebinding) leads that page here,
with a ``Host`` that is not ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.transports.http import refusal

ANY = "*"

PROBES = frozenset({"/healthz", "/readyz"})
"""The paths that probes ask, by whatever address they have of the process."""


class AllowedHosts:
    """Middleware that answers requests to these hosts alone, of which ``*.example.com`` are all
    below it. Ports play no role."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        host = _host(Headers(scope=scope).get("host", ""))
        if self._is_allowed(host):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # Before it is accepted: the handshake is answered with 403.
            await send({"type": "websocket.close"})
        else:
            reason = f"The host '{host[:100]}' is none of server.allowed_hosts."
            response = refusal(Request(scope), 400, reason)
            await response(scope, receive, send)

    def _is_allowed(self, host: str) -> bool:
        labels = host.split(".")
        above = (f"*.{'.'.join(labels[index:])}" for index in range(1, len(labels)))
        return host in self._hosts or any(each in self._hosts for each in above)


def _host(header: str) -> str:
    host = header.strip().lower()
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.partition(":")[0]
