"""GraphQL Tools' executor asks the gateway as docs/clients.md sets it up."""

from __future__ import annotations

import pytest

from tests.client import until
from tests.clients.expected import EVENTS, KETTLE, TICKS, UNCOSTED
from tests.clients.running import Node, Outcomes
from tests.probe.graph import running


@pytest.fixture(scope="module")
async def tools(node: Node) -> Outcomes:
    return await node.outcomes("graphql-tools.js")


async def test_a_query_has_variables(tools: Outcomes) -> None:
    assert tools["a query with variables"] == {"data": {"product": KETTLE}}


async def test_a_denied_field_is_null_and_has_an_error(tools: Outcomes) -> None:
    answer = tools["a denied field"]

    assert answer["data"] == {"product": UNCOSTED}
    assert [error["path"] for error in answer["errors"]] == [["product", "cost"]]


async def test_a_subscription_comes_by_an_event_stream(tools: Outcomes) -> None:
    assert tools["a subscription"] == [{"data": tick} for tick in TICKS]
    ((_, answered),) = tools["a subscription, on the wire"]
    assert answered == EVENTS


async def test_a_subscription_ends_when_its_client_leaves(tools: Outcomes) -> None:
    assert tools["a subscription that its client ends"] == [1, 2, 3]
    await until(lambda: running["ticks"] == 0)
