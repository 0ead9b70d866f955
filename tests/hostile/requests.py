"""How hostile requests are sent, and what is seen of how each ends, in few words:

- an answer over HTTP: its status, and the codes of its errors: ``400 BAD_USER_INPUT``;
- a message on a WebSocket: its type, with codes: ``error OPERATION_TOO_COMPLEX``;
- a WebSocket's end: ``close 4400``;
- ``ended``: the connection was closed where nothing else was to come, and ``lost`` where a
  WebSocket's was without a word.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import orjson

from tests.gateway.edge import SOON, Line, head
from tests.hostile.serving import Target

MEGABYTE = 1_000_000

Send = Callable[[Target], Awaitable[Iterable[str]]]
"""Sends what is hostile, and returns how it ended."""

GRAPHQL_JSON = "application/graphql-response+json"

_code = re.compile(rb'"code":\s*"([A-Z_]+)"')


@dataclass(frozen=True)
class Hostile:
    """What somebody sends who means no good; how it must end, each of these, and may, but in no
    other way; and the most that it may take: seconds of CPU, of these at one go, and bytes of
    memory."""

    name: str
    send: Send
    ends: str | tuple[str, ...]
    may: tuple[str, ...] = ()
    cpu: float = 0.5
    hold: float = 0.25
    memory: int = 16 * MEGABYTE


def raw(*pieces: bytes, replies: int = 1, ends: bool = False) -> Send:
    """Bytes on a connection, for so many answers; with ``ends`` it must be closed after them."""

    async def send(target: Target) -> list[str]:
        async with await target.line() as line:
            sending = asyncio.create_task(_send(line, pieces))
            seen = [await reply(line) for _ in range(replies)]
            if ends:
                await line.ended()
                seen.append("ended")
            sending.cancel()
            await asyncio.wait([sending])
        return seen

    return send


async def _send(line: Line, pieces: Iterable[bytes]) -> None:
    # Whoever is refused is not read to his end.
    with suppress(ConnectionError):
        await line.send(*pieces)


async def reply(line: Line) -> str:
    """How the next answer ends, of whatever length it is."""
    try:
        async with asyncio.timeout(SOON):
            first, *lines = (await line.reader.readuntil(b"\r\n\r\n")).splitlines()
            named = dict(each.lower().split(b": ", 1) for each in lines if each)
            if b"chunked" in named.get(b"transfer-encoding", b""):
                body = b""
                while size := int(await line.reader.readuntil(b"\r\n"), 16):
                    body += await line.reader.readexactly(size + 2)
                await line.reader.readexactly(2)
            else:
                body = await line.reader.readexactly(int(named.get(b"content-length", 0)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return "ended"
    return told(first.split()[1].decode(), body)


def told(what: str, body: bytes) -> str:
    codes = {code.decode() for code in _code.findall(body)}
    return " ".join([what, *sorted(codes)])


def in_row(count: int, piece: bytes) -> Send:
    """The same request again and again on one connection, each behind the answer to the last."""

    async def send(target: Target) -> set[str]:
        ends = set()
        async with await target.line() as line:
            for _ in range(count):
                await line.send(piece)
                ends.add(await reply(line))
        return ends

    return send


def posted(body: bytes | object, first: str = "POST /graphql HTTP/1.1", **headers: str) -> Send:
    """A request with that body, which is made JSON unless it is bytes."""
    return raw(request(body, first, **headers))


def request(body: bytes | object, first: str = "POST /graphql HTTP/1.1", **headers: str) -> bytes:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {"accept": GRAPHQL_JSON, "content-length": str(len(content))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return head(first, **named) + b"\r\n" + content


def asked(query: str, variables: object = None, **headers: str) -> Send:
    """An operation."""
    body = {"query": query} if variables is None else {"query": query, "variables": variables}
    return posted(body, **headers)


def by_staff(query: str, variables: object = None, **headers: str) -> Send:
    """An operation of somebody who may see all."""

    async def send(target: Target) -> Iterable[str]:
        return await asked(query, variables, **target.staff, **headers)(target)

    return send


def got(parameters: str, **headers: str) -> Send:
    """A GET with these parameters."""
    return raw(head(f"GET /graphql?{parameters} HTTP/1.1", **headers) + b"\r\n")


def at_once(count: int, send: Send) -> Send:
    """The same, by so many at the same time."""

    async def crowd(target: Target) -> set[str]:
        ends = await asyncio.gather(*(send(target) for _ in range(count)))
        return {end for each in ends for end in each}

    return crowd


UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec_websocket_version": "13",
    "sec_websocket_protocol": "graphql-transport-ws",
    "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def handshake(first: str = "GET /graphql HTTP/1.1", **headers: str) -> bytes:
    """That of a WebSocket; a header that is empty is left out."""
    named = {name: value for name, value in {**UPGRADE, **headers}.items() if value}
    return head(first, **named) + b"\r\n"


TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


@dataclass(frozen=True)
class Frame:
    """A frame of a client (RFC 6455, 5.2), which may be none. ``length`` is what it says that its
    payload has."""

    opcode: int = TEXT
    payload: bytes = b""
    last: bool = True
    reserved: int = 0
    masked: bool = True
    length: int | None = None

    def __bytes__(self) -> bytes:
        first = (self.last << 7) | (self.reserved << 4) | self.opcode
        length = len(self.payload) if self.length is None else self.length
        mask = 0x80 if self.masked else 0
        if length < 126:
            start = struct.pack("!BB", first, mask | length)
        elif length < 1 << 16:
            start = struct.pack("!BBH", first, mask | 126, length)
        else:
            start = struct.pack("!BBQ", first, mask | 127, length)
        # A mask of zeros leaves the payload as it is.
        return start + bytes(4 if self.masked else 0) + self.payload


def message(**content: object) -> bytes:
    """A message of graphql-transport-ws."""
    return bytes(Frame(payload=orjson.dumps(content)))


INIT = message(type="connection_init")


def subscribe(id: str, query: str, variables: object = None) -> bytes:
    return message(id=id, type="subscribe", payload={"query": query, "variables": variables})


def socket(*pieces: bytes, first: bytes | None = None, greets: bool = True, count: int = 0) -> Send:
    """A WebSocket on which this is said, behind a greeting and its answer, until it is closed, or
    until so many messages came."""

    async def send(target: Target) -> list[str]:
        async with await target.line() as line:
            await line.send(first or handshake())
            answer = await reply(line)
            if answer != "101":
                return [answer]
            seen: list[str] = []
            if greets:
                await line.send(INIT)
                seen.append(await heard(line))
                if seen != ["connection_ack"]:
                    return seen
            sending = asyncio.create_task(_send(line, pieces))
            async with asyncio.timeout(SOON):
                while not (count and len(seen) >= count):
                    seen.append(await heard(line))
                    if seen[-1].startswith(("close", "lost")):
                        break
            sending.cancel()
            await asyncio.wait([sending])
        return seen

    return send


async def heard(line: Line) -> str:
    """What the gateway says next on a WebSocket."""
    try:
        first, length = await line.reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", await line.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await line.reader.readexactly(8))
        payload = await line.reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return "lost"
    match first & 15:
        case 8:
            return f"close {int.from_bytes(payload[:2], 'big')}"
        case 1:
            return told(orjson.loads(payload)["type"], payload)
    return "ping" if first & 15 == PING else "pong of a frame"
