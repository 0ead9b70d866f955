"""A service that answers one id at a time: how many requests it gets, and for which paths."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
from aiohttp import web

from tests.graph.truth import gid
from tests.loaders.lies import Liars, honest_shipping, lying, said
from tests.places import explained, paths_of


@pytest.fixture(scope="module")
async def running(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Liars]:
    async with lying(source_settings, seconds=5.0) as liars:
        yield liars


@pytest.fixture
def liars(running: Liars) -> Liars:
    running.be_honest()
    return running


SHIPMENTS = """
{
  newest: orders(first: 100) { nodes { id shipment { trackingNumber } } }
  oldest: orders(last: %d) { nodes { id shipment { trackingNumber } } }
  products(first: 1) { nodes { stock { available } } }
}
"""


async def test_a_hundred_requests_are_what_one_operation_may_make(liars: Liars) -> None:
    answer = await liars.ask(SHIPMENTS % 0)

    nodes = answer.data["newest"]["nodes"]
    assert [node["shipment"] for node in nodes] == [{"trackingNumber": "NO1"}] * 100
    assert len(set(liars.shipping.paths)) == len(liars.shipping.paths) == 100


async def test_what_is_beyond_the_limit_alone_is_refused(liars: Liars) -> None:
    answer = await liars.ask(SHIPMENTS % 30)

    nodes = answer.partial["newest"]["nodes"] + answer.partial["oldest"]["nodes"]
    refused = [node for node in nodes if node["shipment"] is None]
    assert len(liars.shipping.paths) == 100
    assert (len(nodes), len(refused)) == (130, 30)
    assert len({node["id"] for node in nodes}) == 130
    assert answer.partial["products"]["nodes"] == [{"stock": {"available": 5}}]
    message = (
        "This operation needs more than 100 requests to 'shipping', which answers one id at a "
        "time. Ask for fewer objects."
    )
    assert len(explained(answer.partial, paths_of(answer.errors))) == 30
    assert [(error["message"], error["extensions"]) for error in answer.errors] == [
        (message, {"code": "OPERATION_TOO_COMPLEX"})
    ] * 30


async def test_the_next_operation_has_a_hundred_of_its_own(liars: Liars) -> None:
    await liars.ask(SHIPMENTS % 30)

    assert (await liars.ask(SHIPMENTS % 0)).errors == []


async def test_requests_to_several_resources_of_a_service_count_together(liars: Liars) -> None:
    answer = await liars.ask(
        "{ orders(first: 100) { nodes { shipment { trackingNumber carrier { code } } } } }"
    )

    shipments = [node["shipment"] for node in answer.partial["orders"]["nodes"]]
    assert shipments == [{"trackingNumber": "NO1", "carrier": None}] * 100
    assert set(answer.codes) == {"OPERATION_TOO_COMPLEX"}
    assert len(liars.shipping.paths) == 100
    assert all(path.startswith("/shipments/") for path in liars.shipping.paths)


async def test_at_most_half_of_all_requests_are_one_operation_s(liars: Liars) -> None:
    async def slowly(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return await honest_shipping(request)

    liars.shipments = slowly

    assert (await liars.ask(SHIPMENTS % 0)).errors == []
    assert liars.shipping.busiest == 20


async def test_an_answer_that_is_wrong_for_one_key_is_wrong_for_no_other(liars: Liars) -> None:
    async def wrong_for_some(request: web.BaseRequest) -> web.StreamResponse:
        bad = int(request.path.rpartition("/")[2]) % 10 == 0
        return await (said(b"", 500) if bad else honest_shipping)(request)

    liars.shipments = wrong_for_some

    answer = await liars.ask(SHIPMENTS % 0)

    nodes = answer.partial["newest"]["nodes"]
    failed = {tuple(error["path"]) for error in answer.errors}
    assert [node["shipment"] for node in nodes].count(None) == len(failed) == 10
    assert failed == {
        ("newest", "nodes", index, "shipment")
        for index, node in enumerate(nodes)
        if node["shipment"] is None
    }


ELSEWHERE = [
    "",
    ".",
    "..",
    "a/b",
    "a/../b",
    "../carriers",
    "..\\..",
    "a\r\nHost: evil.example\r\n\r\nGET /admin HTTP/1.1",
    "//evil.example",
    "http://evil.example/",
    "\\\\evil.example",
]
"""Keys that can name another path, to services that decode a path before they split it too."""

NAUGHTY = [
    "%2e%2e",
    "%2E%2E%2F",
    "..%2f..%2f",
    "...",
    "a?b=c",
    "a#b",
    "a;b=c",
    "a&b=c",
    "a%2Fb",
    "a%00b",
    "%",
    "%zz",
    "+",
    " ",
    "a b",
    "a\tb",
    "a\nb",
    "a\u0000b",
    "é",
    "e\u0301",
    "\u202e\u2028",
    "漢字",
    "\U0001f600",
    "@evil.example",
    ":80",
    "[::1]",
    "{key}",
    "{0}",
    "%s",
    "~-_",
    "null",
    "'\"<>`^|",
    "x" * 2000,
]


@pytest.mark.parametrize("code", NAUGHTY, ids=lambda code: repr(code[:20]))
async def test_a_key_is_exactly_one_segment_of_the_path(liars: Liars, code: str) -> None:
    answer = await liars.ask(
        "query($code: String!) { carrier(code: $code) { name } }", {"code": code}
    )

    assert answer.data == {"carrier": None}
    (path,) = liars.shipping.paths
    before, separator, segment = path.rpartition("/")
    assert (before, separator) == ("/carriers", "/")
    assert unquote(segment) == code
    assert not set(segment) & set("?#;&=+ ")


@pytest.mark.parametrize("code", ELSEWHERE, ids=lambda code: repr(code[:20]))
async def test_a_key_that_would_name_another_path_is_not_asked_for(liars: Liars, code: str) -> None:
    answer = await liars.ask(
        "query($code: String!) { carrier(code: $code) { name } }", {"code": code}
    )

    assert answer.partial == {"carrier": None}
    if set(code) & set("/\\"):
        [error] = answer.errors
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert "which can't hold a key with a slash" in error["message"]
    else:
        assert answer.errors == []
    assert liars.shipping.paths == []


@pytest.mark.parametrize("sku", [*ELSEWHERE, *NAUGHTY], ids=lambda sku: repr(sku[:20]))
async def test_a_key_is_exactly_one_parameter_of_a_batch(liars: Liars, sku: str) -> None:
    answer = await liars.ask(
        "query($id: ID!) { node(id: $id) { ... on Stock { sku } } }", {"id": gid("Stock", sku)}
    )

    assert answer.data == {"node": {"sku": sku}}
    (path,) = liars.inventory.paths
    before, _, query = path.partition("?")
    assert before == "/stock"
    assert parse_qs(query, keep_blank_values=True, strict_parsing=True) == {"sku": [sku]}
