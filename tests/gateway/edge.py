"""A gateway that serves in a process of its own, asked over sockets as they are."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson
import psutil

from tests.gateway.test_cli import GATEWAY, ROOT, free_port

GRAPH = """
import asyncio
from collections.abc import AsyncGenerator

import strawberry

from resolvers import Graph, mutation


@strawberry.type
class Query:
    @strawberry.field(description="A text of that size.")
    def text(self, size: int) -> str:
        return "x" * size

    @strawberry.field(description="The seconds, after as many.")
    async def slow(self, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds


@strawberry.type
class Subscription:
    @strawberry.subscription(description="Numbers, so many seconds apart.")
    async def ticks(self, seconds: float) -> AsyncGenerator[int, None]:
        number = 0
        while True:
            number += 1
            yield number
            await asyncio.sleep(seconds)


async def write(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


@strawberry.type
class Mutation:
    write: float | None = mutation("The seconds, after as many.", write, public=True)


graph = Graph(Query, mutation=Mutation, subscription=Subscription)
"""

TYPENAME = {"data": {"__typename": "Query"}}

SOON = 15.0


@dataclass(frozen=True)
class Reply:
    """An answer, as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def codes(self) -> list[str]:
        """The errors' codes."""
        return [error["extensions"]["code"] for error in self.body["errors"]]


class Line:
    """A connection of a client that may do anything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.writer.transport.abort()

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def reply(self) -> Reply:
        """The next answer. Raises IncompleteReadError if there is none."""
        async with asyncio.timeout(SOON):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.splitlines()
            pairs = (line.partition(": ") for line in lines if line)
            headers = {name.lower(): value for name, _, value in pairs}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Reply(int(first.split()[1]), headers, orjson.loads(body) if body else None)

    async def ended(self) -> float:
        """Wait until the other side has closed; gives the seconds that took. What it says is
        dropped."""
        began = time.monotonic()
        async with asyncio.timeout(SOON):
            with suppress(ConnectionResetError):
                while await self.reader.read(1 << 16):
                    pass
        return time.monotonic() - began


@dataclass(frozen=True)
class Served:
    """The process, and how to talk to it."""

    port: int
    process: psutil.Process
    log: Path
    tls: ssl.SSLContext | None = None

    @property
    def cpu(self) -> float:
        """Seconds that it has had."""
        times = self.process.cpu_times()
        return times.user + times.system

    @property
    def memory(self) -> int:
        """Bytes that it has."""
        size: int = self.process.memory_info().rss
        return size

    @property
    def logged(self) -> str:
        return self.log.read_text()

    async def line(self, *, address: str = "127.0.0.1", limit: int = 1 << 16) -> Line:
        """A connection from that address of this machine."""
        return Line(
            *await asyncio.open_connection(
                "127.0.0.1", self.port, local_addr=(address, 0), limit=limit, ssl=self.tls
            )
        )

    async def ask(self, query: str = "{ __typename }", **headers: str) -> Reply:
        """The answer to an honest request."""
        async with await self.line() as line:
            await line.send(post(query, **headers))
            return await line.reply()


def post(query: str = "{ __typename }", **headers: str) -> bytes:
    """An honest request."""
    body = orjson.dumps({"query": query})
    return head(content_length=str(len(body)), **headers) + b"\r\n" + body


def head(first: str = "POST /graphql HTTP/1.1", **headers: str) -> bytes:
    """The first lines of a request, without the empty one that ends them."""
    named = {"host": "localhost", "content-type": "application/json", **headers}
    lines = [first, *(f"{name.replace('_', '-')}: {value}" for name, value in named.items())]
    return "".join(f"{line}\r\n" for line in lines).encode()


@asynccontextmanager
async def edge(
    folder: Path,
    tls: ssl.SSLContext | None = None,
    *,
    environment: str = "production",
    **settings: Mapping[str, object],
) -> AsyncIterator[Served]:
    """A gateway over the graph above, with these sections of its settings; how it is asked by TLS,
    if it is."""
    (folder / "echo.py").write_text(GRAPH)
    (folder / "gateway.toml").write_text(
        'graph = "echo:graph"\n[sources.nowhere]\nkind = "rest"\nurl = "http://127.0.0.1:1"\n'
    )
    variables = {
        "PYTHONPATH": f"{folder}:{ROOT}",
        "SLUICE_ENVIRONMENT": environment,
        **{f"SLUICE_{name.upper()}": orjson.dumps(v).decode() for name, v in settings.items()},
    }
    async with process_of([GATEWAY], folder, variables, tls) as served:
        yield served


@asynccontextmanager
async def process_of(
    command: Sequence[str | Path],
    folder: Path,
    variables: Mapping[str, str],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Served]:
    """A gateway by that command, which is followed by what has it serve; its graph has the type
    ``Query``."""
    of_others = {name: v for name, v in os.environ.items() if not name.startswith("SLUICE_")}
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(*command, "serve", "--port", str(port)),
            cwd=folder,
            env={**of_others, "SLUICE_CHECKS": "off", **variables},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    served = Served(port, psutil.Process(process.pid), folder / "log", tls)
    try:
        await _started(served)
        yield served
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 20)


async def _started(served: Served) -> None:
    # A connection before it listens can meet itself, and then has the port.
    for _ in range(300):
        if "running on" in served.logged:
            # Of several workers none may listen yet.
            with suppress(ConnectionRefusedError):
                assert (await served.ask()).body == TYPENAME
                return
        await asyncio.sleep(0.05)
    raise AssertionError(served.logged)
