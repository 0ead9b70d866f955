"""urql asks the gateway as docs/clients.md sets it up."""

from __future__ import annotations

import pytest

from tests.client import Gateway, until
from tests.clients.expected import (
    EVENTS,
    KETTLE,
    MULTIPART,
    ORDERS,
    TICKS,
    UNCOSTED,
    plain,
    without_lines,
)
from tests.clients.running import Node, Outcomes
from tests.probe.graph import running


@pytest.fixture(scope="module")
async def urql(node: Node) -> Outcomes:
    return await node.outcomes("urql.js")


async def test_a_query_has_variables(urql: Outcomes) -> None:
    answer = urql["a query with variables"]

    assert plain(answer) == {"data": {"product": KETTLE}, "error": None}
    assert urql["a mutation"] is True


async def test_a_denied_field_is_null_and_has_an_error(urql: Outcomes) -> None:
    answer = urql["a denied field"]

    assert plain(answer["data"]) == {"product": UNCOSTED}
    assert answer["error"]["errors"] == [
        {"path": ["product", "cost"], "code": "UNAUTHORIZED_FIELD_OR_TYPE"}
    ]


async def test_what_is_refused_is_an_error_of_graphql(urql: Outcomes) -> None:
    refused = [urql[name]["error"] for name in ("a query that is not valid", BAD)]

    assert [(each["status"], each["errors"][0]["code"]) for each in refused] == [
        (400, "GRAPHQL_VALIDATION_FAILED"),
        (401, "UNAUTHENTICATED"),
    ]


BAD = "a token that is not good"


async def test_what_is_deferred_comes_later(urql: Outcomes, gateways: dict[str, Gateway]) -> None:
    whole = (await gateways["probe"].ask(ORDERS)).data

    first, *_, last = urql["@defer"]

    assert (first["hasNext"], plain(first["data"])) == (True, without_lines(whole))
    assert (last["hasNext"], plain(last["data"])) == (False, whole)
    ((_, answered),) = urql["@defer, on the wire"]
    assert answered == MULTIPART


async def test_a_subscription_comes_by_an_event_stream(urql: Outcomes) -> None:
    *ticks, end = urql["a subscription by an event stream"]

    assert [each["data"] for each in ticks] == TICKS
    assert (end["data"], end["error"], end["hasNext"]) == (TICKS[-1], None, False)
    assert urql["a subscription by an event stream, on the wire"] == [
        ["text/event-stream, multipart/mixed", EVENTS]
    ]


async def test_a_subscription_has_its_errors(urql: Outcomes) -> None:
    first, second, *_ = urql["a subscription that fails"]

    assert (first["data"], first["error"]) == ({"breaks": 1}, None)
    assert [each["code"] for each in second["error"]["errors"]] == ["INTERNAL_SERVER_ERROR"]


async def test_a_subscription_ends_when_its_client_leaves(urql: Outcomes) -> None:
    assert urql["a subscription that its client ends"] == [1, 2, 3]
    await until(lambda: running["ticks"] == 0)


async def test_a_subscription_comes_by_websocket(urql: Outcomes) -> None:
    *ticks, end = urql["a subscription by WebSocket"]

    assert [each["data"] for each in ticks] == TICKS
    assert (end["error"], end["hasNext"]) == (None, False)


async def test_documents_register_themselves_where_they_may(urql: Outcomes) -> None:
    # Of each request: whether it has the text, whether its digest, and its status.
    assert urql["automatic persisted queries"] == {
        "answers": ["Query", "Query"],
        "requests": [[False, True, 400], [True, True, 200], [False, True, 200]],
    }
    assert urql["automatic persisted queries, where there are none"] == {
        "answers": ["Query", "Query"],
        "requests": [[False, True, 400], [True, False, 200], [True, False, 200]],
    }
