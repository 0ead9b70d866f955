"""Keyset paging where values are missing: PostgreSQL, MongoDB and memory, against plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any

import pytest

from loaders.query import Comparison, Operator, Order, Window
from tests.resolvers.conftest import Row, Three, everywhere, rows

ORDERS = [
    (Order("number", False, True), Order("id")),
    (Order("number", True, True), Order("id", True)),
    (Order("number", False, True), Order("id", True)),
    (Order("text", False, True), Order("id")),
    (Order("text", True, True), Order("id", True)),
    (Order("amount", False, True), Order("at", False, True), Order("id")),
    (Order("amount", True, True), Order("at", True, True), Order("id", True)),
    (Order("number", False, True), Order("amount", True, True), Order("id")),
    (Order("number", True, True), Order("text", False, True), Order("id", True)),
    (Order("at", True, True), Order("number", False, True), Order("text", True, True), Order("id")),
    (Order("parent"), Order("number", True, True), Order("id")),
    (Order("parent", True), Order("id", True)),
]
EVERY_ORDER = pytest.mark.parametrize(
    "order",
    ORDERS,
    ids=[
        " ".join(f"{'-' if part.descending else ''}{part.column}" for part in each)
        for each in ORDERS
    ],
)


def in_order(order: Sequence[Order], of: Sequence[Row]) -> list[Row]:
    """The reference: rows compared in pairs, column by column, what is missing the lowest."""

    def compared(one: Row, other: Row) -> int:
        for part in order:
            left, right = one[part.column], other[part.column]
            if left == right:
                continue
            lower = left is None or (right is not None and left < right)
            return -1 if lower is not part.descending else 1
        return 0

    return sorted(of, key=cmp_to_key(compared))


def place(order: Sequence[Order], row: Row) -> tuple[Any, ...]:
    return tuple(row[part.column] for part in order)


def ids(of: Sequence[Row]) -> list[int]:
    return [row["id"] for row in of]


def test_the_rows_have_ties_and_missing_values_in_every_column() -> None:
    for column in ("number", "text", "amount", "at"):
        values = [row[column] for row in rows()]
        assert values.count(None) > 5
        assert len(values) - values.count(None) > len(set(values))


@EVERY_ORDER
async def test_all_sort_alike(three: Three, order: tuple[Order, ...]) -> None:
    expected = ids(in_order(order, three.rows))

    assert await three.page(Window(order=order)) == everywhere(expected)


@EVERY_ORDER
async def test_past_every_row_come_the_rows_that_follow_it(
    three: Three, order: tuple[Order, ...]
) -> None:
    expected = in_order(order, three.rows)

    for index, row in enumerate(expected):
        window = Window(order=order, after=place(order, row))
        assert await three.page(window) == everywhere(ids(expected[index + 1 :])), row


@EVERY_ORDER
async def test_before_every_row_come_the_rows_that_lead_to_it(
    three: Three, order: tuple[Order, ...]
) -> None:
    expected = in_order(order, three.rows)

    for index, row in list(enumerate(expected))[::3]:
        window = Window(order=order, before=place(order, row))
        assert await three.page(window) == everywhere(ids(expected[:index])), row


@EVERY_ORDER
async def test_pages_join_to_the_whole_list(three: Three, order: tuple[Order, ...]) -> None:
    expected = in_order(order, three.rows)

    for start in range(0, len(expected), 3):
        after = place(order, expected[start - 1]) if start else None
        page = await three.page(Window(order=order, after=after, limit=3))
        assert page == everywhere(ids(expected[start : start + 3]))


@EVERY_ORDER
async def test_a_place_is_past_for_each_parent_apart(
    three: Three, order: tuple[Order, ...]
) -> None:
    by_parent = {
        parent: in_order(order, [row for row in three.rows if row["parent"] == parent])
        for parent in (1, 2)
    }
    everything = in_order(order, three.rows)

    for row in everything[::5]:
        passed = everything.index(row)
        later = everything[passed + 1 :]
        expected = {
            parent: ids([each for each in mine if each in later])[:4]
            for parent, mine in by_parent.items()
        }
        window = Window(order=order, after=place(order, row), limit=4)
        assert await three.of_parents(window) == everywhere(expected)


@pytest.mark.parametrize("limit", [None, 1, 5, 100])
async def test_a_window_of_each_parent_has_its_own_filter_order_and_limit(
    three: Three, limit: int | None
) -> None:
    order = (Order("number", True, True), Order("text", False, True), Order("id"))
    there = Comparison("amount", Operator.IS_NULL, False)
    expected = {
        parent: ids(
            in_order(
                order,
                [r for r in three.rows if r["parent"] == parent and r["amount"] is not None],
            )
        )[:limit]
        for parent in (1, 2)
    }

    assert await three.of_parents(Window(order, limit=limit), there) == everywhere(expected)


async def test_past_the_last_row_there_is_nothing(three: Three) -> None:
    for order in ORDERS:
        last = in_order(order, three.rows)[-1]
        assert await three.page(Window(order=order, after=place(order, last))) == everywhere([])
