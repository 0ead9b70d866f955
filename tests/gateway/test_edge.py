"""What is bounded before a request is there and while it is received, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import repeat

import aiohttp
import pytest

from tests.client import Gateway
from tests.gateway.edge import TYPENAME, Line, Reply, Served, edge, head, post

pytestmark = pytest.mark.process

MEGABYTE = 1_000_000
TICK = 0.5
"""Seconds of each bound of time. It acts within two more of them."""


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A gateway that soon loses its patience, and has the real bounds else."""
    limits = {"receive_seconds": TICK, "stalled_seconds": 2 * TICK}
    async with edge(tmp_path_factory.mktemp("edge"), limits=limits) as served:
        yield served


async def refusal(line: Line, *pieces: bytes) -> Reply:
    """The answer to what is no honest request, after which the connection is closed."""
    with suppress(ConnectionError):
        await line.send(*pieces)
    reply = await line.reply()
    await line.ended()
    assert reply.headers["connection"] == "close"
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    return reply


def says(status: int, message: str, code: str = "BAD_USER_INPUT") -> tuple[int, object]:
    return status, {"errors": [{"message": message, "extensions": {"code": code}}]}


LINES = says(431, "The request has more than 100 headers.")
HEAD = says(431, "The headers have more than 32768 bytes.")
URL = says(414, "The URL has more than 8192 bytes: send long operations by POST.")
LATE = says(408, "The request did not arrive within 0.5 seconds.")
INVALID = says(400, "This is no request of HTTP/1.1.")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (head() + b"a: b\r\n" * 98 + b"content-length: 0\r\n\r\n", LINES),
        (head() + b"a: b\r\n" * 100_000, LINES),
        (head() + b"a: " + b"b" * 32_768 + b"\r\n\r\n", HEAD),
        (head() + b"a: " + b"b" * 400_000, HEAD),
        (head() + b"a" * 400_000, HEAD),
        (b"GET /?" + b"a" * 8_192 + b" HTTP/1.1\r\n\r\n", URL),
        (b"GET /?" + b"a" * 400_000, URL),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", INVALID),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, INVALID),
    ],
    ids=[
        *("lines", "endless lines", "header", "endless header", "endless name"),
        *("url", "endless url", "no header", "tls"),
    ],
)
async def test_a_head_is_bounded(
    served: Served, request_: bytes, answer: tuple[int, object]
) -> None:
    async with await served.line() as line:
        reply = await refusal(line, request_)

    assert (reply.status, reply.body) == answer


