"""TLS, whose handshakes are bounded as connections are."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from gateway.transports.edge import LINGER_SECONDS, Edge, Refusal
from gateway.transports.protocol import HTTPProtocol


def connection(edge: Edge, **of_server: Any) -> asyncio.Protocol:
    """A new connection, as uvicorn asks for one, with TLS before it if the edge has that."""
    protocol = HTTPProtocol(edge, **of_server)
    return protocol if edge.tls is None else Handshake(edge, protocol)


class Handshake(asyncio.Protocol):
    """A connection until its handshake is done, and then the other one's. asyncio's own servers
    know of none before that, so whoever begins no handshake would be counted by nobody."""

    unsent, moved = 0, 0.0

    def __init__(self, edge: Edge, protocol: HTTPProtocol) -> None:
        self._edge = edge
        self._protocol = protocol
        self._received: list[bytes] = []
        self._until = 0.0
        self._address: str | None = None
        self._is_here = False
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        edge = self._edge
        self.transport = transport
        self.client: tuple[str, int] | None = transport.get_extra_info("peername")[:2]
        self._address = edge.address_of(self)
        refusal = edge.enter(self, self._address)
        self._is_here = True
        self._until = edge.soon + edge.receive_seconds
        if refusal is not None:
            # What it is refused for it is told once there is a way to tell it.
            self._until = edge.soon + LINGER_SECONDS
            if edge.full:
                self._drop(refusal)
                return

    def data_received(self, data: bytes) -> None:
        """The first of the handshake, or what has come with its last message."""
        if self._task is None:
            self.transport.pause_reading()
            self._task = asyncio.get_running_loop().create_task(self._shake_hands(data))
        else:
            self._received.append(data)

    async def _shake_hands(self, first: bytes) -> None:
        try:
            transport = await self._encrypted(first)
        except OSError:
            # It went, or speaks no TLS: ssl.SSLError is one of these.
            self._leave()
            return
        if not self._is_here:
            return
        self._leave()
        transport.set_protocol(self._protocol)
        self._protocol.connection_made(transport)
        if self._received and not transport.is_closing():
            self._protocol.data_received(b"".join(self._received))

    async def _encrypted(self, first: bytes) -> asyncio.Transport:
        loop, tls = asyncio.get_running_loop(), self._edge.tls
        assert tls is not None
        starting = loop.create_task(loop.start_tls(self.transport, self, tls, server_side=True))
        # By the next turn the transport's protocol is TLS's, which has not seen what came before.
        await asyncio.sleep(0)
        # uvloop's is of no class of asyncio's.
        protocol = cast(asyncio.BufferedProtocol, self.transport.get_protocol())
        while first:
            buffer = memoryview(protocol.get_buffer(len(first)))
            part = first[: len(buffer)]
            buffer[: len(part)] = part
            protocol.buffer_updated(len(part))
            first = first[len(part) :]
        transport = await starting
        if transport is None:
            raise ConnectionAbortedError
        return transport

    def connection_lost(self, _: Exception | None) -> None:
        self._leave()

    def look(self, now: float) -> None:
        """Have it end that is late, or that nobody waits for any more."""
        if self._edge.is_draining:
            self.transport.abort()
        elif now >= self._until:
            self._drop(self._edge.late)

    def _drop(self, refusal: Refusal) -> None:
        self._edge.tell(refusal.bound, self.client, "The TLS handshake was not done.")
        self.transport.abort()

    def _leave(self) -> None:
        if self._is_here:
            self._is_here = False
            self._edge.leave(self, self._address)
