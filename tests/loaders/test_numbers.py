"""Rows of a service, or in memory, whose numbers have any digits: they sort, page, compare and add
up as they are written."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loaders.evaluation import aggregate, filtered, windowed
from loaders.json import number
from loaders.query import Aggregate, Comparison, Function, Operator, Order, Window
from tests.numbers import EXACT, NUMBERS, exact

TESTS: dict[Operator, Any] = {
    Operator.EQ: lambda value, wanted: value == wanted,
    Operator.NE: lambda value, wanted: value != wanted,
    Operator.GT: lambda value, wanted: value > wanted,
    Operator.GTE: lambda value, wanted: value >= wanted,
    Operator.LT: lambda value, wanted: value < wanted,
    Operator.LTE: lambda value, wanted: value <= wanted,
}

NEAR = st.sampled_from(
    ["0.1", "0.10000000000000000555", "0.10", "1e-1", "9007199254740993", "9007199254740992.0",
     "9007199254740993.0", "12345678901234568e6", "12345678901234567890123", "0", "-0.0", "5e-324"]
)  # fmt: skip
"""Numbers that doubles don't tell apart, or apart where they are the same."""

TEXTS = st.lists(NEAR | NUMBERS, min_size=1, max_size=6)


def rows(texts: list[str]) -> list[dict[str, Any]]:
    return [{"id": id, "size": number(text)} for id, text in enumerate(texts)]


@EXACT
@given(TEXTS, st.booleans(), st.integers(1, 3))
def test_pages_have_all_rows_in_the_order_of_what_is_written(
    texts: list[str], descending: bool, size: int
) -> None:
    order = (Order("size", descending), Order("id"))
    here, ids = rows(texts), []
    after: tuple[object, ...] | None = None
    while page := windowed(Window(order, after, limit=size), here):
        ids += [row["id"] for row in page]
        after = (page[-1]["size"], page[-1]["id"])

    def place(id: int) -> tuple[Decimal, int]:
        # Multiplied by -1 it would be rounded.
        number = exact(texts[id])
        return number.copy_negate() if descending else number, id

    assert ids == sorted(range(len(texts)), key=place)


@EXACT
@given(TEXTS, NEAR | NUMBERS, st.sampled_from(list(TESTS)), st.booleans())
def test_numbers_compare_as_they_are_written(
    texts: list[str], operand: str, operator: Operator, as_decimal: bool
) -> None:
    wanted = exact(operand) if as_decimal else number(operand)

    found = filtered(Comparison("size", operator, wanted), rows(texts))

    test = TESTS[operator]
    assert [row["id"] for row in found] == [
        id for id, text in enumerate(texts) if test(exact(text), exact(operand))
    ]


@EXACT
@given(TEXTS)
def test_aggregates_are_of_what_is_written(texts: list[str]) -> None:
    values = [exact(text) for text in texts]
    context = Context(prec=20_000)

    def of(function: Function) -> Decimal:
        found: Any = aggregate(Aggregate(function, "size"), rows(texts))
        return Decimal(repr(found)) if isinstance(found, float) else Decimal(found)

    summed = Decimal()
    for value in values:
        summed = context.add(summed, value)
    assert of(Function.SUM) == summed
    assert (of(Function.MIN), of(Function.MAX)) == (min(values), max(values))
    mean = context.divide(summed, Decimal(len(values)))
    tolerance = context.fma(context.abs(mean), Decimal("1e-15"), Decimal("5e-324"))
    assert context.abs(context.subtract(of(Function.AVG), mean)) <= tolerance
