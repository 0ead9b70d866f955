"""Connections under many parents, and how many objects there are of them."""

from __future__ import annotations

from tests.client import Gateway
from tests.graph.truth import Truth, gid


async def first_customers(truth: Truth) -> list[int]:
    return [
        row["id"]
        for row in await truth.rows(
            "select id from customers order by created_at desc, id desc limit 50"
        )
    ]


async def test_five_under_fifty_parents_is_one_statement_of_postgresql(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50) { nodes { id orders(first: 5) { nodes { id }"
        " pageInfo { hasNextPage hasPreviousPage } } } } }"
    )

    ids = await first_customers(truth)
    orders = await truth.rows(
        "select id, customer_id from orders where customer_id = any($1)"
        " order by placed_at desc, id desc",
        ids,
    )
    mine = {id: [row["id"] for row in orders if row["customer_id"] == id] for id in ids}
    assert answer.data["customers"]["nodes"] == [
        {
            "id": gid("Customer", id),
            "orders": {
                "nodes": [{"id": gid("Order", each)} for each in mine[id][:5]],
                "pageInfo": {"hasNextPage": len(mine[id]) > 5, "hasPreviousPage": False},
            },
        }
        for id in ids
    ]
    _, call = answer.calls
    assert (call["source"], call["resource"], call["keys"]) == ("shop", "orders", 50)
    # One row more than the page of each parent, and not one beyond it.
    assert call["rows"] == sum(min(6, len(each)) for each in mine.values())


async def test_five_under_fifty_parents_is_one_statement_of_mongodb(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        "{ products(first: 50) { nodes { id reviews(first: 5) { nodes { id }"
        " pageInfo { hasNextPage hasPreviousPage } } } } }"
    )

    products = truth.documents("products", sort=[("name", 1), ("_id", 1)], limit=50)
    ids = [product["_id"] for product in products]
    reviews = truth.documents(
        "reviews", {"product_id": {"$in": ids}}, [("created_at", -1), ("_id", -1)]
    )
    mine = {id: [each["_id"] for each in reviews if each["product_id"] == id] for id in ids}
    assert any(len(each) > 5 for each in mine.values())
    assert answer.data["products"]["nodes"] == [
        {
            "id": gid("Product", id),
            "reviews": {
                "nodes": [{"id": gid("Review", each)} for each in mine[id][:5]],
                "pageInfo": {"hasNextPage": len(mine[id]) > 5, "hasPreviousPage": False},
            },
        }
        for id in ids
    ]
    _, call = answer.calls
    assert (call["source"], call["resource"], call["keys"]) == ("catalog", "reviews", 50)
    assert call["rows"] == sum(min(6, len(each)) for each in mine.values())


async def test_the_last_ones_under_many_parents(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50) { nodes { orders(last: 2) { nodes { id } } } } }"
    )

    ids = await first_customers(truth)
    orders = await truth.rows("select * from orders order by placed_at desc, id desc")
    mine = [[row["id"] for row in orders if row["customer_id"] == id] for id in ids]
    assert answer.data["customers"]["nodes"] == [
        {"orders": {"nodes": [{"id": gid("Order", each)} for each in own[-2:]]}} for own in mine
    ]
    assert answer.calls[1]["rows"] == sum(min(3, len(own)) for own in mine)


