"""How many connections there may be, of one address too, and WebSockets that do nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import orjson
import pytest

from tests.client import NO_HEADERS, Gateway
from tests.gateway.edge import TYPENAME, Line, Served, edge, head, post
from tests.identities import auth, headers

pytestmark = pytest.mark.process

MOST, OF_ADDRESS, SOCKETS = 40, 10, 5
IDLE = 0.5
PROXY, OTHER = "127.0.0.2", "127.0.0.3"

UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec_websocket_version": "13",
    "sec_websocket_protocol": "graphql-transport-ws",
    "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
}

FULL = {
    "errors": [
        {
            "message": f"There are {MOST} connections here, and can't be more now: try again.",
            "extensions": {"code": "RATE_LIMITED"},
        }
    ]
}


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A gateway behind a proxy that it trusts, with room for few."""
    limits = {
        "connections": MOST,
        "connections_per_address": OF_ADDRESS,
        "sockets_per_address": SOCKETS,
        "idle_socket_seconds": IDLE,
    }
    folder, server = tmp_path_factory.mktemp("edge"), {"trusted_proxies": [PROXY, "10.0.0.0/8"]}
    async with edge(folder, limits=limits, server=server, auth=auth()) as served:
        yield served


@pytest.fixture(scope="module")
async def unset(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The same, without a word of proxies."""
    limits = {
        "connections": MOST,
        "connections_per_address": OF_ADDRESS,
        "sockets_per_address": SOCKETS,
    }
    async with edge(tmp_path_factory.mktemp("edge"), limits=limits) as served:
        yield served


@asynccontextmanager
async def client(
    served: Served, address: str = "127.0.0.1", headers: Mapping[str, str] = NO_HEADERS
) -> AsyncIterator[Gateway]:
    """A client at that address."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield Gateway(f"http://127.0.0.1:{served.port}", session)


async def lines(served: Served, stack: AsyncExitStack, count: int, address: str) -> list[Line]:
    """Connections that say nothing, and are there."""
    return [
        await stack.enter_async_context(await served.line(address=address)) for _ in range(count)
    ]


async def answered(served: Served, **headers: str) -> None:
    """Wait until an honest request is answered again."""
    for _ in range(100):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if (await served.ask(**headers)).status == 200:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("nothing is answered")


async def test_connections_beyond_the_most_are_told_so(unset: Served) -> None:
    async with AsyncExitStack() as stack:
        silent = await lines(unset, stack, MOST, "127.0.0.1")
        refused = await unset.ask()
        async with await unset.line() as line:
            await line.send(head("GET /healthz HTTP/1.1") + b"\r\n")
            probed = await line.reply()
        # Those that were there before go on.
        await silent[0].send(post())
        first = await silent[0].reply()

    assert (refused.status, refused.body) == (503, FULL)
    assert (refused.headers["retry-after"], refused.headers["connection"]) == ("1", "close")
    assert (probed.status, probed.body) == (200, {"status": "alive"})
    assert first.body == TYPENAME
    assert "limits.connections, from 127.0.0.1: There are 40 connections here" in unset.logged
    await answered(unset)


async def test_thousands_of_silent_connections_cost_nothing(unset: Served) -> None:
    memory, cpu = unset.memory, unset.cpu
    async with AsyncExitStack() as stack:
        await lines(unset, stack, 2000, "127.0.0.1")
        held = unset.process.num_fds()

    assert held < MOST + 100 + 50
    assert unset.memory - memory < 20_000_000
    assert unset.cpu - cpu < 2
    await answered(unset)


async def test_nothing_is_counted_by_address_until_proxies_are_known(unset: Served) -> None:
    async with AsyncExitStack() as stack:
        await lines(unset, stack, OF_ADDRESS + 5, "127.0.0.1")
        reply = await unset.ask(x_forwarded_for="192.0.2.1")
        gateway = await stack.enter_async_context(client(unset))
        for _ in range(SOCKETS + 5):
            await stack.enter_async_context(gateway.connected())

    assert reply.body == TYPENAME
    assert "127.0.0.1:" in unset.logged
    assert "192.0.2.1" not in unset.logged
    assert "server.trusted_proxies is not set" in unset.logged


async def test_one_address_does_not_take_all(served: Served) -> None:
    async with AsyncExitStack() as stack:
        await lines(served, stack, OF_ADDRESS, OTHER)
        async with await served.line(address=OTHER) as line:
            await line.send(post())
            refused = await line.reply()
        reply = await served.ask()

    assert refused.status == 429
    assert refused.codes == ["RATE_LIMITED"]
    assert reply.body == TYPENAME
    assert f"limits.connections_per_address, from {OTHER}: " in served.logged


@pytest.mark.parametrize(
    ("many", "other"),
    [
        (["192.0.2.1"], "192.0.2.2"),
        (["2001:db8:0:1::1", "2001:db8:0:1:ffff::"], "2001:db8:0:2::1"),
        # What the client says by itself stands before what the proxy saw, and counts for nothing.
        (["1.1.1.1, 192.0.2.3", "2.2.2.2, 192.0.2.3", "192.0.2.3, 10.1.1.1"], "192.0.2.4"),
    ],
    ids=["v4", "v6", "forged"],
)
async def test_clients_of_a_proxy_are_counted_by_what_it_says(
    served: Served, many: list[str], other: str
) -> None:
    async with AsyncExitStack() as stack:
        slow = await lines(served, stack, OF_ADDRESS, PROXY)
        for number, line in enumerate(slow):
            await line.send(post("{ slow(seconds: 2) }", x_forwarded_for=many[number % len(many)]))
        statuses = []
        for address in (*many, other):
            async with await served.line(address=PROXY) as line:
                await line.send(post(x_forwarded_for=address))
                statuses.append((await line.reply()).status)
        bodies = [(await line.reply()).body for line in slow]

    assert statuses == [*(429 for _ in many), 200]
    assert bodies == [{"data": {"slow": 2.0}}] * OF_ADDRESS


async def test_nobody_else_is_believed(served: Served) -> None:
    async with AsyncExitStack() as stack:
        slow = await lines(served, stack, 3, OTHER)
        for line in slow:
            await line.send(post(x_forwarded_for="192.0.2.77"))
            assert (await line.reply()).body == TYPENAME

    assert "192.0.2.77" not in served.logged


async def test_websockets_of_one_address_are_bounded(served: Served) -> None:
    staff = headers("staff")
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(client(served, OTHER, staff))
        open_ = [await stack.enter_async_context(gateway.connected()) for _ in range(SOCKETS)]
        url = f"{gateway.url}/graphql"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await gateway.session.ws_connect(url, protocols=["graphql-transport-ws"])
        async with client(served, "127.0.0.1", staff) as another, another.connected() as socket:
            answer = await socket.ask("{ __typename }", explain=False)
        await open_[0].socket.close()
        await asyncio.sleep(0.2)
        await stack.enter_async_context(gateway.connected())

    assert (
        refused.value.status,
        refused.value.headers and refused.value.headers["retry-after"],
    ) == (429, "1")
    assert answer.body == TYPENAME
    assert f"limits.sockets_per_address, from {OTHER}: " in served.logged


async def test_an_idle_anonymous_websocket_is_closed(served: Served) -> None:
    async with client(served) as gateway, gateway.connected() as socket:
        began = time.monotonic()
        for _ in range(3):
            await asyncio.sleep(IDLE / 2)
            assert (await socket.ask("{ __typename }", explain=False)).body == TYPENAME
        closed = await socket.closed()
        seconds = time.monotonic() - began

    assert closed == (1000, "No operation has run for 0.5 seconds.")
    assert 2.5 * IDLE <= seconds < 20 * IDLE
    assert "limits.idle_socket_seconds, from 127.0.0.1: No operation" in served.logged


async def test_pings_are_no_operations(served: Served) -> None:
    async with client(served) as gateway, gateway.connected() as socket:

        async def ping() -> None:
            while True:
                await socket.send(type="ping")
                await asyncio.sleep(IDLE / 5)

        pinging = asyncio.create_task(ping())
        closed = await socket.closed()
        pinging.cancel()

    assert closed[0] == 1000


async def test_a_websocket_with_a_subscription_is_left_alone(served: Served) -> None:
    async with client(served) as gateway, gateway.connected() as socket:
        await socket.subscribe("a", f"subscription {{ ticks(seconds: {6 * IDLE}) }}")
        numbers = [(await socket.receive())["payload"]["data"]["ticks"] for _ in range(2)]
        await socket.send(id="a", type="complete")
        closed = await socket.closed()

    assert numbers == [1, 2]
    assert closed[0] == 1000


async def test_a_websocket_of_somebody_is_left_alone(served: Served) -> None:
    async with (
        client(served, headers=headers("staff")) as gateway,
        gateway.connected() as socket,
    ):
        await asyncio.sleep(4 * IDLE)
        answer = await socket.ask("{ __typename }", explain=False)

    assert answer.body == TYPENAME


@pytest.mark.parametrize("count", [3, 3000])
async def test_a_message_has_so_many_frames(served: Served, count: int) -> None:
    async with client(served) as gateway, gateway.connected() as socket:
        assert socket.socket._writer is not None
        text = orjson.dumps({"type": "ping"})
        write = socket.socket._writer.transport.write

        def frame(first: int, data: bytes) -> bytes:
            return bytes((first, 0x80 | len(data), 0, 0, 0, 0)) + data

        write(frame(0x01, text))
        write(frame(0x00, b"") * (count - 2) + frame(0x80, b""))
        if count < 1000:
            assert (await socket.receive())["type"] == "pong"
        else:
            assert await socket.closed() == (1009, "A message has more than 1000 frames.")


UNMASKED, NO_TEXT, GOODBYE = b"\x81\x02{}", b"\x81\x82\0\0\0\0\xff\xfe", b"\x88\x82\0\0\0\0\x03\xe8"


@pytest.mark.parametrize(
    ("sent", "code"),
    [(UNMASKED, 1002), (NO_TEXT, 1007), (GOODBYE, 1000)],
    ids=["no frame", "no text", "goodbye"],
)
async def test_who_sends_on_is_told_why_it_ends(served: Served, sent: bytes, code: int) -> None:
    """A connection that was closed at once would be reset, and the code lost."""
    said = len(served.logged)
    async with await served.line() as line:
        await line.send(head("GET /graphql HTTP/1.1", **UPGRADE) + b"\r\n")
        await line.reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            await line.send(sent, *[b"\x8a\xfd\0\0\0\0" + b"p" * 125] * 5_000)
        frame = await line.reader.readexactly(4)
        await line.ended()

    assert frame[0] == 0x88
    assert int.from_bytes(frame[2:]) == code
    assert "Traceback" not in served.logged[said:]


async def test_pongs_are_not_kept_for_who_does_not_read(served: Served) -> None:
    memory, ping = served.memory, b"\x89\xfd\0\0\0\0" + b"p" * 125
    async with await served.line(limit=1000) as line:
        await line.send(head("GET /graphql HTTP/1.1", **UPGRADE) + b"\r\n")
        await line.reader.readuntil(b"\r\n\r\n")
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(300):
            await line.send(ping * 500)

    assert served.memory - memory < 8_000_000


@pytest.mark.parametrize(
    ("first", "more", "status"),
    [
        ("GET /graphql HTTP/1.1", {"x_long": "a" * 8_200}, 400),
        ("GET /graphql HTTP/1.1", {"cookie": "b" * 30_000}, 400),
        ("GET /graphql?" + "a" * 8_175 + " HTTP/1.1", {}, 400),
        ("GET /graphql HTTP/1.1", {"content_length": "5"}, 400),
    ],
    ids=["header", "cookie", "url", "body"],
)
async def test_what_the_library_of_websockets_does_not_take_is_refused(
    served: Served, first: str, more: dict[str, str], status: int
) -> None:
    async with await served.line() as line:
        await line.send(head(first, **UPGRADE, **more) + b"\r\nhello")
        reply = await line.reply()

    assert (reply.status, reply.codes) == (status, ["BAD_USER_INPUT"])
    assert "Traceback" not in served.logged
