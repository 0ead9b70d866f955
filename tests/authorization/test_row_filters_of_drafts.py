"""Products that are not on sale yet, and their stock, are seen with ``catalog:drafts`` alone, by
every road that leads to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from tests.authorization.matrix import IDENTITIES
from tests.client import Gateway
from tests.graph.truth import Document, Truth, gid, shown

EXAMPLES = Path(__file__).parents[2] / "schema" / "examples"

limited = pytest.mark.parametrize("identity", [each for each in IDENTITIES if each != "support"])
identities = pytest.mark.parametrize("identity", IDENTITIES)


def is_visible(identity: str, product: Document) -> bool:
    return identity == "support" or product["status"] != "DRAFT"


@pytest.fixture(scope="module")
def products(truth: Truth) -> Sequence[Document]:
    """All products, by their names."""
    return sorted(truth.documents("products"), key=lambda each: (each["name"], each["_id"]))


@pytest.fixture(scope="module")
async def draft(truth: Truth) -> Document:
    """A draft that the warehouse has already."""
    drafts = truth.documents("products", {"status": "DRAFT"})
    stock = await truth.stock(each["sku"] for each in drafts)
    return next(each for each in drafts if each["sku"] in stock)


def test_there_are_drafts_and_others_in_a_category_of_one(
    products: Sequence[Document], draft: Document
) -> None:
    siblings = [each for each in products if each["category_id"] == draft["category_id"]]

    assert {"ACTIVE", "DRAFT"} <= {each["status"] for each in siblings}
    assert sum(each["status"] == "DRAFT" for each in products) > 30


@identities
async def test_the_connection_has_the_visible_products(
    callers: Mapping[str, Gateway], products: Sequence[Document], identity: str
) -> None:
    visible = [each for each in products if is_visible(identity, each)]
    query = """{
      products(first: 100) { totalCount nodes { sku status } }
      last: products(last: 100) { nodes { sku } }
    }"""

    answer = await callers[identity].ask(query)

    assert answer.data == {
        "products": {
            "totalCount": len(visible),
            "nodes": [{"sku": each["sku"], "status": each["status"]} for each in visible[:100]],
        },
        "last": {"nodes": [{"sku": each["sku"]} for each in visible[-100:]]},
    }


@identities
async def test_a_category_has_and_counts_the_visible_products(
    callers: Mapping[str, Gateway],
    products: Sequence[Document],
    draft: Document,
    identity: str,
) -> None:
    visible = [
        each
        for each in products
        if each["category_id"] == draft["category_id"] and is_visible(identity, each)
    ]
    query = """query($id: ID!) {
      category(id: $id) { products(first: 100) { totalCount nodes { sku } } }
    }"""

    answer = await callers[identity].ask(query, {"id": gid("Category", draft["category_id"])})

    assert answer.data["category"]["products"] == {
        "totalCount": len(visible),
        "nodes": [{"sku": each["sku"]} for each in visible],
    }


ROADS = {
    "by id": "product(id: $id) { __typename name cost }",
    "by sku": "product(sku: $sku) { name price margin }",
    "node": "node(id: $id) { __typename ... on Product { reviewCount averageRating } }",
    "nodes": "nodes(ids: [$id, $id]) { __typename }",
    "a page": "products(where: {id: {eq: $id}}) { nodes { id } edges { cursor } totalCount }",
    "by its sku": "products(where: {sku: {startsWith: $sku}}) { totalCount nodes { name } }",
    "by its name": "products(where: {name: {eq: $name}, status: {eq: DRAFT}}) { totalCount }",
    "as a draft": "products(where: {status: {eq: DRAFT}}, first: 1) { totalCount nodes { sku } }",
    "not the others": "products(where: {not: {id: {ne: $id}}}) { totalCount }",
    "not on sale": "products(where: {status: {notIn: [ACTIVE, DISCONTINUED]}}) { totalCount }",
    "this or nothing": "products(where: {or: [{id: {in: [$id]}}, {or: []}]}) { totalCount }",
    "its category's": """category(id: $category) {
        products(where: {sku: {eq: $sku}}, orderBy: [{field: PRICE}]) {
            totalCount pageInfo { hasNextPage startCursor } edges { cursor }
        }
    }""",
    "its stock": "node(id: $stock) { __typename ... on Stock { available product { name } } }",
    "its stock among others": """nodes(ids: [$stock, $stock]) {
        ... on Stock { sku reserved reservations { quantity } }
    }""",
}
"""Roads to a draft, or to whether there is one."""

QUERY = (
    "query ($id: ID!, $sku: String!, $name: String!, $category: ID!, $stock: ID!) {{ {} }}"
).format(" ".join(f"r{place}: {road}" for place, road in enumerate(ROADS.values())))


@limited
async def test_a_draft_is_like_a_product_that_is_not_there(
    callers: Mapping[str, Gateway], draft: Document, identity: str
) -> None:
    category = gid("Category", draft["category_id"])
    hidden = {
        "id": gid("Product", draft["_id"]),
        "sku": draft["sku"],
        "name": draft["name"],
        "category": category,
        "stock": gid("Stock", draft["sku"]),
    }
    missing = {
        "id": gid("Product", ObjectId()),
        "sku": "NONE-0001",
        "name": "No such product",
        "category": category,
        "stock": gid("Stock", "NONE-0001"),
    }

    at_hidden = await callers[identity].ask(QUERY, hidden)
    at_missing = await callers[identity].ask(QUERY, missing)

    assert at_hidden.body["data"] == at_missing.body["data"]
    assert at_hidden.body.get("errors") == at_missing.body.get("errors")
    # Sources are asked for nothing more either, and give no row of it.
    assert [call["rows"] for call in at_hidden.calls] == [call["rows"] for call in at_missing.calls]
    assert "inventory.stock" not in at_hidden.resources
    seen = await callers["staff"].ask(QUERY, hidden)
    differ = [key for key, value in seen.data.items() if value != at_hidden.partial[key]]
    assert len(differ) == len(ROADS)


@limited
async def test_a_cursor_of_a_draft_shows_no_draft(
    callers: Mapping[str, Gateway], draft: Document, identity: str
) -> None:
    at = """query($id: ID!) { products(where: {id: {eq: $id}}) { pageInfo { endCursor } } }"""
    found = await callers["staff"].ask(at, {"id": gid("Product", draft["_id"])})
    cursor = found.data["products"]["pageInfo"]["endCursor"]
    query = """query($cursor: String) {
      after: products(first: 100, after: $cursor) { nodes { status } }
      before: products(last: 100, before: $cursor) { nodes { status } }
    }"""

    answer = await callers[identity].ask(query, {"cursor": cursor})

    statuses = [node["status"] for page in answer.data.values() for node in page["nodes"]]
    assert len(statuses) > 100
    assert "DRAFT" not in statuses


@identities
async def test_stock_is_that_of_visible_products(
    callers: Mapping[str, Gateway],
    truth: Truth,
    products: Sequence[Document],
    draft: Document,
    identity: str,
) -> None:
    of_drafts = [each for each in products if each["status"] == "DRAFT"][:20]
    asked = [draft, *of_drafts, *products[:20]]
    stock = await truth.stock(each["sku"] for each in asked)
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Stock { available } } }"

    answer = await callers[identity].ask(
        query, {"ids": [gid("Stock", each["sku"]) for each in asked]}
    )

    assert answer.data["nodes"] == [
        {"available": stock[each["sku"]]["available"]}
        if each["sku"] in stock and is_visible(identity, each)
        else None
        for each in asked
    ]
    # The service is not even asked for what may not be seen.
    visible = {each["sku"] for each in asked if is_visible(identity, each)}
    (call,) = [call for call in answer.calls if call["source"] == "inventory"]
    assert call["keys"] == len(visible)


@identities
async def test_products_show_their_stock(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    answer = await callers[identity].ask(
        "{ products(first: 40) { nodes { sku stock { sku available reservations { id } } } } }"
    )

    nodes = answer.data["products"]["nodes"]
    stock = await truth.stock(node["sku"] for node in nodes)
    assert len(stock) > 30
    assert {node["sku"]: node["stock"]["available"] for node in nodes if node["stock"]} == {
        sku: row["available"] for sku, row in stock.items()
    }


@asynccontextmanager
async def withdrawn(truth: Truth, sku: str) -> AsyncIterator[Document]:
    """The product, made a draft while this lasts: one that was bought and reviewed."""
    chosen = {"sku": sku}
    (product,) = truth.documents("products", chosen)
    truth.catalog["products"].update_one(chosen, {"$set": {"status": "DRAFT"}})
    try:
        yield product
    finally:
        truth.catalog["products"].update_one(chosen, {"$set": {"status": product["status"]}})


@identities
async def test_relations_lead_to_no_draft(
    callers: Mapping[str, Gateway], truth: Truth, identity: str
) -> None:
    line = await truth.row(
        "select id, sku, product_name from order_lines where order_id = 1 limit 1"
    )
    query = """query($line: ID!, $review: ID!, $stock: ID!) {
      line: node(id: $line) { ... on OrderLine { sku productName product { name } } }
      review(id: $review) { product { name stock { available } } }
      stock: node(id: $stock) { ... on Stock { product { name } } }
    }"""
    async with withdrawn(truth, line["sku"]) as product:
        review = truth.documents(
            "reviews", {"product_id": product["_id"], "status": "PUBLISHED"}, limit=1
        )[0]
        variables = {
            "line": gid("OrderLine", line["id"]),
            "review": gid("Review", review["_id"]),
            "stock": gid("Stock", line["sku"]),
        }

        answer = await callers[identity].ask(query, variables)

    sees = identity == "support"
    named = {"name": product["name"]}
    # What was bought stands on the order as it was.
    bought = {"sku": line["sku"], "productName": line["product_name"]}
    data: Any = answer.data
    assert data["line"] == (
        {**bought, "product": named if sees else None}
        if identity in ("customer", "support", "finance")
        else None
    )
    assert (data["review"]["product"] or {}).get("name") == (product["name"] if sees else None)
    assert data["stock"] == ({"product": named} if sees else None)
    if not sees:
        assert product["name"] not in str({**data, "line": None})


async def test_a_status_that_is_new_is_hidden_at_first(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    # By the rule, and not for want of an enum's value: only the name is asked for.
    document = {
        **truth.documents("products", {"sku": "KET-0001"})[0],
        **{"_id": ObjectId(), "sku": "KET-X", "status": "EMBARGOED"},
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    truth.catalog["products"].insert_one(document)
    try:
        query = '{ product(sku: "KET-X") { name } }'
        answers = {name: (await callers[name].ask(query)).data for name in IDENTITIES}
    finally:
        truth.catalog["products"].delete_one({"_id": document["_id"]})

    assert answers == {
        name: {"product": {"name": shown(document["name"])} if name == "support" else None}
        for name in IDENTITIES
    }


async def test_the_anonymous_product_page_is_whole(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    page = EXAMPLES / "02-product-page.graphql"

    answer = await callers["anonymous"].ask(page.read_text(), {"sku": "KET-0001"})

    product = answer.data["product"]
    (document,) = truth.documents("products", {"sku": "KET-0001"})
    reviews = truth.documents(
        "reviews",
        {"product_id": document["_id"], "status": "PUBLISHED"},
        [("helpful_count", -1), ("_id", -1)],
        3,
    )
    assert product["name"] == document["name"]
    assert product["stock"]["available"] == 120
    assert product["reviews"]["nodes"] == [
        {"rating": each["rating"], "title": each["title"], "authorName": each["author_name"]}
        for each in reviews
    ]
    assert {call["source"] for call in answer.calls} == {"catalog", "inventory"}