async def test_what_is_within_the_bounds_is_answered(served: Served) -> None:
    lines = (
        head() + b"a: b\r\n" * 97 + b"content-length: 27\r\n\r\n" + b'{"query": "{ __typename }"}'
    )
    long = post(a="b" * 32_000)
    url = head("GET /graphql?query={__typename}&a=" + "a" * 8_150 + " HTTP/1.1") + b"\r\n"
    async with await served.line() as line:
        replies = []
        for each in (lines, long, url):
            await line.send(*(each[at : at + 5000] for at in range(0, len(each), 5000)))
            replies.append(await line.reply())

    assert [(reply.status, reply.body) for reply in replies] == [(200, TYPENAME)] * 3


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (head(), b"a: " + b"b" * 65_000 + b"\r\n"),
        (head() + b"a: ", b"b" * 65_536),
        (head() + b"a: b\r\n a", b" b\r\n" * 16_384),
        (b"GET /?", b"a" * 65_536),
        (head(transfer_encoding="chunked") + b"\r\n1;a=", b"a" * 65_536),
        (head(transfer_encoding="chunked") + b"\r\n1\r\n{\r\n0\r\n", b"a: b\r\n" * 10_000),
        (head(transfer_encoding="chunked") + b"\r\n1\r\n{\r\n0\r\na: ", b"b" * 65_536),
        (head(transfer_encoding="chunked") + b"\r\n", b"1;" + b"a" * 65_000 + b"\r\n \r\n"),
    ],
    ids=[
        *("headers", "a header", "a folded header", "a url"),
        *("an extension", "trailers", "a trailer", "extensions"),
    ],
)
async def test_400_megabytes_are_neither_held_nor_read(
    served: Served, first: bytes, piece: bytes
) -> None:
    memory, cpu, sent = served.memory, served.cpu, 0
    async with await served.line() as line:
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                await line.send(first)
                for _ in repeat(None, 400 * MEGABYTE // len(piece)):
                    await line.send(piece)
                    sent += len(piece)

    assert sent < 20 * MEGABYTE  # the buffers in between are some
    assert served.memory - memory < 20 * MEGABYTE
    assert served.cpu - cpu < 0.5
    assert (await served.ask()).body == TYPENAME


async def test_trailers_are_no_headers(served: Served) -> None:
    """A credential among them would be refused."""
    async with await served.line() as line:
        body = b'1b\r\n{"query": "{ __typename }"}\r\n0\r\nauthorization: x\r\nx-api-key: x\r\n\r\n'
        await line.send(head(transfer_encoding="chunked") + b"\r\n" + body, post())
        replies = [await line.reply(), await line.reply()]

    assert [(reply.status, reply.body) for reply in replies] == [(200, TYPENAME)] * 2


async def test_a_body_may_come_in_chunks_of_a_byte(served: Served) -> None:
    body = b'{"query": "{ __typename }"' + b" " * 20_000 + b"}"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    async with await served.line() as line:
        await line.send(head(transfer_encoding="chunked") + b"\r\n")
        for at in range(0, len(chunks), 30_000):
            await asyncio.sleep(TICK / 10)
            await line.send(chunks[at : at + 30_000])
        reply = await line.reply()

    assert (reply.status, reply.body) == (200, TYPENAME)


SLOW = {
    "a url": (b"GET /", b"a"),
    "headers": (head(), b"a: b\r\n"),
    "a header": (head() + b"a: ", b"b"),
    "a body": (head(content_length="1000") + b"\r\n", b" "),
    "chunks": (head(transfer_encoding="chunked") + b"\r\n", b"1\r\n \r\n"),
    "an extension": (head(transfer_encoding="chunked") + b"\r\n1;", b"a"),
    "empty lines": (b"", b"\r\n"),
}


@pytest.mark.parametrize(("first", "piece"), SLOW.values(), ids=SLOW)
async def test_a_request_is_received_within_its_time(
    served: Served, first: bytes, piece: bytes
) -> None:
    async with await served.line() as line:

        async def drip() -> None:
            with suppress(ConnectionError):
                await line.send(first)
                while True:
                    await line.send(piece)
                    await asyncio.sleep(TICK / 5)

        dripping = asyncio.create_task(drip())
        reply = await line.reply()
        late = await line.ended()
        dripping.cancel()
        await asyncio.wait([dripping])

    assert (reply.status, reply.body) == LATE
    assert late < 4  # what is under way is read, for two seconds
    assert "limits.receive_seconds, from 127.0.0.1: The request did not" in served.logged


async def test_a_silent_connection_is_closed(served: Served) -> None:
    async with await served.line() as line:
        seconds = await line.ended()

    assert TICK <= seconds < 10 * TICK
    assert "limits.receive_seconds, from 127.0.0.1: The connection said" in served.logged


async def test_silence_after_an_early_answer_ends(served: Served) -> None:
    """The body that follows an answer is what uvicorn's own timer takes for the next request."""
    async with await served.line() as line:
        await line.send(head(content_length="10", x_api_key="x") + b"\r\n")
        reply = await line.reply()
        await line.send(b" " * 10)
        seconds = await line.ended()

    assert reply.status == 401
    assert seconds < 7


async def test_an_upload_that_was_refused_is_not_read_for_ever(served: Served) -> None:
    async with await served.line() as line:
        await line.send(head(content_length="100000000") + b"\r\n")
        reply = await line.reply()
        with suppress(ConnectionError):
            for _ in range(100):
                await line.send(b" " * 1000)
                await asyncio.sleep(TICK / 5)
        with suppress(ConnectionError):
            assert await line.reader.read() == b""

    assert reply.status == 413


async def test_an_operation_may_take_longer_than_its_request(served: Served) -> None:
    reply = await served.ask(f"{{ slow(seconds: {4 * TICK}) }}")

    assert reply.body == {"data": {"slow": 4 * TICK}}


async def test_a_reader_that_stops_is_dropped(served: Served) -> None:
    memory = served.memory
    async with await served.line(limit=1000) as line:
        await line.send(post(f"{{ text(size: {30 * MEGABYTE}) }}"))
        for _ in range(40):
            await asyncio.sleep(TICK / 4)
            if "limits.stalled_seconds, from 127.0.0.1: " in served.logged:
                break
        else:
            raise AssertionError("it was not dropped")

    assert served.memory - memory < 100 * MEGABYTE
    assert (await served.ask()).body == TYPENAME


async def test_a_websocket_that_is_not_read_is_dropped(served: Served) -> None:
    before = served.logged.count("limits.stalled_seconds")
    async with (
        aiohttp.ClientSession() as session,
        Gateway(f"http://127.0.0.1:{served.port}", session).connected() as socket,
    ):
        assert socket.socket._writer is not None
        socket.socket._writer.transport.pause_reading()
        await socket.subscribe("a", f"{{ text(size: {30 * MEGABYTE}) }}")
        for _ in range(40):
            await asyncio.sleep(TICK / 4)
            if served.logged.count("limits.stalled_seconds") > before:
                break
        else:
            raise AssertionError("it was not dropped")


async def test_a_slow_reader_has_the_whole_answer(served: Served) -> None:
    size = 12 * MEGABYTE
    async with await served.line(limit=1000) as line:
        await line.send(post(f"{{ text(size: {size}) }}"))
        await line.reader.readuntil(b"\r\n\r\n")
        had = 0
        while had < size:
            piece = await line.reader.read(100_000)
            assert piece, "it was dropped"
            had += len(piece)
            await asyncio.sleep(0.02 if had % 7 else 0.1)


async def test_requests_may_wait_in_line(served: Served) -> None:
    queries = [f"{{ slow(seconds: 0.0{number}) }}" for number in range(9, 0, -1)]
    async with await served.line() as line:
        await line.send(b"".join(post(query) for query in queries))
        bodies = [(await line.reply()).body for _ in queries]

    assert bodies == [{"data": {"slow": number / 100}} for number in range(9, 0, -1)]


async def test_the_line_is_not_endless(served: Served) -> None:
    """Those that wait are answered, and no more."""
    memory = served.memory
    async with await served.line() as line:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):  # noqa: PT012
            await line.send(post("{ slow(seconds: 0.2) }"))
            await line.send(*repeat(post() * 1000, 1000))
            for _ in range(100):
                await line.reply()

    assert served.memory - memory < 20 * MEGABYTE
    assert "Pipelining, from 127.0.0.1: More than 16 requests" in served.logged


