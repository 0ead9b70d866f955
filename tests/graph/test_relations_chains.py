"""Relations of relations: circles, roads through all the sources, and roads that meet."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.client import Gateway
from tests.graph.truth import Truth, gid, shown


async def test_a_circle_comes_back_to_the_same_row_without_a_second_call(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        """
        query ($id: ID!) {
          order(id: $id) {
            number
            customer { id orders(first: 2) { nodes { number
              customer { id orders(first: 2) { nodes { number
                customer { id }
              } } }
            } } }
          }
        }
        """,
        {"id": gid("Order", 1)},
    )

    newest = await truth.rows(
        "select number from orders where customer_id = 1 order by placed_at desc, id desc limit 2"
    )
    ada = {"id": gid("Customer", 1)}
    inner = [{"number": row["number"], "customer": ada} for row in newest]
    outer = [
        {"number": row["number"], "customer": {**ada, "orders": {"nodes": inner}}} for row in newest
    ]
    assert answer.data["order"] == {
        "number": "SO-2024-000001",
        "customer": {**ada, "orders": {"nodes": outer}},
    }
    # The order, its customer, and that customer's newest orders: each once, however deep.
    assert answer.resources == ["shop.customers", "shop.orders", "shop.orders"]
    assert [call["keys"] for call in answer.calls] == [1, 1, 1]


async def test_a_road_through_all_sources_and_back(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        """
        query ($id: ID!) {
          order(id: $id) { lines { product {
            stock { product {
              reviews(first: 1) { nodes { author {
                orders(last: 1) { nodes { shipment { order { customer { name } } } } }
              } } }
            } }
          } } }
        }
        """,
        {"id": gid("Order", 1)},
    )

    expected: list[Any] = []
    for line in await truth.rows("select sku from order_lines where order_id = 1 order by line_no"):
        (product,) = truth.documents("products", {"sku": line["sku"]})
        stock = await truth.stock([line["sku"]])
        reviews = truth.documents(
            "reviews", {"product_id": product["_id"]}, [("created_at", -1), ("_id", -1)], 1
        )
        authors = []
        for review in reviews:
            oldest = await truth.row(
                "select o.id, c.name from orders o join customers c on c.id = o.customer_id"
                " where c.id = $1 order by placed_at, o.id limit 1",
                review["customer_id"],
            )
            shipment = await truth.shipment(oldest["id"])
            back = shipment and {"order": {"customer": {"name": oldest["name"]}}}
            authors.append({"author": {"orders": {"nodes": [{"shipment": back}]}}})
        counted = {"product": {"reviews": {"nodes": authors}}} if stock else None
        expected.append({"product": {"stock": counted}})
    assert answer.data["order"]["lines"] == expected
    # The customers are those of the authors, which the orders lead back to.
    assert Counter(answer.resources) == {
        "shop.orders": 2,
        "shop.order_lines": 1,
        "catalog.products": 1,
        "inventory.stock": 1,
        "catalog.reviews": 1,
        "shop.customers": 1,
        "shipping.shipments": 1,
    }


async def test_the_tree_of_categories_down_and_up_again(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        '{ category(slug: "kitchen") { children { parent { children { parent { slug } } } } } }'
    )

    (kitchen,) = truth.documents("categories", {"slug": "kitchen"})
    count = len(truth.documents("categories", {"parent_id": kitchen["_id"]}))
    assert count > 1
    again = [{"parent": {"slug": "kitchen"}}] * count
    assert answer.data["category"] == {"children": [{"parent": {"children": again}}] * count}
    assert answer.resources == ["catalog.categories"] * 3
    assert [call["keys"] for call in answer.calls] == [1, 1, 1]


async def test_two_fields_that_lead_to_one_row_are_one_call_with_both_columns(
    gateway: Gateway,
) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { order(id: $id) { buyer: customer { name } customer { email } } }",
        {"id": gid("Order", 1)},
    )

    assert answer.data == {
        "order": {
            "buyer": {"name": "Ada Martin"},
            "customer": {"email": "ada.martin@example.com"},
        }
    }
    assert answer.resources == ["shop.customers", "shop.orders"]
    assert answer.columns("shop.customers") == ["email", "id", "name"]


async def test_two_roads_of_one_depth_meet_in_one_call(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        """
        query ($one: ID!, $two: ID!) {
          first: order(id: $one) { lines { order { number } } customer { name } }
          second: order(id: $two) { lines { order { placedAt } } customer { email } }
        }
        """,
        {"one": gid("Order", 1), "two": gid("Order", 2)},
    )

    rows = await truth.rows(
        "select o.number, o.placed_at, c.name, c.email, (select count(*) from order_lines l"
        " where l.order_id = o.id) as lines from orders o join customers c on c.id = o.customer_id"
        " where o.id in (1, 2) order by o.id"
    )
    one, two = rows
    assert answer.data == {
        "first": {
            "lines": [{"order": {"number": one["number"]}}] * one["lines"],
            "customer": {"name": one["name"]},
        },
        "second": {
            "lines": [{"order": {"placedAt": shown(two["placed_at"])}}] * two["lines"],
            "customer": {"email": two["email"]},
        },
    }
    # The orders that the lines lead back to are there already.
    assert answer.resources == ["shop.customers", "shop.order_lines", "shop.orders"]
    assert [call["keys"] for call in answer.calls] == [2, 2, 2]


async def test_roads_of_one_depth_through_different_sources_meet_in_one_call(
    gateway: Gateway,
) -> None:
    answer = await gateway.ask(
        "{ orders(first: 30, where: {status: {eq: DELIVERED}})"
        " { nodes { number lines { order { number } } shipment { order { total } } } } }"
    )

    for order in answer.data["orders"]["nodes"]:
        assert order["lines"]
        assert all(line["order"]["number"] == order["number"] for line in order["lines"])
        assert order["shipment"]["order"]["total"]
    assert answer.resources == [
        "shipping.shipments", "shop.order_lines", "shop.orders"
    ]  # fmt: skip


async def test_rows_that_many_share_are_fetched_once(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { customer(id: $id) { orders(first: 100) { nodes"
        " { customer { name } shippingAddress { city } } } } }",
        {"id": gid("Customer", 171)},
    )

    rows = await truth.rows(
        "select c.name, a.id, a.city from orders o join customers c on c.id = o.customer_id"
        " join addresses a on a.id = o.shipping_address_id"
        " where o.customer_id = 171 order by o.placed_at desc, o.id desc"
    )
    assert answer.data["customer"]["orders"]["nodes"] == [
        {"customer": {"name": row["name"]}, "shippingAddress": {"city": row["city"]}}
        for row in rows
    ]
    calls = {call["resource"]: call for call in answer.calls}
    assert answer.resources == ["shop.addresses", "shop.customers", "shop.orders"]
    assert calls["addresses"]["keys"] == len({row["id"] for row in rows})
    assert calls["customers"]["keys"] == 1


async def test_equal_connections_are_one_call_and_different_ones_are_two(
    gateway: Gateway,
) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { customer(id: $id) {"
        " a: orders(first: 2) { nodes { number } }"
        " b: orders(first: 2) { edges { node { total } } }"
        " c: orders(first: 3) { nodes { number } } } }",
        {"id": gid("Customer", 1)},
    )

    customer = answer.data["customer"]
    assert len(customer["b"]["edges"]) == 2
    assert customer["c"]["nodes"][:2] == customer["a"]["nodes"]
    assert answer.resources == ["shop.customers", "shop.orders", "shop.orders"]
    assert [call["rows"] for call in answer.calls] == [1, 3, 4]
