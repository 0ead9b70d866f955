"""Apollo Client 4 asks the gateway as docs/clients.md sets it up."""

from __future__ import annotations

import pytest

from tests.client import Gateway, until
from tests.clients.expected import (
    KETTLE,
    MULTIPART,
    ORDERS,
    STRICT,
    SUBSCRIPTION,
    TICKS,
    UNCOSTED,
    plain,
    without_lines,
)
from tests.clients.running import Node, Outcomes
from tests.probe.graph import running

DENIED = [
    {
        "message": "Unauthorized field or type",
        "path": ["product", "cost"],
        "code": "UNAUTHORIZED_FIELD_OR_TYPE",
    }
]


@pytest.fixture(scope="module")
async def apollo(node: Node) -> Outcomes:
    return await node.outcomes("apollo.js")


async def test_a_query_has_variables(apollo: Outcomes) -> None:
    answer = apollo["a query with variables"]

    assert plain(answer) == {"data": {"product": KETTLE}, "error": None}
    assert apollo["a mutation"] is True


async def test_an_object_is_had_by_its_id(apollo: Outcomes) -> None:
    node = apollo["fragments on an interface"]

    assert (node["__typename"], node["name"]) == ("Product", KETTLE["name"])


async def test_a_denied_field_is_as_the_error_policy_has_it(apollo: Outcomes) -> None:
    assert apollo["a denied field"] == DENIED
    assert plain(apollo["a denied field, with errorPolicy all"]) == {
        "data": {"product": UNCOSTED},
        "error": DENIED,
    }
    assert plain(apollo["a denied field, with errorPolicy ignore"]) == {
        "data": {"product": UNCOSTED},
        "error": None,
    }


async def test_what_is_refused_is_an_error_of_graphql(apollo: Outcomes) -> None:
    (invalid,) = apollo["a query that is not valid"]
    (refused,) = apollo["a token that is not good"]

    assert invalid["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert refused == {"message": "The token is malformed.", "code": "UNAUTHENTICATED"}


async def test_the_draft_s_statuses_change_nothing(apollo: Outcomes) -> None:
    assert apollo["partial data, as the draft tells it"] == [
        [294, 422],
        {"broken": None},
        "INTERNAL_SERVER_ERROR",
        "GRAPHQL_VALIDATION_FAILED",
    ]


async def test_what_is_deferred_comes_later(apollo: Outcomes, gateways: dict[str, Gateway]) -> None:
    whole = (await gateways["probe"].ask(ORDERS)).data

    first, *_, last = apollo["@defer"]

    assert (first["dataState"], plain(first["data"])) == ("streaming", without_lines(whole))
    assert (last["dataState"], plain(last["data"])) == ("complete", whole)
    ((accept, answered),) = apollo["@defer, on the wire"]
    assert accept.startswith("multipart/mixed;incrementalSpec=v0.2,")
    assert answered == MULTIPART


async def test_a_list_is_streamed(apollo: Outcomes, gateways: dict[str, Gateway]) -> None:
    query = "{ orders(first: 3) { nodes { id number } } }"
    whole = (await gateways["probe"].ask(query)).data

    first, *_, last = apollo["@stream"]

    assert plain(first["data"]) == {"orders": {"nodes": whole["orders"]["nodes"][:1]}}
    assert plain(last["data"]) == whole


async def test_with_the_older_handler_nothing_is_deferred(
    apollo: Outcomes, gateways: dict[str, Gateway]
) -> None:
    whole = (await gateways["probe"].ask(ORDERS)).data

    answer = apollo["@defer, with the older handler"]

    assert [plain(each["data"]) for each in answer["seen"]] == [whole]
    assert answer["types"] == [STRICT]


async def test_without_a_handler_nothing_is_deferred_nor_sent(apollo: Outcomes) -> None:
    assert apollo["@defer, with no handler"] == ["Invariant Violation", 0]


async def test_an_answer_is_graphql_s_own_json(apollo: Outcomes) -> None:
    assert apollo["a query on the wire"] == [[f"{STRICT},application/json;q=0.9", STRICT]]


async def test_a_subscription_comes_by_multipart(apollo: Outcomes) -> None:
    given = apollo["a subscription by multipart"]

    assert plain(given) == {"values": [{"data": tick} for tick in TICKS]}
    ((accept, answered),) = apollo["a subscription by multipart, on the wire"]
    assert accept.startswith("multipart/mixed;boundary=graphql;subscriptionSpec=1.0,")
    assert answered == SUBSCRIPTION


async def test_a_subscription_by_multipart_has_its_errors(apollo: Outcomes) -> None:
    assert apollo["a subscription by multipart that fails"] == [
        [{"breaks": 1}, None],
        [None, ["CombinedProtocolErrors", ["INTERNAL_SERVER_ERROR"]]],
    ]
    assert apollo["a subscription by multipart that is not valid"] == [
        [None, ["GRAPHQL_VALIDATION_FAILED"]]
    ]


async def test_a_subscription_ends_when_its_client_leaves(apollo: Outcomes) -> None:
    assert apollo["a subscription by multipart that its client ends"] == [1, 2, 3]
    await until(lambda: running["ticks"] == 0)


async def test_a_subscription_comes_by_websocket(apollo: Outcomes) -> None:
    given = apollo["a subscription by WebSocket"]

    assert plain(given) == {"values": [{"data": tick} for tick in TICKS]}


async def test_documents_register_themselves_where_they_may(apollo: Outcomes) -> None:
    # Of each request: whether it has the text, whether its digest, and its status.
    assert apollo["automatic persisted queries"] == {
        "answers": ["Query", "Query"],
        "requests": [[False, True, 400], [True, True, 200], [False, True, 200]],
    }
    assert apollo["automatic persisted queries, where there are none"] == {
        "answers": ["Query", "Query"],
        "requests": [[False, True, 400], [True, False, 200], [True, False, 200]],
    }
