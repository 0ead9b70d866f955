"""A row that refers to another source by something that is no key there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient

from demo.stack import Addresses
from tests.client import Gateway
from tests.graph.truth import gid

WRONG: list[Any] = ["12", 12.5, {"id": 12}, [12]]


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
            for customer in [1, *WRONG]
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
    assert authors == {"1": {"name": "Ada Martin"}, **{repr(key): None for key in WRONG}}
    assert [error["extensions"] for error in answer.errors] == [
        {"code": "UPSTREAM_BAD_RESPONSE", "source": "catalog"}
    ] * len(WRONG)
