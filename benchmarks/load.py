"""The load: requests over connections that stay open, each sent when the last was answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httptools


class LoadError(Exception):
    """A server answered something else than it did before, or nothing."""


class Closed(LoadError):
    """The server has closed the connection, as it may when nothing was sent for a while."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was sent, in how many seconds; ``latencies`` are in seconds, sorted."""

    seconds: float
    latencies: Sequence[float]

    @property
    def requests(self) -> int:
        return len(self.latencies)

    def percentile(self, share: float) -> float:
        """The nearest rank."""
        return self.latencies[min(int(share * len(self.latencies)), len(self.latencies) - 1)]


class Client(asyncio.Protocol):
    """One connection. Give it a request, get the body of the answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []

    async def ask(self, request: bytes) -> bytes:
        """Raises LoadError for any status but 200, and Closed where there is no answer."""
        if self._transport is None or self._transport.is_closing():
            raise Closed("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._body = []
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Closed("the connection was closed"))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._answer is not None
        body, status = b"".join(self._body), self._parser.get_status_code()
        if status == 200:
            self._answer.set_result(body)
        else:
            self._answer.set_exception(LoadError(f"status {status}: {body[:300]!r}"))


async def ask(port: int, request: bytes) -> bytes:
    """One answer, over a connection of its own."""
    client = await connect(port)
    try:
        return await client.ask(request)
    finally:
        client.close()


async def load(
    port: int,
    request: bytes,
    expected: bytes,
    *,
    clients: int,
    seconds: float,
    requests: int,
) -> Load:
    """Sends the request from so many clients at a time, until the time is over or that many were
    sent. Raises LoadError where an answer is not the expected one.
    """
    opened = [await connect(port) for _ in range(clients)]
    latencies: list[float] = []
    left = requests
    began = time.perf_counter()
    deadline = began + seconds

    async def run(client: Client) -> None:
        nonlocal left
        while left > 0 and (sent := time.perf_counter()) < deadline:
            left -= 1
            body = await client.ask(request)
            latencies.append(time.perf_counter() - sent)
            if body != expected:
                raise LoadError(f"another answer than before: {body[:300]!r}")

    try:
        async with asyncio.timeout(seconds + 60), asyncio.TaskGroup() as group:
            for client in opened:
                group.create_task(run(client))
    except* LoadError as errors:
        raise errors.exceptions[0] from None
    finally:
        for client in opened:
            client.close()
    return Load(time.perf_counter() - began, sorted(latencies))


async def connect(port: int) -> Client:
    """To a server on this machine."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, "127.0.0.1", port)
    return client
