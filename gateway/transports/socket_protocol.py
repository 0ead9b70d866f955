"""WebSockets as uvicorn speaks them, within bounds that it has not."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Close

from gateway.transports.edge import LINGER_BYTES, LINGER_SECONDS, Edge

FRAMES = 1_000
"""A WebSocket's message may come in so many pieces."""

MANY_FRAMES = f"A message has more than {FRAMES} frames."
NO_TEXT = "A message of text is not UTF-8."


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket."""

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
        self.edge = edge
        self.address: str | None = None
        self.ended = False
        """After this nothing is read."""
        self.dropped = 0
        """Bytes that came since."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.address = self.edge.address_of(self)
        self.edge.enter(self, self.address)

    def connection_lost(self, exc: Exception | None) -> None:
        self.edge.leave(self, self.address)
        super().connection_lost(exc)

    def look(self, now: float) -> None:
        """It may be silent for as long as it answers pings; the gateway knows who is idle."""

    def data_received(self, data: bytes) -> None:
        if self.ended:
            self.dropped += len(data)
            if self.dropped > LINGER_BYTES:
                self.transport.abort()
        else:
            super().data_received(data)

    def handle_cont(self, event: Any) -> None:
        if self.ended:
            return
        if len(self.frames) >= FRAMES:
            self._fail(1009, MANY_FRAMES)
        else:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._fail(1007, NO_TEXT)
                return
        super().send_receive_event_to_app()

    def _fail(self, code: int, reason: str) -> None:
        self.edge.tell("WebSocket", self.client, reason)
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is not None:
            self._part(self.conn.close_sent)

    def handle_close(self, event: Any) -> None:
        if self.close_sent or self.conn.close_rcvd is None:
            super().handle_close(event)
        else:
            self._part(self.conn.close_rcvd)

    def _part(self, close: Close) -> None:
        # As uvicorn has it, which closes at once: where the client is still sending, its reset
        # would overtake the code that says why.
        if self.ended:
            return
        self.ended = self.close_sent = self.disconnected = True
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": close.code, "reason": close.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        else:
            self.transport.close()

    def handle_ping(self) -> None:
        if self.writable.is_set() and not self.close_sent:
            super().handle_ping()
        else:
            # Whoever doesn't read has no pongs kept for him, and nothing comes behind the close
            # frame (RFC 6455, section 5.5.1).
            self.conn.data_to_send()

    def keepalive_timeout(self) -> None:
        if self.transport.get_write_buffer_size() and self.ping_timeout is not None:
            # The ping waits behind an answer, which may take its time as long as it moves.
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            super().keepalive_timeout()
