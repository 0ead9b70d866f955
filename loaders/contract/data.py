"""What the contract's tests ask about: rows, and filters, orders and aggregates over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loaders.query import (
    COUNT,
    NOTHING,
    Aggregate,
    And,
    Comparison,
    Filter,
    Function,
    Not,
    Operator,
    Or,
    Order,
    equals,
)
from loaders.resource import Row

COLUMNS: Mapping[str, type] = {"id": int, "code": str, "parent": int, "number": int, "text": str}
"""The columns of the rows that are tested with. ``id`` is the key, ``code`` is unique as well;
``number`` and ``text`` can be missing."""

ROWS: Sequence[Row] = tuple(
    {
        "id": id,
        "code": f"C{id}",
        "parent": id % 3,
        "number": (None, 5, -2, 5)[id % 4],
        "text": (None, "a", "A%", "b_c", "")[id % 5],
    }
    for id in range(1, 25)
)
"""Few different values, so that there are ties, and some of them missing."""

FILTERS: Sequence[Filter] = (
    equals("number", 5),
    Comparison("number", Operator.NE, 5),
    Comparison("number", Operator.IN, (5, 7)),
    Comparison("number", Operator.NOT_IN, (5, 7)),
    Comparison("number", Operator.GT, -2),
    Comparison("number", Operator.GTE, -2),
    Comparison("number", Operator.LT, 5),
    Comparison("number", Operator.LTE, 5),
    Comparison("number", Operator.IS_NULL, True),
    Comparison("number", Operator.IS_NULL, False),
    Comparison("text", Operator.CONTAINS, "%"),
    Comparison("text", Operator.STARTS_WITH, "a"),
    Comparison("text", Operator.CONTAINS, "_"),
    Not(equals("number", 5)),
    And((equals("number", 5), equals("text", "a"))),
    Or((equals("number", -2), equals("text", "a"))),
    Not(Or((equals("number", -2), equals("text", "a")))),
    And(()),
    NOTHING,
)

ORDERS: Sequence[tuple[Order, ...]] = (
    (Order("id"),),
    (Order("id", descending=True),),
    (Order("number", nullable=True), Order("id")),
    (Order("number", descending=True, nullable=True), Order("id", descending=True)),
    (Order("text", nullable=True), Order("number", descending=True, nullable=True), Order("id")),
)

SUM = Aggregate(Function.SUM, "number")
AGGREGATES = (
    COUNT,
    SUM,
    Aggregate(Function.AVG, "number"),
    Aggregate(Function.MIN, "number"),
    Aggregate(Function.MAX, "text"),
)
