"""Connections, the lines and headers on them, URLs, and the time that clients take."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import suppress
from socket import SO_RCVBUF, SOL_SOCKET

import zstandard

from tests.gateway.edge import head, post
from tests.hostile.requests import (
    MEGABYTE,
    Hostile,
    Send,
    at_once,
    got,
    in_row,
    posted,
    raw,
    reply,
    request,
)
from tests.hostile.serving import ELSEWHERE, Target

CHUNKED = head(transfer_encoding="chunked") + b"\r\n"
LATE = "408 BAD_USER_INPUT"
BAD = "400 BAD_USER_INPUT"


def dripping(first: bytes, piece: bytes) -> Send:
    """What begins like a request, and goes on a little at a time."""

    async def send(target: Target) -> list[str]:
        async with await target.line() as line:

            async def drip() -> None:
                with suppress(ConnectionError):
                    await line.send(first)
                    while True:
                        await line.send(piece)
                        await asyncio.sleep(0.05)

            drips = asyncio.create_task(drip())
            ends = [await reply(line)]
            drips.cancel()
            await asyncio.wait([drips])
        return ends

    return send


def hanging_up(piece: bytes, times: int) -> Send:
    """The same again and again, each time without waiting for an answer."""

    async def send(target: Target) -> list[str]:
        for _ in range(times):
            async with await target.line() as line:
                await line.send(piece)
        return []

    return send


async def crowd(target: Target) -> list[str]:
    """Connections of one address, the last of which asks for something."""
    lines = [await target.line() for _ in range(100)]
    ends = await posted({"query": "{ __typename }"})(target)
    for line in lines:
        line.writer.transport.abort()
    return list(ends)


async def not_reading(target: Target) -> list[str]:
    """Asks for much, and takes none of it."""
    before = target.served.logged.count("limits.stalled_seconds")
    async with await target.served.line(address=ELSEWHERE, limit=1000) as line:
        line.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await line.send(request({"query": MUCH}, **target.staff) * 16)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if target.served.logged.count("limits.stalled_seconds") > before:
                return ["dropped"]
    return ["kept"]


ORDERS = "orders(first: 100) { nodes { id number total placedAt lines { id sku productName } } }"
MUCH = "{" + " ".join(f"a{n}: {ORDERS}" for n in range(15)) + "}"
NOTHING = {"query": "{ __typename }"}
BOMB = gzip.compress(b" " * 100 * MEGABYTE)
ZSTD = zstandard.compress(b" " * 1000 * MEGABYTE)

FRAMING = [
    Hostile("a greeting of TLS", raw(b"\x16\x03\x01\x02\x00\x01" + bytes(500)), BAD),
    Hostile("zeros", raw(bytes(100_000)), BAD),
    Hostile("a megabyte of nothing but letters", raw(b"A" * MEGABYTE), BAD),
    Hostile("line ends without end", raw(b"\r\n" * MEGABYTE), "431 BAD_USER_INPUT"),
    Hostile("HTTP/0.9", raw(b"GET /graphql\r\n\r\n"), BAD),
    Hostile("a preface of HTTP/2", raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), BAD),
    Hostile("HTTP/3.7", raw(b"GET / HTTP/3.7\r\n\r\n"), BAD),
    Hostile("an upgrade with a body", posted(NOTHING, connection="upgrade", upgrade="h2c"), BAD),
    Hostile(
        "an upgrade without one",
        raw(
            head("GET /healthz HTTP/1.1", connection="upgrade", upgrade="h2c") + b"\r\n", ends=True
        ),
        ("200", "ended"),
    ),
    Hostile(
        "an upgrade, and much behind it",
        raw(
            head("GET /healthz HTTP/1.1", connection="upgrade", upgrade="h2c") + b"\r\n",
            *[b"a" * 1_000] * 9_000,
            replies=0,
            ends=True,
        ),
        "ended",
    ),
    Hostile("a method that is none", raw(head("FOO /graphql HTTP/1.1") + b"\r\n"), BAD),
    Hostile("CONNECT", raw(head("CONNECT a:1 HTTP/1.1") + b"\r\n"), "400 BAD_USER_INPUT"),
    Hostile(
        "a whole URL for a path",
        raw(head("GET http://a/graphql HTTP/1.1") + b"\r\n"),
        "400 BAD_USER_INPUT",
    ),
    Hostile("two lengths", posted(NOTHING, Content_Length="5"), BAD),
    Hostile("a length and chunks", posted(NOTHING, transfer_encoding="chunked"), BAD),
    Hostile("a length below zero", raw(head(content_length="-1") + b"\r\n"), BAD),
    Hostile("a length beyond 64 bits", raw(head(content_length="9" * 30) + b"\r\n"), BAD),
    Hostile(
        "a length of a terabyte", raw(head(content_length="9" * 12) + b"\r\n"), "413 BAD_USER_INPUT"
    ),
    Hostile("a chunk that has no size", raw(CHUNKED + b"x\r\n"), BAD),
    Hostile("a chunk beyond 64 bits", raw(CHUNKED + b"F" * 20 + b"\r\n"), BAD),
    Hostile(
        "a chunk of a terabyte",
        raw(CHUNKED + b"FFFFFFFFFF\r\n" + b" " * 2 * MEGABYTE),
        "413 BAD_USER_INPUT",
    ),
    Hostile(
        "an extension of a chunk without end",
        raw(CHUNKED + b"1;a=" + b"a" * MEGABYTE),
        "431 BAD_USER_INPUT",
    ),
    Hostile(
        "trailers without end",
        raw(CHUNKED + b"1\r\n{\r\n0\r\n" + b"a: b\r\n" * MEGABYTE),
        "431 BAD_USER_INPUT",
    ),
    Hostile(
        "a coding that nobody knows",
        posted(NOTHING, transfer_encoding="gzip"),
        "400 BAD_USER_INPUT",
    ),
    Hostile("chunks twice over", posted(NOTHING, transfer_encoding="chunked, chunked"), BAD),
    Hostile("a thousand requests in one piece", raw(post() * 1000, replies=18), ("200", "ended")),
    Hostile(
        "a body that is said to come, and does not", raw(head(content_length="100") + b"\r\n"), LATE
    ),
    Hostile(
        "Expect without a body",
        raw(head(expect="100-continue", content_length="9") + b"\r\n", replies=2),
        ("100", LATE),
    ),
]

HEADERS = [
    Hostile("200 headers", raw(head() + b"a: b\r\n" * 200 + b"\r\n"), "431 BAD_USER_INPUT"),
    Hostile("headers without end", raw(head() + b"a: b\r\n" * 200_000), "431 BAD_USER_INPUT"),
    Hostile("a header without end", raw(head() + b"a: " + b"b" * MEGABYTE), "431 BAD_USER_INPUT"),
    Hostile("a name without end", raw(head() + b"a" * MEGABYTE), "431 BAD_USER_INPUT"),
    Hostile(
        "a header in a million lines",
        raw(head() + b"a: b\r\n" + b" b\r\n" * MEGABYTE),
        "400 BAD_USER_INPUT",
    ),
    Hostile("a header without a name", raw(head() + b": b\r\n\r\n"), BAD),
    Hostile("a blank before the colon", raw(head() + b"a : b\r\n\r\n"), BAD),
    Hostile("a zero in a name", raw(head() + b"a\0: b\r\n\r\n"), BAD),
    Hostile("a zero in a value", raw(head() + b"a: \0\r\n\r\n"), BAD),
    Hostile("half an end of a line", raw(head() + b"a: b\rc: d\r\n\r\n"), BAD),
    Hostile(
        "an answer in a header", got("query={__typename}", x_request_id="a\tSet-Cookie: a"), "200"
    ),
    Hostile("32 KB of cookies", posted(NOTHING, cookie="a=b; " * 6_000), "200"),
    Hostile("8 KB of encodings", posted(NOTHING, accept_encoding="gzip;q=0.1, " * 700), "200"),
    Hostile("30 KB of addresses", posted(NOTHING, x_forwarded_for="192.0.2.1, " * 2_500), "200"),
]

URLS = [
    Hostile("a URL without end", raw(b"GET /" + b"a" * MEGABYTE), "414 BAD_USER_INPUT"),
    Hostile("2,000 parameters", got("a=b&" * 2_000), BAD),
    Hostile("a parameter 400 times", got("query={__typename}&" * 400), "200"),
    Hostile("nothing but percents", got("query=" + "%" * 8_000), "200 GRAPHQL_PARSE_FAILED"),
    Hostile("bytes that are no text", got("query=" + "%ff" * 2_600), "200 GRAPHQL_PARSE_FAILED"),
    Hostile(
        "steps up in a path",
        raw(head("GET " + "/.." * 2_000 + " HTTP/1.1") + b"\r\n"),
        "404 BAD_USER_INPUT",
    ),
    Hostile(
        "a zero in a path", raw(head("GET /graphql%00 HTTP/1.1") + b"\r\n"), "404 BAD_USER_INPUT"
    ),
    Hostile("brackets in a parameter", got("query={__typename}&variables=" + "[" * 8_000), BAD),
    Hostile(
        "a thousand paths that are not there",
        in_row(1_000, head("GET /a HTTP/1.1") + b"\r\n"),
        "404 BAD_USER_INPUT",
        cpu=1.0,
    ),
]

TIME = [
    Hostile("a connection without a word", raw(replies=0, ends=True), "ended"),
    Hostile("a URL that drips", dripping(b"GET /", b"a"), LATE),
    Hostile("headers that drip", dripping(head(), b"a: b\r\n"), LATE),
    Hostile("a body that drips", dripping(head(content_length="900000") + b"\r\n", b" "), LATE),
    Hostile("chunks that drip", dripping(CHUNKED, b"1\r\n \r\n"), LATE),
    Hostile(
        "90 bodies that drip",
        at_once(90, dripping(head(content_length="900000") + b"\r\n", b" ")),
        LATE,
    ),
    Hostile("200 who hang up in the head", hanging_up(head(), 200), ()),
    Hostile(
        "200 who hang up in the body", hanging_up(head(content_length="900") + b"\r\n{", 200), ()
    ),
    Hostile(
        "200 who hang up before the answer",
        hanging_up(post("{ carriers { nodes { name } } }"), 200),
        (),
        cpu=1.0,
    ),
    Hostile("more connections than an address has", crowd, "429 RATE_LIMITED"),
    Hostile("answers that are not taken", not_reading, "dropped", cpu=1.5, memory=64 * MEGABYTE),
]

CODED = [
    Hostile("a bomb of gzip", posted(BOMB, content_encoding="gzip"), BAD),
    Hostile("a bomb of zstd", posted(ZSTD, content_encoding="zstd"), BAD),
    Hostile(
        "50 bombs at once",
        at_once(50, posted(BOMB, content_encoding="gzip")),
        BAD,
        memory=32 * MEGABYTE,
    ),
]

ROWS = [*FRAMING, *HEADERS, *URLS, *TIME, *CODED]
