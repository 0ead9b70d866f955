"""Customers are seen by themselves, by staff, and by whoever sees an order of theirs, by every road
that leads to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.authorization.test_row_filters import CUSTOMERS, identities, limited
from tests.client import Gateway
from tests.graph.truth import Row, Truth, gid
from tests.graph.walking import joined, pages
from tests.identities import token

NEWEST = "order by created_at desc, id desc"


async def visible_customers(truth: Truth, identity: str, more: str = "true") -> list[Row]:
    """The customers whom the identity may see, the newest first."""
    return await truth.rows(
        f"select * from customers where ({CUSTOMERS[identity]}) and ({more}) {NEWEST}"
    )


async def hidden_customer(truth: Truth, identity: str) -> Row:
    """The newest customer whom the identity may not see, and who has written what everyone sees."""
    published = truth.documents("reviews", {"status": "PUBLISHED"})
    return await truth.row(
        f"select * from customers where not ({CUSTOMERS[identity]}) and id = any($1)"
        f" and id in (select customer_id from orders) {NEWEST} limit 1",
        list({review["customer_id"] for review in published}),
    )


@identities
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
async def test_the_connection_has_the_visible_customers_to_its_end(
    callers: Mapping[str, Gateway], truth: Truth, identity: str, backward: bool
) -> None:
    visible = await visible_customers(truth, identity, "created_at >= '2025-06-01' or id = 1")
    since = 'where: {or: [{createdAt: {gte: "2025-06-01T00:00:00Z"}}, {id: {eq: "%s"}}]},'

    if identity == "anonymous":
        answer = await callers[identity].ask("{ customers { nodes { id } totalCount } }")
        assert answer.data == {"customers": {"nodes": [], "totalCount": 0}}
        # There is nothing that any source could add.
        assert answer.calls == []
        return
    walked = await pages(
        callers[identity],
        "customers",
        since % gid("Customer", 1),
        60,
        backward=backward,
        selection="id name",
    )
    assert joined(walked, backward=backward) == [
        {"id": gid("Customer", row["id"]), "name": row["name"]} for row in visible
    ]


@identities
async def test_the_count_is_of_the_visible_customers(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    answer = await callers[identity].ask("{ customers(first: 1) { totalCount } }")

    count = len(await visible_customers(truth, identity))
    assert answer.data == {"customers": {"totalCount": count}}


OF_NORTHWIND = "id in (select customer_id from orders where partner_id = 'northwind')"


@pytest.mark.parametrize(
    ("claims", "visible"),
    [
        ({"scope": "customers:read"}, "true"),
        ({"scope": "customers:pii"}, "true"),
        ({"scope": "support"}, "true"),
        ({"scope": "orders:read"}, "id in (select customer_id from orders)"),
        ({"scope": "finance orders:internal catalog:drafts"}, "false"),
        ({"customer_id": 25}, "id = 25"),
        ({"customer_id": 25, "partner_id": "northwind"}, f"id = 25 or {OF_NORTHWIND}"),
        ({"partner_id": "nobody"}, "false"),
    ],
    ids=str,
)
async def test_scopes_and_claims_show_their_customers(
    callers: Mapping[str, Gateway], truth: Truth, claims: Mapping[str, Any], visible: str
) -> None:
    rows = await truth.rows(f"select id, ({visible}) as visible from customers order by id")
    query = "query($ids: [ID!]!) { customers(first: 1) { totalCount } nodes(ids: $ids) { id } }"
    credential = {"authorization": f"Bearer {token(sub='x', **claims)}"}
    asked = [gid("Customer", row["id"]) for row in rows[:40]]

    answer = await callers["anonymous"].ask(query, {"ids": asked}, headers=credential)

    assert answer.data == {
        "customers": {"totalCount": sum(row["visible"] for row in rows)},
        "nodes": [
            {"id": id_} if row["visible"] else None for id_, row in zip(asked, rows, strict=False)
        ],
    }


@identities
async def test_customers_are_found_by_id_as_they_may_be_seen(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    keys = list(range(1, 60))
    visible = {row["id"] for row in await visible_customers(truth, identity)}
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { id currency } } }"

    answer = await callers[identity].ask(query, {"ids": [gid("Customer", key) for key in keys]})

    assert [node and node["id"] for node in answer.data["nodes"]] == [
        gid("Customer", key) if key in visible else None for key in keys
    ]


@pytest.mark.parametrize("identity", ["customer", "support", "finance", "partner"])
async def test_customers_are_sorted_by_name_as_they_may_be_seen(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    visible = await truth.rows(
        f"select name from customers where {CUSTOMERS[identity]} order by name, id limit 50"
    )

    answer = await callers[identity].ask(
        "{ customers(first: 50, orderBy: [{field: NAME}]) { nodes { name } } }"
    )

    assert answer.data["customers"]["nodes"] == visible


ROADS = {
    "customer": "customer(id: $id) { __typename }",
    "node": "node(id: $id) { __typename ... on Customer { id createdAt orderCount } }",
    "nodes": "nodes(ids: [$id, $id]) { __typename }",
    "a page": "customers(where: {id: {eq: $id}}) { nodes { id } edges { cursor } totalCount }",
    "one of some": "customers(where: {id: {in: [$id]}}, last: 1) { pageInfo { startCursor } }",
    "not the others": "customers(where: {not: {id: {ne: $id}}}) { totalCount }",
    "this or nothing": "customers(where: {or: [{id: {eq: $id}}, {or: []}]}) { totalCount }",
    "by the moment": "customers(where: {createdAt: {eq: $at}}) { totalCount nodes { currency } }",
    "orders": "customer(id: $id) { orders { totalCount } reviews { totalCount } }",
    "their orders": "orders(where: {customerId: {eq: $id}, partnerId: {ne: $by}}) { totalCount }",
}
"""Roads to a customer, or to whether there is one."""

QUERY = "query ($id: ID!, $at: DateTime!, $by: String!) {{ {} }}".format(
    " ".join(f"r{place}: {road}" for place, road in enumerate(ROADS.values()))
)


@limited
async def test_a_hidden_customer_is_like_one_that_is_not_there(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    row = await hidden_customer(truth, identity)
    moment, partner = row["created_at"].isoformat().replace("+00:00", "Z"), "northwind"
    hidden = {"id": gid("Customer", row["id"]), "at": moment, "by": partner}
    missing = {"id": gid("Customer", 2**40), "at": "1999-01-01T00:00:00Z", "by": partner}

    at_hidden = await callers[identity].ask(QUERY, hidden, explain=False)
    at_missing = await callers[identity].ask(QUERY, missing, explain=False)

    assert at_hidden.body == at_missing.body
    assert at_hidden.errors == []
    seen = await callers["staff"].ask(QUERY, hidden)
    differ = [key for key, value in seen.data.items() if value != at_hidden.data[key]]
    assert len(differ) == len(ROADS)


NAMED = {
    "customer": "customer(id: $id) { name }",
    "node": "node(id: $id) { ... on Customer { name } }",
    "nodes": "nodes(ids: [$id]) { ... on Customer { name } }",
    "nodes of a page": "customers(where: {id: {eq: $id}}) { nodes { name } }",
    "edges of a page": "customers(where: {id: {eq: $id}}) { edges { node { name } } }",
    "author": "review(id: $review) { author { name } }",
    "author of a product's": "product(id: $product) { reviews { nodes { author { name } } } }",
    "buyer": "order(id: $order) { customer { name } }",
    "address": "node(id: $address) { ... on Address { recipient customer { name } } }",
    "by name": "customers(where: {name: {eq: $name}}) { totalCount }",
    "by a part of the name": "customers(where: {name: {startsWith: $name}}) { nodes { id } }",
    "among others": "customers(where: {or: [{name: {eq: $name}}, {}]}) { nodes { name } }",
    "by order": "customers(orderBy: [{field: NAME}]) { nodes { id } edges { cursor } }",
}
"""Roads to a customer's name, or to what it is."""

