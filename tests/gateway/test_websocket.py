"""Operations over WebSocket, as graphql-transport-ws says."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.settings import Settings
from tests.client import Gateway, serving, until
from tests.probe import PROBE
from tests.probe.graph import SECRET, running

TICKS = "subscription($count: Int!, $seconds: Float!) { ticks(count: $count, seconds: $seconds) "
FOREVER = {"count": 1_000_000, "seconds": 0.01}
ORDERS = "{ orders(first: 2) { nodes { number lines { product { name } } } } }"


@pytest.fixture(scope="module")
async def hasty(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    """The probe's gateway, in production and with narrow limits."""
    limits = {"request_seconds": 0.5, "body_bytes": 2000, "socket_operations": 3}
    settings = Settings.of(graph=PROBE, sources=source_settings, limits=limits)
    async with serving(settings) as gateway:
        yield gateway


async def test_a_query_is_answered_as_over_http(probe: Gateway) -> None:
    async with probe.connected() as socket:
        answer = await socket.ask(ORDERS)
    by_http = await probe.ask(ORDERS)

    assert answer.data == by_http.data
    assert answer.resources == by_http.resources


async def test_a_mutation_is_answered(probe: Gateway) -> None:
    (order,) = (await probe.ask("{ orders(first: 1) { nodes { id } } }")).data["orders"]["nodes"]

    async with probe.connected() as socket:
        answer = await socket.ask("mutation($id: ID!) { touch(id: $id) { id } }", order)

    assert answer.data == {"touch": order}


