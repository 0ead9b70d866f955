"""What one tries who means harm: every way found to see what is hidden, and many that were none."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import strawberry

from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.query import Order
from resolvers.cursors import Cursors
from resolvers.graph import Graph
from schema.types.order import orders_table
from tests.client import Gateway
from tests.graph.truth import Truth, gid
from tests.identities import token


async def test_the_types_of_an_interface_are_shown_as_they_are_by_name(
    callers: Mapping[str, Gateway],
) -> None:
    shown = await callers["anonymous"].ask(
        '{ __type(name: "Node") { possibleTypes { name fields { name } } } }'
    )

    types = {
        each["name"]: [field["name"] for field in each["fields"]]
        for each in shown.data["__type"]["possibleTypes"]
    }
    assert "Address" not in types
    assert "email" not in types["Customer"]
    assert "cost" not in types["Product"]


@strawberry.type
class Inner:
    @strawberry.field
    def root(self) -> Root | None:
        return Root()


@strawberry.type
class Root:
    @strawberry.field
    def inner(self) -> Inner | None:
        return Inner()


ROUND = Graph(Root)


@pytest.mark.parametrize(
    "meta", ["__schema { queryType { name } }", '__type(name: "Root") { name }']
)
async def test_a_way_back_to_the_root_is_none_to_the_schema(meta: str) -> None:
    client = GraphClient(ROUND, settings=Settings.of(environment="production"))

    response = await client.execute(f"{{ inner {{ root {{ {meta} }} }} }}")

    assert (response.data, response.codes) == (None, ["UNAUTHENTICATED"])


async def test_a_deferred_look_at_the_schema_sees_no_more(callers: Mapping[str, Gateway]) -> None:
    parts = await callers["anonymous"].parts(
        '{ __typename ... @defer { __type(name: "Product") { fields { name } } } }'
    )

    assert "price" in str(parts)
    assert "cost" not in str(parts)


CONDITIONS = {
    "the default": {},
    "true": {"show": True},
    "null": {"show": None},
    "a number": {"show": 1},
    "a text": {"show": "true"},
    "a list": {"show": [True]},
    "false, and more": {"show": False, "more": True},
}


@pytest.mark.parametrize("variables", CONDITIONS.values(), ids=CONDITIONS)
async def test_no_value_of_a_condition_shows_what_is_denied(
    callers: Mapping[str, Gateway], variables: Mapping[str, object]
) -> None:
    query = """query ($show: Boolean = true, $more: Boolean = false) {
        product(sku: "KET-0001") { ...A @include(if: $show) ...A @include(if: $more) }
        customer(id: "Q3VzdG9tZXI6Mg==") { email @include(if: $show) ...B @include(if: $more) }
    }
    fragment A on Product { cost ... on Node { ... on Product @include(if: $show) { margin } } }
    fragment B on Customer { id email phone @include(if: $show) }"""

    answer = await callers["customer"].ask(query, variables)

    shown = [each or {} for each in (answer.body.get("data") or {}).values()]
    assert {value for each in shown for key, value in each.items() if key != "id"} <= {None}
    for call in answer.calls:
        assert {"cost", "email", "phone"}.isdisjoint(call["columns"])


OPERATIONS = """
    query Harmless { product(sku: "KET-0001") { name } }
    query Harmful { product(sku: "KET-0001") { cost } }