async def test_a_nested_filter_and_order_apply_to_each_parent(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50, orderBy: {field: CREATED_AT}) { nodes {"
        " orders(first: 2, where: {status: {ne: DELIVERED}},"
        " orderBy: {field: TOTAL, direction: DESC}) { nodes { id total } totalCount } } } }"
    )

    ids = list(range(1, 51))
    orders = await truth.rows(
        "select * from orders where status <> 'DELIVERED' order by total desc, id desc"
    )
    mine = [[row for row in orders if row["customer_id"] == id] for id in ids]
    assert any(len(own) > 2 for own in mine)
    assert answer.data["customers"]["nodes"] == [
        {
            "orders": {
                "nodes": [
                    {"id": gid("Order", each["id"]), "total": str(each["total"])}
                    for each in own[:2]
                ],
                "totalCount": len(own),
            }
        }
        for own in mine
    ]
    assert answer.resources == ["shop.customers", "shop.orders"]


async def test_connections_within_connections(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ categories(first: 5, orderBy: {field: NAME}) { nodes { products(first: 3) { nodes"
        " { reviews(first: 2) { nodes { id author { orders(first: 1) { nodes { id } } } } } }"
        " } } } }"
    )

    categories = truth.documents("categories", sort=[("name", 1), ("_id", 1)], limit=5)
    newest = {
        row["customer_id"]: row["id"]
        for row in await truth.rows("select customer_id, id from orders order by placed_at, id")
    }
    shelves = {"category_id": {"$in": [category["_id"] for category in categories]}}
    products = truth.documents("products", shelves, [("name", 1), ("_id", 1)])
    about = {"product_id": {"$in": [product["_id"] for product in products]}}
    reviews = truth.documents("reviews", about, [("created_at", -1), ("_id", -1)])
    assert answer.data["categories"]["nodes"] == [
        {
            "products": {
                "nodes": [
                    {
                        "reviews": {
                            "nodes": [
                                {
                                    "id": gid("Review", review["_id"]),
                                    "author": {
                                        "orders": {
                                            "nodes": [
                                                {"id": gid("Order", newest[review["customer_id"]])}
                                            ]
                                        }
                                    },
                                }
                                for review in reviews
                                if review["product_id"] == product["_id"]
                            ][:2]
                        }
                    }
                    for product in products
                    if product["category_id"] == category["_id"]
                ][:3]
            }
        }
        for category in categories
    ]
    assert answer.resources == [
        "catalog.categories", "catalog.products", "catalog.reviews", "shop.customers", "shop.orders"
    ]  # fmt: skip


async def test_a_total_alone_fetches_no_page(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask("{ orders(first: 5) { totalCount } }")

    row = await truth.row("select count(*) from orders")
    assert answer.data == {"orders": {"totalCount": row["count"]}}
    assert answer.resources == ["shop.orders"]
    assert answer.calls[0]["columns"] == []
    assert answer.calls[0]["rows"] == 1


async def test_a_page_alone_counts_nothing(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($count: Boolean!) { orders { nodes { id } totalCount @include(if: $count) } }",
        {"count": False},
    )

    assert list(answer.data["orders"]) == ["nodes"]
    assert len(answer.calls) == 1


async def test_asking_nothing_of_a_connection_fetches_nothing(gateway: Gateway) -> None:
    answer = await gateway.ask("{ orders { __typename } products { kind: __typename } }")

    assert answer.data == {
        "orders": {"__typename": "OrderConnection"},
        "products": {"kind": "ProductConnection"},
    }
    assert answer.calls == []


async def test_a_total_is_of_the_filter_and_not_of_the_page(gateway: Gateway, truth: Truth) -> None:
    cursor = (await gateway.ask("{ orders(first: 9) { pageInfo { endCursor } } }")).data["orders"]
    answer = await gateway.ask(
        "query ($after: String) {"
        ' partner: orders(where: {partnerId: {eq: "globex"}}, first: 1) { totalCount }'
        " later: orders(after: $after, first: 1) { totalCount }"
        " sold: products(where: {status: {eq: ACTIVE}}, last: 2) { totalCount }"
        " carriers(first: 2) { totalCount nodes { code } }"
        ' some: carriers(where: {code: {ne: "QUICKFOX"}}) { totalCount } }',
        {"after": cursor["pageInfo"]["endCursor"]},
    )

    partner = await truth.row("select count(*) from orders where partner_id = 'globex'")
    orders = await truth.row("select count(*) from orders")
    assert {name: value["totalCount"] for name, value in answer.data.items()} == {
        "partner": partner["count"],
        "later": orders["count"],
        "sold": truth.catalog.products.count_documents({"status": "ACTIVE"}),
        "carriers": 5,
        "some": 4,
    }


async def test_nested_totals_are_one_grouped_call_for_each_source(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50) { nodes { orders { totalCount } reviews { totalCount } } } }"
    )

    ids = await first_customers(truth)
    orders = await truth.orders_of()
    assert answer.data["customers"]["nodes"] == [
        {
            "orders": {"totalCount": orders.get(id, 0)},
            "reviews": {"totalCount": truth.catalog.reviews.count_documents({"customer_id": id})},
        }
        for id in ids
    ]
    assert answer.resources == ["catalog.reviews", "shop.customers", "shop.orders"]
    assert [call["keys"] for call in answer.calls] == [0, 50, 50]
    assert answer.columns("shop.orders") == ["customer_id"]
    assert answer.columns("catalog.reviews") == ["customer_id"]


async def test_a_nested_total_and_the_count_of_all_are_one_call(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ customers(first: 50) { nodes { orderCount orders { totalCount } } } }"
    )

    nodes = answer.data["customers"]["nodes"]
    assert len(nodes) == 50
    assert all(node["orderCount"] == node["orders"]["totalCount"] for node in nodes)
    assert answer.resources == ["shop.customers", "shop.orders"]


async def test_nested_totals_with_a_filter(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ products(first: 20) { nodes { reviews(where: {rating: {gte: 4}}) { totalCount } } } }"
    )

    products = truth.documents("products", sort=[("name", 1), ("_id", 1)], limit=20)
    about = {"product_id": {"$in": [product["_id"] for product in products]}}
    good = [each for each in truth.documents("reviews", about) if each["rating"] >= 4]
    assert answer.data["products"]["nodes"] == [
        {
            "reviews": {
                "totalCount": sum(each["product_id"] == product["_id"] for each in good),
            }
        }
        for product in products
    ]
    assert answer.resources == ["catalog.products", "catalog.reviews"]
    assert answer.columns("catalog.reviews") == ["product_id"]
