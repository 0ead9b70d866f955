"""Headers of callers that go on to services: those that are named, to those that are told, and
never one caller's with another's."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st
from starlette.datastructures import Address

from gateway.auth.authentication import Authenticator
from gateway.errors import RequestRefused
from gateway.transports.forwarding import forwarded
from loaders.identity import Identity
from tests.bad_servers import answering
from tests.client import Gateway, request
from tests.gateway.tenants import IDS, asked
from tests.identities import token

EVERYTHING = """
{ things { nodes { asked number parcel { asked } note { asked } twin { asked } } } }
"""

ADA, EVE = f"Bearer {token(sub='ada')}", f"Bearer {token(sub='eve')}"
NAMES = ("authorization", "x-tenant", "x-request-id", "cookie")
SENT = {
    "authorization": ADA,
    "X-Tenant": "north",
    "x-request-id": "order-7",
    "cookie": "a=b; c=d",
    "x-other": "no",
    "x-tenants": "no",
    "x_tenant": "no",
    "forwarded": "for=1.2.3.4",
    "x-forwarded-for": "1.2.3.4",
    "accept-language": "cs",
    "referer": "https://shop.example.com/",
}
GONE_ON = {
    "authorization": ADA,
    "x-tenant": "north",
    "x-request-id": "order-7",
    "cookie": "a=b; c=d",
}


async def ask(gateway: Gateway, road: str, query: str, headers: Mapping[str, str]) -> list[Any]:
    """The data of all answers that come this way."""
    if road == "GET":
        return [(await gateway.get(query, headers=headers)).data]
    if road == "POST":
        return [(await gateway.ask(query, headers=headers, explain=False)).data]
    if road == "batch":
        one = request(query)
        return [each.data for each in await gateway.batch(one, one, headers=headers)]
    if road == "parts":
        deferred = f"{{ ... @defer {query} __typename }}"
        parts = await gateway.parts(deferred, headers=headers)
        return [each["data"] for part in parts for each in part.get("incremental", ())]
    if road in ("events", "a subscription"):
        if road == "a subscription":
            query = f"subscription {{ events {query} }}"
        async with gateway.events(query, headers=headers) as events:
            got = [data["data"] async for name, data in events if name == "next"]
        return got if road == "events" else [each["events"] for each in got]
    async with gateway.connected({}, headers=headers) as socket:
        return [(await socket.ask(query, explain=False)).data]


ROADS = ["GET", "POST", "batch", "parts", "events", "a subscription", "a socket"]


def shown(gone_on: Mapping[str, str], road: str = "") -> str:
    on = {**gone_on}
    if road == "a socket" and "x-request-id" in on:
        on["x-request-id"] += ".1"
    return "|".join(f"{name}={on[name]}" for name in sorted(on)) or "nothing"


def rows(asked_by: str, ids: list[str] = IDS) -> dict[str, Any]:
    it = {"asked": asked_by}
    nodes = [
        {**it, "number": id, "parcel": it, "note": {"asked": "nothing"}, "twin": it} for id in ids
    ]
    return {"things": {"nodes": nodes}}


@pytest.mark.parametrize("road", ROADS)
async def test_what_is_named_goes_on_to_whom_it_is_named_for(road: str) -> None:
    async with asked(*NAMES) as (gateway, services):
        got = await ask(gateway, road, EVERYTHING, SENT)

        count = {"batch": 2, "a subscription": 2}.get(road, 1)
        on = {**GONE_ON, "x-request-id": "order-7.1"} if road == "a socket" else GONE_ON
        assert got == [rows(shown(GONE_ON, road))] * count
        assert services.headers["told"] == [on] * len(services.told.paths)
        assert services.headers["silent"] == [{}] * len(services.silent.paths)


@pytest.mark.parametrize("names", [(), ("x-tenant",), ("authorization",), ("X-Tenant", "Cookie")])
@pytest.mark.parametrize("sent", [SENT, {}], ids=["sent", "not sent"])
async def test_nothing_else_goes_on(names: tuple[str, ...], sent: Mapping[str, str]) -> None:
    async with asked(*names) as (gateway, services):
        (got,) = await ask(gateway, "POST", EVERYTHING, sent)

        lower = {name.lower() for name in names}
        on = {name: value for name, value in GONE_ON.items() if name in lower} if sent else {}
        assert got == rows(shown(on))
        assert services.headers["told"] == [on] * len(services.told.paths)
        assert services.headers["silent"] == [{}] * len(services.silent.paths)


async def test_callers_that_ask_at_the_same_time_never_get_what_is_another_s() -> None:
    """All of them for the same keys, by every road, with requests that fail in passing."""
    async with asked("authorization", "x-tenant") as (gateway, services):
        services.fails = 1

        async def one(number: int) -> None:
            road = ROADS[number % len(ROADS)]
            sent = {
                "x-tenant": f"tenant-{number}",
                "authorization": f"Bearer {token(sub=str(number))}",
            }
            got = await ask(gateway, road, EVERYTHING, sent)
            assert got == [rows(shown(sent))] * len(got) != []

        await asyncio.gather(*map(one, range(28)))

        assert len({each["x-tenant"] for each in services.headers["told"]}) == 28
        assert services.headers["silent"] == [{}] * len(services.silent.paths)


async def test_a_request_that_is_made_again_has_the_same_headers() -> None:
    async with asked("x-tenant") as (gateway, services):
        services.fails = 2
        (got,) = await ask(gateway, "POST", EVERYTHING, {"x-tenant": "north"})

        assert got == rows("x-tenant=north")
        assert {tuple(each.items()) for each in services.headers["told"]} == {
            (("x-tenant", "north"),)
        }
        # All, by keys in batches of two, and five parcels, each thrice.
        assert len(services.told.paths) == 3 * (1 + 3 + 5)


async def test_one_connection_of_a_caller_brings_nothing_of_another_s() -> None:
    """One client after another over the same connection to the service."""
    async with asked("x-tenant", "cookie", "authorization") as (gateway, _):
        for sent in ({"x-tenant": "north", "cookie": "a=b"}, {}, {"authorization": ADA}, {}):
            assert await ask(gateway, "POST", EVERYTHING, sent) == [rows(shown(sent))]


async def test_a_header_that_is_sent_twice_goes_on_as_one() -> None:
    async with asked("x-tenant", "cookie") as (gateway, services):
        host = gateway.url.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        body = orjson.dumps(request("{ things { nodes { number } } }"))
        writer.write(
            f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"X-Tenant: a\r\nx-tenant: b\r\nCookie: a=b\r\ncookie: c=d\r\n"
            f"Connection: close, x-tenant\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await reader.read()
        writer.close()

        assert services.headers["told"] == [{"x-tenant": "a, b", "cookie": "a=b; c=d"}]


@pytest.mark.parametrize("value", ["n\u00f6rth", "\u5317", "a\tb", "", "'\"\\", "{}", "x" * 4000])
async def test_a_value_arrives_as_it_was_sent(value: str) -> None:
    async with asked("x-tenant") as (gateway, services):
        await gateway.ask("{ things { nodes { number } } }", headers={"x-tenant": value})

        (on,) = services.headers["told"]
        assert on["x-tenant"].encode("utf-8", "surrogateescape") == value.encode()


async def test_a_value_that_would_not_arrive_as_it_was_sent_is_refused() -> None:
    async with asked("x-tenant") as (gateway, services):
        host = gateway.url.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        body = orjson.dumps(request("{ things { nodes { number } } }"))
        writer.write(
            f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n".encode()
            + b"X-Tenant: n\xf6rth\r\n\r\n"
            + body
        )
        head, _, answer = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()

        assert head.startswith(b"HTTP/1.1 400 ")
        assert orjson.loads(answer) == {
            "errors": [
                {
                    "message": "The header x-tenant can't be sent on: it must be text in UTF-8.",
                    "extensions": {"code": "BAD_USER_INPUT"},
                }
            ]
        }
        assert services.told.paths + services.silent.paths == []


@given_any(st.lists(st.tuples(st.sampled_from([b"x-a", b"x-b", b"cookie"]), st.binary(max_size=8))))
def test_values_are_those_that_were_sent_or_refused(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        got = forwarded(headers, {"x-a", "cookie"})
    except RequestRefused:
        bad = [value for name, value in headers if name != b"x-b" and not is_text(value)]
        assert bad
        return
    for name, join in (("x-a", b", "), ("cookie", b"; ")):
        values = [value for key, value in headers if key == name.encode()]
        assert got.get(name, "").encode() == join.join(values)
        assert (name in got) == (values != [])
        assert all(map(is_text, values))


def is_text(value: bytes) -> bool:
    try:
        return re.search(r"[\0-\x08\n-\x1f\x7f]", value.decode()) is None
    except UnicodeDecodeError:
        return False


async def test_a_refused_credential_goes_nowhere() -> None:
    async with asked("authorization") as (gateway, services):
        for bad in ("Bearer x", "Basic YTpi", f"{ADA}, {EVE}", f"Bearer {token(-60)}"):
            answer = await gateway.ask(EVERYTHING, headers={"authorization": bad})
            assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
            async with gateway.socket() as socket:
                await socket.send(type="connection_init", payload={"authorization": bad})
                assert (await socket.closed())[0] == 4403

        assert services.told.paths + services.silent.paths == []


@pytest.mark.parametrize(
    ("payload", "sent", "on"),
    [
        ({}, {}, {}),
        ({}, {"authorization": ADA, "x-tenant": "a"}, {"authorization": ADA, "x-tenant": "a"}),
        ({"authorization": ADA}, {}, {"authorization": ADA}),
        ({"Authorization": ADA}, {"x-tenant": "a"}, {"authorization": ADA, "x-tenant": "a"}),
        ({"Authorization": ADA}, {"authorization": EVE}, {"authorization": ADA}),
        ({"x-tenant": "b", "cookie": "b"}, {"x-tenant": "a"}, {"x-tenant": "a"}),
        ({"x-tenant": "b"}, {}, {}),
        ({"X-API-Key": "slk_1"}, {"authorization": EVE}, {"x-api-key": "slk_1"}),
        ({"authorization": ADA}, {"x-api-key": "slk_1"}, {"authorization": ADA}),
    ],
)
async def test_a_socket_s_headers_are_the_handshake_s_and_the_credential_that_counts(
    monkeypatch: pytest.MonkeyPatch,
    payload: dict[str, str],
    sent: dict[str, str],
    on: dict[str, str],
) -> None:
    class Keys(Authenticator):
        async def identify(
            self, headers: Mapping[str, str], client: Address | None = None
        ) -> Identity:
            if "x-api-key" in headers:
                return Identity(client="northwind", credential="key:1")
            return await super().identify(headers, client)

    monkeypatch.setattr("gateway.app.Authenticator", Keys)
    async with asked("authorization", "x-tenant", "x-api-key", "cookie") as (gateway, services):
        async with gateway.connected(payload, headers=sent) as socket:
            for _ in range(2):
                assert (await socket.ask(EVERYTHING, explain=False)).data == rows(shown(on))

        assert services.headers["told"] == [on] * len(services.told.paths)


async def test_a_socket_whose_header_can_t_go_on_is_closed() -> None:
    async with asked("x-tenant") as (gateway, services):
        host, _, port = gateway.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /graphql HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n".encode()
            + b"X-Tenant: n\xf6rth\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        init = b'{"type":"connection_init"}'
        writer.write(bytes([0x81, 0x80 | len(init), 0, 0, 0, 0]) + init)
        frame = await reader.readexactly(4)
        reason = await reader.read(frame[1] - 2)
        writer.close()

        assert frame[0] == 0x88
        assert int.from_bytes(frame[2:]) == 4400
        assert reason == b"The header x-tenant can't be sent on: it must be text in UTF-8."
        assert services.told.paths == []


async def test_the_id_that_goes_on_is_the_one_of_the_answer() -> None:
    async with asked("x-request-id") as (gateway, services):
        query = "{ things { nodes { number } } }"
        for sent in ({}, {"x-request-id": "no good"}, {"x-request-id": "order-7"}):
            answer = await gateway.ask(query, headers=sent)
            assert services.headers["told"][-1] == {"x-request-id": answer.headers["x-request-id"]}
        async with gateway.connected({}, headers={"x-request-id": "page-7"}) as socket:
            for number in (1, 2):
                await socket.ask(query)
                assert services.headers["told"][-1] == {"x-request-id": f"page-7.{number}"}


async def test_a_redirection_is_not_followed() -> None:
    async def elsewhere(_: Any) -> Any:
        raise AssertionError("nobody asks here")

    async with answering(elsewhere) as other, asked("authorization") as (gateway, services):
        services.location = f"{other.url}/things"
        answer = await gateway.ask(
            "{ things { nodes { number } } }", headers={"authorization": ADA}, explain=False
        )

        assert answer.body == {
            "data": {"things": None},
            "errors": [
                {
                    "message": "The source 'told' sent status 302.",
                    "locations": [{"line": 1, "column": 12}],
                    "path": ["things", "nodes"],
                    "extensions": {"code": "UPSTREAM_BAD_RESPONSE", "source": "told"},
                }
            ],
        }
        assert other.paths == []


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 503])
async def test_neither_explain_nor_the_log_shows_a_value(
    caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    async with asked("authorization", "x-tenant") as (gateway, services):
        services.status = status
        query = '{ things { nodes { number parcel { id } } } thing(number: "1") { number } }'
        answer = await gateway.ask(
            query, headers={"authorization": ADA, "x-tenant": "hunter2"}, explain=True
        )

        assert services.headers["told"][0] == {"authorization": ADA, "x-tenant": "hunter2"}
        told = orjson.dumps(answer.body).decode() + caplog.text
        assert "calls" in told
        assert not any(secret in told for secret in ("hunter2", ADA, ADA.removeprefix("Bearer ")))