"""


@pytest.mark.parametrize("name", ["Harmless", "Harmful", None, "", "harmful", "Harmful "])
async def test_each_operation_of_a_document_is_decided_for_itself(
    callers: Mapping[str, Gateway], name: str | None
) -> None:
    answer = await callers["customer"].ask(OPERATIONS, operation_name=name)

    assert "cost" not in str(answer.body.get("data")) or answer.partial["product"]["cost"] is None
    assert (answer.errors == []) == (name == "Harmless")


async def test_a_decision_is_for_one_caller_alone(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    row = await truth.row(
        "select customer_id as id, count(*) as orders,"
        " count(*) filter (where partner_id = 'northwind') as taken from orders"
        " where customer_id <> 1 group by 1 having bool_or(partner_id = 'northwind')"
        " order by 1 limit 1"
    )
    query = "query($id: ID!) { customer(id: $id) { email lifetimeValue orderCount } }"
    counts = {"support": row["orders"], "finance": row["orders"], "partner": row["taken"]}
    for _ in range(2):
        for name in ("support", "customer", "finance", "partner", "anonymous"):
            answer = await callers[name].ask(query, {"id": gid("Customer", row["id"])})
            customer = answer.partial["customer"] or dict.fromkeys(("email", "lifetimeValue"))
            assert (customer["email"] is not None) == (name == "support")
            assert (customer["lifetimeValue"] is not None) == (name in ("support", "finance"))
            assert customer.get("orderCount") == counts.get(name)


ORDER = {
    "node": "node(id: $id) { __typename ... on Order { id } }",
    "nodes": "nodes(ids: [$id]) { __typename }",
    "by id": "order(id: $id) { __typename }",
    "by number": "order(number: $number) { __typename }",
    "a page": "orders(where: {id: {eq: $id}}) { nodes { id } edges { cursor } totalCount }",
    "by its number": "orders(where: {number: {startsWith: $number}}) { totalCount }",
    "not the others": "orders(where: {not: {id: {ne: $id}}}) { totalCount }",
    "this or nothing": "orders(where: {or: [{id: {in: [$id]}}, {or: []}]}) { totalCount }",
    "its customer's": """customer(id: $customer) {
        orders(where: {id: {eq: $id}}) { totalCount pageInfo { hasNextPage hasPreviousPage } }
    }""",
    "its review's author's": """node(id: $review) { ... on Review {
        author { orders(where: {number: {eq: $number}}) { totalCount nodes { id } } }
    } }""",
    "its shipment": "node(id: $shipment) { __typename ... on Shipment { trackingNumber } }",
    "its line": "node(id: $line) { __typename ... on OrderLine { quantity order { id } } }",
}
"""Roads to an order, or to whether it is there."""

IDS = "query ($id: ID!, $number: String!, $customer: ID!, $review: ID!, $shipment: ID!, $line: ID!)"


@pytest.mark.parametrize("caller", ["anonymous", "customer", "partner"])
async def test_an_order_that_is_hidden_is_like_one_that_is_not_there(
    callers: Mapping[str, Gateway], truth: Truth, ids: Mapping[str, str], caller: str
) -> None:
    number, customer, line = await hidden_order(truth, ids)
    hidden = {"id": ids["OrderOther"], "number": number, "customer": gid("Customer", customer)}
    mine = {"customer_id": customer, "status": "PUBLISHED"}
    hidden["review"] = gid("Review", truth.documents("reviews", mine, limit=1)[0]["_id"])
    missing = {"id": gid("Order", 2**31 - 1), "number": "SO-2025-999999"}
    roads = " ".join(f"r{place}: {road}" for place, road in enumerate(ORDER.values()))
    # What is not there has the same customer: who bought it is what is asked by it.
    asked = {**hidden, "shipment": ids["OrderOther"], "line": gid("OrderLine", line)}
    asked["shipment"] = gid("Shipment", key_of(ids["OrderOther"]))
    other = {**asked, **missing, "shipment": gid("Shipment", 2**31 - 1)}
    other["line"] = gid("OrderLine", 2**31 - 1)

    at_hidden = await callers[caller].ask(f"{IDS} {{ {roads} }}", asked, explain=False)
    at_missing = await callers[caller].ask(f"{IDS} {{ {roads} }}", other, explain=False)

    assert at_hidden.body == at_missing.body
    seen = await callers["staff"].ask(f"{IDS} {{ {roads} }}", asked)
    differ = [key for key, value in seen.data.items() if value != at_hidden.partial[key]]
    assert len(differ) == len(ORDER)


async def hidden_order(truth: Truth, ids: Mapping[str, str]) -> tuple[str, int, int]:
    row = await truth.row(
        "select number, customer_id, order_lines.id from orders"
        " join order_lines on order_id = orders.id where orders.id = $1 limit 1",
        key_of(ids["OrderOther"]),
    )
    return row["number"], row["customer_id"], row["id"]


REVIEW = {
    "node": "node(id: $id) { __typename }",
    "by id": "review(id: $id) { __typename }",
    "by its id": "reviews(where: {id: {in: [$id]}}) { totalCount nodes { id } }",
    "by its status": "reviews(where: {status: {ne: PUBLISHED}}) { totalCount }",
    "by its author": """customer(id: $author) {
        reviews(where: {and: [{id: {eq: $id}}, {status: {in: [PENDING, REJECTED]}}]}) { totalCount }
    }""",
    "its author's": """node(id: $author) { ... on Customer {
        reviews(where: {not: {status: {eq: PUBLISHED}}}) { totalCount nodes { body } }
    } }""",
    "its product's": """node(id: $product) { ... on Product {
        reviews(where: {id: {eq: $id}}, orderBy: [{field: RATING}]) { totalCount edges { cursor } }
    } }""",
}
"""Roads to a review that waits, or to whether it is there."""


@pytest.mark.parametrize("caller", ["anonymous", "partner", "finance"])
async def test_a_review_that_waits_can_not_be_found_out(
    callers: Mapping[str, Gateway], truth: Truth, caller: str
) -> None:
    review = truth.documents("reviews", {"status": "PENDING", "customer_id": {"$ne": 1}})[0]
    variables = {
        "id": gid("Review", review["_id"]),
        "author": gid("Customer", review["customer_id"]),
        "product": gid("Product", review["product_id"]),
    }
    roads = " ".join(f"r{place}: {road}" for place, road in enumerate(REVIEW.values()))
    query = f"query ($id: ID!, $author: ID!, $product: ID!) {{ {roads} }}"

    answer = await callers[caller].ask(query, variables)

    # Of an author whom the caller does not see, there is nothing to count.
    authors = answer.data["r4"] and 0
    expected = [None, None, 0, 0, authors, authors, 0]
    assert [rest(value) for value in answer.data.values()] == expected
    seen = await callers["support"].ask(query, variables)
    assert 0 not in [rest(value) for value in seen.data.values()]
    assert None not in seen.data.values()


async def test_reviews_that_wait_are_in_no_mean(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    review = truth.documents("reviews", {"status": "PENDING"})[0]
    of_product = truth.documents("reviews", {"product_id": review["product_id"]})
    published = [each["rating"] for each in of_product if each["status"] == "PUBLISHED"]
    product = gid("Product", review["product_id"])
    query = "query ($id: ID!) { product(id: $id) { reviewCount averageRating } }"

    seen = (await callers["anonymous"].ask(query, {"id": product})).data["product"]

    assert seen["reviewCount"] == len(published) < len(of_product)
    assert seen["averageRating"] == pytest.approx(sum(published) / len(published))


def rest(value: object) -> object:
    """Null, or the one count in it."""
    while isinstance(value, dict):
        value = value["totalCount"] if "totalCount" in value else next(iter(value.values()), None)
    return value


FORGED = {
    "beyond all": [["n", "999999"], 2**31 - 1],
    "no number": [["n", "NaN"], 1],
    "endless": [["n", "Infinity"], 1],
    "true": [True, 1],
    "nothing": [None, 1],
    "not a number in JSON": [["f", "nan"], 1],
}


@pytest.mark.parametrize("place", FORGED.values(), ids=FORGED)
async def test_a_forged_cursor_reaches_nothing_hidden(
    callers: Mapping[str, Gateway], place: list[object]
) -> None:
    order = (Order("total", descending=True), Order("id", descending=True))
    payload = orjson.dumps(place)
    cursor = urlsafe_b64encode(Cursors(orders_table, order)._digest(payload) + payload)
    query = """query ($after: String) {
        orders(first: 100, after: $after, orderBy: [{field: TOTAL, direction: DESC}]) {
            nodes { partnerId }
        }
    }"""

    answer = await callers["partner"].ask(query, {"after": cursor.decode().rstrip("=")})

    partners = {each["partnerId"] for each in answer.data["orders"]["nodes"]}
    assert partners <= {"northwind"}


WAITING = {
    "a value for a list": (
        "query ($w: ReviewFilter)",
        "where: $w",
        {"w": {"or": {"status": {"in": "PENDING"}}}},
    ),
    "a default": ("query ($w: ReviewFilter = {status: {eq: PENDING}})", "where: $w", {}),
    "an enum by a default": ("query ($s: ReviewStatus = PENDING)", "where: {status: {eq: $s}}", {}),
    "what is left out": (
        "query ($s: ReviewStatus, $n: StringFilter)",
        "where: {title: $n, not: {status: {notIn: [PENDING], eq: $s}}}",
        {"n": None},
    ),
}


@pytest.mark.parametrize(("head", "argument", "variables"), WAITING.values(), ids=WAITING)
async def test_no_way_of_giving_a_filter_goes_around_row_filters(
    callers: Mapping[str, Gateway], head: str, argument: str, variables: Mapping[str, object]
) -> None:
    query = f"{head} {{ reviews({argument}) {{ totalCount nodes {{ status }} }} }}"

    reviews = (await callers["anonymous"].ask(query, variables)).data["reviews"]

    assert {each["status"] for each in reviews["nodes"]} <= {"PUBLISHED"}
    staff = (await callers["staff"].ask(query, variables)).data["reviews"]
    assert staff["totalCount"] > reviews["totalCount"]


@pytest.mark.parametrize(
    "argument",
    [
        'where: {email: {startsWith: "a"}}',
        "where: {email: $email}",
        "where: {not: {not: {email: $email}}}",
        "where: {or: [{name: {ne: null}}, {and: {marketingOptIn: {eq: true}}}]}",
        "where: $where",
    ],
)
async def test_no_way_of_giving_a_filter_compares_by_what_is_denied(
    callers: Mapping[str, Gateway], argument: str
) -> None:
    query = f"""query ($email: StringFilter = {{isNull: false}}, $where: CustomerFilter) {{
        customers({argument}) {{ totalCount }} __typename @skip(if: false)
        other: customers(where: $where) {{ totalCount @include(if: false) __typename }}
        third: customer(id: "Q3VzdG9tZXI6MQ==") {{ orders(where: {{}}) {{ __typename }} }}
        fourth: customers(where: {{email: $email}}) {{ __typename }}
    }}"""

    answer = await callers["finance"].ask(query, {"where": {"email": {"in": ["a@b.c"]}}})

    assert answer.partial["customers"] is None
    assert answer.resources == ["shop.customers"]  # the third's
    assert "email" not in answer.calls[0]["statement"]


@pytest.mark.parametrize(
    "claims",
    [
        {"customer_id": True},
        {"customer_id": 1.0},
        {"customer_id": "1"},
        {"customer_id": [1]},
        {"customer_id": {"$gt": 0}},
        {"customer_id": -1},
        {"customer_id": 2**63},
        {"customer_id": 2**200},
        {"partner_id": ["northwind"]},
        {"partner_id": {"$ne": ""}},
        {"partner_id": "%"},
        {"partner_id": "Northwind"},
        {"partner_id": "northwind "},
        {"partner_id": None, "customer_id": None},
        {"Customer_Id": 1, "PARTNER_ID": "northwind"},
        {"scope": "ORDERS:READ customers:* *"},
        {"scope": ["orders:read customers:pii"]},
        {"scopes": ["orders:read"], "roles": ["support"], "scp": "support"},
    ],
    ids=str,
)
async def test_a_claim_that_is_not_quite_one_shows_nothing(
    callers: Mapping[str, Gateway], claims: Mapping[str, Any]
) -> None:
    query = """{
        orders { totalCount } customers { totalCount } viewer { id }
        customer(id: "Q3VzdG9tZXI6MQ==") { email orderCount }
        products(where: {status: {eq: DRAFT}}) { totalCount }
        reviews(where: {status: {ne: PUBLISHED}}) { totalCount }
    }"""
    credential = {"authorization": f"Bearer {token(sub='x', **claims)}"}

    answer = await callers["anonymous"].ask(query, headers=credential)

    assert answer.partial == {
        "orders": {"totalCount": 0},
        "customers": {"totalCount": 0},
        "viewer": None,
        "customer": None,
        "products": {"totalCount": 0},
        "reviews": {"totalCount": 0},
    }
    # Of a customer who is hidden there is nothing to deny.
    assert answer.errors == []


def key_of(id_: str) -> int:
    return int(b64decode(id_).decode().partition(":")[2])
