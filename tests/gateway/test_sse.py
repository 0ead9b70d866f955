"""Operations whose results are server-sent events: graphql-sse's distinct connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest
from starlette.datastructures import Address

from gateway.auth.authentication import Authenticator
from gateway.settings import Settings
from loaders.identity import Identity
from tests.client import Gateway, serving, until
from tests.gateway.test_websocket import FOREVER, ORDERS, TICKS
from tests.identities import token
from tests.probe import PROBE
from tests.probe.graph import SECRET, running

EVENTS = {"accept": "text/event-stream"}
COMPLETE = ("complete", None)


@pytest.fixture(scope="module")
async def hasty(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    """The probe's gateway, in production, with little time."""
    settings = Settings.of(graph=PROBE, sources=source_settings, limits={"request_seconds": 0.5})
    async with serving(settings) as gateway:
        yield gateway


async def events_of(gateway: Gateway, query: str, **asked: Any) -> list[tuple[str, Any]]:
    async with gateway.events(query, **asked) as events:
        return [event async for event in events]


async def test_a_query_is_one_event(probe: Gateway) -> None:
    answer = await probe.ask(ORDERS, explain=False)

    assert await events_of(probe, ORDERS) == [("next", answer.body), COMPLETE]


async def test_a_mutation_is_one_event(probe: Gateway) -> None:
    (order,) = (await probe.ask("{ orders(first: 1) { nodes { id } } }")).data["orders"]["nodes"]

    events = await events_of(probe, "mutation($id: ID!) { touch(id: $id) { id } }", variables=order)

    assert events == [("next", {"data": {"touch": order}}), COMPLETE]


async def test_a_subscription_is_an_event_for_each_of_its_own(probe: Gateway) -> None:
    variables = {"count": 3, "seconds": 0}

    events = await events_of(probe, TICKS + "{ number } }", variables=variables)

    assert events == [
        *[("next", {"data": {"ticks": {"number": number}}}) for number in (1, 2, 3)],
        COMPLETE,
    ]
    assert running["ticks"] == 0


async def test_the_bytes_are_those_of_the_protocol(probe: Gateway) -> None:
    async with probe.session.get(
        f"{probe.url}/graphql", params={"query": "{ __typename }"}, headers=EVENTS
    ) as response:
        body = await response.read()

    assert body == (
        b'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n'
    )
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["cache-control"] == "no-store, no-transform"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["vary"] == "accept, authorization, x-api-key"


async def test_a_subscription_can_be_asked_by_get(probe: Gateway) -> None:
    query = "subscription { ticks(count: 1, seconds: 0) { number } }"
    async with probe.session.get(
        f"{probe.url}/graphql", params={"query": query}, headers=EVENTS
    ) as response:
        assert b'"number":1' in await response.read()


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("text/event-stream", "text/event-stream"),
        ("Text/Event-Stream; charset=utf-8", "text/event-stream"),
        ("text/event-stream, multipart/mixed", "text/event-stream"),
        ("text/event-stream, application/json", "text/event-stream"),
        ("application/json;q=0.5, text/event-stream", "text/event-stream"),
        ("*/*, text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream, multipart/mixed", "application/json"),
        ("text/event-stream;q=0.9, application/json", "application/json"),
        ("text/event-stream;q=0", "application/json"),
        ("text/html", "application/json"),
    ],
)
async def test_events_are_for_those_who_like_them_best(
    probe: Gateway, accept: str, answered: str
) -> None:
    async with probe.session.post(
        f"{probe.url}/graphql", json={"query": "{ __typename }"}, headers={"accept": accept}
    ) as response:
        assert response.content_type == answered


async def test_a_mutation_by_get_is_refused(probe: Gateway) -> None:
    query = 'mutation { touch(id: "x") { id } }'
    async with probe.session.get(
        f"{probe.url}/graphql", params={"query": query}, headers=EVENTS
    ) as response:
        body = await response.read()

    assert b"A mutation is sent with POST." in body
    assert b"BAD_USER_INPUT" in body


async def test_a_subscription_without_an_event_stream_is_refused(probe: Gateway) -> None:
    query = "subscription { ticks(count: 1, seconds: 0) { number } }"
    answers = [
        await probe.ask(query),
        await probe.ask(query, accept="multipart/mixed"),
        await probe.get(query),
    ]

    assert {answer.status for answer in answers} == {406}
    assert [answer.codes for answer in answers] == [["BAD_USER_INPUT"]] * 3
    assert running["ticks"] == 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
        ("query($n: String!) { order(number: $n) { id } }", "BAD_USER_INPUT"),
        (TICKS + "{ number } }", "BAD_USER_INPUT"),
    ],
)
async def test_an_operation_that_can_t_run_is_an_event_with_errors(
    probe: Gateway, query: str, code: str
) -> None:
    (name, body), end = await events_of(probe, query)

    assert (name, end) == ("next", COMPLETE)
    assert set(body) == {"errors"}
    assert {error["extensions"]["code"] for error in body["errors"]} == {code}


