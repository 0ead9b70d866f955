"""Several operations in one request."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from gateway.settings import Settings
from tests.client import Gateway, request, serving
from tests.probe import PROBE
from tests.probe.graph import SECRET, running

FIRST = "{ orders(first: 1) { nodes { number } } }"
TYPENAME = request("{ __typename }")


async def test_each_operation_has_an_answer_of_its_own_in_order(probe: Gateway) -> None:
    answers = await probe.batch(
        request("query A($n: String!) { order(number: $n) { number } }", {"n": "nothing"}),
        request("query A { a: __typename } query B { b: __typename }", operation_name="B"),
        TYPENAME,
    )

    assert [answer.data for answer in answers] == [
        {"order": None},
        {"b": "Query"},
        {"__typename": "Query"},
    ]


async def test_errors_stay_with_their_operation(probe: Gateway) -> None:
    failing, invalid, none, nobody, well = await probe.batch(
        request("{ broken }"),
        request("{ nothing }"),
        request("{"),
        request("{ __typename }", operation_name="Nobody"),
        TYPENAME,
    )

    assert (failing.partial, failing.codes) == ({"broken": None}, ["INTERNAL_SERVER_ERROR"])
    assert SECRET not in orjson.dumps(failing.body).decode()
    assert invalid.codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert none.codes == ["GRAPHQL_PARSE_FAILED"]
    assert nobody.codes == ["BAD_USER_INPUT"]
    assert well.data == {"__typename": "Query"}


async def test_operations_share_neither_rows_nor_their_explanation(probe: Gateway) -> None:
    first, second, silent = await probe.batch(
        request(FIRST, explain=True), request(FIRST, explain=True), request(FIRST)
    )

    assert first.data == second.data == silent.data
    assert first.resources == second.resources == ["shop.orders"]
    assert "extensions" not in silent.body


async def test_operations_run_at_the_same_time(probe: Gateway) -> None:
    started = time.monotonic()

    answers = await probe.batch(*[request("{ slow(seconds: 1) }")] * 10)

    assert [answer.data for answer in answers] == [{"slow": 1.0}] * 10
    assert time.monotonic() - started < 8


async def test_mutations_and_queries_go_together_and_subscriptions_do_not(probe: Gateway) -> None:
    order = (await probe.ask("{ orders(first: 1) { nodes { id number } } }")).data["orders"]
    (node,) = order["nodes"]
    touch = "mutation($id: ID!) { touch(id: $id) { number } }"

    touched, listened, well = await probe.batch(
        request(touch, {"id": node["id"]}),
        request("subscription { ticks(count: 1, seconds: 0) { number } }"),
        TYPENAME,
    )

    assert touched.data == {"touch": {"number": node["number"]}}
    assert listened.codes == ["BAD_USER_INPUT"]
    assert "data" not in listened.body
    assert "text/event-stream" in listened.errors[0]["message"]
    assert well.data == {"__typename": "Query"}


async def test_deferred_parts_are_in_their_place(probe: Gateway) -> None:
    (answer,) = await probe.batch(request("{ a: __typename ... @defer { b: __typename } }"))

    assert answer.data == {"a": "Query", "b": "Query"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "A batch has 1 to 10 operations, not 0."),
        ([TYPENAME] * 11, "A batch has 1 to 10 operations, not 11."),
        ([TYPENAME, 1], "A request must be a JSON object with a query in it."),
        ([TYPENAME, None], "A request must be a JSON object with a query in it."),
        ([[TYPENAME]], "A request must be a JSON object with a query in it."),
        ([TYPENAME, {}], "The request has no query."),
        ([TYPENAME, {"query": 5}], "The query must be a string."),
        ([{**TYPENAME, "variables": []}], "The variables must be a JSON object."),
        ([{**TYPENAME, "operationName": 5}], "The operationName must be a string."),
        ([{**TYPENAME, "extensions": "x"}], "The extensions must be a JSON object."),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_batch_that_is_none_is_refused_as_a_whole(
    probe: Gateway, body: Any, reason: str
) -> None:
    answer = await probe.post(orjson.dumps(body))

    assert answer.status == 400
    assert answer.body == {
        "errors": [{"message": reason, "extensions": {"code": "BAD_USER_INPUT"}}]
    }


async def test_a_batch_has_no_event_stream(probe: Gateway) -> None:
    answer = await probe.post(orjson.dumps([TYPENAME]), accept="text/event-stream")

    assert (answer.status, answer.codes) == (400, ["BAD_USER_INPUT"])


async def test_batching_is_off_unless_it_is_configured(gateway: Gateway) -> None:
    answer = await gateway.post(orjson.dumps([TYPENAME]))

    assert answer.status == 400
    assert answer.errors == [
        {
            "message": "Batching is off here: send one operation, not a list.",
            "extensions": {"code": "BAD_USER_INPUT"},
        }
    ]


async def test_a_batch_has_as_long_as_one_operation(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    limits = {"batch": 3, "request_seconds": 0.5}
    async with serving(Settings.of(graph=PROBE, sources=source_settings, limits=limits)) as gateway:
        well, late, later = await gateway.batch(
            TYPENAME, request("{ slow(seconds: 60) }"), request("{ slow(seconds: 90) }")
        )

    assert well.data == {"__typename": "Query"}
    assert late.body == later.body
    assert late.errors == [
        {
            "message": "The operation took longer than 0.5 seconds.",
            "extensions": {"code": "UPSTREAM_TIMEOUT"},
        }
    ]
    assert running["slow"] == 0
