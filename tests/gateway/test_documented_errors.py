"""docs/errors.md says which codes there are, and how each kind of error comes on each transport."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from gateway.settings import Settings
from tests.client import Gateway, serving
from tests.identities import auth
from tests.probe import PROBE

ROOT = Path(__file__).parents[2]

SHOP = "schema.build:schema"

STRICT = "application/graphql-response+json"


CODE = r"(UPSTREAM|GRAPHQL|PERSISTED|QUERY|OPERATION|BAD|RATE|SHUTTING|UNA)_?[A-Z_]+"


def rows(head: str) -> list[list[str]]:
    """The cells of the page's table that begins with this."""
    page = (ROOT / "docs" / "errors.md").read_text()
    table = re.search(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.M)
    assert table is not None
    return [[cell.strip() for cell in row.strip("|\n").split("|")] for row in table[1].splitlines()]


def test_every_code_is_documented() -> None:
    documented = {code for cells in rows("code") for code in re.findall(r"`([A-Z_]+)`", cells[0])}
    written: set[str] = set()
    for package in ("gateway", "loaders", "resolvers"):
        for file in (ROOT / package).rglob("*.py"):
            for each in ast.walk(ast.parse(file.read_text())):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    written.add(each.value)

    assert documented <= written
    assert {
        each
        for each in written
        if re.fullmatch(
            r"(UPSTREAM|GRAPHQL|PERSISTED|QUERY|OPERATION|BAD|RATE|SHUTTING|UNA|WRITE|OUTCOME"
            r"|VERSION_C)_?[A-Z_]+",
            each,
        )
    } == documented - {"INTERNAL_SERVER_ERROR"}


@pytest.fixture(scope="module")
async def gateways(
    source_settings: dict[str, dict[str, Any]],
) -> AsyncIterator[dict[tuple[str, bool], Gateway]]:
    """The gateway over each graph, with and without ``draft_status_codes``."""
    async with AsyncExitStack() as stack:
        yield {
            (graph, drafts): await stack.enter_async_context(
                serving(
                    Settings.of(
                        environment="development",
                        graph=graph,
                        sources=source_settings,
                        auth=auth(),
                        authorization={"reject": True},
                        limits={"request_seconds": 0.5},
                        server={"draft_status_codes": drafts},
                    )
                )
            )
            for graph in (PROBE, SHOP)
            for drafts in (False, True)
        }


REQUESTS: dict[str, list[Any]] = {
    "the body is no JSON": [b"", b"{", b"nothing"],
    "the request is none": [{}, 5, {"query": 5}, {"query": "{ a }", "variables": []}],
    "the credential is not good": [{"query": "{ __typename }"}],
    "the document can't be read": [{"query": "{"}, {"query": "5"}],
    "the document does not have the operation": [
        {"query": "query A { __typename }", "operationName": "B"},
        {"query": "fragment A on Query { __typename }"},
    ],
    "the operation is not valid, or too much": [
        {"query": "{ nothing }"},
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "query ($a: Int!) { __typename }"},
        {"query": "query ($a: Int!) { __typename }", "variables": {"a": None}},
        {"query": "{ __typename " + "a " * 5_000 + "}"},
        {"query": "{ " + " ".join(f"a{number}: __typename" for number in range(31)) + " }"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}},
    ],
    "the caller may not run it": [{"query": "{ customers { nodes { name } } }"}],
    "it took too long": [{"query": "{ slow(seconds: 9) }"}],
    "a place failed or is denied": [{"query": "{ broken }"}],
}


def _sent(asked: Any) -> bytes:
    return asked if isinstance(asked, bytes) else orjson.dumps(asked)


async def by_post(gateway: Gateway, asked: Any, accept: str, bad: bool) -> str:
    """How it comes by HTTP: its status, or how its event stream begins."""
    sent = {"content-type": "application/json", "accept": accept}
    if bad:
        sent["authorization"] = "Bearer nothing"
    async with gateway.session.post(
        f"{gateway.url}/graphql", data=_sent(asked), headers=sent
    ) as response:
        body = await response.text()
        if response.content_type == "text/event-stream":
            assert response.status == 200
            event = re.search(r"event: next\ndata: (.*)\n", body)
            assert event is not None
            assert "errors" in orjson.loads(event[1])
            return "`next`"
        assert orjson.loads(body)["errors"]
        return str(response.status)


async def by_websocket(gateway: Gateway, asked: Any, bad: bool) -> str:
    """How it comes by WebSocket: the type of its message, or the code with which that is closed."""
    async with gateway.socket() as socket:
        payload = {"authorization": "Bearer nothing"} if bad else {}
        await socket.send(type="connection_init", payload=payload)
        message = await socket.socket.receive()
        if message.type is aiohttp.WSMsgType.CLOSE:
            return f"closed with {message.data}"
        if isinstance(asked, bytes):
            await socket.socket.send_str(asked.decode())
        else:
            await socket.send(id="1", type="subscribe", payload=asked)
        message = await socket.socket.receive()
        if message.type is aiohttp.WSMsgType.CLOSE:
            return f"closed with {message.data}"
        return f"`{orjson.loads(message.data)['type']}`"


@pytest.mark.parametrize("kind", REQUESTS)
async def test_it_comes_on_each_transport_as_documented(
    gateways: dict[tuple[str, bool], Gateway], kind: str
) -> None:
    graph = SHOP if kind == "the caller may not run it" else PROBE
    gateway, drafting = gateways[graph, False], gateways[graph, True]
    bad = kind == "the credential is not good"
    (documented,) = [cells[1:] for cells in rows("what") if cells[0].startswith(kind)]

    for asked in REQUESTS[kind]:
        json, strict, events = [
            await by_post(gateway, asked, accept, bad)
            for accept in ("application/json", STRICT, "text/event-stream")
        ]
        draft = await by_post(drafting, asked, STRICT, bad)
        socket = await by_websocket(gateway, asked, bad)
        assert [json, strict, draft, events, socket] == documented, asked
        # Nobody else is told otherwise.
        assert json == await by_post(drafting, asked, "application/json", bad)
        assert events == await by_post(drafting, asked, "text/event-stream", bad)


async def test_a_result_without_errors_is_a_success_in_the_draft_too(
    gateways: dict[tuple[str, bool], Gateway],
) -> None:
    drafting = gateways[PROBE, True]
    answers = [
        await drafting.ask(query, accept=STRICT)
        for query in ("{ __typename }", "{ broken }", "{ __typename broken }")
    ]
    refused = await drafting.ask("{ __typename }", accept="image/png")
    by_get = await drafting.get('mutation { touch(id: "x") { id } }', headers={"accept": STRICT})

    assert [answer.status for answer in answers] == [200, 294, 294]
    assert [answer.status for answer in (refused, by_get)] == [406, 405]
    assert by_get.headers["allow"] == "GET, POST"
