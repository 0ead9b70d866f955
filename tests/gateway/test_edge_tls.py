"""HTTPS, by the gateway itself and by a proxy before it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.transports.edge import SPARE
from tests.client import Gateway
from tests.gateway.edge import TYPENAME, Served, edge, head, post
from tests.gateway.test_cli import gateway

pytestmark = pytest.mark.process

A_YEAR = "max-age=31536000"


def certificate(folder: Path) -> tuple[Path, Path]:
    """One for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("edge")
    made, key = certificate(folder)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    server = {"tls_certificate": str(made), "tls_key": str(key)}
    limits = {"receive_seconds": 0.5, "stalled_seconds": 1.0}
    async with edge(folder, context, server=server, limits=limits) as served:
        yield served


async def test_https_is_served_and_browsers_are_told_to_stay_with_it(served: Served) -> None:
    reply = await served.ask()

    assert (reply.status, reply.body) == (200, TYPENAME)
    assert reply.headers["strict-transport-security"] == A_YEAR


async def test_websockets_are_served(served: Served) -> None:
    connector = aiohttp.TCPConnector(ssl=False)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        Gateway(f"https://127.0.0.1:{served.port}", session).connected() as socket,
    ):
        answer = await socket.ask("{ __typename }", explain=False)

    assert answer.body == TYPENAME


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /?" + b"a" * 300_000, 414),
        (head() + b"a: b\r\n" * 100_000, 431),
        (head() + b"a: ", 408),
    ],
    ids=["url", "headers", "slow"],
)
async def test_requests_are_bounded_there_too(served: Served, request_: bytes, status: int) -> None:
    async with await served.line() as line:
        await line.send(request_)
        reply = await line.reply()
        await line.ended()

    assert (reply.status, reply.codes) == (status, ["BAD_USER_INPUT"])


async def test_a_reader_that_stops_is_dropped(served: Served) -> None:
    async with await served.line(limit=1000) as line:
        await line.send(post("{ text(size: 30000000) }"))
        for _ in range(40):
            await asyncio.sleep(0.2)
            if "limits.stalled_seconds, from 127.0.0.1: " in served.logged:
                break
        else:
            raise AssertionError("it was not dropped")


async def test_a_slow_reader_has_the_whole_answer(served: Served) -> None:
    size, had = 12_000_000, 0
    async with await served.line(limit=1000) as line:
        await line.send(post(f"{{ text(size: {size}) }}"))
        await line.reader.readuntil(b"\r\n\r\n")
        while had < size:
            piece = await line.reader.read(100_000)
            assert piece, "it was dropped"
            had += len(piece)
            await asyncio.sleep(0.02 if had % 7 else 0.1)


async def test_a_proxy_that_is_trusted_says_what_is_https(tmp_path: Path) -> None:
    server = {"trusted_proxies": ["127.0.0.2/31"]}
    async with edge(tmp_path, server=server) as served:
        asked = [("127.0.0.2", "https"), ("127.0.0.2", "http"), ("127.0.0.4", "https")]
        told = []
        for address, scheme in asked:
            async with await served.line(address=address) as line:
                await line.send(post(x_forwarded_proto=scheme))
                told.append((await line.reply()).headers.get("strict-transport-security"))

    assert told == [A_YEAR, None, None]


async def test_in_development_other_ports_stay_as_they_are(tmp_path: Path) -> None:
    made, key = certificate(tmp_path)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    server = {"tls_certificate": str(made), "tls_key": str(key)}
    async with edge(tmp_path, context, server=server, environment="development") as served:
        reply = await served.ask()

    assert reply.body == TYPENAME
    assert "strict-transport-security" not in reply.headers


@pytest.mark.parametrize("wrong", ["missing.pem", "key.pem"])
def test_a_certificate_that_can_t_be_used_is_named(tmp_path: Path, wrong: str) -> None:
    _, key = certificate(tmp_path)
    started = gateway(
        *("serve", "--port", "0"),
        env={
            "SLUICE_SERVER__TLS_CERTIFICATE": str(tmp_path / wrong),
            "SLUICE_SERVER__TLS_KEY": str(key),
        },
    )

    assert started.returncode == 1
    assert f"{tmp_path / wrong} and {key} can't be used for TLS" in started.stderr
    assert "Traceback" not in started.stderr


async def raw(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection without TLS."""
    return await asyncio.open_connection("127.0.0.1", served.port)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "a part"])
async def test_a_handshake_has_the_time_of_a_request(served: Served, said: bytes) -> None:
    reader, writer = await raw(served)
    writer.write(said)
    async with asyncio.timeout(20):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()

    assert "limits.receive_seconds, from 127.0.0.1: The TLS handshake was not done." in (
        served.logged
    )


async def test_what_is_no_handshake_ends_its_connection_alone(served: Served) -> None:
    for said in (post(), b"\x16\x03\x01\x00\x05hello", bytes(1000)):
        reader, writer = await raw(served)
        writer.write(said)
        async with asyncio.timeout(20):
            with suppress(ConnectionResetError):
                while await reader.read(1000):
                    pass
        writer.close()

    assert (await served.ask()).body == TYPENAME
    assert "Traceback" not in served.logged


async def test_those_that_begin_no_handshake_are_counted(served: Served, tmp_path: Path) -> None:
    server = {"tls_certificate": str(served.log.parent / "certificate.pem")}
    server["tls_key"] = str(served.log.parent / "key.pem")
    limits = {"connections": 5, "receive_seconds": 1.0}
    async with edge(tmp_path, served.tls, server=server, limits=limits) as few:
        silent = [await raw(few) for _ in range(4)]
        last = await few.ask()
        silent += [await raw(few) for _ in range(2)]
        refused = await few.ask()
        for reader, _ in silent:
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        anew = await few.ask()
        crowd = [await raw(few) for _ in range(5 + SPARE)]
        await asyncio.sleep(0.1)
        one_more, writer = await raw(few)
        with suppress(ConnectionResetError):
            assert await one_more.read() == b""
        writer.close()
        for _, writer in (*silent, *crowd):
            writer.close()
        logged = few.logged

    assert last.body == anew.body == TYPENAME
    assert (refused.status, refused.codes) == (503, ["RATE_LIMITED"])
    assert "limits.connections, from 127.0.0.1: The TLS handshake was not done." in logged


async def test_a_request_may_come_with_the_end_of_the_handshake(served: Served) -> None:
    """As one segment: what is read with it is of the request, and not lost."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    assert served.tls is not None
    tls = served.tls.wrap_bio(incoming, outgoing)
    reader, writer = await raw(served)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            writer.write(outgoing.read())
            incoming.write(await reader.read(1 << 16))
    tls.write(post())
    writer.write(outgoing.read())
    received = b""
    while not received.endswith(b"}"):
        incoming.write(await reader.read(1 << 16))
        with suppress(ssl.SSLWantReadError):
            received += tls.read(1 << 16)
    writer.close()

    assert received.endswith(orjson.dumps(TYPENAME))
