"""Finding one object: by global id, by id, by natural key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Gateway
from tests.graph.truth import Truth, gid

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def typed(type_name: str, key: object) -> dict[str, Any]:
    return {"__typename": type_name, "id": gid(type_name, key)}


async def keys(truth: Truth) -> dict[str, object]:
    """The key of one object of every type that has a row of its own."""
    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    (review,) = truth.documents("reviews", limit=1)
    ((reservation,), *_) = (await truth.reservations(["KET-0001"])).values()
    line = await truth.row("select id from order_lines where order_id = 1 and line_no = 1")
    return {
        "Customer": 1,
        "Address": 1,
        "Order": 1,
        "OrderLine": line["id"],
        "Product": kettle["_id"],
        "Category": kettle["category_id"],
        "Review": review["_id"],
        "Stock": "KET-0001",
        "Reservation": reservation["id"],
        "Shipment": 1,
        "Carrier": "QUICKFOX",
    }


SOURCES = {
    "Customer": "shop.customers",
    "Address": "shop.addresses",
    "Order": "shop.orders",
    "OrderLine": "shop.order_lines",
    "Product": "catalog.products",
    "Category": "catalog.categories",
    "Review": "catalog.reviews",
    "Stock": "inventory.stock",
    "Reservation": "inventory.reservations",
    "Shipment": "shipping.shipments",
    "Carrier": "shipping.carriers",
}


@pytest.mark.parametrize("type_name", SOURCES)
async def test_node_finds_an_object_of_every_type(
    gateway: Gateway, truth: Truth, type_name: str
) -> None:
    key = (await keys(truth))[type_name]
    answer = await gateway.ask(NODE, {"id": gid(type_name, key)})

    assert answer.data == {"node": typed(type_name, key)}
    assert answer.resources == [SOURCES[type_name]]
    assert answer.calls[0]["keys"] == 1


async def test_nodes_of_every_type_take_one_call_for_each(gateway: Gateway, truth: Truth) -> None:
    wanted = await keys(truth)
    answer = await gateway.ask(NODES, {"ids": [gid(name, key) for name, key in wanted.items()]})

    assert answer.data == {"nodes": [typed(name, key) for name, key in wanted.items()]}
    assert answer.resources == sorted(SOURCES.values())


async def test_every_object_has_the_id_by_which_node_finds_it(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ orders(first: 10) { nodes { id number } }"
        " products(first: 10) { nodes { id sku } } carriers { nodes { id code } } }"
    )
    found = [node for connection in answer.data.values() for node in connection["nodes"]]
    again = await gateway.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id"
        " ... on Order { number } ... on Product { sku } ... on Carrier { code } } }",
        {"ids": [node["id"] for node in found]},
    )

    assert len(found) == 25
    assert again.data == {"nodes": found}
    assert again.resources == ["catalog.products", "shipping.carriers", "shop.orders"]


async def test_nodes_keep_their_order_repeat_and_have_null_for_what_is_not_there(
    gateway: Gateway,
) -> None:
    asked = [
        ("Order", 3),
        ("Product", "a" * 24),
        ("Order", 1),
        ("Order", 99_999_999),
        ("Customer", 1),
        ("Order", 3),
        ("Carrier", "NOBODY"),
        ("Shipment", 99_999_999),
        ("Order", 1),
    ]
    answer = await gateway.ask(NODES, {"ids": [gid(*each) for each in asked]})

    there = {("Order", 3), ("Order", 1), ("Customer", 1)}
    assert answer.data == {"nodes": [typed(*each) if each in there else None for each in asked]}
    assert {f"{call['source']}.{call['resource']}": call["keys"] for call in answer.calls} == {
        "shop.orders": 3,
        "shop.customers": 1,
        "catalog.products": 1,
        "shipping.carriers": 1,
        "shipping.shipments": 1,
    }


async def test_a_hundred_nodes_are_one_call(gateway: Gateway) -> None:
    ids = [gid("Order", id) for id in range(100, 0, -1)]
    answer = await gateway.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})

    assert answer.data == {"nodes": [{"id": id} for id in ids]}
    assert [call["keys"] for call in answer.calls] == [100]


async def test_more_than_a_hundred_nodes_are_refused(gateway: Gateway) -> None:
    answer = await gateway.ask(NODES, {"ids": [gid("Order", 1)] * 101})

    assert answer.partial == {"nodes": None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["message"] == "ids: at most 100 at a time."
    assert answer.calls == []


async def test_no_nodes_are_an_empty_list(gateway: Gateway) -> None:
    answer = await gateway.ask(NODES, {"ids": []})

    assert answer.data == {"nodes": []}
    assert answer.calls == []


async def test_one_id_of_no_type_takes_only_its_own_place(gateway: Gateway) -> None:
    nothing, text = gid("Nothing", 1), gid("Order", "one")
    answer = await gateway.ask(NODES, {"ids": [gid("Order", 1), nothing, text, gid("Order", 2)]})

    assert answer.partial == {"nodes": [typed("Order", 1), None, None, typed("Order", 2)]}
    assert answer.codes == ["BAD_USER_INPUT"] * 2
    assert [(error["path"], error["message"]) for error in answer.errors] == [
        (["nodes", 1], f"'{nothing}' is not an id of this graph."),
        (["nodes", 2], f"'{text}' is not an id of this graph."),
    ]
    assert [call["keys"] for call in answer.calls] == [2]


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "1",
        "zzz",
        "not base64 !",
        "//4=",
        gid("Nothing", 1),
        gid("Query", 1),
        gid("OrderConnection", 1),
        gid("order", 1),
        gid("Order", ""),
        gid("Order", "one"),
        gid("Order", "1 or 1=1"),
        gid("Order", "0x1"),
        gid("Order", "+1"),
        gid("Order", 2**64),
        gid("Product", "KET-0001"),
        gid("Product", '{"$ne": 1}'),
        gid("Shipment", "1/../../carriers"),
    ],
)
async def test_an_id_that_is_none_is_refused_before_any_call(gateway: Gateway, id_: str) -> None:
    answer = await gateway.ask(NODE, {"id": id_})

    assert answer.partial == {"node": None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["path"] == ["node"]
    assert answer.calls == []


@pytest.mark.parametrize(
    ("type_name", "key"),
    [
        ("Carrier", "../shipments/1"),
        ("Carrier", ".."),
        ("Carrier", ""),
        ("Carrier", "QUICKFOX?a=b"),
        ("Carrier", "QUICKFOX#a"),
        ("Carrier", "%2e%2e"),
        ("Stock", "KET-0001&sku=KET-0002"),
        ("Stock", ""),
        ("Reservation", "../stock/KET-0001"),
    ],
)
async def test_a_key_is_never_a_part_of_a_services_path(
    gateway: Gateway, type_name: str, key: str
) -> None:
    answer = await gateway.ask(NODE, {"id": gid(type_name, key)})

    assert answer.partial == {"node": None}
    assert answer.codes == (["BAD_USER_INPUT"] if "/" in key else [])
    # What can't be one segment of a path is asked of nobody.
    single = "/" in key or key in ("", "..")
    asked = [] if single and type_name != "Stock" else [SOURCES[type_name]]
    assert (answer.resources, sum(call["rows"] for call in answer.calls)) == (asked, 0)


async def test_every_lookup_finds_by_id_and_by_natural_key(gateway: Gateway, truth: Truth) -> None:
    some = await keys(truth)
    answer = await gateway.ask(
        """
        query ($customer: ID, $order: ID, $product: ID, $category: ID, $review: ID!) {
          customer(id: $customer) { id } byEmail: customer(email: "ada.martin@example.com") { id }
          order(id: $order) { id } byNumber: order(number: "SO-2024-000001") { id }
          product(id: $product) { id } bySku: product(sku: "KET-0001") { id }
          category(id: $category) { id } bySlug: category(slug: "kettles") { id }
          review(id: $review) { id }
          carrier(code: "QUICKFOX") { id }
        }
        """,
        {name.lower(): gid(name, key) for name, key in some.items() if name != "OrderLine"},
    )

    ids = {name: {"id": gid(name, key)} for name, key in some.items()}
    assert answer.data == {
        "customer": ids["Customer"],
        "byEmail": ids["Customer"],
        "order": ids["Order"],
        "byNumber": ids["Order"],
        "product": ids["Product"],
        "bySku": ids["Product"],
        "category": ids["Category"],
        "bySlug": ids["Category"],
        "review": ids["Review"],
        "carrier": ids["Carrier"],
    }


@pytest.mark.parametrize(
    "lookup",
    [
        'customer(email: "nobody@example.com")',
        'customer(email: "ADA.MARTIN@EXAMPLE.COM")',
        'order(number: "")',
        'order(number: "SO-2024-000001 ")',
        'order(number: "%")',
        'product(sku: "ket-0001")',
        'category(slug: "")',
        'carrier(code: "quickfox")',
        f'order(id: "{gid("Order", 99_999_999)}")',
        f'order(id: "{gid("Order", -1)}")',
        f'review(id: "{gid("Review", "a" * 24)}")',
    ],
)
async def test_a_lookup_without_a_match_is_null(gateway: Gateway, lookup: str) -> None:
    answer = await gateway.ask(f"{{ found: {lookup} {{ id __typename }} }}")

    assert answer.data == {"found": None}
    assert len(answer.calls) == 1


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("customer", "id, email"),
        ("order", "id, number"),
        ("product", "id, sku"),
        ("category", "id, slug"),
    ],
)
async def test_a_lookup_takes_exactly_one_argument(
    gateway: Gateway, field: str, names: str
) -> None:
    _, natural = names.split(", ")
    id_ = gid(field.title(), 1)
    for arguments in (
        "",
        f"(id: null, {natural}: null)",
        "(id: null)",
        f'(id: "{id_}", {natural}: "x")',
        f'(id: "{id_}", {natural}: "")',
    ):
        answer = await gateway.ask(f"{{ {field}{arguments} {{ id }} }}")
        assert answer.partial == {field: None}
        assert answer.codes == ["BAD_USER_INPUT"]
        assert answer.errors[0]["message"] == f"Give exactly one of: {names}."
        assert answer.calls == []


async def test_an_argument_that_is_null_is_not_given(gateway: Gateway) -> None:
    query = "query ($id: ID, $number: String) { order(id: $id, number: $number) { number } }"
    by_id = await gateway.ask(query, {"id": gid("Order", 1), "number": None})
    by_number = await gateway.ask(query, {"number": "SO-2024-000001"})

    assert by_id.data == by_number.data == {"order": {"number": "SO-2024-000001"}}


async def test_an_id_of_another_type_finds_nothing_by_a_lookup(gateway: Gateway) -> None:
    customer = gid("Customer", 1)
    answer = await gateway.ask("query ($id: ID) { order(id: $id) { id } }", {"id": customer})

    assert answer.partial == {"order": None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["message"] == f"'{customer}' is not an id of type Order."
    assert answer.calls == []


async def test_aliases_of_a_lookup_share_one_call_for_each_key_column(
    gateway: Gateway, truth: Truth
) -> None:
    answer = await gateway.ask(
        """
        query ($one: ID, $two: ID, $three: ID) {
          a: order(id: $one) { number }
          b: order(id: $two) { total }
          c: order(id: $one) { status }
          d: order(id: $three) { number }
          e: order(number: "SO-2024-000002") { currency }
          f: order(number: "SO-0") { currency }
        }
        """,
        {"one": gid("Order", 1), "two": gid("Order", 2), "three": gid("Order", 99_999_999)},
    )

    one, two = await truth.rows("select * from orders where id in (1, 2) order by id")
    assert answer.data == {
        "a": {"number": one["number"]},
        "b": {"total": str(two["total"])},
        "c": {"status": one["status"]},
        "d": None,
        "e": {"currency": two["currency"]} if two["number"] == "SO-2024-000002" else None,
        "f": None,
    }
    assert answer.resources == ["shop.orders", "shop.orders"]
    assert [call["keys"] for call in answer.calls] == [3, 2]


async def test_node_and_a_lookup_of_the_same_row_are_one_call(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { node(id: $id) { ... on Order { number } } order(id: $id) { total }"
        " nodes(ids: [$id, $id]) { ... on Order { status } } }",
        {"id": gid("Order", 1)},
    )

    assert answer.data == {
        "node": {"number": "SO-2024-000001"},
        "order": {"total": "477.70"},
        "nodes": [{"status": "DELIVERED"}] * 2,
    }
    assert answer.resources == ["shop.orders"]
    assert answer.columns("shop.orders") == ["id", "number", "status", "total"]