async def test_a_subscription_sends_its_events_and_completes(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("a", TICKS + "{ number } }", {"count": 2, "seconds": 0})
        messages = [await socket.receive() for _ in range(3)]

    assert messages == [
        {"id": "a", "type": "next", "payload": {"data": {"ticks": {"number": 1}}}},
        {"id": "a", "type": "next", "payload": {"data": {"ticks": {"number": 2}}}},
        {"id": "a", "type": "complete"},
    ]
    assert running["ticks"] == 0


async def test_events_fetch_what_they_show(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("a", TICKS + "{ order { id } } }", {"count": 3, "seconds": 0})
        messages = [await socket.receive() for _ in range(4)]

    ids = [each["payload"]["data"]["ticks"]["order"]["id"] for each in messages[:3]]
    assert len(set(ids)) == 3


async def test_explain_is_given_where_it_is_asked_for(probe: Gateway) -> None:
    async with probe.connected() as socket:
        explained = await socket.ask(ORDERS, explain=True)
        silent = await socket.ask(ORDERS, explain=False)

    assert len(explained.calls) == 3
    assert "extensions" not in silent.body


async def test_operations_on_one_connection_share_no_rows(probe: Gateway) -> None:
    async with probe.connected() as socket:
        answers = [await socket.ask(ORDERS) for _ in range(2)]

    first, second = ([call["resource"] for call in answer.calls] for answer in answers)
    assert first == second == ["orders", "order_lines", "products"]


async def test_operations_run_side_by_side(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("slow", "{ slow(seconds: 0.5) }")
        await socket.subscribe("quick", "{ __typename }")
        ids = [(await socket.receive())["id"] for _ in range(4)]

    assert ids == ["quick", "quick", "slow", "slow"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
        ("fragment A on Query { __typename }", "BAD_USER_INPUT"),
        ("query($n: String!) { order(number: $n) { id } }", "BAD_USER_INPUT"),
        ("subscription { ticks(count: 1) { number } }", "GRAPHQL_VALIDATION_FAILED"),
        (TICKS + "{ number } }", "BAD_USER_INPUT"),
    ],
)
async def test_an_operation_that_can_t_run_ends_and_the_connection_goes_on(
    probe: Gateway, query: str, code: str
) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("a", query)
        message = await socket.receive()
        after = await socket.ask("{ __typename }")

    assert (message["id"], message["type"]) == ("a", "error")
    assert {error["extensions"]["code"] for error in message["payload"]} == {code}
    assert after.data == {"__typename": "Query"}


async def test_an_unexpected_error_is_masked(
    probe: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    async with probe.connected() as socket:
        answer = await socket.ask("{ broken __typename }", explain=False)

    (error,) = answer.errors
    assert answer.partial == {"broken": None, "__typename": "Query"}
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert SECRET not in orjson.dumps(answer.body).decode()
    assert error["extensions"]["id"] in caplog.text


async def test_an_unexpected_error_of_an_event_stream_is_masked(
    probe: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("a", "subscription { breaks }")
        event, failure = await socket.receive(), await socket.receive()

    assert event["payload"] == {"data": {"breaks": 1}}
    assert SECRET not in orjson.dumps(failure).decode()
    assert "INTERNAL_SERVER_ERROR" in orjson.dumps(failure).decode()
    assert SECRET in caplog.text


async def test_deferred_parts_are_in_their_place(probe: Gateway) -> None:
    query = "{ a: __typename ... @defer { b: __typename } }"

    async with probe.connected() as socket:
        answer = await socket.ask(query)

    assert answer.data == {"a": "Query", "b": "Query"}


async def test_a_client_that_completes_cancels_its_operation_alone(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("a", TICKS + "{ number } }", {"count": 2, "seconds": 60})
        await socket.subscribe("b", "{ slow(seconds: 60) }")
        assert (await socket.receive())["id"] == "a"
        await until(lambda: running["slow"] == 1)
        await socket.send(id="b", type="complete")
        await until(lambda: running["slow"] == 0)
        assert running["ticks"] == 1
        await socket.send(id="a", type="complete")
        await until(lambda: running["ticks"] == 0)
        again = await socket.ask("{ __typename }")

    assert again.data == {"__typename": "Query"}


async def test_a_client_that_goes_cancels_all_it_asked(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("a", TICKS + "{ number } }", FOREVER)
        await socket.subscribe("b", "{ slow(seconds: 60) }")
        await until(lambda: (running["ticks"], running["slow"]) == (1, 1))

    await until(lambda: (running["ticks"], running["slow"]) == (0, 0))


async def test_a_connection_that_breaks_cancels_all_it_asked(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.subscribe("a", TICKS + "{ number } }", FOREVER)
        await until(lambda: running["ticks"] == 1)
        socket.socket._response.connection.transport.abort()  # type: ignore[union-attr]
        await until(lambda: running["ticks"] == 0)


async def test_a_thousand_operations_at_once_are_answered_or_refused(probe: Gateway) -> None:
    async with probe.connected() as socket:
        for number in range(1000):
            await socket.subscribe(str(number), '{ order(number: "x") { id } }')
        ends: dict[str, str] = {}
        codes = set()
        while len(ends) < 1000:
            message = await socket.receive()
            if message["type"] != "next":
                ends[message["id"]] = message["type"]
                codes |= {each["extensions"]["code"] for each in message.get("payload", ())}
        after = await socket.ask("{ __typename }")

    assert set(ends.values()) <= {"complete", "error"}
    assert codes <= {"RATE_LIMITED"}
    assert after.data == {"__typename": "Query"}


async def test_so_many_operations_run_on_one_connection(hasty: Gateway) -> None:
    async with hasty.connected() as socket:
        for number in range(4):
            await socket.subscribe(str(number), TICKS + "{ number } }", {"count": 1, "seconds": 9})
        messages = [await socket.receive() for _ in range(4)]
        await socket.send(id="0", type="complete")
        after = await socket.ask("{ __typename }")

    refused = [each for each in messages if each["type"] == "error"]
    assert refused == [
        {
            "id": "3",
            "type": "error",
            "payload": [
                {
                    "message": "At most 3 operations run on one connection.",
                    "extensions": {"code": "RATE_LIMITED"},
                }
            ],
        }
    ]
    assert after.data == {"__typename": "Query"}


async def test_a_query_has_a_time_and_a_subscription_has_not(hasty: Gateway) -> None:
    async with hasty.connected() as socket:
        await socket.subscribe("a", TICKS + "{ number } }", {"count": 2, "seconds": 1})
        await socket.subscribe("b", "{ slow(seconds: 60) }")
        messages = [await socket.receive() for _ in range(4)]

    assert [(each["id"], each["type"]) for each in messages] == [
        ("a", "next"),
        ("b", "error"),
        ("a", "next"),
        ("a", "complete"),
    ]
    assert messages[1]["payload"] == [
        {
            "message": "The operation took longer than 0.5 seconds.",
            "extensions": {"code": "UPSTREAM_TIMEOUT"},
        }
    ]
    assert running["slow"] == 0


async def test_a_message_that_is_too_large_ends_the_connection(hasty: Gateway) -> None:
    async with hasty.connected() as socket:
        await socket.subscribe("a", "{ __typename }" + " " * 2000)

        assert (await socket.closed())[0] == 1009


INVALID: dict[str, str] = {
    "nothing": "",
    "no JSON": "{",
    "NaN": '{"type": "ping", "payload": NaN}',
    "deep": "[" * 100_000,
    "a list": "[]",
    "a list of a message": '[{"type": "ping"}]',
    "a number": "5",
    "a text": '"ping"',
    "null": "null",
    "no type": "{}",
    "a type that is none": '{"type": "hello"}',
    "a type of a wrong type": '{"type": ["ping"]}',
    "a long type": orjson.dumps({"type": "\u00e9" * 1000}).decode(),
    "the other protocol's start": '{"type": "start", "id": "1", "payload": {"query": "{a}"}}',
    "no id": '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
    "an id of a wrong type": '{"type": "subscribe", "id": [], "payload": {"query": "{a}"}}',
    "a complete without an id": '{"type": "complete"}',
    "a complete of a wrong type": '{"type": "complete", "id": {}}',
    "no payload": '{"type": "subscribe", "id": "1"}',
    "a payload of a wrong type": '{"type": "subscribe", "id": "1", "payload": []}',
    "a payload that is null": '{"type": "subscribe", "id": "1", "payload": null}',
    "no query": '{"type": "subscribe", "id": "1", "payload": {}}',
    "a query of a wrong type": '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
    "variables of a wrong type": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": 5}}'
    ),
    "a name of a wrong type": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 5}}'
    ),
    "extensions of a wrong type": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "extensions": []}}'
    ),
}