async def test_what_is_wrong_waits_for_what_came_before(served: Served) -> None:
    async with await served.line() as line:
        await line.send(post("{ slow(seconds: 0.1) }"), b"GET /?" + b"a" * 10_000)
        reply = await line.reply()
        await line.ended()

    assert reply.body == {"data": {"slow": 0.1}}


async def test_those_that_wait_are_answered_though_more_is_sent(served: Served) -> None:
    """A connection that was closed at once would be reset, and the answers lost."""
    async with await served.line() as line:
        with suppress(ConnectionError):
            await line.send(post("{ slow(seconds: 0.2) }"), *repeat(post() * 100, 50))
        replies = [await line.reply() for _ in range(17)]
        await line.ended()

    assert [reply.body for reply in replies] == [{"data": {"slow": 0.2}}, *[TYPENAME] * 16]


H2C = {"connection": "upgrade, http2-settings", "upgrade": "h2c", "http2_settings": ""}


async def test_another_protocol_is_asked_for_in_vain(served: Served) -> None:
    async with await served.line() as line:
        await line.send(head("GET /graphql?query={__typename} HTTP/1.1", **H2C) + b"\r\n")
        reply = await line.reply()
        await line.ended()

    assert (reply.status, reply.body) == (200, TYPENAME)
    assert reply.headers["connection"] == "close"


@pytest.mark.parametrize("coded", [{}, {"transfer_encoding": "chunked"}], ids=["length", "chunks"])
async def test_a_body_before_another_protocol_is_refused(
    served: Served, coded: dict[str, str]
) -> None:
    """The parser does not read it."""
    first = head(**H2C, **coded) + b"\r\n9\r\n" if coded else post(**H2C)
    async with await served.line() as line:
        reply = await refusal(line, first)

    assert (reply.status, reply.body) == says(
        400,
        "A request with a body can't ask for another protocol: send it without the header Upgrade.",
    )


async def test_attackers_can_t_fill_the_log(served: Served) -> None:
    before = len(served.logged)
    for _ in range(30):
        async with await served.line() as line:
            await refusal(line, b"GET /?" + b"SECRET" * 2_000)

    lines = served.logged[before:].splitlines()
    assert len([line for line in lines if "limits.url_bytes, from" in line]) <= 10
    assert "SECRET" not in served.logged