COMPARED = ("address", "by name", "by a part of the name", "among others", "by order")
"""Those that are denied whether anyone is there or not: an address, and what compares by a name."""


@pytest.mark.parametrize("road", NAMED)
async def test_the_anonymous_learn_no_name(
    callers: Mapping[str, Gateway], truth: Truth, road: str
) -> None:
    row = await hidden_customer(truth, "anonymous")
    query, variables = await about(truth, row, NAMED[road])

    answer = await callers["anonymous"].ask(query, variables)

    # Of a customer who is hidden there is nothing to deny.
    assert answer.codes == (["UNAUTHENTICATED"] if road in COMPARED else [])
    assert row["name"] not in str(answer.body)
    assert [call for call in answer.calls if call["resource"] in ("customers", "addresses")] == []
    # Nor that it is another's: an answer about a name that nobody has is the same.
    other = await callers["anonymous"].ask(query, {**variables, "name": "Nobody"}, explain=False)
    assert other.body["data"] == answer.body["data"]
    assert other.errors == answer.errors


@pytest.mark.parametrize("road", NAMED.values(), ids=NAMED)
async def test_a_customer_learns_no_others_name(
    callers: Mapping[str, Gateway], truth: Truth, road: str
) -> None:
    row = await hidden_customer(truth, "customer")
    query, variables = await about(truth, row, road)

    answer = await callers["customer"].ask(query, variables)

    assert answer.errors == []
    assert row["name"] not in str(answer.data)


