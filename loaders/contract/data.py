"""What the contract's tests ask about: rows, and filters, orders and aggregates over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

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

COLUMNS: Mapping[str, type] = {"id": int, "code": str, "group": int, "order no": int, "text": str}
"""The columns of the rows that are tested with. ``id`` is the key, ``code`` is unique as well;
``order no`` and ``text`` can be missing. Two names must be quoted: one is a word of SQL's, one has
a blank."""

ROWS: Sequence[Row] = tuple(
    {
        "id": id,
        "code": f"C{id}",
        "group": id % 3,
        "order no": (None, 5, -2, 5)[id % 4],
        "text": (None, "a", "A%", "qx_'", "")[id % 5],
    }
    for id in range(1, 25)
)
"""Few different values, so that there are ties, and some of them missing."""

OF_TYPES: Mapping[str, tuple[object, object, object]] = {
    "flag": (None, False, True),
    "amount": (None, Decimal("9.90"), Decimal("10.50")),
    "moment": (
        None,
        datetime(2026, 2, 1, 0, 15, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 1, 31, 23, 30, 0, 500_000, tzinfo=UTC),
    ),
    "day": (None, date(2026, 1, 31), date(2026, 2, 1)),
}
"""Columns that only some kinds have, with values in order, which as texts would sort otherwise, but
for ``day``."""

LISTS: Sequence[Sequence[str | None] | None] = (
    None,
    (),
    ("a",),
    ("b", "a", "a"),
    (None, "b"),
    (None,),
)
"""What the column ``tags`` of those kinds has whose rows can have lists."""

OF_LISTS: Sequence[Filter] = (
    Comparison("tags", Operator.HAS, "a"),
    Comparison("tags", Operator.HAS, "c"),
    Comparison("tags", Operator.HAS_SOME, ()),
    Comparison("tags", Operator.HAS_SOME, ("c", "b")),
    Comparison("tags", Operator.HAS_SOME, ("b", "b", "a")),
    Comparison("tags", Operator.HAS_EVERY, ()),
    Comparison("tags", Operator.HAS_EVERY, ("a",)),
    Comparison("tags", Operator.HAS_EVERY, ("a", "b", "a")),
    Comparison("tags", Operator.HAS_EVERY, ("a", "c")),
    Not(Comparison("tags", Operator.HAS, "a")),
    Not(Comparison("tags", Operator.HAS_EVERY, ())),
    And((Comparison("tags", Operator.HAS, "a"), Comparison("tags", Operator.HAS, "b"))),
    Or((Comparison("tags", Operator.HAS, "b"), equals("order no", 5))),
)

FILTERS: Sequence[Filter] = (
    equals("order no", 5),
    Comparison("order no", Operator.NE, 5),
    Comparison("order no", Operator.IN, (5, -2)),
    Comparison("order no", Operator.IN, (7, 5)),
    Comparison("order no", Operator.NOT_IN, (5, -2)),
    Comparison("order no", Operator.NOT_IN, (7, 5)),
    Comparison("order no", Operator.IN, ()),
    Comparison("order no", Operator.NOT_IN, ()),
    Comparison("order no", Operator.GT, -2),
    Comparison("order no", Operator.GTE, -2),
    Comparison("order no", Operator.LT, 5),
    Comparison("order no", Operator.LTE, 5),
    Comparison("order no", Operator.IS_NULL, True),
    Comparison("order no", Operator.IS_NULL, False),
    Comparison("text", Operator.CONTAINS, "%"),
    Comparison("text", Operator.CONTAINS, "_"),
    Comparison("text", Operator.CONTAINS, "\\"),
    Comparison("text", Operator.CONTAINS, "'"),
    Comparison("text", Operator.CONTAINS, "X"),
    Comparison("text", Operator.CONTAINS, ""),
    Comparison("text", Operator.STARTS_WITH, "a"),
    Comparison("text", Operator.STARTS_WITH, "QX_"),
    Comparison("text", Operator.STARTS_WITH, "x"),
    Not(equals("order no", 5)),
    And((equals("order no", 5), equals("text", "a"))),
    Or((equals("order no", -2), equals("text", "a"))),
    Not(Or((equals("order no", -2), equals("text", "a")))),
    And(()),
    NOTHING,
)

ORDERS: Sequence[tuple[Order, ...]] = (
    (Order("id"),),
    (Order("id", descending=True),),
    (Order("order no", nullable=True), Order("id")),
    (Order("order no", descending=True, nullable=True), Order("id", descending=True)),
    (Order("text", nullable=True), Order("order no", descending=True, nullable=True), Order("id")),
)

SUM = Aggregate(Function.SUM, "order no")
AGGREGATES = (
    COUNT,
    SUM,
    Aggregate(Function.AVG, "order no"),
    Aggregate(Function.MIN, "order no"),
    Aggregate(Function.MAX, "text"),
)
