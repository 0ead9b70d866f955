"""Page by page through a whole list, either way: the same objects in the same order as in one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.client import Gateway
from tests.graph.truth import Row, Truth, gid, sorted_by
from tests.graph.walking import joined, pages

DIRECTIONS = pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])


@dataclass(frozen=True)
class List:
    """A list of the shop: how clients ask for it, and how it is sorted, by column and whether
    that descends. ``chosen`` are the values that its rows have."""

    connection: str
    arguments: str
    chosen: dict[str, object]
    order: tuple[tuple[str, bool], ...]
    size: int

    def __str__(self) -> str:
        _, _, order = self.arguments.partition("orderBy: ")
        return f"{self.connection} {order or 'as declared'}"

    def of(self, rows: list[Row], key: str) -> list[Row]:
        mine = [row for row in rows if all(row[name] == v for name, v in self.chosen.items())]
        return sorted_by(mine, *self.order, key=key)


NORTHWIND = 'where: {partnerId: {eq: "northwind"}}'
OF_NORTHWIND: dict[str, object] = {"partner_id": "northwind"}
SHOP = [
    List("orders", NORTHWIND, OF_NORTHWIND, (("placed_at", True),), 32),
    List(
        "orders",
        f"{NORTHWIND} orderBy: {{field: PLACED_AT}}",
        OF_NORTHWIND,
        (("placed_at", False),),
        29,
    ),
    List(
        "orders",
        f"{NORTHWIND} orderBy: [{{field: PLACED_AT, direction: DESC}}, {{field: TOTAL}}]",
        OF_NORTHWIND,
        (("placed_at", True), ("total", False)),
        31,
    ),
    List(
        "orders",
        f"{NORTHWIND} orderBy: [{{field: PLACED_AT}}, {{field: TOTAL, direction: DESC}}]",
        OF_NORTHWIND,
        (("placed_at", False), ("total", True)),
        40,
    ),
    List("customers", "", {}, (("created_at", True),), 97),
    List(
        "customers",
        "orderBy: [{field: NAME, direction: DESC}, {field: CREATED_AT}]",
        {},
        (("name", True), ("created_at", False)),
        100,
    ),
]
DISCONTINUED = "where: {status: {eq: DISCONTINUED}}"
IS_DISCONTINUED: dict[str, object] = {"status": "DISCONTINUED"}
CATALOG = [
    List("products", DISCONTINUED, IS_DISCONTINUED, (("name", False),), 41),
    List(
        "products",
        f"{DISCONTINUED} orderBy: {{field: PRICE}}",
        IS_DISCONTINUED,
        (("price", False),),
        40,
    ),
    List(
        "products",
        f"{DISCONTINUED} orderBy: [{{field: PRICE, direction: DESC}}, {{field: SKU}}]",
        IS_DISCONTINUED,
        (("price", True), ("sku", False)),
        37,
    ),
    List(
        "categories",
        "orderBy: [{field: POSITION}, {field: NAME, direction: DESC}]",
        {},
        (("position", False), ("name", True)),
        7,
    ),
    List("categories", "orderBy: {field: POSITION}", {}, (("position", False),), 3),
    List(
        "reviews",
        "where: {status: {eq: REJECTED}} orderBy:"
        " [{field: RATING}, {field: HELPFUL_COUNT, direction: DESC}, {field: CREATED_AT}]",
        {"status": "REJECTED"},
        (("rating", False), ("helpful_count", True), ("created_at", False)),
        60,
    ),
]
CARRIERS = [
    List("carriers", "", {}, (("name", False),), 2),
    List("carriers", "orderBy: {field: NAME, direction: DESC}", {}, (("name", True),), 1),
    List("carriers", "orderBy: {field: CODE}", {}, (("code", False),), 3),
]


@DIRECTIONS
@pytest.mark.parametrize("list_", SHOP, ids=str)
async def test_lists_of_postgresql(
    gateway: Gateway, truth: Truth, list_: List, backward: bool
) -> None:
    rows = await truth.rows(f"select * from {list_.connection}")
    type_name = {"orders": "Order", "customers": "Customer"}[list_.connection]
    expected = [gid(type_name, row["id"]) for row in list_.of(rows, "id")]

    walked = await pages(gateway, list_.connection, list_.arguments, list_.size, backward=backward)

    assert len(walked) > 5
    assert [node["id"] for node in joined(walked, backward=backward)] == expected


@DIRECTIONS
@pytest.mark.parametrize("list_", CATALOG, ids=str)
async def test_lists_of_mongodb(
    gateway: Gateway, truth: Truth, list_: List, backward: bool
) -> None:
    rows: list[Row] = list(truth.documents(list_.connection, list_.chosen))
    type_name = {"products": "Product", "categories": "Category", "reviews": "Review"}
    expected = [gid(type_name[list_.connection], row["_id"]) for row in list_.of(rows, "_id")]

    walked = await pages(gateway, list_.connection, list_.arguments, list_.size, backward=backward)

    assert len(walked) > 3
    assert [node["id"] for node in joined(walked, backward=backward)] == expected


@DIRECTIONS
@pytest.mark.parametrize("list_", CARRIERS, ids=str)
async def test_lists_of_a_rest_service(
    gateway: Gateway, truth: Truth, list_: List, backward: bool
) -> None:
    expected = [gid("Carrier", row["code"]) for row in list_.of(await truth.carriers(), "code")]

    walked = await pages(gateway, list_.connection, list_.arguments, list_.size, backward=backward)

    assert [node["id"] for node in joined(walked, backward=backward)] == expected


@DIRECTIONS
async def test_the_orders_of_one_customer(gateway: Gateway, truth: Truth, backward: bool) -> None:
    rows = await truth.rows("select * from orders where customer_id = 171")
    expected = [gid("Order", row["id"]) for row in sorted_by(rows, ("placed_at", True))]

    walked = await pages(
        gateway,
        "orders",
        "",
        10,
        backward=backward,
        parent="customer",
        parent_id=gid("Customer", 171),
    )

    assert [node["id"] for node in joined(walked, backward=backward)] == expected


@DIRECTIONS
@pytest.mark.parametrize(
    ("order_by", "order"),
    [
        ("{field: RATING}", (("rating", False),)),
        ("{field: HELPFUL_COUNT, direction: DESC}", (("helpful_count", True),)),
        (
            "[{field: RATING, direction: DESC}, {field: HELPFUL_COUNT}]",
            (("rating", True), ("helpful_count", False)),
        ),
        (
            "[{field: HELPFUL_COUNT, direction: DESC}, {field: CREATED_AT}]",
            (("helpful_count", True), ("created_at", False)),
        ),
    ],
)
async def test_the_reviews_of_one_product(
    gateway: Gateway,
    truth: Truth,
    order_by: str,
    order: tuple[tuple[str, bool], ...],
    backward: bool,
) -> None:
    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    rows = truth.documents("reviews", {"product_id": kettle["_id"]})

    walked = await pages(
        gateway,
        "reviews",
        f"orderBy: {order_by}",
        4,
        backward=backward,
        parent="product",
        parent_id=gid("Product", kettle["_id"]),
        selection="id rating helpfulCount",
    )

    assert joined(walked, backward=backward) == [
        {
            "id": gid("Review", row["_id"]),
            "rating": row["rating"],
            "helpfulCount": row["helpful_count"],
        }
        for row in sorted_by(rows, *order, key="_id")
    ]


@DIRECTIONS
async def test_the_products_of_one_category_by_price(
    gateway: Gateway, truth: Truth, backward: bool
) -> None:
    (category,) = truth.documents("categories", {"slug": "coffee-makers"})
    rows = truth.documents("products", {"category_id": category["_id"]})
    expected = [gid("Product", row["_id"]) for row in sorted_by(rows, ("price", True), key="_id")]

    walked = await pages(
        gateway,
        "products",
        "orderBy: {field: PRICE, direction: DESC}",
        9,
        backward=backward,
        parent="category",
        parent_id=gid("Category", category["_id"]),
    )

    assert [node["id"] for node in joined(walked, backward=backward)] == expected


async def test_a_field_named_twice_in_an_order_counts_once(gateway: Gateway, truth: Truth) -> None:
    order = "orderBy: [{field: POSITION}, {field: POSITION, direction: DESC}]"

    walked = await pages(gateway, "categories", order, 11)

    rows = sorted_by(truth.documents("categories"), ("position", False), key="_id")
    assert [node["id"] for node in joined(walked, backward=False)] == [
        gid("Category", row["_id"]) for row in rows
    ]


async def test_an_empty_order_is_the_declared_one(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ orders(first: 3, orderBy: []) { nodes { id } edges { cursor } }"
        " same: orders(first: 3) { nodes { id } edges { cursor } }"
        " too: orders(first: 3, orderBy: null) { nodes { id } edges { cursor } } }"
    )

    assert answer.data["orders"] == answer.data["same"] == answer.data["too"]


async def test_a_last_page_that_is_full_is_the_last(gateway: Gateway) -> None:
    walked = await pages(gateway, "carriers", "", 5)

    assert [len(page) for page in walked] == [5]
