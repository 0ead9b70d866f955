"""Execution alone, in this process: 250 orders of 40 lines each that are in memory already, through
Strawberry on graphql-core, and through the breadth-first engine. The document is parsed and
validated before.

Each has its rows in the form that it likes best: Strawberry gets objects of its types, the engine
mappings with columns, as drivers give them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLObjectType, execute, parse

from gateway.engine.batched import COLUMN
from gateway.engine.breadth import BreadthExecutor

ORDERS, LINES = 250, 40
SECONDS = 1.0
"""For how long each is run in one round."""

DOCUMENT = parse("{ orders { number currency lines { lineNo sku quantity price } } }")


@dataclass(frozen=True, slots=True)
class InMemory:
    """CPU milliseconds of one execution."""

    strawberry: float
    engine: float

    @property
    def ratio(self) -> float:
        return self.engine / self.strawberry


@strawberry.type
class Line:
    line_no: int
    sku: str
    quantity: int
    price: float


@strawberry.type
class Order:
    number: str
    currency: str
    lines: list[Line]


def line(order: int, number: int) -> dict[str, Any]:
    sku = f"SKU-{(order * LINES + number) % 2000:04}"
    return {"line_no": number, "sku": sku, "quantity": 1 + number % 5, "price": number + 0.95}


ROWS: list[dict[str, Any]] = [
    {
        "number": f"SO-{order:06}",
        "currency": "EUR",
        "lines": [line(order, number) for number in range(LINES)],
    }
    for order in range(ORDERS)
]
OBJECTS = [
    Order(
        number=row["number"],
        currency=row["currency"],
        lines=[Line(**each) for each in row["lines"]],
    )
    for row in ROWS
]


class BreadthFirst(BreadthExecutor):
    """Refuses to measure graphql-core in the engine's place."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        result = super().execute_operation(serially)
        assert self.engine == "breadth", self.reason
        return result


def plain() -> Callable[[], Any]:
    """An execution by Strawberry on graphql-core."""

    @strawberry.type
    class Query:
        @strawberry.field
        def orders(self) -> list[Order]:
            return OBJECTS

    schema = strawberry.Schema(Query)
    return lambda: execute(schema._schema, DOCUMENT, executor_class=schema.execution_context_class)


def breadth_first() -> Callable[[], Any]:
    """An execution by the engine."""

    @strawberry.type
    class Query:
        @strawberry.field
        def orders(self) -> list[Order]:
            rows: Any = ROWS
            return rows  # type: ignore[no-any-return]

    schema = strawberry.Schema(Query)._schema
    columns = {"lineNo": "line_no"}
    for name in ("Order", "Line"):
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for key, field in type_.fields.items():
            field.extensions[COLUMN] = columns.get(key, key)
    return lambda: execute(schema, DOCUMENT, executor_class=BreadthFirst)


def measure(rounds: int, seconds: float = SECONDS) -> InMemory:
    """Medians over rounds in which both run in turn. Both must give the same."""
    runs = (plain(), breadth_first())
    results = [run() for run in runs]
    for result in results:
        assert isinstance(result, ExecutionResult)
        assert result.errors is None, result.errors
    assert results[0].data == results[1].data
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, times in zip(runs, taken, strict=True):
            times.append(_cpu(run, seconds))
    return InMemory(*(1000 * median(times) for times in taken))


def _cpu(run: Callable[[], Any], seconds: float) -> float:
    """CPU seconds of one run, the mean over as many as fit into the time."""
    run()
    count, began = 0, time.process_time()
    while (passed := time.process_time() - began) < seconds or count < 3:
        run()
        count += 1
    return passed / count


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1])))))