@pytest.mark.parametrize("road", NAMED.values(), ids=NAMED)
async def test_staff_sees_names_by_every_such_road(
    callers: Mapping[str, Gateway], truth: Truth, road: str
) -> None:
    row = await hidden_customer(truth, "customer")
    query, variables = await about(truth, row, road)

    answer = await callers["staff"].ask(query, variables)

    assert "customers" in [call["resource"] for call in answer.calls]
    assert "'nodes': []" not in str(answer.data)
    assert "None" not in str(answer.data)


async def about(truth: Truth, row: Row, road: str) -> tuple[str, Mapping[str, Any]]:
    """The operation that asks by the road, and its variables: of the customer."""
    mine = {"customer_id": row["id"], "status": "PUBLISHED"}
    review = truth.documents("reviews", mine, limit=1)[0]
    order = await truth.row(
        "select id, shipping_address_id from orders where customer_id = $1 limit 1", row["id"]
    )
    given = {
        "id": ("ID!", gid("Customer", row["id"])),
        "review": ("ID!", gid("Review", review["_id"])),
        "product": ("ID!", gid("Product", review["product_id"])),
        "order": ("ID!", gid("Order", order["id"])),
        "address": ("ID!", gid("Address", order["shipping_address_id"])),
        "name": ("String", row["name"]),
    }
    head = ", ".join(
        f"${name}: {type_}" for name, (type_, _) in given.items() if f"${name}" in road
    )
    query = f"query ({head}) {{ {road} }}" if head else f"{{ {road} }}"
    return query, {name: value for name, (_, value) in given.items()}


@limited
@pytest.mark.parametrize(
    "widening",
    [
        "{}",
        "{or: [{}, {createdAt: {}}]}",
        "{not: {or: []}}",
        '{not: {id: {eq: "Q3VzdG9tZXI6MQ=="}}}',
        '{or: [{createdAt: {gte: "2000-01-01T00:00:00Z"}}, {createdAt: {isNull: true}}]}',
        '{not: {not: {createdAt: {lt: "2100-01-01T00:00:00Z"}}}}',
    ],
)
async def test_no_filter_shows_more_customers(
    callers: Mapping[str, Gateway], truth: Truth, identity: str, widening: str
) -> None:
    query = f"{{ customers(where: {widening}, first: 100) {{ totalCount nodes {{ id }} }} }}"
    visible = {gid("Customer", row["id"]) for row in await visible_customers(truth, identity)}

    mine = (await callers[identity].ask(query)).data["customers"]
    everyones = (await callers["staff"].ask(query)).data["customers"]

    assert {node["id"] for node in mine["nodes"]} <= visible
    assert mine["totalCount"] <= len(visible) < everyones["totalCount"]


