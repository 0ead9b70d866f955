"""A mutation or a subscription on a graph that has none says so, on every transport."""

from __future__ import annotations

import pytest

from tests.authorization.roads import Send, Variables, events, post, socket
from tests.client import Answer, Gateway


async def parts(gateway: Gateway, query: str, variables: Variables) -> Answer:
    """Sent as by a client that takes parts. What is refused has none."""
    return await gateway.ask(query, variables, accept="multipart/mixed")


SENDS: dict[str, Send] = {
    "POST": post,
    "SSE": events,
    "multipart": parts,
    "WebSocket": socket,
}


@pytest.mark.parametrize("send", SENDS)
@pytest.mark.parametrize("kind", ["mutation", "subscription"])
@pytest.mark.parametrize("selection", ["{ x }", "{ __typename }", "Named { __typename }"])
async def test_what_the_graph_has_not_is_said(
    gateway: Gateway, send: str, kind: str, selection: str
) -> None:
    answer = await SENDS[send](gateway, f"{kind} {selection}", {})

    assert [error["message"] for error in answer.errors] == [f"This graph has no {kind}s."]
    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        # A GET never runs a mutation, whatever the graph has (GraphQL over HTTP, 6.2.2).
        ("mutation", 405, "BAD_USER_INPUT"),
        ("subscription", 200, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_get_says_so_too(gateway: Gateway, kind: str, status: int, code: str) -> None:
    answer = await gateway.get(f"{kind} {{ __typename }}")

    assert (answer.status, answer.codes) == (status, [code])
    assert answer.errors[0]["message"] == f"This graph has no {kind}s."
