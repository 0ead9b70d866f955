"""What operations took teaches what their fields cost."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.operations.learning import FEWEST, OperationRecord, learn
from schema.build import schema as shop

pytestmark = pytest.mark.unit

MS = {
    "Query.customer": 1.0,
    "Query.products": 2.0,
    "ProductConnection.nodes": 0.2,
    "Product.images": 0.25,
    "Product.category": 0.4,
}
"""What one item of each takes."""

CALL_MS = {"catalog": 3.0, "shop": 1.0}
"""What a call to each source takes."""

IMAGES = 5

ASSUMED = shop.costs.sizes["Product.images"].assumed

GRAPH = "schema.build:schema"


def response(number: int) -> dict[str, Any]:
    """One to a page of products, some of which ask for images and for categories."""
    chosen = random.Random(number)
    size = chosen.choice([1, 2, 5, 20, 50, 100])
    counts: dict[tuple[str, ...], tuple[str, int, int]] = {("products",): ("Query.products", 1, 1)}
    counts["products", "nodes"] = ("ProductConnection.nodes", size, size)
    if chosen.random() < 0.5:
        items = ("Product.images", size * ASSUMED, size * IMAGES)
        counts["products", "nodes", "images"] = items
    if chosen.random() < 0.5:
        counts["products", "nodes", "category"] = ("Product.category", size, size)
    if chosen.random() < 0.3:
        counts["customer",] = ("Query.customer", 1, 1)
    noise, took, fields = chosen.uniform(0.8, 1.25), 0.0, list[dict[str, Any]]()
    for path, (coordinate, estimated, actual) in counts.items():
        took += MS[coordinate] * actual
        weight, told = shop.costs.weights.get(coordinate, 1), {}
        if (call := shop.costs.calls.get(coordinate)) is not None:
            assert call.source is not None
            took += CALL_MS[call.source]
            told["call"] = shop.costs.price(call)
        fields.append(
            {
                "path": list(path),
                "coordinate": coordinate,
                "estimated": estimated * weight + told.get("call", 0),
                "actual": actual * weight + told.get("call", 0),
                **told,
            }
        )
    cost = {
        "estimated": sum(each["estimated"] for each in fields),
        "actual": sum(each["actual"] for each in fields),
        "fields": fields,
    }
    calls = [{"source": "catalog", "ms": took * noise / 2}, {"source": "shop", "ms": took / 2}]
    return {"data": {}, "extensions": {"cost": cost, "explain": {"calls": calls}}}


def records(count: int) -> list[OperationRecord]:
    found = [OperationRecord.of(response(number), shop.costs) for number in range(count)]
    return [record for record in found if record is not None]


def test_weights_are_as_the_times_are_and_sizes_as_lists_are() -> None:
    proposal = learn(records(400), shop.costs)

    assert proposal.sizes == {"Product.images": IMAGES}
    weights, calls = proposal.weights, proposal.calls
    # Each is as many units as it takes, and a call to the catalog takes many.
    unit = CALL_MS["catalog"] / calls["catalog"]
    expected = {coordinate: (ms + 0.012) / unit for coordinate, ms in MS.items()}
    for coordinate in ("ProductConnection.nodes", "Product.images", "Product.category"):
        units = pytest.approx(expected[coordinate], rel=0.35, abs=0.75)
        assert weights[coordinate] == units, coordinate
    # What there is once in each operation may be in its field or in its call.
    for coordinate, source in (("Query.products", "catalog"), ("Query.customer", "shop")):
        units = pytest.approx(expected[coordinate] + CALL_MS[source] / unit, rel=0.35)
        assert weights[coordinate] + calls[source] == units, coordinate
    assert proposal.after > 0.95 > proposal.before


def test_all_of_them_cost_what_they_did() -> None:
    learned_of = records(400)
    proposal = learn(learned_of, shop.costs)

    def cost(record: OperationRecord) -> float:
        return sum(
            each.estimated
            * proposal.weights[each.coordinate]
            * (IMAGES / ASSUMED if each.coordinate == "Product.images" else 1)
            + proposal.calls.get(each.source or "", 0)
            for each in record.fields
        )

    before = sum(response(number)["extensions"]["cost"]["estimated"] for number in range(400))
    after = sum(map(cost, learned_of))
    assert after == pytest.approx(before, rel=0.25)


def test_too_few_teach_nothing() -> None:
    with pytest.raises(ValueError, match="have 20 at least"):
        learn(records(FEWEST - 1), shop.costs)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"data": {}},
        {"extensions": {"cost": {"fields": []}, "explain": {"calls": []}}},
        {"extensions": {"cost": {"actual": 1, "fields": [{}]}, "explain": {"calls": []}}},
        {"extensions": {"cost": {"actual": 1, "fields": []}, "explain": {"calls": [1]}}},
        {"extensions": [1]},
    ],
)
def test_what_is_no_record_is_none(given: dict[str, Any]) -> None:
    assert OperationRecord.of(given, shop.costs) is None


def test_the_command_proposes_declarations(tmp_path: Path) -> None:
    file = tmp_path / "responses.jsonl"
    lines = [orjson.dumps(response(number)) for number in range(100)]
    file.write_bytes(b"\n".join([*lines, b"{}", b"no JSON", b"[]"]))

    result = CliRunner().invoke(
        main, ["cost", "learn", str(file), "--graph", "schema.build:schema"]
    )

    assert result.exit_code == 0, result.output
    assert "3 lines have no extensions.cost" in result.output
    assert "Product.images @listSize(assumedSize: 5)" in result.output
    assert "Query.products @cost(weight: " in result.output
    assert 'Graph(call_costs={"catalog": ' in result.output
    assert "Of 100 operations the estimates' rank correlation" in result.output


def test_the_command_says_when_they_are_too_few(tmp_path: Path) -> None:
    file = tmp_path / "responses.jsonl"
    file.write_bytes(orjson.dumps(response(1)))

    result = CliRunner().invoke(
        main, ["cost", "learn", str(file), "--graph", "schema.build:schema"]
    )

    assert result.exit_code == 1
    assert "1 operations teach nothing: have 20 at least." in result.output