@limited
async def test_a_cursor_of_another_caller_shows_no_more_customers(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    page = "{ customers(first: 50) { pageInfo { endCursor } } }"
    cursor = (await callers["staff"].ask(page)).data["customers"]["pageInfo"]["endCursor"]
    query = "query($after: String) { customers(first: 10, after: $after) { nodes { id } } }"

    answer = await callers[identity].ask(query, {"after": cursor})

    visible = {gid("Customer", row["id"]) for row in await visible_customers(truth, identity)}
    assert {node["id"] for node in answer.data["customers"]["nodes"]} <= visible


@pytest.mark.parametrize("identity", ["customer", "support", "finance", "partner"])
async def test_whoever_sees_an_order_sees_who_bought_it(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    query = "{ orders(first: 50) { nodes { number customer { name } } } }"

    answer = await callers[identity].ask(query)

    numbers = [node["number"] for node in answer.data["orders"]["nodes"]]
    rows = await truth.rows(
        "select number, name from orders join customers on customers.id = customer_id"
        " where number = any($1) order by placed_at desc, orders.id desc",
        numbers,
    )
    assert len(rows) > 20
    assert answer.data["orders"]["nodes"] == [
        {"number": row["number"], "customer": {"name": row["name"]}} for row in rows
    ]


@identities
async def test_authors_of_reviews_are_those_whom_one_may_see(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    rows = {row["id"]: row for row in await truth.rows("select id, name from customers")}
    visible = {row["id"] for row in await visible_customers(truth, identity)}
    (ada, *_) = truth.documents("reviews", {"customer_id": 1, "status": "PUBLISHED"})
    reviews = [ada, *truth.documents("reviews", {"status": "PUBLISHED"}, limit=99)]
    query = """query($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Review { authorName author { id } } }
    }"""

    answer = await callers[identity].ask(query, {"ids": [gid("Review", r["_id"]) for r in reviews]})

    assert answer.data["nodes"] == [
        {
            "authorName": shown_by(rows[each["customer_id"]]["name"]),
            "author": {"id": gid("Customer", each["customer_id"])}
            if each["customer_id"] in visible
            else None,
        }
        for each in reviews
    ]
    asked = (
        ["catalog.reviews"] if identity == "anonymous" else ["catalog.reviews", "shop.customers"]
    )
    assert answer.resources == asked


def shown_by(name: str) -> str:
    first, *others = name.split()
    return f"{first} {others[0][0].upper()}."


@limited
async def test_who_wrote_a_review_can_not_be_compared(
    callers: Mapping[str, Gateway], identity: str
) -> None:
    query = f'{{ reviews(where: {{authorId: {{eq: "{gid("Customer", 2)}"}}}}) {{ totalCount }} }}'

    answer = await callers[identity].ask(query)

    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


async def test_a_partner_sees_of_a_customer_what_concerns_its_orders(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    row = await truth.row(
        "select customers.id, name, customers.currency, customers.created_at,"
        " count(*) filter (where partner_id = 'northwind') as taken, count(*) as all"
        " from customers join orders on customer_id = customers.id group by customers.id"
        " having bool_or(partner_id = 'northwind') and not bool_and(partner_id = 'northwind')"
        " order by customers.id limit 1"
    )
    query = """query($id: ID!) { customer(id: $id) {
      name currency createdAt orderCount orders { totalCount }
      email phone birthday marketingOptIn lifetimeValue
    } }"""

    answer = await callers["partner"].ask(query, {"id": gid("Customer", row["id"])})

    assert answer.partial["customer"] == {
        "name": row["name"],
        "currency": row["currency"],
        "createdAt": row["created_at"].isoformat().replace("+00:00", "Z"),
        "orderCount": row["taken"],
        "orders": {"totalCount": row["taken"]},
        **dict.fromkeys(("email", "phone", "birthday", "marketingOptIn", "lifetimeValue")),
    }
    assert row["taken"] < row["all"]
    assert answer.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"] * 5
    read = {column for call in answer.calls for column in call["columns"]}
    assert read.isdisjoint({"email", "phone", "birthday", "marketing_opt_in", "total"})
