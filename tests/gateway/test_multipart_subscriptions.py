"""Subscriptions over HTTP as Apollo's clients have them: multipart/mixed;subscriptionSpec=1.0."""

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
from tests.client import SUBSCRIPTION_PARTS, Gateway, serving, until
from tests.gateway.test_websocket import FOREVER, TICKS
from tests.identities import token
from tests.probe import PROBE
from tests.probe.graph import SECRET, running

HEARTBEAT: dict[str, Any] = {}

ONE = "subscription { ticks(count: 1, seconds: 0) { number } }"


@pytest.fixture(scope="module")
async def hasty(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    """The probe's gateway, in production, with little time."""
    settings = Settings.of(graph=PROBE, sources=source_settings, limits={"request_seconds": 0.5})
    async with serving(settings) as gateway:
        yield gateway


async def messages_of(gateway: Gateway, query: str, **asked: Any) -> list[dict[str, Any]]:
    async with gateway.messages(query, **asked) as messages:
        return [message async for message in messages]


async def test_each_event_is_the_payload_of_a_part(probe: Gateway) -> None:
    variables = {"count": 3, "seconds": 0}

    messages = await messages_of(probe, TICKS + "{ number } }", variables=variables)

    assert messages == [
        HEARTBEAT,
        *[{"payload": {"data": {"ticks": {"number": number}}}} for number in (1, 2, 3)],
    ]
    assert running["ticks"] == 0


async def test_the_bytes_are_those_of_the_protocol(probe: Gateway) -> None:
    headers = {"accept": SUBSCRIPTION_PARTS}
    async with probe.session.get(
        f"{probe.url}/graphql", params={"query": ONE}, headers=headers
    ) as response:
        body = await response.read()

    head = b"Content-Type: application/json; charset=utf-8\r\nContent-Length: "
    assert body == (
        b"\r\n--graphql\r\n" + head + b"2\r\n\r\n{}"
        b"\r\n--graphql\r\n" + head + b'43\r\n\r\n{"payload":{"data":{"ticks":{"number":1}}}}'
        b"\r\n--graphql--\r\n"
    )
    sent = 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
    assert (response.status, response.headers["content-type"]) == (200, sent)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "accept, authorization, x-api-key"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (SUBSCRIPTION_PARTS, "multipart/mixed"),
        ("multipart/mixed;subscriptionSpec=1.0, application/json", "multipart/mixed"),
        ('multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"', "multipart/mixed"),
        ("application/json, Multipart/Mixed; SubscriptionSpec=1.0", "multipart/mixed"),
        ("multipart/mixed;subscriptionSpec=1.0, multipart/mixed", "multipart/mixed"),
        ("multipart/mixed;subscriptionSpec=1.0, text/event-stream", "multipart/mixed"),
        ("text/event-stream, multipart/mixed;subscriptionSpec=1.0", "text/event-stream"),
        ("multipart/mixed;subscriptionSpec=1.0;q=0, application/json", "application/json"),
        ("multipart/mixed;subscriptionSpec=2.0, application/json", "application/json"),
        ("multipart/mixed;subscriptionSpec, application/json", "application/json"),
        ("multipart/mixed, application/json", "application/json"),
    ],
)
async def test_a_subscription_comes_so_to_whoever_takes_it(
    probe: Gateway, accept: str, answered: str
) -> None:
    async with probe.session.post(
        f"{probe.url}/graphql", json={"query": ONE}, headers={"accept": accept}
    ) as response:
        await response.read()

    assert response.content_type == answered
    assert response.status == (406 if answered == "application/json" else 200)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (SUBSCRIPTION_PARTS, "application/graphql-response+json"),
        ("multipart/mixed;subscriptionSpec=1.0, application/json", "application/json"),
        ("multipart/mixed;subscriptionSpec=1.0", "application/json"),
    ],
)
async def test_what_is_no_subscription_is_one_document(
    probe: Gateway, accept: str, answered: str
) -> None:
    query = "{ a: __typename ... @defer { b: __typename } }"

    answer = await probe.ask(query, accept=accept, explain=False)

    assert answer.headers["content-type"] == answered
    assert (answer.status, answer.body) == (200, {"data": {"a": "Query", "b": "Query"}})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (TICKS + "{ number } }", "BAD_USER_INPUT"),
    ],
)
async def test_a_subscription_that_can_t_begin_is_refused_as_any_other_operation(
    probe: Gateway, query: str, code: str
) -> None:
    answer = await probe.ask(query, accept=SUBSCRIPTION_PARTS, explain=False)

    assert answer.headers["content-type"] == "application/graphql-response+json"
    assert (answer.status, set(answer.body), set(answer.codes)) == (400, {"errors"}, {code})


