"""The graph of docs/mutations.md does what the page says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import Identity
from loaders.memory import MemorySource
from resolvers import inputs
from tests.snippets import ROOT, blocks, importable

PAGE = "docs/mutations.md"

BUYER = Identity(subject="buyer", scopes=frozenset({"orders:write"}))


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_the_documented_mutation_has_each_of_its_results(tmp_path: Path, engine: str) -> None:
    with importable(PAGE, tmp_path):
        graph = importlib.import_module("acme.graph").graph
    (query,) = blocks(PAGE, "graphql")
    rows: dict[str, list[dict[str, Any]]] = {"orders": []}
    settings = Settings.of(engine=engine, environment="development")
    client = GraphClient(graph, [MemorySource("shop", rows)], settings=settings)

    async def place(sku: str, quantity: int, identity: Identity = BUYER) -> Any:
        variables = {"input": {"sku": sku, "quantity": quantity}}
        response = await client.execute(query, variables, identity=identity)
        return response.data["placeOrder"] or response.codes

    denied = await place("?", 0, Identity(subject="guest"))
    assert denied == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert await place("PEN", 4) == {
        "__typename": "OutOfStock",
        "available": 3,
        "message": "There are 3 left.",
    }
    invalid = await place("?", 0)
    assert [(each["path"], each["code"]) for each in invalid["problems"]] == [
        ("input.sku", "NO_MATCH"),
        ("input.quantity", "TOO_SMALL"),
    ]
    assert rows == {"orders": []}
    assert await place("PEN", 2) == {"__typename": "Order", "quantity": 2}
    assert "union PlaceOrderResult = Order | InvalidInput | OutOfStock" in graph.as_str()


def test_every_code_is_documented() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    _, _, listed = page.partition("The codes are ")
    documented = set(re.findall(r"`([A-Z_]+)`", listed.partition(". ")[0]))
    written = (ROOT / "resolvers" / "inputs.py").read_text(encoding="utf-8")

    told = re.findall(r'found\.add\(\s*[^"]*?"([A-Z_]+)"', written)
    assert set(told) == documented
    assert f"{inputs.MOST_PROBLEMS} problems at most" in page
