"""A subscription that is denied never starts, and each event has its own denials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.authorization import probe
from tests.authorization.checks import MESSAGE
from tests.client import Gateway

Events = list[dict[str, Any]]


async def by_socket(gateway: Gateway, query: str) -> Events:
    """What a subscription sends, to its end. One that is refused sends one event, its errors."""
    found: Events = []
    async with gateway.connected() as socket:
        await socket.subscribe("1", query, explain=True)
        while (message := await socket.receive())["type"] == "next":
            found.append(message["payload"])
        if message["type"] == "error":
            return [{"errors": message["payload"]}]
    assert message == {"id": "1", "type": "complete"}
    return found


async def by_stream(gateway: Gateway, query: str) -> Events:
    async with gateway.events(query, explain=True) as stream:
        *sent, (last, _) = [event async for event in stream]
    assert last == "complete"
    assert {name for name, _ in sent} <= {"next"}
    return [body for _, body in sent]


sent = pytest.mark.parametrize(
    "listen", [pytest.param(by_socket, id="WebSocket"), pytest.param(by_stream, id="SSE")]
)


def errors(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The paths of an event's errors, all of them denials, with their codes."""
    found = event.get("errors", [])
    assert all(error["message"] == MESSAGE for error in found)
    return [(".".join(error["path"]), error["extensions"]["code"]) for error in found]


@sent
@pytest.mark.parametrize("name", ["audit", "deliveries"])
@pytest.mark.parametrize(
    ("identity", "code"),
    [("anonymous", "UNAUTHENTICATED"), ("support", "UNAUTHORIZED_FIELD_OR_TYPE")],
)
async def test_a_denied_subscription_does_not_start(
    probing: Mapping[str, Gateway], listen: Any, name: str, identity: str, code: str
) -> None:
    before = probe.ran[name]

    (event,) = await listen(probing[identity], f"subscription {{ {name} }}")

    assert errors(event) == [(name, code)]
    assert event.get("data") is None
    assert probe.ran[name] == before


@sent
@pytest.mark.parametrize(("identity", "name"), [("finance", "audit"), ("partner", "deliveries")])
async def test_a_subscription_starts_for_whom_it_is_for(
    probing: Mapping[str, Gateway], listen: Any, identity: str, name: str
) -> None:
    before = probe.ran[name]

    (event,) = await listen(probing[identity], f"subscription {{ {name} }}")

    assert event["data"] == {name: 1}
    assert "errors" not in event
    assert probe.ran[name] == before + 1


@pytest.mark.parametrize(
    "query",
    [
        "subscription { seen: audit }",
        "subscription { ...A } fragment A on Subscription { ... { audit } }",
        "subscription { ... on Subscription { audit } }",
    ],
    ids=["alias", "fragments", "inline fragment"],
)
async def test_a_denied_subscription_does_not_start_however_it_is_written(
    probing: Mapping[str, Gateway], query: str
) -> None:
    before = probe.ran["audit"]

    (event,) = await by_socket(probing["customer"], query)

    assert [code for _, code in errors(event)] == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert probe.ran["audit"] == before


@sent
async def test_each_event_has_the_error_of_its_denied_field(
    probing: Mapping[str, Gateway], listen: Any
) -> None:
    before = probe.ran["amount"]

    events = await listen(probing["support"], "subscription { events(count: 3) { number amount } }")

    assert [event["data"]["events"] for event in events] == [
        {"number": number, "amount": None} for number in (1, 2, 3)
    ]
    denied = [("events.amount", "UNAUTHORIZED_FIELD_OR_TYPE")]
    assert [errors(event) for event in events] == [denied] * 3
    assert probe.ran["amount"] == before


@sent
async def test_who_may_sees_the_field_in_each_event(
    probing: Mapping[str, Gateway], listen: Any
) -> None:
    events = await listen(probing["finance"], "subscription { events(count: 2) { amount } }")

    assert [event["data"]["events"]["amount"] for event in events] == [100, 200]
    assert [errors(event) for event in events] == [[], []]


@sent
async def test_a_policy_looks_at_the_rows_of_each_event(
    probing: Mapping[str, Gateway], listen: Any
) -> None:
    query = "subscription { events(count: 3) { account { name email } } }"

    events = await listen(probing["customer"], query)

    shown = [event["data"]["events"]["account"]["email"] for event in events]
    assert shown == ["ada.martin@example.com", None, None]
    denied = [("events.account.email", "UNAUTHORIZED_FIELD_OR_TYPE")]
    assert [errors(event) for event in events] == [[], denied, denied]


@sent
async def test_no_event_reads_what_is_denied(probing: Mapping[str, Gateway], listen: Any) -> None:
    query = "subscription { events(count: 3) { account { name phone email } } }"

    events = await listen(probing["customer"], query)

    calls = [event["extensions"]["explain"]["calls"] for event in events]
    read = [[call["columns"] for call in each] for each in calls]
    assert read == [[["id", "name"], ["email", "id"]], [["id", "name"]], [["id", "name"]]]


@sent
async def test_each_event_explains_its_own_denials(
    probing: Mapping[str, Gateway], listen: Any
) -> None:
    query = "subscription { events(count: 2) { account { phone email } } }"

    events = await listen(probing["customer"], query)

    denied = [event["extensions"]["explain"]["denied"] for event in events]
    assert [[each["coordinate"] for each in one] for one in denied] == [
        ["Account.phone"],
        ["Account.phone", "Account.email"],
    ]


async def test_what_is_below_a_denied_field_of_an_event_is_not_fetched(
    probing: Mapping[str, Gateway],
) -> None:
    query = "subscription { events(count: 1) { account { places { city } } } }"

    (event,) = await by_stream(probing["anonymous"], query)

    assert event["data"]["events"]["account"] == {"places": None}
    assert errors(event) == [("events.account.places", "UNAUTHENTICATED")]
    resources = [call["resource"] for call in event["extensions"]["explain"]["calls"]]
    assert resources == ["customers"]
