"""HTTP as uvicorn speaks it, within bounds that it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.logs import request_id
from gateway.transports.edge import LINGER_BYTES, LINGER_SECONDS, NEVER, Edge, Refusal
from gateway.transports.hanging_up import EXTENSION, HangUp
from gateway.transports.hosts import PROBES
from gateway.transports.request_ids import HEADER, KEPT, id_of
from gateway.transports.socket_protocol import SocketProtocol

PIPELINED = 16
"""Requests that a client may send before the answer to an earlier one."""

CHUNK_BYTES = 6
"""A byte of a body that is a chunk by itself has so many with it."""

INVALID = Refusal("HTTP", HTTPStatus.BAD_REQUEST, "This is no request of HTTP/1.1.")
PIPELINE = Refusal(
    "Pipelining", HTTPStatus.BAD_REQUEST, f"More than {PIPELINED} requests wait for one answer."
)
HANDSHAKE = Refusal(
    "WebSocket",
    HTTPStatus.BAD_REQUEST,
    "This is no handshake of a WebSocket, or has a line of more than 8,000 bytes.",
)
UPGRADE = Refusal(
    "Upgrade",
    HTTPStatus.BAD_REQUEST,
    "A request with a body can't ask for another protocol: send it without the header Upgrade.",
)


class _Refused(Exception):
    """Stops the parser."""


class HTTPProtocol(HttpToolsProtocol):
    """A connection, one request of it after the other."""

    unsent, moved = 0, 0.0

    def __init__(
        self,
        edge: Edge,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.headers = []
        self.edge = edge
        self.address: str | None = None
        self.unwelcome: Refusal | None = None
        """What any request on it is answered with."""
        self.refusal: Refusal | None = None
        """After this nothing is read."""
        self.receiving = self.in_head = False
        self.until = NEVER
        """When it must have been received, or begun."""
        self.piece = 0
        """Bytes that are being parsed."""
        self.began = False
        """Whether the request began within them."""
        self.around = 0
        """Bytes of the request that are none of its body, but for the piece in which it began."""
        self.hang_up = HangUp()
        self.extensions = {EXTENSION: self.hang_up}
        self.running: RequestResponseCycle | None = None
        """The request that is being answered; ``cycle`` is the one that came last."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = self.edge.address_of(self)
        self.unwelcome = self.edge.enter(self, self.address)
        if self.unwelcome is None:
            self.until = self.edge.soon + self.edge.receive_seconds
            return
        self.edge.tell(self.unwelcome.bound, self.client, self.unwelcome.message)
        self.until = self.edge.soon + LINGER_SECONDS
        if self.edge.full:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.edge.leave(self, self.address)
        super().connection_lost(exc)
        if self.running is not None:
            self.running.disconnected = True
        self.hang_up.come()

    def handle_websocket_upgrade(self) -> None:
        # The WebSocket enters in its place.
        self.edge.leave(self, self.address)
        super().handle_websocket_upgrade()
        socket = self.transport.get_protocol()
        if isinstance(socket, SocketProtocol) and not socket.handshake_initiated:
            # It would wait for ever.
            id = id_of(self.headers)
            self._tell(HANDSHAKE, id)
            self._answer(HANDSHAKE, id)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self.piece = len(data)
        if self.refusal is not None:
            self.around += self.piece
            if self.around > LINGER_BYTES:
                self.transport.abort()
            return
        if not self.receiving:
            self.receiving = True
            if self.unwelcome is None:
                self.until = self.edge.soon + self.edge.receive_seconds
        self.began = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.refuse(self.refusal or INVALID)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._unsupported_upgrade_warning()
        else:
            if self.receiving and not self.began:
                self._bound()

    def _bound(self) -> None:
        """Looks at what of a request is there so far."""
        limits = self.edge.limits
        self.around += self.piece
        if len(self.headers) > limits.headers:
            self.refuse(self.edge.lines)
        elif self.around > limits.header_bytes + limits.url_bytes:
            self.refuse(self.edge.head)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self.extensions  # type: ignore[typeddict-item]  # of our own
        self.in_head = self.began = True
        self.around = 0
        if not self.receiving:
            # Right behind another.
            self.receiving = True
            self.until = self.edge.soon + self.edge.receive_seconds

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self.edge.limits.url_bytes:
            self._stop(self.edge.url)

    def on_headers_complete(self) -> None:
        edge = self.edge
        if len(self.headers) > edge.limits.headers:
            self._stop(edge.lines)
        # Most requests come in one piece.
        if not self.began or self.piece > edge.limits.header_bytes:
            size = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > edge.limits.header_bytes:
                self._stop(edge.head)
        if self.unwelcome is not None and self.url.partition(b"?")[0].decode() not in PROBES:
            self._stop(self.unwelcome)
        if self.parser.should_upgrade() and not self._should_upgrade() and _has_body(self.headers):
            # The parser takes what follows for the other protocol.
            self._stop(UPGRADE)
        super().on_headers_complete()
        self.in_head = False
        if self.edge.is_draining:
            self.cycle.keep_alive = False
        if len(self.pipeline) > PIPELINED:
            self._stop(PIPELINE)

    def _unsupported_upgrade_warning(self) -> None:
        # It is answered as if it had not asked, but the parser reads no further request.
        self.refusal = UPGRADE
        self.around = 0
        self.cycle.keep_alive = False

    def _stop(self, refusal: Refusal) -> None:
        self.refusal = refusal
        raise _Refused

    def drain(self) -> None:
        """Have what is being answered be the last."""
        for cycle in (self.running, self.cycle):
            if cycle is not None:
                cycle.keep_alive = False

    @property
    def is_answering(self) -> bool:
        return self.running is not None and not self.running.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def on_chunk_header(self) -> None:
        # Those behind the last chunk (trailers) are none of the request's.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self.around -= CHUNK_BYTES * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.receiving = False
        cycle = self.cycle
        is_answered = cycle is None or cycle.response_complete
        self.until = self.edge.soon + self.timeout_keep_alive if is_answered else NEVER

    def on_response_complete(self) -> None:
        # As uvicorn has it, but without a timer for each request.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        following = self.pipeline[-1][0] if self.pipeline else None
        if self.refusal is not None and (following is None or following.more_body):
            self._part()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            if self.receiving:
                # It could not go on before.
                self.until = self.edge.soon + self.edge.receive_seconds
        elif not self.receiving:
            self.until = self.edge.soon + self.timeout_keep_alive

    def refuse(self, refusal: Refusal) -> None:
        """Answers no more than what was received as a whole, and then with this."""
        id = self._id()
        self.refusal = refusal
        self.around = 0
        self.until = self.edge.soon + LINGER_SECONDS
        if refusal is not self.unwelcome:
            self._tell(refusal, id)
        cycle = self.cycle
        if cycle is not None and cycle.response_complete and not self.in_head:
            # It is answered, before it was there.
            self.transport.close()
            return
        if cycle is not None and not cycle.response_complete:
            if self.in_head or self.pipeline or not cycle.more_body:
                # Closed when those are answered that came before it.
                self.until = NEVER
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
                return
        if self.transport.is_closing():
            return
        self._answer(refusal, id)
        self._part()

    def _part(self) -> None:
        """Say no more. What the client still sends is read for a while, as its reset would overtake
        what it was answered."""
        self.until = self.edge.soon + LINGER_SECONDS
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _id(self) -> str:
        """By which the request is known that is being received, if one is."""
        cycle = self.cycle
        if self.in_head:
            return id_of(self.headers)
        if cycle is None or cycle.response_complete:
            return id_of(())
        return str(cycle.scope.get(KEPT) or id_of(cycle.scope["headers"]))

    def _tell(self, refusal: Refusal, id: str) -> None:
        # What is called here is called for all that comes by the connection.
        before = request_id.set(id)
        self.edge.tell(refusal.bound, self.client, refusal.message)
        request_id.reset(before)

    def _answer(self, refusal: Refusal, id: str) -> None:
        headers = [*self.server_state.default_headers, (HEADER, id.encode())]
        self.transport.write(refusal.answer(headers))

    def look(self, now: float) -> None:
        if now < self.until:
            return
        self.until = NEVER
        if self.refusal is not None:
            self.transport.abort()
        elif self.receiving and self.flow.read_paused:
            # It is not the client that is late.
            self.until = self.edge.soon + self.edge.receive_seconds
        elif self.receiving and self.unwelcome is None:
            self.refuse(self.edge.late)
        else:
            if self.cycle is None and self.unwelcome is None:
                self.edge.tell(self.edge.late.bound, self.client, "The connection said nothing.")
            self.transport.close()


def _has_body(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 "))
        for name, value in headers
    )
