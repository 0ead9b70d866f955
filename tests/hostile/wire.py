"""Connections without a network: the gateway's own protocols, fed by hand, on a loop of their own.

What they have answered is read strictly, by other code than what wrote it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
import uvloop
from uvicorn.server import ServerState

from gateway.app import create_app
from gateway.commands.serving import uvicorn_options
from gateway.settings import Settings

GRAPH = "tests.hostile.echo:graph"

FOREVER = 1e18
"""A moment at which nobody has any patience left."""

CLOSES = {*range(1000, 1015), *range(3000, 5000)} - {1004, 1005, 1006}
"""Codes that a close frame may have (RFC 6455, 7.4)."""


class Wire(asyncio.Transport):
    """The gateway's end of a connection: what it wrote there, and whether it has closed it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 80)})
        self.written = bytearray()
        self.is_closed = self.is_paused = False
        self.protocol: Any = None

    def get_protocol(self) -> Any:
        return self.protocol

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self.is_closed:
            self.written += data

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        # The client sees its end, and has nothing further to say.
        self.is_closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class Faults(logging.Handler):
    """Keeps what the log has of them."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@dataclass
class Gateway:
    """A gateway without a port, as ``gateway serve`` has it else."""

    runner: asyncio.Runner = field(
        default_factory=lambda: asyncio.Runner(loop_factory=uvloop.new_event_loop)
    )
    _faults: Faults = field(default_factory=lambda: Faults(logging.ERROR))

    def __enter__(self) -> Gateway:
        settings = Settings.of(
            graph=GRAPH,
            sources={"nowhere": {"kind": "rest", "url": "http://127.0.0.1:1"}},
            limits={"batch": 5, "body_bytes": 20_000},
        )
        app = create_app(settings)
        options = {**uvicorn_options(settings), "log_config": None, "access_log": False}
        self._config = uvicorn.Config(app, **options)
        self._config.load()
        self._state = ServerState()
        self._open = AsyncExitStack()
        logging.getLogger().addHandler(self._faults)
        self.runner.run(self._open.enter_async_context(app.router.lifespan_context(app)))
        return self

    def __exit__(self, *error: object) -> None:
        self.runner.run(self._open.aclose())
        self.runner.close()
        logging.getLogger().removeHandler(self._faults)

    def hear(self, pieces: Sequence[bytes]) -> bytes:
        """All that is answered to these pieces, by when the client's time is up. Fails if the log
        has a fault then."""
        answered = self.runner.run(self._hear(pieces))
        assert not self._faults.said, self._faults.said.pop()
        return answered

    async def _hear(self, pieces: Sequence[bytes]) -> bytes:
        loop, wire = asyncio.get_running_loop(), Wire()
        protocol = self._config.http_protocol_class(  # type: ignore[call-arg]
            config=self._config, server_state=self._state, app_state={}, _loop=loop
        )
        wire.protocol = protocol
        protocol.connection_made(wire)
        for piece in pieces:
            if wire.is_closed:
                break
            wire.protocol.data_received(piece)
            await self._settle()
            for _ in range(100):
                if not wire.is_paused:
                    break
                await self._settle()
        for _ in range(3):
            await self._settle()
            wire.protocol.look(FOREVER)
        wire.protocol.connection_lost(None)
        for _ in range(100):
            if not self._state.tasks:
                break
            await self._settle()
        assert not self._state.tasks, "something goes on without its client"
        return bytes(wire.written)

    async def _settle(self) -> None:
        for _ in range(12):
            await asyncio.sleep(0)
            if not self._state.tasks:
                break


def check(answered: bytes) -> list[str]:
    """How each answer ends; a WebSocket's by its close code. Fails where anything is no answer, is
    a fault of the gateway's, or lacks a code."""
    assert b"INTERNAL_SERVER_ERROR" not in answered
    ends, at = list[str](), 0
    while at < len(answered):
        found = _head.match(answered, at)
        assert found, answered[at : at + 200]
        status, at = int(found[1]), found.end()
        ends.append(str(status))
        assert status < 500, answered[-500:]
        headers = dict(line.lower().split(b": ", 1) for line in found[2].splitlines())
        if status == 101:
            ends += frames_of(answered[at:])
            break
        if status < 200:
            continue
        body, at = _body_of(answered, at, headers)
        if status >= 400 and body and b"json" in headers.get(b"content-type", b""):
            (error,) = orjson.loads(body)["errors"]
            assert error["extensions"]["code"], error
    return ends


_head = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")


def _body_of(answered: bytes, at: int, headers: dict[bytes, bytes]) -> tuple[bytes, int]:
    if headers.get(b"transfer-encoding") == b"chunked":
        end = answered.find(b"0\r\n\r\n", at)
        return (answered[at:end], end + 5) if end >= 0 else (answered[at:], len(answered))
    size = int(headers.get(b"content-length", 0))
    if answered.startswith(b"HTTP/1.1 ", at) or at == len(answered):
        return b"", at  # to HEAD
    assert len(answered) >= at + size, "an answer was cut off"
    return answered[at : at + size], at + size


def frames_of(sent: bytes) -> Iterator[str]:
    """What each frame of the gateway's is; its last one must be a close frame with a code, or
    there is none where the client has gone."""
    at = 0
    while at < len(sent):
        first, length = sent[at], sent[at + 1]
        assert first & 0x70 == 0, "reserved bits"
        assert length & 0x80 == 0, "a mask"
        at += 2
        if length >= 126:
            width = 2 if length == 126 else 8
            length, at = int.from_bytes(sent[at : at + width]), at + width
        payload, at = sent[at : at + length], at + length
        assert len(payload) == length, "a frame was cut off"
        match first & 15:
            case 8:
                # A client's own without a code is sent back as it is.
                code = int.from_bytes(payload[:2]) if payload else None
                assert code is None or code in CLOSES, code
                assert at == len(sent), "something behind the end"
                yield f"close {code}"
            case 1:
                yield orjson.loads(payload)["type"]
            case kind:
                assert kind in (9, 10), kind
                yield "ping" if kind == 9 else "pong"
