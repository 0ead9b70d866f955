"""What is refused before it is a request has an id as well, in its answer and in the log."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from tests.gateway.edge import TYPENAME, Served, edge, head, post

pytestmark = pytest.mark.process

NEW = "[0-9a-f]{32}"

# A header is known to be whole as the next one begins.
KNOWN = head(x_request_id="order-7", accept="*/*")
HANDSHAKE = head(
    "GET /graphql HTTP/1.1",
    x_request_id="order-7",
    connection="upgrade",
    upgrade="websocket",
    a="b" * 9_000,
)
EARLIER = post(x_request_id="order-6")


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with edge(tmp_path_factory.mktemp("edge"), limits={"receive_seconds": 0.5}) as served:
        yield served


@pytest.mark.parametrize(
    ("request_", "status", "id", "bound"),
    [
        (KNOWN + b"a: b\r\n" * 100 + b"\r\n", 431, "order-7", "limits.headers"),
        (KNOWN + b"a: " + b"b" * 40_000 + b"\r\n\r\n", 431, "order-7", "limits.header_bytes"),
        (KNOWN, 408, "order-7", "limits.receive_seconds"),
        (KNOWN + b"content-length: 9\r\n\r\n{", 408, "order-7", "limits.receive_seconds"),
        (KNOWN + b"transfer-encoding: chunked\r\n\r\nx", 400, "order-7", "HTTP"),
        (KNOWN + b"X-Request-Id: a\r\na: b\r\n", 408, NEW, "limits.receive_seconds"),
        (head() + b"content-length: 9\r\n\r\n{", 408, NEW, "limits.receive_seconds"),
        (head(x_request_id="a b"), 408, NEW, "limits.receive_seconds"),
        (b"GET /?" + b"a" * 9_000, 414, NEW, "limits.url_bytes"),
        (b"\x16\x03\x01", 400, NEW, "HTTP"),
        (EARLIER + b"\x16\x03\x01", 400, NEW, "HTTP"),
        (EARLIER + KNOWN, 408, "order-7", "limits.receive_seconds"),
        (HANDSHAKE + b"\r\n", 400, "order-7", "WebSocket"),
    ],
    ids=[
        *("lines", "bytes", "a late head", "a late body", "no chunk", "two ids", "no id"),
        *("no good id", "a url", "no HTTP", "no HTTP after a request", "a head after a request"),
        "no handshake",
    ],
)
async def test_a_refusal_has_an_id(
    served: Served, request_: bytes, status: int, id: str, bound: str
) -> None:
    logged = len(served.logged)
    async with await served.line() as line:
        if request_.startswith(EARLIER):
            await line.send(EARLIER)
            reply = await line.reply()
            assert (reply.headers["x-request-id"], reply.body) == ("order-6", TYPENAME)
        await line.send(request_.removeprefix(EARLIER))
        reply = await line.reply()
        await line.ended()

    assert reply.status == status
    assert re.fullmatch(id, reply.headers["x-request-id"])
    lines = [each for each in served.logged[logged:].splitlines() if ", from 127.0.0.1: " in each]
    assert [each.split(" ", 3)[3].partition(", from ")[0] for each in lines] == [
        f"[{reply.headers['x-request-id']}] {bound}"
    ]


async def test_what_is_said_of_one_refusal_is_said_of_no_other_request(served: Served) -> None:
    async with await served.line() as line:
        await line.send(KNOWN)
        assert (await line.reply()).headers["x-request-id"] == "order-7"
    reply = await served.ask()

    assert re.fullmatch(NEW, reply.headers["x-request-id"])
