"""``and``, ``or`` and ``not``, relation ids, and texts that mean something to a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId

from tests.client import Gateway
from tests.graph.truth import Row, Truth, gid, sorted_by

Predicate = Callable[[Mapping[str, Any]], bool]

# Categories and orders have a column each in which values are missing: parent_id and partner_id.
# {some} is one of its values, {column} the column's name in the graph.
LOGIC: list[tuple[str, Callable[[Any, Any], bool]]] = [
    ("", lambda value, some: True),
    ("and: []", lambda value, some: True),
    ("or: []", lambda value, some: False),
    ("not: {{}}", lambda value, some: False),
    ("and: [{{}}]", lambda value, some: True),
    ("or: [{{}}]", lambda value, some: True),
    ("not: {{or: []}}", lambda value, some: True),
    ("not: {{and: []}}", lambda value, some: False),
    ("and: [{{or: []}}, {{}}]", lambda value, some: False),
    ("or: [{{or: []}}, {{and: []}}]", lambda value, some: True),
    ("{column}: {{}}", lambda value, some: True),
    ("not: {{{column}: {{}}}}", lambda value, some: False),
    ("{column}: {{eq: {some}}}", lambda value, some: value == some),
    ("{column}: {{ne: {some}}}", lambda value, some: value != some),
    ("{column}: {{in: [{some}]}}", lambda value, some: value == some),
    ("{column}: {{in: []}}", lambda value, some: False),
    ("{column}: {{notIn: [{some}]}}", lambda value, some: value != some),
    ("{column}: {{notIn: []}}", lambda value, some: True),
    ("{column}: {{isNull: true}}", lambda value, some: value is None),
    ("{column}: {{isNull: false}}", lambda value, some: value is not None),
    ("not: {{{column}: {{eq: {some}}}}}", lambda value, some: value != some),
    ("not: {{{column}: {{ne: {some}}}}}", lambda value, some: value == some),
    ("not: {{{column}: {{in: [{some}]}}}}", lambda value, some: value != some),
    ("not: {{{column}: {{notIn: [{some}]}}}}", lambda value, some: value == some),
    ("not: {{{column}: {{isNull: true}}}}", lambda value, some: value is not None),
    (
        "or: [{{{column}: {{eq: {some}}}}}, {{{column}: {{isNull: true}}}}]",
        lambda value, some: value in (some, None),
    ),
    (
        "and: [{{{column}: {{ne: {some}}}}}, {{{column}: {{isNull: false}}}}]",
        lambda value, some: value not in (some, None),
    ),
    (
        "{column}: {{ne: {some}}}, not: {{{column}: {{isNull: true}}}}",
        lambda value, some: value not in (some, None),
    ),
    (
        "not: {{or: [{{{column}: {{eq: {some}}}}}, {{not: {{{column}: {{isNull: true}}}}}}]}}",
        lambda value, some: value is None,
    ),
    (
        "{column}: {{isNull: true, eq: {some}}}",
        lambda value, some: False,
    ),
]
EVERY_LOGIC = pytest.mark.parametrize(("where", "holds"), LOGIC, ids=[where for where, _ in LOGIC])


@pytest.fixture(scope="module")
async def orders(truth: Truth) -> list[Row]:
    return sorted_by(await truth.rows("select * from orders"), ("placed_at", True))


@EVERY_LOGIC
async def test_missing_values_in_postgresql(
    gateway: Gateway, orders: list[Row], where: str, holds: Callable[[Any, Any], bool]
) -> None:
    where = where.format(column="partnerId", some='"globex"')
    answer = await gateway.ask(
        f"{{ orders(first: 30, where: {{{where}}}) {{ nodes {{ id }} totalCount }} }}"
    )

    left = [row for row in orders if holds(row["partner_id"], "globex")]
    assert answer.data["orders"] == {
        "nodes": [{"id": gid("Order", row["id"])} for row in left[:30]],
        "totalCount": len(left),
    }


@EVERY_LOGIC
async def test_missing_values_in_mongodb(
    gateway: Gateway, truth: Truth, where: str, holds: Callable[[Any, Any], bool]
) -> None:
    (kitchen,) = truth.documents("categories", {"slug": "kitchen"})
    some = kitchen["_id"]
    where = where.format(column="parentId", some=f'"{gid("Category", some)}"')
    answer = await gateway.ask(
        f"{{ categories(first: 100, where: {{{where}}}) {{ nodes {{ id }} totalCount }} }}"
    )

    rows = sorted_by(truth.documents("categories"), ("name", False), key="_id")
    left = [row for row in rows if holds(row["parent_id"], some)]
    assert answer.data["categories"] == {
        "nodes": [{"id": gid("Category", row["_id"])} for row in left],
        "totalCount": len(left),
    }


async def test_all_conditions_of_one_level_must_hold(gateway: Gateway, truth: Truth) -> None:
    answer = await gateway.ask(
        "{ orders(where: {"
        ' status: {eq: DELIVERED}, total: {gt: 500}, partnerId: {in: ["globex", "initech"]},'
        ' or: [{currency: {eq: "USD"}}, {total: {gt: 1000}}], not: {partnerId: {eq: "initech"}},'
        ' and: [{placedAt: {gt: "2025-06-01T00:00:00Z"}}, {number: {contains: "2"}}]'
        " }) { nodes { id } totalCount } }"
    )

    left = await truth.rows(
        "select id from orders where status = 'DELIVERED' and total > 500 and partner_id = 'globex'"
        " and (currency = 'USD' or total > 1000) and placed_at > '2025-06-01Z'"
        " order by placed_at desc, id desc"
    )
    assert left
    assert answer.data["orders"] == {
        "nodes": [{"id": gid("Order", row["id"])} for row in left[:20]],
        "totalCount": len(left),
    }


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("customerId: {{eq: {one}}}", lambda id: id == 1),
        ("customerId: {{in: [{one}, {two}]}}", lambda id: id in (1, 2)),
        ("customerId: {{notIn: [{one}, {two}]}}", lambda id: id not in (1, 2)),
        ("customerId: {{ne: {one}}}", lambda id: id != 1),
        ("customerId: {{isNull: true}}", lambda id: False),
        ("customerId: {{in: [{one}, {none}]}}", lambda id: id == 1),
        ("customerId: {{eq: {none}}}", lambda id: False),
        ("not: {{customerId: {{eq: {one}}}}}", lambda id: id != 1),
    ],
)
async def test_orders_by_the_id_of_their_customer(
    gateway: Gateway, orders: list[Row], where: str, holds: Callable[[int], bool]
) -> None:
    ids = {"one": 1, "two": 2, "none": 9_000_000_000_000_000_000}
    where = where.format_map({n: f'"{gid("Customer", id)}"' for n, id in ids.items()})
    answer = await gateway.ask(
        f"{{ orders(first: 100, where: {{{where}}}) {{ nodes {{ id customer {{ id }} }} }} }}"
    )

    assert (
        answer.data["orders"]["nodes"]
        == [
            {
                "id": gid("Order", row["id"]),
                "customer": {"id": gid("Customer", row["customer_id"])},
            }
            for row in orders
            if holds(row["customer_id"])
        ][:100]
    )


async def test_the_catalog_by_relation_ids(gateway: Gateway, truth: Truth) -> None:
    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    parent = truth.by_id("categories")[kettle["category_id"]]["parent_id"]
    answer = await gateway.ask(
        """
        query ($category: ID, $product: ID, $parent: ID) {
          products(first: 100, where: {categoryId: {eq: $category}}) { nodes { id } }
          reviews(first: 100, where: {productId: {in: [$product]}}) { nodes { id } }
          categories(first: 100, where: {parentId: {eq: $parent}}) { nodes { id } }
        }
        """.replace("$product: ID,", "$product: ID!,"),
        {
            "category": gid("Category", kettle["category_id"]),
            "product": gid("Product", kettle["_id"]),
            "parent": gid("Category", parent),
        },
    )

    def nodes(type_name: str, rows: list[Row]) -> dict[str, Any]:
        return {"nodes": [{"id": gid(type_name, row["_id"])} for row in rows]}

    by_name, newest = [("name", 1), ("_id", 1)], [("created_at", -1), ("_id", -1)]
    products = truth.documents("products", {"category_id": kettle["category_id"]}, by_name)
    reviews = truth.documents("reviews", {"product_id": kettle["_id"]}, newest)
    categories = truth.documents("categories", {"parent_id": parent}, by_name)
    assert answer.data == {
        "products": nodes("Product", [*products]),
        "reviews": nodes("Review", [*reviews]),
        "categories": nodes("Category", [*categories]),
    }


async def test_objects_by_their_own_ids(gateway: Gateway, truth: Truth) -> None:
    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    carriers = sorted_by(await truth.carriers(), ("name", False), key="code")
    answer = await gateway.ask(
        "query ($orders: [ID!], $product: ID, $carrier: ID) {"
        " orders(where: {id: {in: $orders}}, orderBy: {field: PLACED_AT}) { nodes { id } }"
        " products(where: {id: {eq: $product}}) { nodes { sku } totalCount }"
        " carriers(where: {id: {ne: $carrier}}) { nodes { code } } }",
        {
            "orders": [gid("Order", 3), gid("Order", 1), gid("Order", 1)],
            "product": gid("Product", kettle["_id"]),
            "carrier": gid("Carrier", "QUICKFOX"),
        },
    )

    assert answer.data == {
        "orders": {"nodes": [{"id": gid("Order", 1)}, {"id": gid("Order", 3)}]},
        "products": {"nodes": [{"sku": "KET-0001"}], "totalCount": 1},
        "carriers": {"nodes": [{"code": c["code"]} for c in carriers if c["code"] != "QUICKFOX"]},
    }


SPECIAL = (
    "%", "_", "\\", ".", "*", "[", "(", "^", "$", "?", "+", "|", "{", "'", '"', "#", "/", "--",
    "%%", "\\%", "a%c", "a_c", "a.c", "a\\c", ".*", "^a", "a$", "[abc]", "(a|b)", "\\d", "\\Q",
    "$ne", "$1", "{0}", "${x}", "é", "日本",
)  # fmt: skip
NAMES = [f"zz {each} zz" for each in SPECIAL] + [
    "zz abc zz",
    "zz  zz",
    "zz 5 zz",
    "zz aXc zz",
    "ZZ 5 Éclair Ж zz",
]
AT = datetime(2019, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def odd_names(truth: Truth) -> AsyncIterator[None]:
    """Customers and categories with names that mean something in a pattern."""
    try:
        await truth.shop.executemany(
            "insert into customers (id, email, name, currency, marketing_opt_in, created_at)"
            " values ($1, $2, $3, 'EUR', false, $4) on conflict do nothing",
            [(8_000_000 + n, f"odd{n}@odd.example", name, AT) for n, name in enumerate(NAMES)],
        )
        truth.catalog.categories.delete_many({"slug": {"$regex": "^odd-"}})
        truth.catalog.categories.insert_many(
            {
                "_id": ObjectId(f"{n:024x}"),
                "slug": f"odd-{n}",
                "name": name,
                "description": "",
                "parent_id": None,
                "position": n,
            }
            for n, name in enumerate(NAMES)
        )
        yield
    finally:
        await truth.shop.execute("delete from customers where id >= 8000000")
        truth.catalog.categories.delete_many({"slug": {"$regex": "^odd-"}})


@pytest.mark.usefixtures("odd_names")
@pytest.mark.parametrize("text", SPECIAL)
async def test_what_is_special_in_a_pattern_is_taken_literally(gateway: Gateway, text: str) -> None:
    query = """
    query ($in: String, $at: String, $is: String) {
      customers(
        first: 100, where: {email: {contains: "@odd."}, name: {contains: $in}}
        orderBy: {field: NAME}
      ) { nodes { name } totalCount }
      customersAt: customers(
        first: 100, where: {name: {startsWith: $at}}, orderBy: {field: NAME}
      ) { nodes { name } }
      customersIs: customers(where: {name: {eq: $is}}) { nodes { name } }
      categories(first: 100, where: {slug: {startsWith: "odd-"}, name: {contains: $in}})
        { nodes { name } totalCount }
      categoriesAt: categories(first: 100, where: {name: {startsWith: $at}}) { nodes { name } }
      categoriesIs: categories(where: {name: {eq: $is}}) { nodes { name } }
    }
    """
    answer = await gateway.ask(
        query, {"in": f" {text} ", "at": f"ZZ {text}", "is": f"zz {text} zz"}
    )

    has = [name for name in sorted(NAMES) if f" {text} " in name]
    begins = [name for name in sorted(NAMES) if name.startswith(f"zz {text}")]
    expected = {"nodes": [{"name": name} for name in has], "totalCount": len(has)}
    begin = {"nodes": [{"name": name} for name in begins]}
    same = {"nodes": [{"name": f"zz {text} zz"}]}
    assert answer.data == {
        "customers": expected,
        "customersAt": begin,
        "customersIs": same,
        "categories": expected,
        "categoriesAt": begin,
        "categoriesIs": same,
    }


@pytest.mark.usefixtures("odd_names")
@pytest.mark.parametrize("text", ["éclair", "ÉCLAIR", "Éclair ж", "éCLAIR Ж"])
async def test_case_is_ignored_in_every_alphabet(gateway: Gateway, text: str) -> None:
    answer = await gateway.ask(
        """
        query ($in: String, $at: String) {
          customers(where: {name: {contains: $in}}) { nodes { name } }
          customersAt: customers(where: {name: {startsWith: $at}}) { nodes { name } }
          categories(where: {name: {contains: $in}}) { nodes { name } }
          categoriesAt: categories(where: {name: {startsWith: $at}}) { nodes { name } }
        }
        """,
        {"in": text, "at": f"zz 5 {text}"},
    )

    found = {"nodes": [{"name": "ZZ 5 Éclair Ж zz"}]}
    assert answer.data == dict.fromkeys(
        ("customers", "customersAt", "categories", "categoriesAt"), found
    )
