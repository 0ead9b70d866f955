"""Asks are equal where they ask for the same, and no others."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from loaders.asks import WHOLE, Rows, keys_in
from loaders.contexts import Operation
from loaders.errors import Unreadable
from loaders.memory import MemorySource, MemoryTable
from loaders.query import (
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Order,
    SemiJoin,
    Window,
    equals,
)
from loaders.registry import Loaders, Sources
from tests.loaders.asking import page

THINGS = MemoryTable(source="memory", name="things")
ALIKE: list[Any] = [1, True, 1.0, Decimal(1), Decimal("1.0") + 0]
"""Values that Python takes for equal."""

OF_ONE_TYPE = [(1, 1), (True, True), ("a", "a"), (datetime(2026, 1, 1, tzinfo=UTC),) * 2]


def within(filter: Filter) -> list[Filter]:
    """The filter, wherever one can stand."""
    return [
        filter,
        And((filter, equals("a", "b"))),
        Or((equals("a", "b"), filter)),
        Not(filter),
        SemiJoin("id", THINGS, "id", filter),
    ]


@pytest.mark.parametrize("depth", range(5))
def test_filters_with_values_of_different_types_are_different(depth: int) -> None:
    for one, other in combinations(ALIKE[:4], 2):
        for left, right in (
            (equals("id", one), equals("id", other)),
            (Comparison("id", Operator.IN, (one,)), Comparison("id", Operator.IN, (other,))),
        ):
            assert within(left)[depth] != within(right)[depth], (one, other)
            assert Rows(THINGS, filter=within(left)[depth]) != Rows(
                THINGS, filter=within(right)[depth]
            )


def test_windows_with_places_of_different_types_are_different() -> None:
    order = (Order("id"),)
    for one, other in combinations(ALIKE[:4], 2):
        assert Window(order, after=(one,)) != Window(order, after=(other,))
        assert Window(order, before=(one,)) != Window(order, before=(other,))


@pytest.mark.parametrize(("one", "other"), OF_ONE_TYPE)
def test_equal_values_of_one_type_ask_for_the_same(one: Any, other: Any) -> None:
    for left, right in zip(within(equals("id", one)), within(equals("id", other)), strict=True):
        assert left == right
        assert hash(left) == hash(right)
    order = (Order("id"),)
    assert Window(order, after=(one,)) == Window(order, after=(other,))
    assert hash(Window(order, after=(one,))) == hash(Window(order, after=(other,)))


async def test_a_claim_that_is_true_is_not_customer_1() -> None:
    source = MemorySource("memory", {"things": [{"id": 1, "owner": 1}]})
    operation = Operation()
    loaders = Loaders(Sources([source]), {}, operation)

    await page(loaders, THINGS, filter=equals("owner", 1))
    await page(loaders, THINGS, filter=equals("owner", True))

    # The second was not answered with what the first one found.
    assert len(operation.trace.calls) == 2
    assert await loaders.lists(THINGS, None, Window(), equals("owner", 1)).load(WHOLE)
    assert len(operation.trace.calls) == 2


@pytest.mark.parametrize(
    ("key_type", "values"),
    [
        (int, [(1, True), (2**70, True), (True, False), (1.0, False), ("1", False), (None, False)]),
        (str, [("1", True), (1, False), (None, False)]),
        (bool, [(True, True), ("true", False)]),
    ],
)
def test_what_is_a_key(key_type: type, values: list[tuple[Any, bool]]) -> None:
    resource = MemoryTable(source="memory", name="things", key_type=key_type)

    for value, expected in values:
        assert resource.is_key(value) is expected


def test_a_row_is_found_by_those_of_its_values_that_can_be_read() -> None:
    bad = Unreadable("shop", "a date that is infinity")
    row = {"one": bad, "some": [1, bad, 2, bad], "other": "a"}

    assert list(keys_in(row, ("one",))) == list(keys_in(row, ("other", "one"))) == []
    assert list(keys_in(row, ("some", "other"))) == [(1, "a"), (2, "a")]
