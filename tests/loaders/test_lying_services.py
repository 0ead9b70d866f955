"""Services that answer what they should not: the error is of the field that needed it, alone."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest
from aiohttp import web

from gateway.settings import Settings
from tests.bad_servers import sending
from tests.client import Answer, serving
from tests.identities import auth, headers
from tests.loaders.lies import (
    ORDER,
    SECRET,
    SHIPMENT,
    SHOWN,
    Liars,
    Tell,
    honest_shipping,
    lying,
    said,
)


@pytest.fixture(scope="module")
async def running(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Liars]:
    async with lying(source_settings, seconds=3.0) as liars:
        yield liars


@pytest.fixture
def liars(running: Liars) -> Liars:
    running.be_honest()
    return running


@pytest.fixture(scope="module")
async def whole(running: Liars) -> Any:
    """The order when both services are honest."""
    running.be_honest()
    order = (await running.ask()).data["order"]
    assert order["shipment"] == SHOWN
    assert order["customer"] == {"name": "Ada Martin"}
    assert [line["product"]["stock"] for line in order["lines"]] == (
        [{"available": 5, "warehouse": "GNT-1"}] * len(order["lines"])
    )
    return order


def told(answer: Answer) -> list[tuple[list[Any], str, str]]:
    """Each error's path, code and source."""
    return [
        (error["path"], error["extensions"]["code"], error["extensions"]["source"])
        for error in answer.errors
    ]


BAD = ("UPSTREAM_BAD_RESPONSE", "shipping")
HERE = ["order", "shipment"]


@pytest.mark.parametrize("status", [400, 401, 403, 407, 409, 410, 418, 451, 500, 501, 201])
async def test_a_status_that_is_no_answer_is_the_fields_error(
    liars: Liars, whole: Any, status: int
) -> None:
    liars.shipment(said(SHIPMENT, status, www_authenticate=f'Basic realm="{SECRET}"'))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, *BAD)]
    assert answer.errors[0]["message"] == f"The source 'shipping' sent status {status}."
    assert "www-authenticate" not in answer.headers
    assert liars.shipping.paths == ["/shipments/1"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(liars: Liars, whole: Any, status: int) -> None:
    liars.shipment(said(b"", status, location="/carriers/NORDPOST"))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, *BAD)]
    assert liars.shipping.paths == ["/shipments/1"]


@pytest.mark.parametrize(("status", "body"), [(404, {"error": SECRET}), (204, b"")])
async def test_nothing_found_is_no_row_and_no_error(
    liars: Liars, whole: Any, status: int, body: Any
) -> None:
    liars.shipment(said(body, status))

    assert (await liars.ask()).data["order"] == {**whole, "shipment": None}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_service_is_asked_three_times(liars: Liars, whole: Any, status: int) -> None:
    liars.shipment(said(b"", status, retry_after="0"))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, "UPSTREAM_UNAVAILABLE", "shipping")]
    assert liars.shipping.paths == ["/shipments/1"] * 3


NO_TIME = [
    *("0", "", "soon", "-5", "1e400", "1.5", "\u0663", "Thu, 01 Jan 1970 00:00:00 GMT"),
    *(f"Fri, 31 Dec {year} 23:59:59 GMT" for year in ("0001", "10000", "9" * 30, "-1")),
    "Fri, 31 Dec 9999 23:59:59 +99999999999999999999",
    "Fri, 31 Dec 2026 99:99:99 GMT",
]
"""What a ``Retry-After`` says that is no time to wait for."""


@pytest.mark.parametrize("retry_after", NO_TIME)
async def test_an_answer_at_the_third_try_is_an_answer(
    liars: Liars, whole: Any, retry_after: str
) -> None:
    async def third(request: web.BaseRequest) -> web.StreamResponse:
        tries = liars.shipping.paths.count("/shipments/1")
        busy = said(b"", 503, retry_after=retry_after)
        return await (honest_shipping if tries == 3 else busy)(request)

    liars.shipment(third)

    assert (await liars.ask()).data["order"] == whole
    assert liars.shipping.paths.count("/shipments/1") == 3


async def test_a_service_gets_the_time_that_it_asks_for(liars: Liars, whole: Any) -> None:
    began = asyncio.get_running_loop().time()

    async def later(request: web.BaseRequest) -> web.StreamResponse:
        waited = asyncio.get_running_loop().time() - began >= 1
        return await (honest_shipping if waited else said(b"", 429, retry_after="1"))(request)

    liars.shipment(later)

    assert (await liars.ask()).data["order"] == whole
    assert liars.shipping.paths.count("/shipments/1") == 2


