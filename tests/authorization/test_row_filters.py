"""Row filters: whose orders, lines and addresses a caller is shown, by every road that leads to
them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.authorization.matrix import IDENTITIES
from tests.client import Gateway
from tests.graph.truth import Truth, gid
from tests.graph.walking import joined, pages

ORDERS = {
    "anonymous": "false",
    "customer": "customer_id = 1",
    "support": "true",
    "finance": "true",
    "partner": "partner_id = 'northwind'",
}
"""Which orders each identity may see, in SQL."""

ADDRESSES = {
    "anonymous": "false",
    "customer": "addresses.customer_id = 1 or id in"
    " (select shipping_address_id from orders where customer_id = 1)",
    "support": "true",
    "finance": "id in (select shipping_address_id from orders)",
    "partner": "id in (select shipping_address_id from orders where partner_id = 'northwind')",
}

CUSTOMERS = {
    "anonymous": "false",
    "customer": "id = 1",
    "support": "true",
    "finance": "true",
    "partner": "id in (select customer_id from orders where partner_id = 'northwind')",
}

identities = pytest.mark.parametrize("identity", IDENTITIES)
limited = pytest.mark.parametrize("identity", ["anonymous", "customer", "partner"])


async def visible_orders(truth: Truth, identity: str, more: str = "true") -> list[str]:
    """The numbers of the orders that the identity may see, the newest first."""
    rows = await truth.rows(
        f"select number from orders where ({ORDERS[identity]}) and ({more})"
        " order by placed_at desc, id desc"
    )
    return [row["number"] for row in rows]


async def seen_customers(truth: Truth, identity: str) -> set[int]:
    """The keys of the customers whom the identity may see."""
    rows = await truth.rows(f"select id from customers where {CUSTOMERS[identity]}")
    return {row["id"] for row in rows}


async def hidden_order(truth: Truth, identity: str) -> Mapping[str, Any]:
    """An order that the identity may not see, which has left in a parcel."""
    return await truth.row(
        f"select * from orders where not coalesce(({ORDERS[identity]}), false)"
        " and status = 'DELIVERED' order by id limit 1"
    )


@identities
async def test_the_connection_has_the_visible_orders_to_its_end(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    recent = "placed_at >= '2026-08-25'"
    visible = await visible_orders(truth, identity, recent)
    arguments = 'where: {placedAt: {gte: "2026-08-25T00:00:00Z"}},'

    if identity == "anonymous":
        answer = await callers[identity].ask("{ orders { nodes { number } totalCount } }")
        assert answer.data == {"orders": {"nodes": [], "totalCount": 0}}
        # There is nothing that any source could add.
        assert answer.calls == []
        return
    for backward in (False, True):
        walked = await pages(
            callers[identity], "orders", arguments, 25, backward=backward, selection="id number"
        )
        assert [each["number"] for each in joined(walked, backward=backward)] == visible


@identities
async def test_the_count_is_of_the_visible_orders(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    answer = await callers[identity].ask("{ orders(first: 1) { totalCount } }")

    assert answer.data["orders"]["totalCount"] == len(await visible_orders(truth, identity))


@limited
async def test_a_hidden_order_is_found_by_no_lookup(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    order = await hidden_order(truth, identity)
    query = """query($id: ID!, $number: String!) {
      a: order(id: $id) { number }
      b: order(number: $number) { number }
      c: node(id: $id) { ... on Order { number } }
      d: nodes(ids: [$id, $id]) { ... on Order { number } }
      e: orders(where: {number: {eq: $number}}) { nodes { number } totalCount }
      f: orders(where: {id: {in: [$id]}}) { nodes { number } totalCount }
    }"""
    variables = {"id": gid("Order", order["id"]), "number": order["number"]}
    empty = {"nodes": [], "totalCount": 0}

    answer = await callers[identity].ask(query, variables)

    assert answer.data == {
        **{"a": None, "b": None, "c": None, "d": [None, None]},
        **{"e": empty, "f": empty},
    }
    # It is as if there were none.
    none = {"id": gid("Order", 2**40), "number": "SO-1999-000001"}
    assert (await callers[identity].ask(query, none)).data == answer.data


@limited
@pytest.mark.parametrize(
    "widening",
    [
        '{partnerId: {eq: "globex"}}',
        '{partnerId: {in: ["globex", "initech"]}}',
        '{or: [{partnerId: {eq: "globex"}}, {partnerId: {ne: "globex"}}]}',
        '{or: [{}, {number: {startsWith: "SO"}}]}',
        '{not: {partnerId: {eq: "northwind"}}}',
        '{not: {not: {number: {startsWith: "SO"}}}}',
        '{not: {customerId: {eq: "Q3VzdG9tZXI6MQ=="}}}',
        "{not: {or: []}}",
        "{and: [{or: [{}]}]}",
    ],
)
async def test_no_filter_shows_more_orders(
    callers: Mapping[str, Gateway], truth: Truth, identity: str, widening: str
) -> None:
    query = f"{{ orders(where: {widening}, first: 100) {{ totalCount nodes {{ number }} }} }}"
    visible = set(await visible_orders(truth, identity))

    mine = (await callers[identity].ask(query)).data["orders"]
    everyones = (await callers["staff"].ask(query)).data["orders"]

    assert {node["number"] for node in mine["nodes"]} <= visible
    assert mine["totalCount"] <= min(len(visible), everyones["totalCount"])
    assert everyones["totalCount"] > mine["totalCount"]


@limited
async def test_a_cursor_of_another_caller_shows_no_more(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    page = "{ orders(first: 50) { pageInfo { endCursor } } }"
    cursor = (await callers["staff"].ask(page)).data["orders"]["pageInfo"]["endCursor"]
    query = "query($after: String) { orders(first: 10, after: $after) { nodes { number } } }"

    answer = await callers[identity].ask(query, {"after": cursor})

    shown = {node["number"] for node in answer.data["orders"]["nodes"]}
    assert shown <= set(await visible_orders(truth, identity))


@identities
async def test_orders_of_another_customer_are_those_one_may_see(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    other = await truth.row(
        "select customer_id as id from orders where partner_id = 'northwind' and customer_id <> 1"
        " order by id limit 1"
    )
    visible = await visible_orders(truth, identity, f"customer_id = {other['id']}")
    query = """query($id: ID!) {
      customer(id: $id) { orderCount orders(first: 100) { totalCount nodes { number } } }
    }"""

    answer = await callers[identity].ask(query, {"id": gid("Customer", other["id"])})

    shown = answer.data["customer"]
    if identity in ("anonymous", "customer"):
        # They don't even see that there is such a customer.
        assert shown is None
        assert "orders" not in [call["resource"] for call in answer.calls]
        return
    assert [node["number"] for node in shown["orders"]["nodes"]] == visible
    assert shown["orders"]["totalCount"] == shown["orderCount"] == len(visible)


@identities
async def test_counts_of_many_customers_are_of_visible_orders(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { orderCount } } }"
    keys = range(1, 40)
    rows = await truth.rows(
        f"select customer_id, count(*) from orders where {ORDERS[identity]} group by 1"
    )
    counts = {row["customer_id"]: row["count"] for row in rows}
    customers = await seen_customers(truth, identity)

    answer = await callers[identity].ask(query, {"ids": [gid("Customer", key) for key in keys]})

    assert answer.data["nodes"] == [
        {"orderCount": counts.get(key, 0)} if key in customers else None for key in keys
    ]


@pytest.mark.parametrize("identity", ["support", "finance"])
async def test_the_lifetime_value_is_of_visible_orders(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    row = await truth.row(
        f"select sum(total) from orders where customer_id = 1 and ({ORDERS[identity]})"
        " and status not in ('CANCELLED', 'RETURNED')"
    )

    answer = await callers[identity].ask(
        "query($id: ID!) { customer(id: $id) { lifetimeValue } }", {"id": gid("Customer", 1)}
    )

    assert answer.data["customer"]["lifetimeValue"] == str(row["sum"])


@identities
async def test_lines_are_of_visible_orders(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    rows = await truth.rows(
        "select order_lines.id, sku, orders.number,"
        f" coalesce(({ORDERS[identity]}), false) as visible"
        " from order_lines join orders on orders.id = order_id"
        " where order_id in (select id from orders where customer_id = 1 order by id desc limit 5)"
        " or order_id in (select id from orders where partner_id = 'northwind' limit 5)"
        " order by order_lines.id"
    )
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on OrderLine { sku order { number } } } }"

    answer = await callers[identity].ask(query, {"ids": [gid("OrderLine", r["id"]) for r in rows]})

    assert answer.data["nodes"] == [
        {"sku": row["sku"], "order": {"number": row["number"]}} if row["visible"] else None
        for row in rows
    ]


@identities
async def test_addresses_are_those_one_may_see(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    keys = list(range(1, 80))
    rows = await truth.rows(
        f"select id from addresses where ({ADDRESSES[identity]}) and id = any($1) order by id", keys
    )
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Address { city } } }"

    answer = await callers[identity].ask(query, {"ids": [gid("Address", key) for key in keys]})

    shown = [
        key for key, node in zip(keys, answer.partial["nodes"], strict=True) if node is not None
    ]
    assert shown == [row["id"] for row in rows]
    assert (answer.calls == []) == (identity == "anonymous")


@pytest.mark.parametrize("identity", ["customer", "support", "finance", "partner"])
async def test_addresses_of_customers_are_those_one_may_see(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    keys = list(range(1, 40))
    rows = await truth.rows(
        f"select id, customer_id from addresses where ({ADDRESSES[identity]})"
        " and customer_id = any($1) order by id",
        keys,
    )
    customers = await seen_customers(truth, identity)
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { addresses { id } } } }"

    answer = await callers[identity].ask(query, {"ids": [gid("Customer", key) for key in keys]})

    assert answer.data["nodes"] == [
        {
            "addresses": [
                {"id": gid("Address", row["id"])} for row in rows if row["customer_id"] == key
            ]
        }
        if key in customers
        else None
        for key in keys
    ]
