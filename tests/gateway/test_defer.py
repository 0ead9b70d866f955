"""``@defer`` and ``@stream``: answers over HTTP that come in parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.settings import Settings
from tests.client import Gateway, serving, until
from tests.probe import PROBE
from tests.probe.graph import SECRET, running

NUMBERS = "{ orders(first: 2) { nodes { number } } }"


@pytest.fixture(scope="module")
async def numbers(probe: Gateway) -> list[str]:
    nodes = (await probe.ask(NUMBERS)).data["orders"]["nodes"]
    return [node["number"] for node in nodes]


@pytest.fixture(scope="module")
async def hasty(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    """The probe's gateway, in production, with little time."""
    settings = Settings.of(graph=PROBE, sources=source_settings, limits={"request_seconds": 0.5})
    async with serving(settings) as gateway:
        yield gateway


async def test_a_deferred_fragment_comes_after_the_rest(probe: Gateway, numbers: list[str]) -> None:
    query = """
        query ($number: String!) {
          order(number: $number) { number ...Late @defer(label: "late") }
        }
        fragment Late on Order { status lines { product { name } } }
    """
    whole = (await probe.ask(query, {"number": numbers[0]})).data["order"]

    parts = await probe.parts(query, {"number": numbers[0]})

    assert parts == [
        {
            "data": {"order": {"number": numbers[0]}},
            "pending": [{"id": "0", "path": ["order"], "label": "late"}],
            "hasNext": True,
        },
        {
            "incremental": [
                {"id": "0", "data": {"status": whole["status"], "lines": whole["lines"]}}
            ],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]


async def test_fragments_within_fragments_come_in_turn(probe: Gateway) -> None:
    query = "{ a: __typename ... @defer { b: __typename ... @defer { c: __typename } } }"

    parts = await probe.parts(query)

    assert list(parts[0]["data"]) == ["a"]
    later = [each["data"] for part in parts for each in part.get("incremental", ())]
    assert later == [{"b": "Query"}, {"c": "Query"}]
    assert parts[-1]["hasNext"] is False


async def test_a_list_is_streamed(probe: Gateway, numbers: list[str]) -> None:
    query = '{ orders(first: 2) { nodes @stream(initialCount: 1, label: "more") { number } } }'

    first, *rest = await probe.parts(query)

    assert first == {
        "data": {"orders": {"nodes": [{"number": numbers[0]}]}},
        "pending": [{"id": "0", "path": ["orders", "nodes"], "label": "more"}],
        "hasNext": True,
    }
    assert [each for part in rest for each in part.get("incremental", ())] == [
        {"id": "0", "items": [{"number": numbers[1]}]}
    ]
    assert rest[-1]["hasNext"] is False


@pytest.mark.parametrize("accept", ["multipart/mixed", "multipart/mixed, application/json"])
async def test_an_operation_that_defers_nothing_has_one_answer(probe: Gateway, accept: str) -> None:
    off = "query($now: Boolean!) { a: __typename ... @defer(if: $now) { b: __typename } }"

    for query, variables in (("{ a: __typename b: __typename }", None), (off, {"now": False})):
        answer = await probe.ask(query, variables, accept=accept, explain=False)

        assert answer.headers["content-type"] == "application/json"
        assert answer.body == {"data": {"a": "Query", "b": "Query"}}


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "*/*",
        "application/graphql-response+json",
        # An older form of parts, which Apollo Client asks for.
        "multipart/mixed;deferSpec=20220824,application/json",
    ],
)
async def test_a_client_that_takes_no_parts_has_everything_at_once(
    probe: Gateway, numbers: list[str], accept: str
) -> None:
    query = """
        {
          orders(first: 2) {
            nodes @stream { number ... @defer { status lines { id ... @defer { quantity } } } }
          }
        }
    """
    plain = "{ orders(first: 2) { nodes { number status lines { id quantity } } } }"

    answer = await probe.ask(query, accept=accept)

    expected = await probe.ask(plain)
    assert answer.data == expected.data
    assert answer.resources == expected.resources == ["shop.order_lines", "shop.orders"]
    assert answer.columns("shop.orders") == expected.columns("shop.orders")


async def test_what_is_deferred_is_part_of_the_projections(probe: Gateway) -> None:
    query = "{ orders(first: 2) { nodes { number ... @defer { status } } } }"

    *_, last = await probe.parts(query, explain=True)

    (call,) = last["extensions"]["explain"]["calls"]
    assert call["columns"] == ["id", "number", "status"]


async def test_the_last_part_explains_all_calls(probe: Gateway) -> None:
    query = "{ orders(first: 2) { nodes { number ... @defer { lines { product { name } } } } } }"

    first, *_, last = await probe.parts(query, explain=True)

    made = [
        [call["resource"] for call in part["extensions"]["explain"]["calls"]]
        for part in (first, last)
    ]
    assert made == [["orders"], ["orders", "order_lines", "products"]]