@pytest.mark.parametrize(
    "retry_after",
    [
        "3600",
        "9" * 400,
        format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True),
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ],
    ids=["an hour", "for ever", "a date", "the last date"],
)
async def test_a_service_that_asks_for_more_time_than_there_is_is_not_asked_again(
    liars: Liars, whole: Any, retry_after: str
) -> None:
    liars.shipment(said(b"", 503, retry_after=retry_after))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, "UPSTREAM_UNAVAILABLE", "shipping")]
    assert liars.shipping.paths == ["/shipments/1"]


async def test_a_connection_that_is_closed_without_an_answer_is_tried_three_times(
    liars: Liars, whole: Any
) -> None:
    async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    liars.shipment(hang_up)

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, "UPSTREAM_UNAVAILABLE", "shipping")]
    assert liars.shipping.paths == ["/shipments/1"] * 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing " + SECRET.encode(),
        b"<html>" + SECRET.encode() + b"</html>",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"order_id": NaN}',
        b'{"order_id": 1, "status": "\xff"}',
        b"null",
        b"true",
        b"5",
        b'"SECRET-9f31"',
        b"[]",
        b'[{"order_id": 1}]',
        b"{}",
        b'{"order_id": 2}',
        b'{"order_id": "1"}',
        b'{"order_id": null}',
        b'{"order_id": [1]}',
        b'{"order_id": true}',
        b'{"order_id": "\\ud800"}',
        b'{"order_id": 1e9999}',
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_what_is_not_the_object_asked_for_is_refused(
    liars: Liars, whole: Any, body: bytes
) -> None:
    liars.shipment(said(body))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, *BAD)]


async def test_a_byte_order_mark_is_passed_over(liars: Liars, whole: Any) -> None:
    liars.shipment(said(b"\xef\xbb\xbf" + orjson.dumps({**SHIPMENT, "order_id": 1})))

    assert (await liars.ask()).data["order"] == whole


async def test_a_value_that_cannot_be_read_costs_its_own_place(liars: Liars, whole: Any) -> None:
    body = orjson.dumps({**SHIPMENT, "order_id": 1})
    liars.shipment(said(body.replace(b'"2025-01-05"', b'"half of \\ud83d"')))

    answer = await liars.ask()

    shipment = {**whole["shipment"], "estimatedDelivery": None}
    assert answer.partial["order"] == {**whole, "shipment": shipment}
    assert told(answer) == [([*HERE, "estimatedDelivery"], *BAD)]


async def test_json_is_read_whatever_it_calls_itself(liars: Liars, whole: Any) -> None:
    liars.shipment(said(SHIPMENT, content_type="text/plain; charset=latin-1"))

    assert (await liars.ask()).data["order"] == whole


async def stream_without_end(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 1_000_000)


async def stop_halfway(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-length": "1000"})
    await response.prepare(request)
    await response.write(b'{"order_id": 1, ')
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.mark.parametrize(
    "tell",
    [
        stream_without_end,
        said(gzip.compress(b" " * 50_000_000), content_encoding="gzip"),
        said(gzip.compress(b"{}")[:-9], content_encoding="gzip"),
        said(b"no gzip", content_encoding="gzip"),
        said(b"no brotli", content_encoding="br"),
    ],
    ids=["endless", "bomb", "cut gzip", "no gzip", "no brotli"],
)
async def test_a_body_that_has_no_end_or_no_sense_is_refused(
    liars: Liars, whole: Any, tell: Tell
) -> None:
    liars.shipment(tell)

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, *BAD)]


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 \xff\xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    ],
)
async def test_what_is_not_http_is_refused(
    source_settings: dict[str, dict[str, Any]], sent: bytes
) -> None:
    async with sending(sent) as url:
        sources = {**source_settings, "shipping": {"kind": "rest", "url": url}}
        async with serving(Settings.of(sources=sources, auth=auth()), headers("staff")) as gateway:
            answer = await gateway.ask(ORDER)

    assert answer.partial["order"]["shipment"] is None
    assert answer.partial["order"]["customer"] == {"name": "Ada Martin"}
    assert told(answer) == [(HERE, *BAD)]


async def test_a_body_that_stops_halfway_is_a_service_that_is_not_there(
    liars: Liars, whole: Any
) -> None:
    liars.shipment(stop_halfway)

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert told(answer) == [(HERE, "UPSTREAM_UNAVAILABLE", "shipping")]


async def test_a_services_cookies_are_not_sent_back(liars: Liars) -> None:
    cookies = []

    async def set_cookie(request: web.BaseRequest) -> web.StreamResponse:
        cookies.append(request.headers.get("cookie"))
        return await said(SHIPMENT, set_cookie=f"session={SECRET}; path=/")(request)

    liars.shipment(set_cookie)

    for _ in range(2):
        assert "set-cookie" not in (await liars.ask()).headers
    assert cookies == [None, None]
