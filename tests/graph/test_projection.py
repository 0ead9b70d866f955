"""Only what an operation needs is read, however it is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Gateway
from tests.graph.truth import Truth, gid

ORDER = {"id": gid("Order", 1)}


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        ("__typename", ["id"]),
        ("id", ["id"]),
        ("number", ["id", "number"]),
        ("a: number b: number", ["id", "number"]),
        ("total: number number: total", ["id", "number", "total"]),
        ("... { number }", ["id", "number"]),
        ("... on Order { number }", ["id", "number"]),
        ("... on Node { id }", ["id"]),
        ("... on Order { ... on Node { ... on Order { total } } }", ["id", "total"]),
        ("...A", ["id", "number", "status"]),
        ("...A ...A total", ["id", "number", "status", "total"]),
        ("...B", ["currency", "id", "number", "status"]),
        ("number @skip(if: true) total", ["id", "total"]),
        ("number @include(if: false) total", ["id", "total"]),
        ("number @skip(if: false) total @include(if: true)", ["id", "number", "total"]),
        ("number @skip(if: true) number total", ["id", "number", "total"]),
        ("number @skip(if: true) @include(if: true) total", ["id", "total"]),
        ("total ... @include(if: false) { number }", ["id", "total"]),
        ("total ... on Order @skip(if: true) { number }", ["id", "total"]),
        ("total ...A @include(if: false)", ["id", "total"]),
        ("customer { __typename }", ["customer_id", "id"]),
        ("buyer: customer { id }", ["customer_id", "id"]),
        ("customer @skip(if: true) { id } total", ["id", "total"]),
        ("shippingAddress { id } lines { id } shipment { id }", ["id", "shipping_address_id"]),
    ],
)
async def test_the_columns_of_an_order(
    gateway: Gateway, selection: str, columns: list[str]
) -> None:
    query = f"query ($id: ID) {{ order(id: $id) {{ {selection} }} }}"
    if "...A" in selection or "...B" in selection:
        query += " fragment A on Order { number status }"
    if "...B" in selection:
        query += " fragment B on Order { ...A currency }"
    answer = await gateway.ask(query, ORDER)

    assert answer.data["order"] is not None
    assert answer.columns("shop.orders") == columns


@pytest.mark.parametrize("more", [True, False])
async def test_variables_decide_what_is_read(gateway: Gateway, more: bool) -> None:
    answer = await gateway.ask(
        """
        query ($id: ID, $more: Boolean!, $less: Boolean = false) {
          order(id: $id) {
            number @include(if: $more)
            currency @skip(if: $more)
            status @include(if: $less)
            customer @include(if: $more) { name }
            ... @skip(if: $more) { lines { sku } }
          }
        }
        """,
        {**ORDER, "more": more},
    )

    if more:
        assert answer.data == {
            "order": {"number": "SO-2024-000001", "customer": {"name": "Ada Martin"}}
        }
        assert answer.resources == ["shop.customers", "shop.orders"]
        assert answer.columns("shop.orders") == ["customer_id", "id", "number"]
    else:
        assert list(answer.data["order"]) == ["currency", "lines"]
        assert answer.resources == ["shop.order_lines", "shop.orders"]
        assert answer.columns("shop.orders") == ["currency", "id"]


async def test_the_same_document_is_read_anew_for_each_choice_of_variables(
    gateway: Gateway,
) -> None:
    query = "query ($id: ID, $a: Boolean = true, $b: Boolean!) { order(id: $id) {"
    query += " number @include(if: $a) total @skip(if: $b) } }"
    choices: list[tuple[dict[str, Any], list[str]]] = [
        ({"b": True}, ["id", "number"]),
        ({"b": False}, ["id", "number", "total"]),
        ({"a": False, "b": False}, ["id", "total"]),
        ({"a": True, "b": True}, ["id", "number"]),
        ({"b": True}, ["id", "number"]),
    ]

    for variables, columns in choices:
        answer = await gateway.ask(query, {**ORDER, **variables})
        assert answer.data["order"] is not None
        assert answer.columns("shop.orders") == columns


async def test_a_place_skipped_is_not_there_and_fetches_nothing(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($no: Boolean!) { products @include(if: $no) { nodes { id } }"
        " ... @include(if: $no) { carriers { nodes { id } } } __typename }",
        {"no": False},
    )

    assert answer.data == {"__typename": "Query"}
    assert answer.calls == []


async def test_fragments_within_fragments_over_several_sources(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        """
        query ($id: ID) { order(id: $id) { ...Whole customer { ...Person } } }
        fragment Whole on Order { lines { ...Line } customer { email } }
        fragment Line on OrderLine { product { ...Thing } ... on Node { id } }
        fragment Thing on Product { name category { ...Shelf } }
        fragment Shelf on Category { slug parent { slug } }
        fragment Person on Customer { name }
        """,
        ORDER,
    )

    lines = await truth.rows("select * from order_lines where order_id = 1 order by line_no")
    categories = truth.by_id("categories")
    expected = []
    for line in lines:
        (product,) = truth.documents("products", {"sku": line["sku"]})
        shelf = categories[product["category_id"]]
        parent = {"slug": categories[shelf["parent_id"]]["slug"]}
        category = {"slug": shelf["slug"], "parent": parent}
        expected.append(
            {
                "product": {"name": product["name"], "category": category},
                "id": gid("OrderLine", line["id"]),
            }
        )
    assert answer.data["order"] == {
        "lines": expected,
        "customer": {"email": "ada.martin@example.com", "name": "Ada Martin"},
    }
    assert answer.columns("shop.orders") == ["customer_id", "id"]
    assert answer.columns("shop.order_lines") == ["id", "line_no", "order_id", "sku"]
    assert answer.columns("shop.customers") == ["email", "id", "name"]
    assert answer.columns("catalog.products") == ["_id", "category_id", "name", "sku"]
    assert {tuple(c["columns"]) for c in answer.calls if c["resource"] == "categories"} == {
        ("_id", "parent_id", "slug")
    }


async def test_a_fragment_on_an_interface_reads_of_each_type_its_own(
    gateway: Gateway, truth: Truth
) -> None:
    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    answer = await gateway.ask(
        """
        query ($ids: [ID!]!) { nodes(ids: $ids) {
          __typename
          ... on Order { number }
          ... on Product { name }
          ... on Customer { email phone @skip(if: true) }
          ... on Carrier { phone }
        } }
        """,
        {
            "ids": [
                gid("Order", 1),
                gid("Product", kettle["_id"]),
                gid("Customer", 1),
                gid("Stock", "KET-0001"),
            ]
        },
    )

    assert answer.data["nodes"] == [
        {"__typename": "Order", "number": "SO-2024-000001"},
        {"__typename": "Product", "name": kettle["name"]},
        {"__typename": "Customer", "email": "ada.martin@example.com"},
        {"__typename": "Stock"},
    ]
    assert answer.columns("shop.orders") == ["id", "number"]
    assert answer.columns("catalog.products") == ["_id", "name"]
    assert answer.columns("shop.customers") == ["email", "id"]
    assert answer.columns("inventory.stock") == ["sku"]


async def test_relations_below_node_work_as_anywhere(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { node(id: $id) { id ... on Customer { orders(first: 2)"
        " { totalCount nodes { number } } } ... on Order { lines { sku } } } }",
        {"id": gid("Customer", 1)},
    )

    orders = await truth.rows(
        "select number from orders where customer_id = 1 order by placed_at desc, id desc"
    )
    assert answer.data["node"] == {
        "id": gid("Customer", 1),
        "orders": {
            "totalCount": len(orders),
            "nodes": [{"number": row["number"]} for row in orders[:2]],
        },
    }
    assert answer.resources == ["shop.customers", "shop.orders"]


async def test_typename_alone_of_node_reads_the_key(gateway: Gateway) -> None:
    answer = await gateway.ask("query ($id: ID!) { node(id: $id) { __typename } }", ORDER)

    assert answer.data == {"node": {"__typename": "Order"}}
    assert answer.columns("shop.orders") == ["id"]


async def test_an_embedded_document_is_one_column(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        '{ product(sku: "KET-0001") { attributes { color dimensions { widthMm } }'
        " images { url } tags } }"
    )
    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    width = kettle["attributes"]["dimensions"]["width_mm"]
    assert answer.data["product"] == {
        "attributes": {
            "color": kettle["attributes"]["color"],
            "dimensions": {"widthMm": width},
        },
        "images": [{"url": image["url"]} for image in kettle["images"]],
        "tags": kettle["tags"],
    }
    assert answer.columns("catalog.products") == ["_id", "attributes", "images", "sku", "tags"]


async def test_a_filter_reads_no_column(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ orders(where: {status: {eq: PAID}, total: {gt: 1}}) { nodes { number } } }"
    )

    assert answer.columns("shop.orders") == ["id", "number", "placed_at"]


async def test_an_order_reads_its_own_columns(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ orders(orderBy: [{field: TOTAL}, {field: PLACED_AT}]) { nodes { number } } }"
    )

    assert answer.columns("shop.orders") == ["id", "number", "placed_at", "total"]


async def test_columns_are_read_of_one_operation_of_a_document(gateway: Gateway) -> None:
    query = """
    query A($id: ID) { order(id: $id) { number } }
    query B($id: ID) { order(id: $id) { total ...C } }
    fragment C on Order { status }
    """
    a = await gateway.ask(query, ORDER, operation_name="A")
    b = await gateway.ask(query, ORDER, operation_name="B")

    assert a.columns("shop.orders") == ["id", "number"]
    assert b.columns("shop.orders") == ["id", "status", "total"]
