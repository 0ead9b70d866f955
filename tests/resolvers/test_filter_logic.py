"""Two-valued logic with missing values: PostgreSQL, MongoDB and memory, against plain Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from loaders.query import And, Comparison, Filter, Not, Operator, Or, Order, SemiJoin, Window
from tests.resolvers.conftest import TEXTS, Three, everywhere, rows

BY_ID = (Order("id"),)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

# What each operator means of a value that is there, in no words of the gateway's.
MEANS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda value, wanted: bool(value == wanted),
    Operator.NE: lambda value, wanted: bool(value != wanted),
    Operator.IN: lambda value, wanted: value in wanted,
    Operator.NOT_IN: lambda value, wanted: value not in wanted,
    Operator.GT: lambda value, wanted: bool(value > wanted),
    Operator.GTE: lambda value, wanted: bool(value >= wanted),
    Operator.LT: lambda value, wanted: bool(value < wanted),
    Operator.LTE: lambda value, wanted: bool(value <= wanted),
    Operator.CONTAINS: lambda value, wanted: wanted.lower() in value.lower(),
    Operator.STARTS_WITH: lambda value, wanted: value.lower()[: len(wanted)] == wanted.lower(),
}
NEGATIVE = (Operator.NE, Operator.NOT_IN)
RANGE = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)

OPERANDS: dict[str, list[Any]] = {
    "number": [-1, 0, 1, 2],
    "amount": [Decimal("1.10"), Decimal("1.1"), Decimal("-2.05"), Decimal(0)],
    "at": [MOMENT, MOMENT + timedelta(milliseconds=1), MOMENT + timedelta(days=1)],
    "text": [text for text in TEXTS if text is not None],
}


def every_comparison() -> list[Comparison]:
    found: list[Comparison] = []
    for column, operands in OPERANDS.items():
        found += [Comparison(column, Operator.IS_NULL, wanted) for wanted in (True, False)]
        single: tuple[Operator, ...] = (Operator.EQ, Operator.NE, *RANGE)
        if column == "text":
            single = (*single, Operator.CONTAINS, Operator.STARTS_WITH)
        found += [Comparison(column, each, operand) for each in single for operand in operands]
        found += [
            Comparison(column, each, chosen)
            for each in (Operator.IN, Operator.NOT_IN)
            for chosen in ((), tuple(operands[:1]), tuple(operands[:3]))
        ]
    return found


def holds(filter: Filter, row: dict[str, Any]) -> bool:
    """The reference. A comparison with what is missing is false, but for those that negate."""
    match filter:
        case And(parts):
            return False not in [holds(part, row) for part in parts]
        case Or(parts):
            return True in [holds(part, row) for part in parts]
        case Not(part):
            return not holds(part, row)
        case Comparison(column, Operator.IS_NULL, wanted):
            return bool((row[column] is None) == wanted)
        case Comparison(column, operator, wanted):
            if row[column] is None:
                return operator in NEGATIVE
            return MEANS[operator](row[column], wanted)
        case SemiJoin():
            raise AssertionError("it says nothing of the row alone")


def random_filter(rng: Random, depth: int) -> Filter:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(every_comparison())
    match rng.choice(("and", "or", "not")):
        case "and":
            return And(tuple(random_filter(rng, depth - 1) for _ in range(rng.randrange(4))))
        case "or":
            return Or(tuple(random_filter(rng, depth - 1) for _ in range(rng.randrange(4))))
        case _:
            return Not(random_filter(rng, depth - 1))


def ids(filter: Filter) -> list[int]:
    return [row["id"] for row in rows() if holds(filter, row)]


@pytest.mark.parametrize("column", OPERANDS)
async def test_every_comparison_with_each_column(three: Three, column: str) -> None:
    for comparison in every_comparison():
        if comparison.column == column:
            found = await three.page(Window(BY_ID), comparison)
            assert found == everywhere(ids(comparison)), comparison


@pytest.mark.parametrize("column", OPERANDS)
async def test_not_of_every_comparison_is_everything_else(three: Three, column: str) -> None:
    for comparison in every_comparison():
        if comparison.column == column:
            others = [row["id"] for row in rows() if row["id"] not in ids(comparison)]
            found = await three.page(Window(BY_ID), Not(comparison))
            assert found == everywhere(others), comparison


@pytest.mark.parametrize(
    ("filter", "everything"),
    [
        (And(()), True),
        (Or(()), False),
        (Not(And(())), False),
        (Not(Or(())), True),
        (Not(Not(And(()))), True),
        (And((And(()), Or(()))), False),
        (Or((And(()), Or(()))), True),
        (Or((Or(()),)), False),
        (And((And(()),)), True),
        (Not(Or((Not(Or(())),))), False),
        (Comparison("text", Operator.IN, ()), False),
        (Comparison("text", Operator.NOT_IN, ()), True),
        (Not(Comparison("text", Operator.IN, ())), True),
        (Not(Comparison("text", Operator.NOT_IN, ())), False),
    ],
    ids=str,
)
async def test_nothing_to_hold_and_nothing_to_choose_from(
    three: Three, filter: Filter, everything: bool
) -> None:
    expected = [row["id"] for row in three.rows] if everything else []

    assert await three.page(Window(BY_ID), filter) == everywhere(expected)


@pytest.mark.parametrize("seed", range(8))
async def test_filters_of_filters(three: Three, seed: int) -> None:
    rng = Random(seed)

    for _ in range(12):
        filter = random_filter(rng, 4)
        assert await three.page(Window(BY_ID), filter) == everywhere(ids(filter)), filter


async def test_a_filter_stays_apart_from_the_place_of_a_page(three: Three) -> None:
    # An `or` beside the keyset condition, which has one of its own.
    either = Or((Comparison("number", Operator.EQ, 0), Comparison("text", Operator.EQ, "a")))
    order = (Order("amount", True, True), Order("id"))
    window = Window(order, (None, 10), limit=5)

    expected = [
        row["id"]
        for row in three.rows
        if row["amount"] is None and row["id"] > 10 and (row["number"] == 0 or row["text"] == "a")
    ]
    assert expected
    assert await three.page(window, either) == everywhere(expected[:5])
