"""WebSockets: their handshakes, their frames, and the messages in them."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable

from tests.hostile.requests import (
    BINARY,
    CLOSE,
    INIT,
    MEGABYTE,
    PING,
    TEXT,
    Frame,
    Hostile,
    Send,
    at_once,
    handshake,
    message,
    raw,
    reply,
    socket,
    subscribe,
)
from tests.hostile.serving import ELSEWHERE, Target

BAD = "400 BAD_USER_INPUT"
ACK = "connection_ack"
QUERY = "{ carriers { nodes { id } } }"


def frames(*each: Frame) -> Send:
    """Frames as they are, behind a connection that was acknowledged."""
    return socket(*map(bytes, each))


def parts(count: int, size: int) -> list[Frame]:
    """A message in so many pieces."""
    return [Frame(TEXT if not n else 0, b" " * size, last=n == count - 1) for n in range(count)]


async def too_many(target: Target) -> Iterable[str]:
    """WebSockets of one address, and one more."""
    lines = [await target.line() for _ in range(50)]
    for line in lines:
        await line.send(handshake())
    ends = [await reply(line) for line in lines]
    ends += await socket()(target)
    for line in lines:
        line.writer.transport.abort()
    return ends


async def not_reading(target: Target) -> Iterable[str]:
    """Asks again and again, and takes nothing of what it is answered."""
    before = target.served.logged.count("limits.stalled_seconds")
    async with await target.served.line(address=ELSEWHERE, limit=1000) as line:
        await line.send(handshake(), INIT)
        assert await reply(line) == "101"
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        text = message(type="ping", payload={"a": "a" * 100_000})
        sending = asyncio.create_task(line.send(*[text] * 300))
        for _ in range(200):
            await asyncio.sleep(0.05)
            if target.served.logged.count("limits.stalled_seconds") > before:
                break
        else:
            return ["kept"]
        sending.cancel()
        await asyncio.wait([sending])
    return ["dropped"]


HANDSHAKES = [
    Hostile(
        "a handshake without a protocol",
        socket(first=handshake(sec_websocket_protocol="")),
        "close 4406",
    ),
    Hostile(
        "a handshake of another protocol",
        socket(first=handshake(sec_websocket_protocol="graphql-ws")),
        "close 4406",
    ),
    Hostile(
        "a handshake of 2,000 protocols",
        socket(first=handshake(sec_websocket_protocol="a, " * 2_000 + "b")),
        "close 4406",
    ),
    Hostile(
        "a handshake of version 12", socket(first=handshake(sec_websocket_version="12")), "400"
    ),
    Hostile("a handshake without a key", socket(first=handshake(sec_websocket_key="")), "400"),
    Hostile(
        "a handshake with a key of 7 KB",
        socket(first=handshake(sec_websocket_key="a" * 7_000)),
        "400",
    ),
    Hostile(
        "a handshake of 2,000 extensions",
        socket(first=handshake(sec_websocket_extensions="permessage-deflate; a=b, " * 300)),
        ("close 1000", "connection_ack"),
    ),
    Hostile("a handshake by POST", socket(first=handshake("POST /graphql HTTP/1.1")), "405"),
    Hostile("a handshake elsewhere", socket(first=handshake("GET /a HTTP/1.1")), "403"),
    Hostile("a handshake with a body", raw(handshake(content_length="5") + b"hello"), BAD),
    Hostile(
        "a handshake with a bad token",
        socket(first=handshake(authorization="Bearer a")),
        "close 4403",
    ),
    Hostile(
        "a handshake of another page", socket(first=handshake(origin="https://evil.example")), "403"
    ),
    Hostile("more WebSockets than an address has", too_many, ("101", "429 RATE_LIMITED"), cpu=1.0),
]

FRAMES = [
    Hostile("bytes that are no frames", socket(b"\xff" * 100_000), (ACK, "close 1002")),
    Hostile(
        "a frame without a mask", frames(Frame(payload=b"{}", masked=False)), (ACK, "close 1002")
    ),
    Hostile("reserved bits", frames(Frame(payload=b"{}", reserved=4)), (ACK, "close 1002")),
    Hostile("a kind of frame that there is not", frames(Frame(3)), (ACK, "close 1002")),
    Hostile("a ping in two pieces", frames(Frame(PING, last=False)), (ACK, "close 1002")),
    Hostile("a ping of 126 bytes", frames(Frame(PING, b"a" * 126)), (ACK, "close 1002")),
    Hostile("the rest of nothing", frames(Frame(0, b"a")), (ACK, "close 1002")),
    Hostile(
        "a message within a message",
        frames(Frame(payload=b"a", last=False), Frame(payload=b"b")),
        (ACK, "close 1002"),
    ),
    Hostile("a frame that is no text", frames(Frame(payload=b"\xff\xfe")), (ACK, "close 1007")),
    Hostile("a length beyond 63 bits", frames(Frame(length=(1 << 64) - 1)), (ACK, "close 1009")),
    Hostile("a frame of a terabyte", frames(Frame(length=1 << 40)), (ACK, "close 1009")),
    Hostile(
        "a message of a byte too many",
        frames(Frame(payload=b" " * (MEGABYTE + 1))),
        (ACK, "close 1009"),
    ),
    Hostile(
        "a message of as many as may be",
        frames(Frame(payload=b" " * MEGABYTE)),
        (ACK, "close 4400"),
    ),
    Hostile("1,001 pieces", frames(*parts(1_001, 0)), (ACK, "close 1009")),
    Hostile("100,000 pieces", frames(*parts(100_000, 0)), (ACK, "close 1009")),
    Hostile("20 pieces of 100 KB", frames(*parts(20, 100_000)), (ACK, "close 1009")),
    Hostile(
        "a bomb of deflate",
        frames(Frame(payload=zlib.compress(b" " * 100 * MEGABYTE), reserved=4)),
        (ACK, "close 1002"),
    ),
    Hostile(
        "half a frame, and silence", frames(Frame(payload=b"{", length=100)), (ACK, "close 1000")
    ),
    Hostile(
        "half a message, and silence", frames(Frame(payload=b"{", last=False)), (ACK, "close 1000")
    ),
    Hostile(
        "a code of an end that is none", frames(Frame(CLOSE, b"\x03\xed")), (ACK, "close 1002")
    ),
    Hostile("half a code of an end", frames(Frame(CLOSE, b"\x03")), (ACK, "close 1002")),
    Hostile(
        "an end with no text in it", frames(Frame(CLOSE, b"\x03\xe8\xff\xff")), (ACK, "close 1007")
    ),
    Hostile(
        "more behind the end",
        frames(Frame(CLOSE, b"\x03\xe8"), *parts(500, 1_000)),
        (ACK, "close 1000"),
    ),
    Hostile(
        "50,000 pings in frames",
        socket(bytes(Frame(PING, b"p" * 125)) * 50_000, count=2_000),
        ("connection_ack", "pong of a frame"),
        cpu=2.0,
    ),
    Hostile(
        "50,000 pongs in frames",
        frames(*[Frame(10, b"p" * 125)] * 50_000),
        (ACK, "close 1000"),
        cpu=2.0,
    ),
    Hostile("20,000 empty messages", frames(*[Frame()] * 20_000), (ACK, "close 4400")),
    Hostile(
        "answers that are not taken, on a WebSocket",
        not_reading,
        "dropped",
        cpu=1.0,
        memory=32 * MEGABYTE,
    ),
]

MESSAGES = [
    Hostile("silence behind a greeting", socket(), (ACK, "close 1000")),
    Hostile("a message in bytes", frames(Frame(BINARY, b"{}")), (ACK, "close 4400")),
    Hostile("no JSON", frames(Frame(payload=b"{")), (ACK, "close 4400")),
    Hostile("JSON 400,000 deep", frames(Frame(payload=b"[" * 400_000)), (ACK, "close 4400")),
    Hostile(
        "a list of half a million zeros",
        frames(Frame(payload=b"[" + b"0," * 490_000 + b"0]")),
        (ACK, "close 4400"),
        memory=48 * MEGABYTE,
    ),
    Hostile("a type that there is not", socket(message(type="a")), (ACK, "close 4400")),
    Hostile("a type that is a list", socket(message(type=[])), (ACK, "close 4400")),
    Hostile("a message without a type", socket(message()), (ACK, "close 4400")),
    Hostile("two greetings", socket(INIT), (ACK, "close 4429")),
    Hostile("10,000 greetings", socket(INIT * 10_000), (ACK, "close 4429")),
    Hostile(
        "a greeting that is no object",
        socket(message(type="connection_init", payload=[]), greets=False),
        (ACK, "close 1000"),
    ),
    Hostile(
        "a greeting with a bad token",
        socket(
            message(type="connection_init", payload={"authorization": "Bearer a"}), greets=False
        ),
        "close 4403",
    ),
    Hostile(
        "a greeting with a token of 900 KB",
        socket(
            message(type="connection_init", payload={"authorization": "Bearer " + "a" * 900_000}),
            greets=False,
        ),
        "close 4403",
    ),
    Hostile(
        "a greeting with a number for a token",
        socket(message(type="connection_init", payload={"authorization": 5}), greets=False),
        "close 4403",
    ),
    Hostile(
        "an operation before the greeting",
        socket(subscribe("a", QUERY), greets=False),
        "close 4401",
    ),
    Hostile(
        "an operation without a query",
        socket(message(id="a", type="subscribe", payload={})),
        (ACK, "close 4400"),
    ),
    Hostile(
        "an id that is a number",
        socket(message(id=5, type="subscribe", payload={"query": QUERY})),
        (ACK, "close 4400"),
    ),
    Hostile(
        "an operation's id of 900 KB",
        socket(subscribe("a" * 900_000, "{ a }"), count=2),
        (ACK, "error GRAPHQL_VALIDATION_FAILED"),
    ),
    Hostile("one id twice", socket(subscribe("a", QUERY) * 2), ("close 4409", "connection_ack")),
    Hostile(
        "too much in an operation",
        socket(subscribe("a", "{" + " a" * 9_000 + " }"), count=2),
        (ACK, "error OPERATION_TOO_COMPLEX"),
    ),
    Hostile(
        "400 operations at once",
        socket(b"".join(subscribe(f"{n}", QUERY) for n in range(400)), count=600),
        (ACK, "complete", "error RATE_LIMITED", "next", "close 1000"),
        cpu=2.0,
    ),
    Hostile(
        "400 operations that are ended at once",
        socket(
            b"".join(
                subscribe(f"{n}", QUERY) + message(id=f"{n}", type="complete") for n in range(400)
            )
        ),
        ("close 1000", "connection_ack"),
        cpu=2.0,
    ),
    Hostile(
        "5,000 ends of nothing",
        socket(message(id="a", type="complete") * 5_000),
        (ACK, "close 1000"),
        cpu=1.0,
    ),
    Hostile(
        "5,000 pings", socket(message(type="ping") * 5_000, count=5_001), (ACK, "pong"), cpu=1.5
    ),
    Hostile(
        "pings of 900 KB",
        socket(message(type="ping", payload={"a": "a" * 900_000}) * 20, count=21),
        (ACK, "pong"),
        cpu=1.0,
        memory=48 * MEGABYTE,
    ),
    Hostile(
        "40 WebSockets of 50 operations each",
        at_once(40, socket(b"".join(subscribe(f"{n}", QUERY) for n in range(50)), count=101)),
        (ACK, "complete", "error RATE_LIMITED", "next", "close 1000"),
        cpu=6.0,
        memory=64 * MEGABYTE,
    ),
]

ROWS = [*HANDSHAKES, *FRAMES, *MESSAGES]
