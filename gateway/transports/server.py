"""The server: uvicorn's, which comes to its end slowly enough for those who wait for an answer."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.supervisors import multiprocess

from gateway.operations.runner import Operations
from gateway.readiness import Readiness
from gateway.transports.edge import Edge
from gateway.transports.protocol import HTTPProtocol

GRACE_SECONDS = 10.0
"""From the signal on. What has not ended by then is ended."""

LISTENING_SECONDS = 5.0
"""Of these, as long as there are operations, so that a proxy can learn that the gateway is not
ready any more before connections are refused."""


class Server(uvicorn.Server):
    """Ends in steps when it is told to:

    - at once it is not ready, and each answer is the last one on its connection;
    - it listens on as long as operations run, but not for long, and ends its subscriptions;
    - it waits for the answers that are left, and then ends those that have none with an error.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        # The connections are made with it.
        http: Any = config.http
        self._edge: Edge = http.args[0]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn would have asyncio do the handshakes, of which the edge knows nothing.
        self._edge.tls, self.config.ssl = self.config.ssl, None
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.started:
            readiness = self.lifespan.state.get("readiness")
            if isinstance(readiness, Readiness):
                readiness.is_over = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        operations = self.lifespan.state.get("operations")
        if isinstance(operations, Operations):
            await self._drain(operations)
        await super().shutdown(sockets)

    async def _drain(self, operations: Operations) -> None:
        began = time.monotonic()
        self._edge.is_draining = True
        for connection in list(self.server_state.connections):
            if isinstance(connection, HTTPProtocol):
                connection.drain()
        operations.end_subscriptions()

        def is_done() -> bool:
            return not operations.running and not any(
                isinstance(each, HTTPProtocol) and each.is_answering
                for each in self.server_state.connections
            )

        await self._until(is_done, began + LISTENING_SECONDS)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if isinstance(connection, HTTPProtocol):
                connection.shutdown()
        await self._until(is_done, began + GRACE_SECONDS)
        operations.end()
        # What a mutation writes has the time of its operation.
        await self._until(
            lambda: not operations.running, began + GRACE_SECONDS + operations.longest
        )
        await self._until(is_done, time.monotonic() + 1.0)

    async def _until(self, condition: Callable[[], bool], deadline: float) -> None:
        while not condition() and time.monotonic() < deadline and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


class Worker(multiprocess.Process):
    """A process with such a server."""

    @property
    def server(self) -> Server:
        if not isinstance(self._server, Server):
            self._server = Server(self.config)
        return self._server


def run(config: uvicorn.Config) -> bool:
    """Serve until it is told to stop, by as many workers as the configuration has. Returns whether
    it has served."""
    if config.workers > 1:
        # uvicorn has no other way to say of which kind its workers are.
        multiprocess.Process = Worker  # type: ignore[misc]
        multiprocess.Multiprocess(config, [config.bind_socket()]).run()
        return True
    server = Server(config)
    server.run()
    return server.started
