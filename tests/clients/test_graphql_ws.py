"""graphql-ws asks the gateway as docs/clients.md sets it up."""

from __future__ import annotations

import pytest

from tests.client import until
from tests.clients.expected import KETTLE, TICKS
from tests.clients.running import Node, Outcomes
from tests.probe.graph import running

TYPENAME = {"data": {"__typename": "Query"}}


@pytest.fixture(scope="module")
async def ws(node: Node) -> Outcomes:
    return await node.outcomes("graphql-ws.js")


async def test_a_query_and_a_mutation_are_answered(ws: Outcomes) -> None:
    assert ws["a query"] == [TYPENAME]
    assert ws["a query with variables, as somebody"] == [{"data": {"product": KETTLE}}]
    assert ws["a mutation"] is True


async def test_a_denied_field_is_null_and_has_an_error(ws: Outcomes) -> None:
    (answer,) = ws["a denied field"]
    (error,) = answer["errors"]

    assert answer["data"] == {"product": {"name": KETTLE["name"], "cost": None}}
    assert error["path"] == ["product", "cost"]
    assert error["extensions"] == {"code": "UNAUTHORIZED_FIELD_OR_TYPE"}


async def test_a_subscription_sends_its_events_and_completes(ws: Outcomes) -> None:
    assert ws["a subscription"] == [{"data": tick} for tick in TICKS]


async def test_a_client_completes_what_it_does_not_want_any_more(ws: Outcomes) -> None:
    name = "a subscription that its client completes, and the connection goes on"

    assert ws[name] == [[1, 2, 3], TYPENAME]
    await until(lambda: running["ticks"] == 0)


async def test_an_operation_that_can_t_run_ends_and_not_its_connection(ws: Outcomes) -> None:
    codes = ["BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"]

    assert ws["an operation that can't run ends, and the connection goes on"] == [
        [[code] for code in codes],
        TYPENAME,
        1,
    ]


async def test_pings_are_answered_with_their_payload(ws: Outcomes) -> None:
    assert ws["its pings are answered"] is True
    assert ws["a payload of a ping comes back"] == {"at": 5}


async def test_a_credential_that_is_refused_is_not_sent_again(ws: Outcomes) -> None:
    assert ws["what was refused is not sent again"] == [[False], 4403]


@pytest.mark.parametrize(
    ("why", "code", "reason"),
    [
        ("a token that is not good", 4403, "Forbidden: The token is malformed."),
        ("a message that is none", 4400, "WebSocket message must be valid JSON"),
        ("a second connection_init", 4429, "Too many initialisation requests"),
        ("an operation of an id that runs", 4409, "Subscriber for a already exists"),
        ("an operation before connection_init", 4401, "Unauthorized"),
    ],
    ids=lambda value: str(value),
)
async def test_a_connection_is_closed_as_the_protocol_says(
    ws: Outcomes, why: str, code: int, reason: str
) -> None:
    assert ws[f"closed for {why}"] == {"code": code, "reason": reason}
