"""``where``: every operator on real columns, against a plain predicate over all rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.client import Gateway
from tests.graph.truth import Row, Truth, gid, sorted_by

Predicate = Callable[[Mapping[str, Any]], object]

JULY = datetime(2026, 7, 8, 12, 6, 54, 867000, tzinfo=UTC)
"""A moment at which thirty orders were placed."""

ORDERS: list[tuple[str, Predicate]] = [
    ('number: {eq: "SO-2024-000001"}', lambda row: row["number"] == "SO-2024-000001"),
    ('number: {ne: "SO-2024-000001"}', lambda row: row["number"] != "SO-2024-000001"),
    (
        'number: {in: ["SO-2024-000001", "SO-2024-000002", "SO-0000"]}',
        lambda row: row["number"] in ("SO-2024-000001", "SO-2024-000002"),
    ),
    ('number: {notIn: ["SO-2024-000001"]}', lambda row: row["number"] != "SO-2024-000001"),
    ('number: {contains: "0099"}', lambda row: "0099" in row["number"]),
    ('number: {contains: "so-2026"}', lambda row: "SO-2026" in row["number"]),
    ('number: {startsWith: "SO-2025-00"}', lambda row: row["number"].startswith("SO-2025-00")),
    ('number: {startsWith: "2025"}', lambda row: False),
    ("number: {isNull: false}", lambda row: True),
    ("number: {isNull: true}", lambda row: False),
    ("status: {eq: PAID}", lambda row: row["status"] == "PAID"),
    ("status: {ne: DELIVERED}", lambda row: row["status"] != "DELIVERED"),
    ("status: {in: [PAID, PENDING]}", lambda row: row["status"] in ("PAID", "PENDING")),
    ("status: {in: []}", lambda row: False),
    ("status: {notIn: [DELIVERED, PAID]}", lambda row: row["status"] not in ("DELIVERED", "PAID")),
    ("status: {notIn: []}", lambda row: True),
    ("status: {isNull: true}", lambda row: False),
    ("status: {ne: DELIVERED, notIn: [PAID]}", lambda r: r["status"] not in ("DELIVERED", "PAID")),
    (f'placedAt: {{eq: "{JULY.isoformat()}"}}', lambda row: row["placed_at"] == JULY),
    ('placedAt: {eq: "2026-07-08T14:06:54.867+02:00"}', lambda row: row["placed_at"] == JULY),
    (f'placedAt: {{ne: "{JULY.isoformat()}"}}', lambda row: row["placed_at"] != JULY),
    (f'placedAt: {{in: ["{JULY.isoformat()}"]}}', lambda row: row["placed_at"] == JULY),
    (f'placedAt: {{notIn: ["{JULY.isoformat()}"]}}', lambda row: row["placed_at"] != JULY),
    (f'placedAt: {{gt: "{JULY.isoformat()}"}}', lambda row: row["placed_at"] > JULY),
    (f'placedAt: {{gte: "{JULY.isoformat()}"}}', lambda row: row["placed_at"] >= JULY),
    (f'placedAt: {{lt: "{JULY.isoformat()}"}}', lambda row: row["placed_at"] < JULY),
    (f'placedAt: {{lte: "{JULY.isoformat()}"}}', lambda row: row["placed_at"] <= JULY),
    (
        'placedAt: {gte: "2025-01-01T00:00:00Z", lt: "2025-02-01T00:00:00Z"}',
        lambda row: (row["placed_at"].year, row["placed_at"].month) == (2025, 1),
    ),
    ('total: {eq: "477.70"}', lambda row: row["total"] == Decimal("477.7")),
    ("total: {eq: 477.7}", lambda row: row["total"] == Decimal("477.7")),
    ('total: {ne: "477.70"}', lambda row: row["total"] != Decimal("477.7")),
    ('total: {in: ["477.7", 477.70, "0.01"]}', lambda row: row["total"] == Decimal("477.7")),
    ('total: {notIn: ["477.7"]}', lambda row: row["total"] != Decimal("477.7")),
    ("total: {gt: 1500}", lambda row: row["total"] > 1500),
    ('total: {gte: "477.70"}', lambda row: row["total"] >= Decimal("477.7")),
    ('total: {lt: "477.70"}', lambda row: row["total"] < Decimal("477.7")),
    ("total: {lte: 20}", lambda row: row["total"] <= 20),
    ("total: {lte: -1}", lambda row: False),
    ('currency: {in: ["USD", "GBP"]}', lambda row: row["currency"] in ("USD", "GBP")),
    ('partnerId: {eq: "globex"}', lambda row: row["partner_id"] == "globex"),
    ('partnerId: {ne: "globex"}', lambda row: row["partner_id"] != "globex"),
    ('partnerId: {in: ["globex", "initech"]}', lambda r: r["partner_id"] in ("globex", "initech")),
    (
        'partnerId: {notIn: ["globex", "initech"]}',
        lambda row: row["partner_id"] not in ("globex", "initech"),
    ),
    ("partnerId: {isNull: true}", lambda row: row["partner_id"] is None),
    ("partnerId: {isNull: false}", lambda row: row["partner_id"] is not None),
    ('partnerId: {contains: "NORTH"}', lambda row: row["partner_id"] == "northwind"),
    ('partnerId: {startsWith: "in"}', lambda row: row["partner_id"] == "initech"),
    ('not: {partnerId: {eq: "globex"}}', lambda row: row["partner_id"] != "globex"),
    ('not: {partnerId: {ne: "globex"}}', lambda row: row["partner_id"] == "globex"),
    ('not: {partnerId: {notIn: ["globex"]}}', lambda row: row["partner_id"] == "globex"),
    ("not: {partnerId: {isNull: false}}", lambda row: row["partner_id"] is None),
    ('not: {partnerId: {contains: "o"}}', lambda row: "o" not in (row["partner_id"] or "")),
    (
        'not: {not: {partnerId: {startsWith: "g"}}}',
        lambda row: (row["partner_id"] or "").startswith("g"),
    ),
]

CUSTOMERS: list[tuple[str, Predicate]] = [
    ("marketingOptIn: {eq: true}", lambda row: row["marketing_opt_in"] is True),
    ("marketingOptIn: {eq: false}", lambda row: row["marketing_opt_in"] is False),
    ("marketingOptIn: {isNull: true}", lambda row: False),
    ('email: {eq: "ada.martin@example.com"}', lambda row: row["id"] == 1),
    ('currency: {eq: "USD"}', lambda row: row["currency"] == "USD"),
    ('currency: {notIn: ["USD", "EUR"]}', lambda row: row["currency"] not in ("USD", "EUR")),
    ('email: {contains: "@EXAMPLE.NET"}', lambda row: "@example.net" in row["email"]),
    ('name: {startsWith: "ada "}', lambda row: row["name"].startswith("Ada ")),
    ('name: {eq: "ada martin"}', lambda row: False),
    ('name: {contains: "\'b"}', lambda row: "'b" in row["name"].lower()),
    ('name: {contains: "ü"}', lambda row: "ü" in row["name"]),
    ('name: {startsWith: ""}', lambda row: True),
    ('name: {contains: ""}', lambda row: True),
    ('name: {eq: ""}', lambda row: False),
    ('createdAt: {lt: "2023-06-01T00:00:00Z"}', lambda r: r["created_at"].timestamp() < 1685577600),
]

PRODUCTS: list[tuple[str, Predicate]] = [
    ('sku: {eq: "KET-0001"}', lambda row: row["sku"] == "KET-0001"),
    ('sku: {ne: "KET-0001"}', lambda row: row["sku"] != "KET-0001"),
    ('sku: {in: ["KET-0001", "KET-0002", "NO"]}', lambda r: r["sku"] in ("KET-0001", "KET-0002")),
    ('sku: {notIn: ["KET-0001"]}', lambda row: row["sku"] != "KET-0001"),
    ('sku: {contains: "et-00"}', lambda row: "ET-00" in row["sku"]),
    ('sku: {startsWith: "ket-003"}', lambda row: row["sku"].startswith("KET-003")),
    ("sku: {isNull: true}", lambda row: False),
    ("sku: {isNull: false}", lambda row: True),
    ("status: {eq: DRAFT}", lambda row: row["status"] == "DRAFT"),
    ("status: {ne: ACTIVE}", lambda row: row["status"] != "ACTIVE"),
    ("status: {in: [DRAFT, DISCONTINUED]}", lambda row: row["status"] != "ACTIVE"),
    ("status: {in: []}", lambda row: False),
    ("status: {notIn: [ACTIVE]}", lambda row: row["status"] != "ACTIVE"),
    ("status: {notIn: []}", lambda row: True),
    ('price: {eq: "103.95"}', lambda row: row["price"].to_decimal() == Decimal("103.95")),
    ("price: {eq: 103.95}", lambda row: row["price"].to_decimal() == Decimal("103.95")),
    ('price: {eq: "103.950"}', lambda row: row["price"].to_decimal() == Decimal("103.95")),
    ('price: {ne: "103.95"}', lambda row: row["price"].to_decimal() != Decimal("103.95")),
    ('price: {in: ["103.95", 129.9]}', lambda r: str(r["price"]) in ("103.95", "129.90")),
    ('price: {notIn: ["103.95"]}', lambda row: str(row["price"]) != "103.95"),
    ("price: {gt: 120}", lambda row: row["price"].to_decimal() > 120),
    ('price: {gte: "103.95"}', lambda row: row["price"].to_decimal() >= Decimal("103.95")),
    ('price: {lt: "103.95"}', lambda row: row["price"].to_decimal() < Decimal("103.95")),
    ('price: {lte: "103.95"}', lambda row: row["price"].to_decimal() <= Decimal("103.95")),
    ('brand: {contains: "& f"}', lambda row: "& F" in row["brand"]),
    (
        'name: {contains: "\N{MULTIPLICATION SIGN}"}',
        lambda row: "\N{MULTIPLICATION SIGN}" in row["name"],
    ),
    ('currency: {eq: "EUR"}', lambda row: True),
    ('currency: {ne: "EUR"}', lambda row: False),
    ('tags: {has: "sale"}', lambda row: "sale" in row["tags"]),
    ('tags: {has: "SALE"}', lambda row: False),
    ('tags: {hasSome: ["sale", "new", "no"]}', lambda r: {"sale", "new"} & {*r["tags"]}),
    ("tags: {hasSome: []}", lambda row: False),
    ('tags: {hasEvery: ["sale", "steel"]}', lambda row: {"sale", "steel"} <= {*row["tags"]}),
    ('tags: {hasEvery: ["sale", "new"]}', lambda row: False),
    ("tags: {hasEvery: []}", lambda row: True),
    (
        'tags: {has: "sale", hasSome: ["oak", "steel"]}',
        lambda row: "sale" in row["tags"] and {"oak", "steel"} & {*row["tags"]},
    ),
    ("tags: {isNull: true}", lambda row: False),
    ("tags: {isNull: false}", lambda row: True),
    ('not: {tags: {has: "sale"}}', lambda row: "sale" not in row["tags"]),
    ('categoryPath: {has: "kettles"}', lambda row: row["sku"].startswith("KET-")),
    (
        'categoryPath: {has: "kitchen"}, not: {categoryPath: {hasSome: ["kettles", "knives"]}}',
        lambda row: row["category_path"][0] == "kitchen" and row["sku"][:3] not in ("KET", "KNI"),
    ),
    ('createdAt: {gte: "2026-01-01T00:00:00Z"}', lambda row: row["created_at"].year == 2026),
    ('createdAt: {lt: "2022-06-01T02:00:00+02:00"}', lambda r: str(r["created_at"]) < "2022-06"),
    (
        'status: {eq: ACTIVE}, price: {lt: 20}, name: {contains: "knife"}',
        lambda row: (
            row["status"] == "ACTIVE"
            and row["price"].to_decimal() < 20
            and "knife" in row["name"].lower()
        ),
    ),
]

REVIEWS: list[tuple[str, Predicate]] = [
    ("rating: {eq: 5}", lambda row: row["rating"] == 5),
    ("rating: {ne: 5}", lambda row: row["rating"] != 5),
    ("rating: {in: [1, 2, 9]}", lambda row: row["rating"] in (1, 2)),
    ("rating: {notIn: [4, 5]}", lambda row: row["rating"] not in (4, 5)),
    ("rating: {gt: 4}", lambda row: row["rating"] > 4),
    ("rating: {gte: 4}", lambda row: row["rating"] >= 4),
    ("rating: {lt: 3}", lambda row: row["rating"] < 3),
    ("rating: {lte: 3}", lambda row: row["rating"] <= 3),
    ("rating: {gt: 2, lt: 5, ne: 3}", lambda row: row["rating"] == 4),
    ("helpfulCount: {eq: 0}", lambda row: row["helpful_count"] == 0),
    ('title: {contains: "LOVE"}', lambda row: "love" in row["title"].lower()),
    ("status: {eq: PUBLISHED}", lambda row: row["status"] == "PUBLISHED"),
]

CARRIERS: list[tuple[str, Predicate]] = [
    ('code: {eq: "QUICKFOX"}', lambda row: row["code"] == "QUICKFOX"),
    ('code: {ne: "QUICKFOX"}', lambda row: row["code"] != "QUICKFOX"),
    ('code: {in: ["QUICKFOX", "TRANSALP"]}', lambda row: row["code"] in ("QUICKFOX", "TRANSALP")),
    ('code: {in: []}', lambda row: False),
    ('code: {notIn: ["QUICKFOX"]}', lambda row: row["code"] != "QUICKFOX"),
    ('name: {contains: "FOX c"}', lambda row: row["code"] == "QUICKFOX"),
    ('name: {startsWith: "nord"}', lambda row: row["code"] == "NORDPOST"),
    ("name: {isNull: true}", lambda row: False),
    ("name: {isNull: false}", lambda row: True),
    ('or: [{code: {eq: "NORDPOST"}}, {not: {name: {contains: "o"}}}]', lambda row: (
        row["code"] == "NORDPOST" or "o" not in row["name"].lower()
    )),
]  # fmt: skip


async def check(
    gateway: Gateway, connection: str, where: str, rows: list[Row], type_name: str, key: str
) -> None:
    """The objects that the filter leaves of the sorted rows, and how many they are."""
    answer = await gateway.ask(
        f"{{ {connection}(first: 100, where: {{{where}}}) {{ nodes {{ id }} totalCount }} }}"
    )

    assert answer.data[connection] == {
        "nodes": [{"id": gid(type_name, row[key])} for row in rows[:100]],
        "totalCount": len(rows),
    }
    # MongoDB alone counts in a call of its own.
    assert len(answer.calls) == (2 if answer.calls[0]["source"] == "catalog" else 1)


def named(cases: list[tuple[str, Predicate]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("where", "holds"), cases, ids=[where for where, _ in cases])


@pytest.fixture(scope="module")
async def orders(truth: Truth) -> list[Row]:
    return sorted_by(await truth.rows("select * from orders"), ("placed_at", True))


@pytest.fixture(scope="module")
async def customers(truth: Truth) -> list[Row]:
    return sorted_by(await truth.rows("select * from customers"), ("created_at", True))


@pytest.fixture(scope="module")
def products(truth: Truth) -> list[Row]:
    return sorted_by(truth.documents("products"), ("name", False), key="_id")


@named(ORDERS)
async def test_orders(gateway: Gateway, orders: list[Row], where: str, holds: Predicate) -> None:
    left = [row for row in orders if holds(row)]
    await check(gateway, "orders", where, left, "Order", "id")


@named(CUSTOMERS)
async def test_customers(
    gateway: Gateway, customers: list[Row], where: str, holds: Predicate
) -> None:
    left = [row for row in customers if holds(row)]
    await check(gateway, "customers", where, left, "Customer", "id")


@named(PRODUCTS[::5])
async def test_products(
    gateway: Gateway, products: list[Row], where: str, holds: Predicate
) -> None:
    left = [row for row in products if holds(row)]
    await check(gateway, "products", where, left, "Product", "_id")


@named(PRODUCTS)
async def test_the_products_of_a_category(
    gateway: Gateway, truth: Truth, products: list[Row], where: str, holds: Predicate
) -> None:
    (kettles,) = truth.documents("categories", {"slug": "kettles"})
    left = [row for row in products if row["category_id"] == kettles["_id"] and holds(row)]
    answer = await gateway.ask(
        f'{{ category(slug: "kettles") {{ products(first: 100, where: {{{where}}})'
        " { nodes { id } totalCount } } }"
    )

    assert answer.data["category"]["products"] == {
        "nodes": [{"id": gid("Product", row["_id"])} for row in left],
        "totalCount": len(left),
    }
    assert len(answer.calls) == 3


@named(CARRIERS)
async def test_carriers(gateway: Gateway, truth: Truth, where: str, holds: Predicate) -> None:
    left = sorted_by(filter(holds, await truth.carriers()), ("name", False), key="code")
    await check(gateway, "carriers", where, left, "Carrier", "code")


@named(REVIEWS)
async def test_the_reviews_of_a_product(
    gateway: Gateway, truth: Truth, where: str, holds: Predicate
) -> None:
    (kettle,) = truth.documents("products", {"sku": "KET-0001"})
    reviews = truth.documents("reviews", {"product_id": kettle["_id"]})
    left = sorted_by(filter(holds, reviews), ("created_at", True), key="_id")
    answer = await gateway.ask(
        f'{{ product(sku: "KET-0001") {{ reviews(first: 100, where: {{{where}}})'
        " { nodes { id } totalCount } } }"
    )

    assert answer.data["product"]["reviews"] == {
        "nodes": [{"id": gid("Review", row["_id"])} for row in left],
        "totalCount": len(left),
    }