async def test_a_bad_credential_is_refused(probe: Gateway) -> None:
    headers = {"authorization": "Bearer nothing"}
    answer = await probe.ask(ONE, accept=SUBSCRIPTION_PARTS, headers=headers)

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_errors_of_an_event_are_in_its_payload(probe: Gateway) -> None:
    query = "subscription { ticks(count: 2, seconds: 0) { order { number broken } } }"

    _, *messages = await messages_of(probe, query)

    for message in messages:
        (error,) = message["payload"]["errors"]
        assert set(message) == {"payload"}
        assert message["payload"]["data"]["ticks"]["order"]["broken"] is None
        assert error["path"] == ["ticks", "order", "broken"]
    assert len(messages) == 2


async def test_errors_that_end_it_stand_beside_a_payload_that_is_null(
    probe: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    messages = await messages_of(probe, "subscription { breaks }")

    *begin, end = messages
    (error,) = end["errors"]
    assert begin == [HEARTBEAT, {"payload": {"data": {"breaks": 1}}}]
    assert end == {"payload": None, "errors": [error]}
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["id"] in caplog.text
    assert SECRET not in orjson.dumps(messages).decode()


async def test_it_has_no_end_of_its_own(hasty: Gateway) -> None:
    messages = await messages_of(
        hasty, TICKS + "{ number } }", variables={"count": 2, "seconds": 1}
    )

    assert len(messages) == 3


async def test_it_ends_with_its_token(probe: Gateway) -> None:
    credential = {"authorization": f"Bearer {token(2)}"}

    _, *ticks, last = await messages_of(
        probe, TICKS + "{ number } }", variables=FOREVER, headers=credential
    )

    (error,) = last["errors"]
    assert ticks
    assert "expired" in error["message"]
    assert (last["payload"], error["extensions"]) == (None, {"code": "UNAUTHENTICATED"})
    assert running["ticks"] == 0


async def test_it_ends_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    revoked = asyncio.Event()

    class Revoked(Authenticator):
        async def identify(
            self, headers: Mapping[str, str], client: Address | None = None
        ) -> Identity:
            return Identity(client="northwind", credential="key:1")

        async def ended(self, identity: Identity) -> str:
            await revoked.wait()
            return "The API key was revoked."

    monkeypatch.setattr("gateway.app.Authenticator", Revoked)
    async with (
        serving(Settings.of(graph=PROBE)) as gateway,
        gateway.messages(TICKS + "{ number } }", {"count": 2, "seconds": 60}) as ticks,
    ):
        messages = aiter(ticks)
        begin = [await anext(messages), await anext(messages)]
        revoked.set()
        rest = [message async for message in messages]

    error = {"message": "The API key was revoked.", "extensions": {"code": "UNAUTHENTICATED"}}
    assert begin == [HEARTBEAT, {"payload": {"data": {"ticks": {"number": 1}}}}]
    assert rest == [{"payload": None, "errors": [error]}]
    assert running["ticks"] == 0


async def test_one_whose_credential_ends_before_it_begins_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Revoked(Authenticator):
        async def identify(
            self, headers: Mapping[str, str], client: Address | None = None
        ) -> Identity:
            return Identity(client="northwind", credential="key:1")

        async def ended(self, identity: Identity) -> str:
            await until(lambda: running["slow"] == 1)
            return "The API key was revoked."

    monkeypatch.setattr("gateway.app.Authenticator", Revoked)
    async with serving(Settings.of(graph=PROBE)) as gateway:
        answer = await gateway.ask("{ slow(seconds: 60) }", accept=SUBSCRIPTION_PARTS)

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert running["slow"] == 0


async def test_a_client_that_goes_cancels_what_it_asked(probe: Gateway) -> None:
    for variables in (FOREVER, {"count": 2, "seconds": 60}):
        async with probe.messages(TICKS + "{ number } }", variables) as ticks:
            assert await anext(aiter(ticks)) == HEARTBEAT
            await until(lambda: running["ticks"] == 1)

        await until(lambda: running["ticks"] == 0)


async def test_a_silent_one_says_that_it_is_alive(
    probe: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.transports.streaming.KEEP_ALIVE_SECONDS", 0.1)
    variables = {"count": 2, "seconds": 0.5}

    messages = await messages_of(probe, TICKS + "{ number } }", variables=variables)

    first, second = (
        messages.index({"payload": {"data": {"ticks": {"number": number}}}}) for number in (1, 2)
    )
    assert messages[:first] == [HEARTBEAT]
    assert second - first > 2
    assert all(each == HEARTBEAT for each in messages[first + 1 : second])


async def test_a_batch_has_no_subscriptions(source_settings: dict[str, dict[str, Any]]) -> None:
    settings = Settings.of(graph=PROBE, sources=source_settings, limits={"batch": 2})
    async with serving(settings) as gateway:
        (answer,) = await gateway.batch({"query": ONE}, headers={"accept": SUBSCRIPTION_PARTS})

    assert answer.codes == ["BAD_USER_INPUT"]
    assert running["ticks"] == 0
