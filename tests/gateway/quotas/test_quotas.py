"""What operations are charged with, and what becomes of those for which nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tests.client import Answer, Gateway, request, serving, until
from tests.gateway.quotas.metered import (
    LONG,
    THINGS,
    calls,
    metering,
    releases,
    settings,
)

STRICT = "application/graphql-response+json"
TEN = "{ things(count: 10) { name } }"


def left(answer: Answer) -> int:
    """How many units are left, as the answer says."""
    name, remaining, _ = answer.headers["ratelimit"].split(";")
    assert name in ('"default"', '"anonymous"')
    return int(remaining.removeprefix("r="))


async def spent(gateway: Gateway, query: str, **given: Any) -> int:
    """How many units an operation costs its caller."""
    before = left(await gateway.ask("{ __typename }", explain=False)) - 1
    await gateway.ask(query, explain=False, **given)
    return before - left(await gateway.ask("{ __typename }", explain=False))


@pytest.fixture
async def metered() -> AsyncIterator[Gateway]:
    async with metering() as gateway:
        yield gateway


async def test_an_answer_says_what_the_quota_is_and_what_is_left(metered: Gateway) -> None:
    answers = [await metered.ask(THINGS, explain=False), await metered.get(THINGS)]

    assert [answer.headers["ratelimit-policy"] for answer in answers] == [
        f'"anonymous";q=1000;qu="cost";w={LONG}'
    ] * 2
    # The three things that came, of ten that were estimated.
    assert [answer.headers["ratelimit"] for answer in answers] == [
        f'"anonymous";r=997;t={997 * 2_000}',
        f'"anonymous";r=994;t={994 * 2_000}',
    ]


async def test_without_a_quota_nothing_is_said_of_any() -> None:
    async with serving(settings()) as gateway:
        answer = await gateway.ask(THINGS, explain=False)

    assert answer.data
    assert not {"ratelimit", "ratelimit-policy"} & {name.lower() for name in answer.headers}


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ things(count: 0) { name } }", 1),
        (THINGS, 3),
        ("{ things(count: 50) { name } }", 50),
        ("{ things(count: 4) { parts(count: 5) { name } } }", 4 + 20),
        ("{ a: things { name } b: things { name } }", 6),
        ("query Refused { things { name } }", 1),
        ("{ failing { name } }", 10),
        ("{ failing { name } things { name } }", 13),
        ("{ things { name", 1),
        ("{ nothing }", 1),
        ("{ things(count: $missing) { name } }", 1),
        ("{ __schema { description } }", 1),
    ],
)
async def test_it_costs_what_came_and_what_failed_costs_what_was_estimated(
    query: str, cost: int
) -> None:
    stage = {"stage": "tests.gateway.quotas.metered:Refusing"}
    async with metering(stages=[stage]) as gateway:
        assert await spent(gateway, query) == cost


async def test_variables_that_do_not_fit_cost_the_least(metered: Gateway) -> None:
    query = "query ($count: Int!) { things(count: $count) { name } }"

    assert await spent(metered, query, variables={"count": "many"}) == 1
    assert await spent(metered, query, variables={"count": 7}) == 7


async def test_an_operation_that_is_only_estimated_costs_the_least(metered: Gateway) -> None:
    asked = orjson.dumps({"query": THINGS, "extensions": {"cost": "only"}})

    answer = await metered.post(asked)

    assert answer.body["extensions"]["cost"]["estimated"] == 10
    assert answer.body["extensions"]["cost"]["remaining"] == 999
    assert left(answer) == 999
    assert calls == []


async def test_whoever_asks_for_the_cost_is_told_what_is_left(metered: Gateway) -> None:
    asked = orjson.dumps({"query": THINGS, "extensions": {"cost": True}})

    told = (await metered.post(asked)).body["extensions"]["cost"]

    assert (told["estimated"], told["actual"], told["remaining"]) == (10, 3, 997)


def refusal(cost: int, quota: int, remaining: int, missing: int) -> dict[str, Any]:
    wait = missing * LONG // quota
    return {
        "message": f"Your quota is {quota:,} units of cost in {LONG:,} s, {remaining:,} are left, "
        f"and this takes {cost:,}: try again in {wait:,} s.",
        "extensions": {"code": "RATE_LIMITED", "retryAfter": wait},
    }


async def test_what_is_beyond_the_quota_is_refused_on_every_transport() -> None:
    async with metering(100, limits={"batch": 3}) as gateway:
        await gateway.ask("{ things(count: 95) { name } }", explain=False)
        calls.clear()
        # Each has its least price.
        json = await gateway.ask(THINGS, explain=False)
        strict = await gateway.ask(THINGS, accept=STRICT, explain=False)
        async with gateway.connected() as socket:
            on_socket = await socket.ask(THINGS, explain=False)
            after = await socket.ask("{ __typename }", explain=False)
        async with gateway.events(THINGS) as events:
            as_event = [event async for event in events]

    assert (json.status, json.body) == (429, {"errors": [refusal(10, 100, 4, 6)]})
    assert json.headers["retry-after"] == "120000"
    assert json.headers["ratelimit"] == '"anonymous";r=4;t=120000'
    assert (strict.status, strict.body) == (429, {"errors": [refusal(10, 100, 3, 7)]})
    assert on_socket.body == {"errors": [refusal(10, 100, 2, 8)]}
    assert after.body == {"data": {"__typename": "Query"}}
    assert as_event == [
        ("next", {"errors": [refusal(10, 100, 0, 10)]}),
        ("complete", None),
    ]
    assert calls == []


async def test_of_a_batch_each_operation_is_refused_by_itself() -> None:
    async with metering(100, limits={"batch": 3}) as gateway:
        answers = await gateway.batch(
            {"query": "{ things(count: 70) { name } }"}, {"query": THINGS}, {"query": TEN}
        )
        refused = await gateway.batch(*({"query": "{ things(count: 40) { name } }"},) * 2)
        spent = await gateway.batch({"query": TEN}, {"query": "{"})

    assert all("errors" not in answer.body for answer in answers)
    assert answers[0].headers["ratelimit"].startswith('"anonymous";r=17;')
    assert [answer.codes for answer in refused] == [[], ["RATE_LIMITED"]]
    assert [answer.codes for answer in spent] == [["RATE_LIMITED"]] * 2
    assert spent[0].status == 200


async def test_an_answer_in_parts_is_refused_as_a_whole() -> None:
    async with metering(15) as gateway:
        await gateway.ask(TEN, explain=False)
        body = orjson.dumps(request("{ ... @defer { things { name } } }"))
        answer = await gateway.post(body, accept="multipart/mixed, application/json")

    assert (answer.status, answer.codes) == (429, ["RATE_LIMITED"])


async def test_once_nothing_is_left_not_even_a_document_is_read() -> None:
    async with metering(10) as gateway:
        await gateway.ask(TEN, explain=False)
        answers = [await gateway.ask(query, explain=False) for query in ("{", THINGS, "{ a }")]

    # Which costs nothing, so that it does not take longer and longer.
    assert [answer.body for answer in answers] == [{"errors": [refusal(1, 10, 0, 1)]}] * 3


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"query": 5}'], ids=["broken", "batch", "query"])
async def test_what_is_no_request_costs_the_least_and_is_refused_when_nothing_is_left(
    body: bytes,
) -> None:
    async with metering(2) as gateway:
        answers = [await gateway.post(body) for _ in range(3)]

    assert [answer.status for answer in answers] == [400, 400, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=1"] + [
        "r=0"
    ] * 2
    assert answers[2].headers["retry-after"] == "1000000"


async def test_what_never_fits_says_so() -> None:
    async with metering(9) as gateway:
        answer = await gateway.ask(THINGS, explain=False)

    assert answer.errors == [
        {
            "message": "The operation costs 10, and your quota is 9 in 2,000,000 s: it never fits. "
            "Ask for smaller pages, or for less within lists.",
            "extensions": {"code": "OPERATION_TOO_COMPLEX"},
        }
    ]
    assert "retry-after" not in answer.headers
    assert left(answer) == 8
    assert calls == []


async def test_what_was_more_than_estimated_is_owed() -> None:
    async with metering(60, quota={"seconds": 60}) as gateway:
        await gateway.ask("{ things(count: 200) { name } }", explain=False)
        refused = await gateway.ask("{ __typename }", explain=False)

    # The 140 that it owes, and one more.
    assert refused.codes == ["RATE_LIMITED"]
    assert 138 <= int(refused.headers["retry-after"]) <= 141
    assert refused.headers["ratelimit"].startswith('"anonymous";r=0;t=1')


async def test_what_flows_in_can_be_spent() -> None:
    async with metering(10, quota={"seconds": 1}) as gateway:
        await gateway.ask(TEN, explain=False)
        refused = await gateway.ask(TEN, explain=False)
        await asyncio.sleep(float(refused.headers["retry-after"]))
        again = await gateway.ask(TEN, explain=False)

    assert refused.codes == ["RATE_LIMITED"]
    assert again.data


async def test_whoever_hangs_up_has_paid_what_was_estimated(metered: Gateway) -> None:
    hanging = asyncio.create_task(metered.ask("{ held { name } }", explain=False))
    await until(lambda: len(releases) == 1)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    await asyncio.sleep(0.1)

    assert left(await metered.ask("{ __typename }", explain=False)) == 1_000 - 10 - 1


async def test_what_takes_too_long_has_cost_what_was_estimated() -> None:
    async with metering(limits={"request_seconds": 0.3}) as gateway:
        late = await gateway.ask("{ held { name } }", explain=False)

    assert (late.status, late.codes) == (504, ["UPSTREAM_TIMEOUT"])
    assert left(late) == 990


async def test_what_is_deferred_is_counted_when_it_comes(metered: Gateway) -> None:
    query = """{
        things(count: 2) { name ... @defer { parts(count: 4) { name } } }
        ... @defer { more: things(count: 7) { name } }
    }"""

    parts = await metered.parts(query)

    assert len(parts) > 1
    assert left(await metered.ask("{ __typename }", explain=False)) == 1_000 - 2 - 8 - 7 - 1


async def test_an_answer_in_parts_says_what_is_left(metered: Gateway) -> None:
    headers = {"accept": "multipart/mixed"}
    body = request("{ ... @defer { things { name } } }")
    url = f"{metered.url}/graphql"
    async with metered.session.post(url, json=body, headers=headers) as answer:
        assert answer.headers["ratelimit"].startswith('"anonymous";r=990;')


async def test_a_stream_of_events_says_what_is_left_as_it_begins(metered: Gateway) -> None:
    await metered.ask(THINGS, explain=False)
    async with metered.events(THINGS) as events:
        assert events.response.headers["ratelimit"].startswith('"anonymous";r=997;')
        assert [name async for name, _ in events] == ["next", "complete"]


async def test_a_multipart_subscription_says_what_is_left_and_is_refused_as_a_whole() -> None:
    headers = {"accept": "multipart/mixed;subscriptionSpec=1.0, application/json"}
    body = request(HAPPENINGS, {"count": 2})
    async with metering(18) as gateway:
        url = f"{gateway.url}/graphql"
        async with gateway.session.post(url, json=body, headers=headers) as answer:
            assert answer.content_type == "multipart/mixed"
            assert answer.headers["ratelimit"].startswith('"anonymous";r=17;')
            assert (await answer.read()).count(b'"happenings":[') == 2
        await gateway.ask("{ things(count: 11) { name } }", explain=False)
        refused = await gateway.post(orjson.dumps(body), accept=headers["accept"])

    assert (refused.status, refused.codes) == (429, ["RATE_LIMITED"])


HAPPENINGS = "subscription ($count: Int!) { happenings(count: $count) { name } }"


async def test_each_event_of_a_subscription_is_charged(metered: Gateway) -> None:
    async with metered.connected() as socket:
        await socket.subscribe("1", HAPPENINGS, {"count": 5})
        types = [(await socket.receive())["type"] for _ in range(6)]

    assert types == ["next"] * 5 + ["complete"]
    assert left(await metered.ask("{ __typename }", explain=False)) == 1_000 - 1 - 5 * 3 - 1


async def test_an_event_for_which_nothing_is_left_is_an_error_and_others_follow() -> None:
    async with metering(15) as gateway, gateway.connected() as socket:
        await socket.subscribe("1", HAPPENINGS, {"count": 4})
        messages = [await socket.receive() for _ in range(5)]

    # One for the subscription, three for the first event; the second is estimated to be ten.
    assert [message["type"] for message in messages] == ["next"] * 4 + ["complete"]
    assert [message["payload"]["data"] for message in messages[2:4]] == [None, None]
    (error,) = messages[3]["payload"]["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["path"] == ["happenings"]


async def test_a_subscription_whose_events_never_fit_is_refused() -> None:
    async with metering(9) as gateway, gateway.connected() as socket:
        await socket.subscribe("1", HAPPENINGS, {"count": 4})
        message = await socket.receive()
        left_over = left(await gateway.ask("{ __typename }", explain=False))

    assert (message["type"], message["payload"][0]["message"]) == (
        "error",
        "The operation costs 10, and your quota is 9 in 2,000,000 s: it never fits. Ask for "
        "smaller pages, or for less within lists.",
    )
    assert left_over == 7


async def test_a_first_event_for_which_nothing_is_left_costs_the_least() -> None:
    async with metering(15) as gateway, gateway.connected() as socket:
        await gateway.ask("{ things(count: 7) { name } }", explain=False)
        await socket.subscribe("1", HAPPENINGS, {"count": 1})
        messages = [await socket.receive() for _ in range(2)]
        left_over = left(await gateway.ask("{ __typename }", explain=False))

    assert [message["type"] for message in messages] == ["next", "complete"]
    assert messages[0]["payload"]["data"] is None
    # The seven, one for the subscription and one for the event, and one to see it.
    assert left_over == 15 - 7 - 1 - 1 - 1


async def test_pages_of_other_origins_may_read_what_is_left() -> None:
    origin = "https://shop.example.com"
    async with metering(cors={"origins": [origin]}) as gateway:
        answer = await gateway.ask(THINGS, headers={"origin": origin})

    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ratelimit", "ratelimit-policy", "retry-after"} <= set(exposed)
