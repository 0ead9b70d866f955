"""The shop's graph without a database: rows in memory stand in for all of its sources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import Identity
from loaders.memory import MemorySource
from loaders.resource import Row
from schema.build import schema

README = Path(__file__).parent.parent.parent / "README.md"
DAY = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
KETTLE, DRAFT, KITCHEN = (ObjectId(bytes(11) + bytes([number])) for number in (1, 2, 3))

SOURCES: Mapping[str, Mapping[str, Sequence[Row]]] = {
    "shop": {
        "customers": [{"id": 1, "name": "Ada Martin"}, {"id": 2, "name": "Bo Lind"}],
        "addresses": [
            {"id": 1, "customer_id": 1, "city": "Ghent"},
            {"id": 2, "customer_id": 2, "city": "Lund"},
        ],
        "orders": [
            {
                "id": number,
                "number": f"SO-{number}",
                "status": "SHIPPED",
                "placed_at": DAY.replace(day=number),
                "total": Decimal("103.95") * number,
                "customer_id": customer,
                "partner_id": partner,
                "shipping_address_id": customer,
            }
            for number, customer, partner in ((1, 1, None), (2, 2, "northwind"), (3, 1, None))
        ],
        "order_lines": [
            {
                "id": number,
                "order_id": number,
                "line_no": 1,
                "quantity": number,
                "unit_price": Decimal("103.95"),
                "sku": "KET-0001" if number < 3 else "KET-0002",
            }
            for number in (1, 2, 3)
        ],
    },
    "catalog": {
        "products": [
            {
                "_id": KETTLE,
                "sku": "KET-0001",
                "name": "Fenn Electric Kettle, 1.5 l, oat",
                "status": "ACTIVE",
                "price": Decimal("103.95"),
                "category_id": KITCHEN,
            },
            {"_id": DRAFT, "sku": "KET-0002", "name": "A draft", "status": "DRAFT"},
        ],
        "categories": [{"_id": KITCHEN, "name": "Kitchen"}],
        "reviews": [
            {"_id": ObjectId(), "product_id": KETTLE, "rating": rating, "status": status}
            for rating, status in ((5, "PUBLISHED"), (4, "PUBLISHED"), (1, "PENDING"))
        ],
    },
    "inventory": {
        "stock": [{"sku": "KET-0001", "available": 120}, {"sku": "KET-0002", "available": 7}]
    },
    "shipping": {
        "shipments": [
            {
                "order_id": 1,
                "status": "DELIVERED",
                "tracking_number": "NO1",
                "events": [{"at": "2026-01-03T08:00:00Z", "description": "It is there."}],
            }
        ],
    },
}

NOBODY = Identity(subject="nobody")
ADA = Identity(subject="ada", claims={"customer_id": 1})
PARTNER = Identity(client="northwind", claims={"partner_id": "northwind"})
STAFF = Identity(subject="sam", scopes=frozenset({"orders:read", "customers:read"}))

ORDERS = """{
  orders {
    nodes {
      number status placedAt total
      customer { name }
      lines { lineNo quantity unitPrice product { name category { name } stock { available } } }
      shipment { status trackingNumber events { at description } }
    }
  }
}"""


@pytest.fixture(params=EXECUTORS)
def client(request: pytest.FixtureRequest) -> GraphClient:
    sources = [MemorySource(name, rows) for name, rows in SOURCES.items()]
    settings = Settings.of(environment="development", engine=request.param)
    return GraphClient(schema, sources, settings=settings)


def documented() -> tuple[str, Any]:
    """What the README asks, and what it is answered."""
    page = README.read_text(encoding="utf-8")
    (asked,) = re.findall(r"^  -d '(.*)'$", page, re.M)
    (answer,) = re.findall(r"^```json\n(.*)\n```$", page, re.M)
    return json.loads(asked)["query"], json.loads(answer)["data"]


async def test_the_readmes_query_is_answered_as_it_says(client: GraphClient) -> None:
    query, data = documented()

    response = await client.execute(query)

    assert (response.data, response.errors) == (data, [])
    assert [(call["source"], call["resource"]) for call in response.calls] == [
        ("catalog", "products"),
        # Whether the product may be seen, by whose stock it would be known.
        ("catalog", "products"),
        ("inventory", "stock"),
    ]


async def test_orders_are_joined_over_all_sources(client: GraphClient) -> None:
    response = await client.execute(ORDERS, identity=ADA)

    assert response.errors == []
    assert response.data == {
        "orders": {
            "nodes": [
                {
                    "number": "SO-3",
                    "status": "SHIPPED",
                    "placedAt": "2026-01-03T10:00:00Z",
                    "total": "311.85",
                    "customer": {"name": "Ada Martin"},
                    # Its product is a draft.
                    "lines": [{"lineNo": 1, "quantity": 3, "unitPrice": "103.95", "product": None}],
                    "shipment": None,
                },
                {
                    "number": "SO-1",
                    "status": "SHIPPED",
                    "placedAt": "2026-01-01T10:00:00Z",
                    "total": "103.95",
                    "customer": {"name": "Ada Martin"},
                    "lines": [
                        {
                            "lineNo": 1,
                            "quantity": 1,
                            "unitPrice": "103.95",
                            "product": {
                                "name": "Fenn Electric Kettle, 1.5 l, oat",
                                "category": {"name": "Kitchen"},
                                "stock": {"available": 120},
                            },
                        }
                    ],
                    "shipment": {
                        "status": "DELIVERED",
                        "trackingNumber": "NO1",
                        "events": [{"at": "2026-01-03T08:00:00Z", "description": "It is there."}],
                    },
                },
            ]
        }
    }


@pytest.mark.parametrize(
    ("identity", "orders", "customers"),
    [
        (NOBODY, [], []),
        (ADA, ["SO-3", "SO-1"], ["Ada Martin"]),
        # Who sees an order sees who bought it: a semi-join inside an Or.
        (PARTNER, ["SO-2"], ["Bo Lind"]),
        (STAFF, ["SO-3", "SO-2", "SO-1"], ["Ada Martin", "Bo Lind"]),
    ],
    ids=["nobody", "customer", "partner", "staff"],
)
async def test_each_caller_sees_what_is_theirs(
    client: GraphClient, identity: Identity, orders: list[str], customers: list[str]
) -> None:
    response = await client.execute(
        "{ orders { nodes { number customer { name } } } }", identity=identity
    )

    nodes = response.data["orders"]["nodes"]
    assert [node["number"] for node in nodes] == orders
    assert sorted({node["customer"]["name"] for node in nodes}) == customers
    assert response.errors == []


async def test_aggregates_count_what_is_seen(client: GraphClient) -> None:
    response = await client.execute(
        '{ product(sku: "KET-0001") { averageRating reviewCount reviews { totalCount } } }'
    )

    assert response.data == {
        "product": {"averageRating": 4.5, "reviewCount": 2, "reviews": {"totalCount": 2}}
    }


async def test_what_is_denied_is_not_read(client: GraphClient) -> None:
    response = await client.execute('{ product(sku: "KET-0001") { name cost } }', identity=ADA)

    assert response.data["product"]["cost"] is None
    assert response.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert [call["columns"] for call in response.calls] == [["_id", "name", "sku"]]
