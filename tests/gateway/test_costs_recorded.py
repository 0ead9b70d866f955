"""A response that was asked for its cost and its calls is what weights are learned from."""

from __future__ import annotations

import orjson

from gateway.operations.learning import OperationRecord
from schema.build import schema as shop
from tests.client import Gateway


async def test_a_response_is_a_record(gateway: Gateway) -> None:
    query = "{ products(first: 3) { nodes { name category { name } } } }"
    asked = {"query": query, "extensions": {"cost": True, "explain": True}}
    answer = await gateway.post(orjson.dumps(asked))

    record = OperationRecord.of(answer.body, shop.costs)

    assert record is not None
    assert {
        each.coordinate: (each.estimated, each.actual, each.source, each.called)
        for each in record.fields
    } == {
        "Query.products": (1, 1, None, False),
        "ProductConnection.nodes": (3, 3, "catalog", True),
        "Product.category": (3, 3, "catalog", True),
    }
    assert record.calls_ms > 0
