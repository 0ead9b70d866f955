"""What aiohttp raises, provoked for real, and which of our errors it becomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from loaders.errors import BadResponse, SourceError, SourceTimeout, SourceUnavailable
from loaders.rest.source import RestSource
from tests.bad_servers import Service, answering, sending, silent, unused_port


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[Service]:
    async def empty(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({})

    async with answering(empty) as service:
        yield service


async def error_at(url: str, fails_with: Exception | None = None) -> SourceError:
    """The error of a source with this address; ``fails_with`` is what aiohttp raises there."""
    source = RestSource("shipping", url, timeout=1.0)
    await source.open()
    if fails_with is not None:

        async def fail(*_: object) -> None:
            raise fails_with

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(fail)
        await source.close()
        source._client._session = aiohttp.ClientSession(trace_configs=[trace])
    try:
        with pytest.raises(SourceError) as raised:
            await source.check()
    finally:
        await source.close()
    assert raised.value.source == "shipping"
    assert "words" not in str(raised.value)
    assert url not in str(raised.value)
    return raised.value


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


KINDS = list(dict.fromkeys([*subclasses(aiohttp.ClientError), TimeoutError, ConnectionError]))


def bare(kind: Any) -> Exception:
    """An error without its arguments: connections and requests, which nothing here looks at."""
    error: Exception = kind.__new__(kind)
    return error


def expected(kind: type[Exception]) -> type[SourceError]:
    if issubclass(kind, TimeoutError):
        return SourceTimeout
    if issubclass(kind, (aiohttp.ClientPayloadError, aiohttp.ClientResponseError)):
        return BadResponse
    return SourceUnavailable


async def test_every_error_of_aiohttp_is_one_of_ours(service: Service) -> None:
    errors = await asyncio.gather(*(error_at(service.url, bare(kind)) for kind in KINDS))

    assert {kind: type(error) for kind, error in zip(KINDS, errors, strict=True)} == {
        kind: expected(kind) for kind in KINDS
    }


async def test_a_refused_connection_is_an_unavailable_source() -> None:
    error = await error_at(f"http://127.0.0.1:{unused_port()}")

    assert type(error) is SourceUnavailable


async def test_a_service_without_the_encryption_asked_for_is_an_unavailable_source(
    service: Service,
) -> None:
    error = await error_at(service.url.replace("http://", "https://"))

    assert type(error) is SourceUnavailable


@pytest.mark.parametrize("url", ["nowhere", "ftp://127.0.0.1", "http://"])
async def test_an_address_that_is_none_is_an_unavailable_source(url: str) -> None:
    assert type(await error_at(url)) is SourceUnavailable


async def test_a_service_that_says_nothing_is_a_timeout() -> None:
    async with silent() as port:
        assert type(await error_at(f"http://127.0.0.1:{port}")) is SourceTimeout


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("sent", "kind", "is_passing"),
    [
        (OK + b"content-le", SourceUnavailable, True),
        (OK + b"content-length: 100\r\n\r\n[1", SourceUnavailable, True),
        (OK + b"transfer-encoding: chunked\r\n\r\n2\r\n[1\r\n", SourceUnavailable, True),
        (OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n[1\r\n", BadResponse, False),
        (OK + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\n[]", BadResponse, False),
        (b"\xff\xfe\x00\r\n\r\n", BadResponse, False),
    ],
    ids=["head", "length", "chunks", "no chunk", "no gzip", "nothing"],
)
async def test_a_connection_that_ends_within_an_answer_is_lost_and_other_answers_are_bad(
    sent: bytes, kind: type[SourceError], is_passing: bool
) -> None:
    async with sending(sent) as url:
        error = await error_at(url)

    assert type(error) is kind
    assert (error.is_passing, error.is_outage) == (is_passing, is_passing)
