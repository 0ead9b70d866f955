"""The bounds of connections: what every connection of a worker shares.

One timer looks through all connections, once a second. A timer of its own for each request would
cost as much as what the request is parsed with.
"""

from __future__ import annotations

import asyncio
import logging
import math
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from gateway.errors import BadUserInput
from gateway.settings import LimitSettings
from gateway.transports.addresses import Networks, bounded_as
from loaders.json import write
from loaders.logs import Limited

log = logging.getLogger("sluice.edge")

SWEEP_SECONDS = 1.0

SPARE = 100
"""So many connections beyond the most are held for a moment, to be told why they are refused and
to answer probes. Any further is closed at once."""

LINGER_SECONDS = 2.0
"""From a refusal until the connection is closed, lest its reset overtakes the refusal."""

LINGER_BYTES = 1_000_000
"""So much of what a client sends on after a refusal is read, and thrown away."""

NEVER = math.inf


@dataclass(frozen=True)
class Refusal:
    """Why something is refused: what bounds it, and what the client is told, which holds nothing
    of what he sent."""

    bound: str
    status: HTTPStatus
    message: str
    code: str = BadUserInput.code
    retry: bool = False

    def answer(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """All of the response, after which the connection is closed."""
        error = {"message": self.message, "extensions": {"code": self.code}}
        body = write({"errors": [error]})
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}".encode(),
            *(b"%s: %s" % header for header in headers),
            b"content-type: application/json; charset=utf-8",
            b"content-length: %d" % len(body),
            b"cache-control: no-store",
            b"x-content-type-options: nosniff",
            b"connection: close",
        ]
        if self.retry:
            lines.append(b"retry-after: 1")
        return b"\r\n".join((*lines, b"", body))


class Swept(Protocol):
    """A connection, of either protocol."""

    transport: asyncio.Transport
    client: tuple[str, int] | None
    unsent: int
    moved: float

    def look(self, now: float) -> None:
        """Acts on what is overdue."""


class Edge:
    """The bounds of a worker's connections, and what they are held against.

    ``proxies`` are those whose own connections are not counted by address; with None none are.
    """

    def __init__(self, limits: LimitSettings, proxies: Sequence[str] | None) -> None:
        self.limits = limits
        self.receive_seconds = limits.receive_seconds
        self.tls: ssl.SSLContext | None = None
        """What connections are encrypted by, if they are."""
        self.is_draining = False
        """Whether each answer is the last one on its connection."""
        self.soon = 0.0
        """When the next look is, so that what is due some seconds later has all of them."""
        self.sweep_seconds = min(SWEEP_SECONDS, limits.receive_seconds, limits.stalled_seconds)
        self.log = Limited(log)
        self._proxies = None if proxies is None else Networks(proxies)
        self._addresses: Counter[str] = Counter()
        self._connections: set[Swept] = set()
        self._timer: asyncio.TimerHandle | None = None
        most, of_address = limits.connections, limits.connections_per_address
        self.url = Refusal(
            "limits.url_bytes",
            HTTPStatus.REQUEST_URI_TOO_LONG,
            f"The URL has more than {limits.url_bytes} bytes: send long operations by POST.",
        )
        self.head = Refusal(
            "limits.header_bytes",
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The headers have more than {limits.header_bytes} bytes.",
        )
        self.lines = Refusal(
            "limits.headers",
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request has more than {limits.headers} headers.",
        )
        self.late = Refusal(
            "limits.receive_seconds",
            HTTPStatus.REQUEST_TIMEOUT,
            f"The request did not arrive within {limits.receive_seconds:g} seconds.",
        )
        self.crowded = Refusal(
            "limits.connections",
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"There are {most} connections here, and can't be more now: try again.",
            "RATE_LIMITED",
            retry=True,
        )
        self.greedy = Refusal(
            "limits.connections_per_address",
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Your address has {of_address} connections here, and can't have more: close some.",
            "RATE_LIMITED",
            retry=True,
        )

    def enter(self, connection: Swept, address: str | None) -> Refusal | None:
        """Take a connection in; gives why it is one too many, if it is."""
        self._connections.add(connection)
        if self._timer is None:
            self._look_again(asyncio.get_running_loop())
        if address is not None:
            self._addresses[address] += 1
            if self._addresses[address] > self.limits.connections_per_address:
                return self.greedy
        return self.crowded if len(self._connections) > self.limits.connections else None

    def leave(self, connection: Swept, address: str | None) -> None:
        """Give back what ``enter`` took."""
        self._connections.discard(connection)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    @property
    def full(self) -> bool:
        """Whether not even a refusal can be held."""
        return len(self._connections) > self.limits.connections + SPARE

    def address_of(self, connection: Swept) -> str | None:
        """What a connection is counted by; None if it is not."""
        if self._proxies is None or connection.client is None:
            return None
        host = connection.client[0]
        return None if host in self._proxies else bounded_as(host)

    def tell(self, bound: str, client: tuple[str, int] | None, what: str) -> None:
        """Have the log say that a bound acted."""
        self.log.write(
            logging.INFO, bound, "%s, from %s: %s", bound, client[0] if client else "?", what
        )

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> float:
        now = loop.time()
        self.soon = now + self.sweep_seconds
        self._timer = loop.call_later(self.sweep_seconds, self._sweep, loop)
        return now

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if not self._connections:
            return
        now = self._look_again(loop)
        for each in list(self._connections):
            if not self._is_stuck(each, now):
                each.look(now)

    def _is_stuck(self, connection: Swept, now: float) -> bool:
        """Whether what is written to it doesn't get away, and so was dropped. What is written
        anew counts as progress: that is held back as soon as it is much."""
        unsent = connection.transport.get_write_buffer_size()
        if not unsent or unsent != connection.unsent:
            connection.unsent, connection.moved = unsent, now
            return False
        if now - connection.moved <= self.limits.stalled_seconds:
            return False
        self.tell("limits.stalled_seconds", connection.client, f"{unsent} bytes were not taken.")
        connection.transport.abort()
        return True
