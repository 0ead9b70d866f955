"""Answers come compressed to clients that take them so."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
import zstandard
from starlette.requests import Request
from starlette.responses import Response

from gateway import compression
from gateway.compression import compress, encoding_for
from gateway.settings import Settings
from tests.client import Gateway, request, serving

LONG = "{ products(first: 50) { nodes { sku name } } }"
SHORT = "{ __typename }"

DECODERS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": lambda body: zlib.decompress(body, wbits=31),
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body, max_output_size=10**8),
}

HEADERS: dict[str, str | None] = {
    "": None,
    "identity": None,
    "gzip": "gzip",
    "GZIP": "gzip",
    "zstd": "zstd",
    "br": None,
    "gzip, deflate, br": "gzip",
    "gzip, deflate, br, zstd": "zstd",
    "zstd;q=0.5, gzip": "gzip",
    "zstd;q=0.5, gzip;q=0.500": "zstd",
    "gzip;q=0": None,
    "gzip;q=0, *": "zstd",
    "*": "zstd",
    "*;q=0": None,
    "*;q=0.1, zstd;q=0": "gzip",
    "gzip;q=0.2, identity;q=0.5": None,
    "gzip;q=2": None,
    "gzip;q=": None,
    "zstd;": "zstd",
    "gzip;q=nan": None,
    "gzip;level=9": None,
    " gzip ; q=1.0 ": "gzip",
    ",,": None,
    "gzip" + ", gzip" * 1_000: "gzip",
}  # fmt: skip


def asking(header: str | None) -> Request:
    headers = [] if header is None else [(b"accept-encoding", header.encode())]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize("header", HEADERS)
def test_a_client_says_which_it_takes(header: str) -> None:
    assert encoding_for(asking(header)) == HEADERS[header]


def test_one_that_says_nothing_takes_none() -> None:
    assert encoding_for(asking(None)) is None


async def sent(gateway: Gateway, query: str, encoding: str | None, **more: Any) -> Any:
    headers = {"content-type": "application/json", "accept-encoding": encoding or "identity"}
    url = f"{gateway.url}/graphql"
    async with gateway.session.post(
        url, data=orjson.dumps(request(query)), headers=headers | more, auto_decompress=False
    ) as response:
        return response.headers, await response.read()


@pytest.mark.parametrize("encoding", DECODERS)
async def test_a_long_answer_is_compressed(gateway: Gateway, encoding: str | None) -> None:
    _, plain = await sent(gateway, LONG, None)
    headers, body = await sent(gateway, LONG, encoding)

    assert headers.get("content-encoding") == encoding
    assert headers["vary"] == "accept, authorization, x-api-key, Accept-Encoding"
    assert int(headers["content-length"]) == len(body)
    assert DECODERS[encoding](body) == plain
    assert encoding is None or len(body) < len(plain) / 2


@pytest.mark.parametrize("encoding", DECODERS)
async def test_a_short_answer_is_not(gateway: Gateway, encoding: str | None) -> None:
    headers, body = await sent(gateway, SHORT, encoding)

    assert "content-encoding" not in headers
    assert orjson.loads(body)["data"] == {"__typename": "Query"}


async def test_an_answer_that_could_have_come_in_parts_is_compressed(gateway: Gateway) -> None:
    headers, body = await sent(gateway, LONG, "gzip", accept="multipart/mixed, application/json")

    assert headers["content-encoding"] == "gzip"
    assert orjson.loads(DECODERS["gzip"](body))["data"]["products"]["nodes"]


async def test_an_event_stream_is_not(gateway: Gateway) -> None:
    headers, body = await sent(gateway, LONG, "gzip", accept="text/event-stream")

    assert "content-encoding" not in headers
    assert body.startswith(b"event: next") or body.startswith(b":")


@pytest.fixture
async def plain(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    settings = Settings.of(sources=source_settings, server={"compression": False})
    async with serving(settings) as gateway:
        yield gateway


async def test_it_can_be_left_to_a_proxy(plain: Gateway) -> None:
    headers, body = await sent(plain, LONG, "gzip")

    assert "content-encoding" not in headers
    assert orjson.loads(body)["data"]["products"]["nodes"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_large_one_is_compressed_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    threads: list[int] = []

    async def to_thread(make: Callable[[bytes], bytes], body: bytes) -> bytes:
        threads.append(len(body))
        return make(body)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    for size in (compression.LARGE - 1, compression.LARGE):
        response = Response(b"a" * size)
        await compress(asking(encoding), response)
        assert DECODERS[encoding](bytes(response.body)) == b"a" * size

    assert threads == [compression.LARGE]


@pytest.mark.parametrize("encoding", DECODERS)
async def test_graphiqls_bundle_is_compressed(gateway: Gateway, encoding: str | None) -> None:
    async with gateway.session.get(f"{gateway.url}/graphiql/") as response:
        page = await response.text()
    path = page.partition('src="./')[2].partition('"')[0]
    assert path.endswith(".js")

    async def get(encoding: str | None) -> Any:
        headers = {"accept-encoding": encoding or "identity"}
        async with gateway.session.get(
            f"{gateway.url}/graphiql/{path}", headers=headers, auto_decompress=False
        ) as response:
            return response.headers, await response.read()

    _, whole = await get(None)
    headers, body = await get(encoding)

    assert headers.get("content-encoding") == encoding
    assert headers["vary"] == "Accept-Encoding"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"].startswith("text/javascript")
    assert int(headers["content-length"]) == len(body)
    assert DECODERS[encoding](body) == whole
    assert encoding is None or len(body) < len(whole) / 2
