"""graphql-sse asks the gateway as docs/clients.md sets it up."""

from __future__ import annotations

import pytest

from tests.client import until
from tests.clients.expected import EVENTS, KETTLE, TICKS
from tests.clients.running import Node, Outcomes
from tests.probe.graph import running


@pytest.fixture(scope="module")
async def sse(node: Node) -> Outcomes:
    return await node.outcomes("graphql-sse.js")


async def test_a_query_is_answered(sse: Outcomes) -> None:
    assert sse["a query with variables"] == [{"data": {"product": KETTLE}}]
    assert sse["on the wire"] == [["text/event-stream", EVENTS]]


async def test_a_denied_field_is_null_and_has_an_error(sse: Outcomes) -> None:
    (answer,) = sse["a denied field"]

    assert answer["data"] == {"product": {"name": KETTLE["name"], "cost": None}}
    assert [error["path"] for error in answer["errors"]] == [["product", "cost"]]


async def test_what_is_refused_is_told(sse: Outcomes) -> None:
    (invalid,) = sse["a query that is not valid"]

    assert [each["extensions"] for each in invalid["errors"]] == [
        {"code": "GRAPHQL_VALIDATION_FAILED"}
    ]
    assert sse["a token that is not good"]["status"] == 401


async def test_a_subscription_sends_its_events_and_completes(sse: Outcomes) -> None:
    assert sse["a subscription"] == [{"data": tick} for tick in TICKS]


async def test_a_subscription_that_fails_has_an_error_at_its_end(sse: Outcomes) -> None:
    first, last = sse["a subscription that fails"]

    assert first == {"data": {"breaks": 1}}
    assert [each["extensions"]["code"] for each in last["errors"]] == ["INTERNAL_SERVER_ERROR"]


async def test_a_subscription_ends_when_its_client_leaves(sse: Outcomes) -> None:
    assert sse["a subscription that its client ends"] == [1, 2, 3]
    await until(lambda: running["ticks"] == 0)


async def test_what_is_deferred_comes_as_a_result_of_its_own(sse: Outcomes) -> None:
    assert sse["@defer"] == [
        {"data": {"a": "Query"}, "pending": [{"id": "0", "path": []}], "hasNext": True},
        {
            "incremental": [{"id": "0", "data": {"b": "Query"}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]


async def test_the_single_connection_mode_is_not_there(sse: Outcomes) -> None:
    # It begins with a PUT.
    assert sse["the single connection mode"]["status"] == 405