async def test_a_request_that_is_none_is_refused_in_json(probe: Gateway) -> None:
    for body in (b"{", b"{}", b'{"query": 5}', b"5"):
        answer = await probe.post(body, accept="text/event-stream")

        assert (answer.status, answer.codes) == (400, ["BAD_USER_INPUT"])


async def test_unexpected_errors_are_masked(
    probe: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    (_, body), _ = await events_of(probe, "{ broken }")
    *events, end = await events_of(probe, "subscription { breaks }")

    assert body["data"] == {"broken": None}
    assert events[0] == ("next", {"data": {"breaks": 1}})
    assert end == COMPLETE
    for each in (body, events[1][1]):
        (error,) = each["errors"]
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert error["extensions"]["id"] in caplog.text
        assert SECRET not in orjson.dumps(each).decode()


async def test_explain_is_given_where_it_is_asked_for(probe: Gateway) -> None:
    (_, body), _ = await events_of(probe, ORDERS, explain=True)

    assert len(body["extensions"]["explain"]["calls"]) == 3


async def test_deferred_parts_are_events(probe: Gateway) -> None:
    query = '{ a: __typename ... @defer(label: "late") { b: __typename } }'

    events = await events_of(probe, query)

    assert events == [
        (
            "next",
            {
                "data": {"a": "Query"},
                "pending": [{"id": "0", "path": [], "label": "late"}],
                "hasNext": True,
            },
        ),
        (
            "next",
            {
                "incremental": [{"id": "0", "data": {"b": "Query"}}],
                "completed": [{"id": "0"}],
                "hasNext": False,
            },
        ),
        COMPLETE,
    ]


async def test_a_client_that_goes_cancels_what_it_asked(probe: Gateway) -> None:
    async with probe.events(TICKS + "{ number } }", FOREVER) as ticks:
        assert (await anext(aiter(ticks)))[0] == "next"
        assert running["ticks"] == 1
    async with probe.events("{ slow(seconds: 60) }"):
        await until(lambda: running["slow"] == 1)

    await until(lambda: (running["ticks"], running["slow"]) == (0, 0))


async def test_a_client_that_goes_from_a_silent_stream_cancels_it_too(probe: Gateway) -> None:
    async with probe.events(TICKS + "{ number } }", {"count": 2, "seconds": 60}) as ticks:
        await anext(aiter(ticks))

    await until(lambda: running["ticks"] == 0)


async def test_a_query_has_a_time_and_a_subscription_has_not(hasty: Gateway) -> None:
    slow = await events_of(hasty, "{ slow(seconds: 60) }")
    ticks = await events_of(hasty, TICKS + "{ number } }", variables={"count": 2, "seconds": 1})

    assert slow == [
        (
            "next",
            {
                "errors": [
                    {
                        "message": "The operation took longer than 0.5 seconds.",
                        "extensions": {"code": "UPSTREAM_TIMEOUT"},
                    }
                ]
            },
        ),
        COMPLETE,
    ]
    assert running["slow"] == 0
    assert len(ticks) == 3


async def test_a_stream_ends_with_its_token(probe: Gateway) -> None:
    credential = {"authorization": f"Bearer {token(2)}"}

    *ticks, last, end = await events_of(
        probe, TICKS + "{ number } }", variables=FOREVER, headers=credential
    )

    (error,) = last[1]["errors"]
    assert ticks
    assert "expired" in error["message"]
    assert (set(last[1]), error["extensions"]) == ({"errors"}, {"code": "UNAUTHENTICATED"})
    assert end == COMPLETE
    assert running["ticks"] == 0


async def test_a_stream_ends_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    revoked = asyncio.Event()

    class Revoking(Authenticator):
        async def identify(
            self, headers: Mapping[str, str], client: Address | None = None
        ) -> Identity:
            return Identity(client="northwind", credential="key:1")

        async def ended(self, identity: Identity) -> str:
            assert identity.credential == "key:1"
            await revoked.wait()
            return "The API key was revoked."

    monkeypatch.setattr("gateway.app.Authenticator", Revoking)
    async with (
        serving(Settings.of(graph=PROBE)) as gateway,
        gateway.events(TICKS + "{ number } }", {"count": 2, "seconds": 60}) as ticks,
    ):
        events = aiter(ticks)
        await anext(events)
        revoked.set()
        rest = [event async for event in events]

    error = {"message": "The API key was revoked.", "extensions": {"code": "UNAUTHENTICATED"}}
    assert rest == [("next", {"errors": [error]}), COMPLETE]
    assert running["ticks"] == 0


async def test_a_silent_stream_says_that_it_is_alive(
    probe: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.transports.streaming.KEEP_ALIVE_SECONDS", 0.1)
    async with probe.events("{ slow(seconds: 1) }") as events:
        body = await events.response.read()

    assert body.startswith(b": keep-alive\n\n: keep-alive\n\n")
    assert body.endswith(b"event: complete\ndata:\n\n")