async def test_an_error_in_a_late_part_is_masked(
    probe: Gateway, numbers: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    query = "query($n: String!) { order(number: $n) { number ... @defer { broken } } }"

    _, part = await probe.parts(query, {"n": numbers[0]})

    (late,) = part["incremental"]
    (error,) = late["errors"]
    error_id = error["extensions"]["id"]
    assert late["data"] == {"broken": None}
    assert error == {
        "message": f"Something went wrong here; the log has it under {error_id}.",
        "locations": error["locations"],
        "path": ["order", "broken"],
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "id": error_id},
    }
    assert SECRET not in orjson.dumps(part).decode()
    assert error_id in caplog.text


async def test_an_error_that_takes_a_late_part_is_masked(
    probe: Gateway, numbers: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    query = "query($n: String!) { order(number: $n) { number ... @defer { shattered } } }"

    _, part = await probe.parts(query, {"n": numbers[0]})

    (completed,) = part["completed"]
    (error,) = completed["errors"]
    assert error["path"] == ["order", "shattered"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert SECRET not in orjson.dumps(part).decode()
    assert error["extensions"]["id"] in caplog.text


async def test_an_error_in_a_streamed_item_is_masked(probe: Gateway) -> None:
    query = "{ orders(first: 3) { nodes @stream(initialCount: 1) { number broken } } }"

    parts = await probe.parts(query)

    text = orjson.dumps(parts).decode()
    assert SECRET not in text
    assert text.count("INTERNAL_SERVER_ERROR") == 3


@pytest.mark.parametrize("count", ["-1", "null"])
async def test_a_stream_begins_with_none_or_more(probe: Gateway, count: str) -> None:
    query = f"{{ orders(first: 3) {{ nodes @stream(initialCount: {count}) {{ number }} }} }}"

    parts = await probe.ask(query, accept="multipart/mixed", explain=False)

    (error,) = parts.errors
    assert parts.partial == {"orders": None}
    assert error["message"] == "The initialCount of @stream must be 0 or more."
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_an_error_in_the_first_part_is_masked(probe: Gateway) -> None:
    first, _ = await probe.parts("{ broken ... @defer { __typename } }")

    (error,) = first["errors"]
    assert first["data"] == {"broken": None}
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert SECRET not in orjson.dumps(first).decode()


async def test_parts_that_come_too_late_are_completed_with_an_error(hasty: Gateway) -> None:
    query = """
        {
          __typename
          ... @defer(label: "slow") { slow(seconds: 60) }
          ... @defer(label: "quick") { b: __typename }
        }
    """

    first, *_, last = await hasty.parts(query)

    (slow,) = [each["id"] for each in first["pending"] if each["label"] == "slow"]
    assert last == {
        "completed": [
            {
                "id": slow,
                "errors": [
                    {
                        "message": "The operation took longer than 0.5 seconds.",
                        "extensions": {"code": "UPSTREAM_TIMEOUT"},
                    }
                ],
            }
        ],
        "hasNext": False,
    }
    assert running["slow"] == 0


async def test_an_operation_that_takes_too_long_before_its_first_part_is_refused(
    hasty: Gateway,
) -> None:
    answer = await hasty.ask(
        "{ slow(seconds: 60) ... @defer { __typename } }", accept="multipart/mixed"
    )

    assert (answer.status, answer.codes) == (504, ["UPSTREAM_TIMEOUT"])


async def test_a_client_that_goes_cancels_what_is_late(probe: Gateway) -> None:
    body = {"query": "{ __typename ... @defer { slow(seconds: 60) } }"}
    async with probe.session.post(
        f"{probe.url}/graphql", json=body, headers={"accept": "multipart/mixed"}
    ) as response:
        await response.content.readuntil(b"\r\n---\r\n")
        await until(lambda: running["slow"] == 1)
        response.close()

    await until(lambda: running["slow"] == 0)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ __typename @defer }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ... @defer(if: 5) { __typename } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            '{ ... @defer(label: "a") { a: __typename } ... @defer(label: "a") { b: __typename } }',
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ('mutation { ... @defer { touch(id: "x") { id } } }', "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { ticks(count: 1, seconds: 0) { ... @defer { number } } }",
            "BAD_USER_INPUT",
        ),
    ],
)
@pytest.mark.parametrize("accept", ["multipart/mixed", "application/json"])
async def test_a_document_that_defers_amiss_is_refused_as_any_other(
    probe: Gateway, accept: str, query: str, code: str
) -> None:
    answer = await probe.ask(query, accept=accept, explain=False)

    assert set(answer.codes) == {code}
    assert set(answer.body) == {"errors"}


async def test_a_mutation_can_defer_what_it_gives(probe: Gateway) -> None:
    (order,) = (await probe.ask("{ orders(first: 1) { nodes { id } } }")).data["orders"]["nodes"]
    query = "mutation($id: ID!) { touch(id: $id) { id ... @defer { number } } }"

    first, last = await probe.parts(query, order)

    assert first["data"] == {"touch": order}
    assert list(last["incremental"][0]["data"]) == ["number"]
