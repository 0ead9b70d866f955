"""A row that refers to another source by what is read as a key there, and by what is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId
from pymongo import MongoClient

from demo.stack import Addresses
from tests.client import Gateway
from tests.graph.truth import gid

READ: list[Any] = ["12", 12.0, Int64(12), Decimal128("12")]
WRONG: list[Any] = ["012", "twelve", 12.5, Decimal128("12.5"), True, {"id": 12}, [12]]


@pytest.fixture
def product(addresses: Addresses) -> Iterator[ObjectId]:
    """A product with a review by customer 1, and one for each wrong key."""
    product, at = ObjectId(), datetime(2026, 1, 1, tzinfo=UTC)
    with MongoClient[dict[str, Any]](addresses.mongo) as client:
        reviews = client[addresses.mongo_database].reviews
        reviews.insert_many(
            {
                "product_id": product,
                "customer_id": customer,
                "rating": 3,
                "title": repr(customer),
                "body": "",
                "status": "PUBLISHED",
                "helpful_count": 0,
                "created_at": at,
            }
            for customer in [1, *READ, *WRONG]
        )
        yield product
        reviews.delete_many({"product_id": product})


async def test_it_fails_its_own_place_alone(gateway: Gateway, product: ObjectId) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { reviews(where: {productId: {eq: $id}})"
        " { nodes { title author { name } } } }",
        {"id": gid("Product", product)},
    )

    authors = {node["title"]: node["author"] for node in answer.partial["reviews"]["nodes"]}
    twelfth = authors[repr("12")]
    assert twelfth is not None
    assert authors == {
        "1": {"name": "Ada Martin"},
        **{repr(key): twelfth for key in READ},
        **{repr(key): None for key in WRONG},
    }
    assert [error["extensions"] for error in answer.errors] == [
        {"code": "UPSTREAM_BAD_RESPONSE", "source": "catalog"}
    ] * len(WRONG)