@pytest.mark.parametrize("kind", INVALID)
@pytest.mark.parametrize("greeted", [True, False], ids=["greeted", "not greeted"])
async def test_a_message_that_is_none_ends_the_connection(
    probe: Gateway, caplog: pytest.LogCaptureFixture, greeted: bool, kind: str
) -> None:
    caplog.set_level(logging.WARNING)
    async with probe.connected() if greeted else probe.socket() as socket:
        await socket.socket.send_str(INVALID[kind])
        code, reason = await socket.closed()

    assert code == 4400
    assert 0 < len(reason.encode()) <= 123
    assert caplog.records == []


async def test_messages_are_not_compressed(probe: Gateway) -> None:
    async with probe.session.ws_connect(
        f"{probe.url}/graphql", protocols=["graphql-transport-ws"], compress=15
    ) as socket:
        assert socket.compress == 0


async def test_an_empty_query_ends_its_operation_alone(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.send(type="subscribe", id="1", payload={"query": ""})
        refused = await socket.receive()
        answer = await socket.ask("{ __typename }", explain=False)

    assert (refused["type"], refused["id"]) == ("error", "1")
    assert [error["extensions"] for error in refused["payload"]] == [{"code": "BAD_USER_INPUT"}]
    assert answer.data == {"__typename": "Query"}


async def test_binary_messages_end_the_connection(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.socket.send_bytes(b'{"type": "ping"}')

        assert await socket.closed() == (4400, "WebSocket message type must be text")


@pytest.mark.parametrize("payload", [5, "x", [1], True])
async def test_a_greeting_with_another_payload_ends_the_connection(
    probe: Gateway, payload: Any
) -> None:
    async with probe.socket() as socket:
        await socket.send(type="connection_init", payload=payload)

        assert await socket.closed() == (4400, "Invalid connection init payload")


async def test_a_greeting_needs_no_payload(probe: Gateway) -> None:
    greetings: list[dict[str, Any]] = [{}, {"payload": None}, {"payload": {}}]
    for greeting in greetings:
        async with probe.socket() as socket:
            await socket.send(type="connection_init", **greeting)

            assert await socket.receive() == {"type": "connection_ack"}


async def test_a_second_greeting_ends_the_connection(probe: Gateway) -> None:
    async with probe.connected() as socket:
        await socket.send(type="connection_init")

        assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_whoever_does_not_greet_may_ask_nothing(probe: Gateway) -> None:
    async with probe.socket() as socket:
        await socket.subscribe("a", "{ __typename }")

        assert await socket.closed() == (4401, "Unauthorized")


async def test_whoever_does_not_greet_in_time_is_let_go(
    source_settings: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.transports.websocket.INIT_SECONDS", 0.2)
    async with (
        serving(Settings.of(graph=PROBE, sources=source_settings)) as gateway,
        gateway.socket() as socket,
    ):
        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_an_id_in_use_ends_the_connection(probe: Gateway) -> None:
    async with probe.connected() as socket:
        for _ in range(2):
            await socket.subscribe("\u00e9" * 100, "{ slow(seconds: 60) }")
        code, reason = await socket.closed()

    assert code == 4409
    assert reason.startswith("Subscriber for \u00e9")
    await until(lambda: running["slow"] == 0)


async def test_an_id_that_was_used_can_be_used_again(probe: Gateway) -> None:
    async with probe.connected() as socket:
        for _ in range(3):
            assert (await socket.ask("{ __typename }")).data == {"__typename": "Query"}


async def test_pings_are_answered_even_before_the_greeting(probe: Gateway) -> None:
    async with probe.socket() as socket:
        await socket.send(type="ping", payload={"a": 1})

        assert await socket.receive() == {"type": "pong", "payload": {"a": 1}}
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",), ("graphql-sse",)])
async def test_other_protocols_are_not_spoken(probe: Gateway, protocols: tuple[str, ...]) -> None:
    async with probe.socket(protocols=protocols) as socket:
        assert await socket.closed() == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://elsewhere.example", 403),
        ("null", 403),
        ("http://localhost.elsewhere.example", 403),
        ("", 403),
        (None, 101),
        ("same", 101),
    ],
)
async def test_pages_of_other_origins_are_refused(
    probe: Gateway, origin: str | None, status: int
) -> None:
    given = {} if origin is None else {"origin": probe.url if origin == "same" else origin}
    upgrade = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "sec-websocket-protocol": "graphql-transport-ws",
    }
    async with probe.session.get(f"{probe.url}/graphql", headers={**upgrade, **given}) as response:
        assert response.status == status
        response.close()


async def test_there_are_no_websockets_elsewhere(probe: Gateway) -> None:
    for path in ("/", "/healthz", "/graphql/x", "/graphiql/"):
        async with probe.session.get(
            probe.url + path,
            headers={
                "connection": "upgrade",
                "upgrade": "websocket",
                "sec-websocket-version": "13",
                "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
            },
        ) as response:
            assert response.status in (403, 404)
