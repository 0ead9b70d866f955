"""Parcels, which another service has, are seen where their orders are, which PostgreSQL has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.authorization.test_row_filters import ORDERS, identities
from tests.client import Gateway
from tests.graph.truth import Truth, gid


async def some_orders(truth: Truth, identity: str) -> Sequence[Mapping[str, Any]]:
    """Orders that have left in parcels, of several customers and partners, with whether the
    identity may see each."""
    return await truth.rows(
        f"select id, coalesce(({ORDERS[identity]}), false) as visible from orders"
        " where status = 'DELIVERED' and (customer_id in (1, 2, 3) or partner_id = 'northwind')"
        " order by id limit 40"
    )


def fan_outs(calls: Sequence[Mapping[str, Any]]) -> list[int]:
    """How many requests each call to the shipping service made for parcels."""
    return [call["keys"] for call in calls if call["resource"] == "shipments"]


@identities
async def test_parcels_are_of_visible_orders(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    orders = await some_orders(truth, identity)
    visible = [order["id"] for order in orders if order["visible"]]
    query = """query($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Shipment { trackingNumber order { id } } }
    }"""

    answer = await callers[identity].ask(
        query, {"ids": [gid("Shipment", order["id"]) for order in orders]}
    )

    assert [node and node["order"]["id"] for node in answer.data["nodes"]] == [
        gid("Order", order["id"]) if order["visible"] else None for order in orders
    ]
    # The service is asked for no other: it does not even learn that somebody wanted them.
    assert fan_outs(answer.calls) == ([len(visible)] if visible else [])


async def test_parcels_are_hidden_and_shown_in_one_list(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    for identity in ("customer", "partner"):
        seen = {order["visible"] for order in await some_orders(truth, identity)}

        assert seen == {True, False}


@pytest.mark.parametrize("identity", ["customer", "partner"])
async def test_parcels_of_a_page_of_orders_are_asked_for_together(
    callers: Mapping[str, Gateway], identity: str
) -> None:
    query = "{ orders(first: 20) { nodes { id shipment { order { id } } } } }"

    answer = await callers[identity].ask(query)

    nodes = answer.data["orders"]["nodes"]
    assert [node["shipment"]["order"]["id"] for node in nodes if node["shipment"]] == [
        node["id"] for node in nodes if node["shipment"]
    ]
    assert fan_outs(answer.calls) == [20]


async def test_a_hidden_parcel_is_null_without_a_request(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    order = await truth.row(
        "select id from orders where partner_id = 'globex' and status = 'DELIVERED'"
        " and customer_id <> 1 order by id limit 1"
    )
    query = "query($id: ID!) { node(id: $id) { ... on Shipment { trackingNumber } } }"

    for identity in ("anonymous", "customer", "partner"):
        answer = await callers[identity].ask(query, {"id": gid("Shipment", order["id"])})

        assert answer.data == {"node": None}
        assert fan_outs(answer.calls) == []
