"""What every kind of source must do, as tests: for kinds of your own, and for ours.

Derive a class from ``SourceContract`` in a test module, say how rows get into a source of the kind,
and let pytest (with pytest-asyncio) run what it inherits::

    class TestSqlite(SourceContract):
        @asynccontextmanager
        async def stocked(self, rows):
            ...  # a table with COLUMNS, and the rows in it
            yield SqliteSource("files", path), SqliteTable(source="files", name="things")
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from loaders import memory
from loaders.asks import WHOLE, Ask, Found, Key, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.query import (
    ALL_ROWS,
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
    Window,
    equals,
)
from loaders.resource import Resource, Row
from loaders.sources import Source

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


class SourceContract(ABC):
    """The contract of ``loaders.sources.Source``, a test for each promise."""

    several = True
    """Whether rows can be had by several columns at once."""

    @abstractmethod
    def stocked(self, rows: Sequence[Row]) -> AbstractAsyncContextManager[tuple[Source, Resource]]:
        """A source of the kind, not open yet, and the resource in it that has these rows, with the
        ``COLUMNS``."""

    async def test_what_each_key_has_is_at_its_place(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(7,), (1,), (99,), (24,)]

            found = await asking(keys, by=("id",), unique=True)

            assert _column(found, "id") == [[7], [1], [], [24]]
            assert _column(found, "code") == [["C7"], ["C1"], [], ["C24"]]

    async def test_rows_by_another_unique_column(self) -> None:
        async with self._asking() as asking:
            found = await asking([("C3",), ("none",), ("C1",)], by=("code",), unique=True)

            assert _column(found, "id") == [[3], [], [1]]

    async def test_a_filter_hides_rows_by_key(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(1,), (2,), (3,)]

            found = await asking(keys, by=("id",), unique=True, filter=equals("number", 5))

            assert _column(found, "id") == [[1], [], [3]]

    async def test_lists_of_each_key_in_every_order(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(2,), (0,), (9,)]
            for order in ORDERS:
                for limit in (None, 1, 4, 100):
                    window = Window(order, limit=limit)

                    found = await asking(keys, by=("parent",), window=window)

                    assert _column(found, "id") == [
                        _ids(
                            memory.windowed(
                                window, (row for row in ROWS if row["parent"] == parent)
                            )
                        )
                        for (parent,) in keys
                    ], window

    async def test_the_whole_in_every_order(self) -> None:
        async with self._asking() as asking:
            for order in ORDERS:
                for limit in (None, 5):
                    window = Window(order, limit=limit)

                    found = await asking(window=window)

                    assert _column(found, "id") == [_ids(memory.windowed(window, ROWS))], window

    async def test_between_two_places(self) -> None:
        async with self._asking() as asking:
            for order in ORDERS:
                rows = memory.windowed(Window(order), ROWS)
                places = [tuple(row[part.column] for part in order) for row in rows]
                for after, before in ((4, 15), (None, 6), (20, None)):
                    window = Window(
                        order,
                        None if after is None else places[after],
                        None if before is None else places[before],
                    )
                    inside = rows[0 if after is None else after + 1 : before]

                    whole = await asking(window=window)
                    of_one = await asking([(1,)], by=("parent",), window=window)

                    assert _column(whole, "id") == [_ids(inside)], window
                    assert _column(of_one, "id") == [_ids(r for r in inside if r["parent"] == 1)]

    async def test_every_filter(self) -> None:
        async with self._asking() as asking:
            order = ORDERS[0]
            for filter in FILTERS:
                expected = memory.filtered(filter, ROWS)

                whole = await asking(filter=filter, window=Window(order))
                lists = await asking(
                    [(0,), (1,)], by=("parent",), filter=filter, window=Window(order, limit=2)
                )

                assert _column(whole, "id") == [_ids(expected)], filter
                assert _column(lists, "id") == [
                    _ids(row for row in expected if row["parent"] == parent)[:2]
                    for parent in (0, 1)
                ], filter

    async def test_aggregates_of_each_key_and_of_the_whole(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(1,), (9,)]
            there = Comparison("number", Operator.IS_NULL, False)

            for filter in (None, there):
                kept = memory.filtered(filter, ROWS)
                of_one = [row for row in kept if row["parent"] == 1]
                each = await asking(
                    keys, columns=(), by=("parent",), filter=filter, aggregates=AGGREGATES
                )
                whole = await asking(columns=(), filter=filter, aggregates=AGGREGATES)

                assert _values(each) == [
                    [_number(memory.aggregate(one, of_one)) for one in AGGREGATES],
                    [one.of_nothing for one in AGGREGATES],
                ]
                assert _values(whole) == [
                    [_number(memory.aggregate(one, kept)) for one in AGGREGATES]
                ]

    async def test_aggregates_know_no_place_and_no_limit(self) -> None:
        async with self._asking() as asking:
            if not asking.source.can.together:
                # It is never asked for both at once.
                return
            window = Window(ORDERS[0], after=(3,), limit=2)

            whole = await asking(window=window, aggregates=(COUNT, SUM))
            each = await asking([(0,), (9,)], by=("parent",), window=window, aggregates=(COUNT,))
            none = await asking(window=window, filter=equals("number", 99), aggregates=(COUNT, SUM))

            assert _column(whole, "id") == [[4, 5]]
            assert _values(whole) == [[len(ROWS), memory.aggregate(SUM, ROWS)]]
            assert (_column(each, "id"), _values(each)) == ([[6, 9], []], [[8], [0]])
            assert (_column(none, "id"), _values(none)) == ([[]], [[0, None]])

    async def test_by_several_columns(self) -> None:
        async with self._asking() as asking:
            if not self.several:
                return
            keys: list[Key] = [(1, "C1"), (1, "C2"), (0, "C3")]
            by, window = ("parent", "code"), Window(ORDERS[0], limit=3)

            unique = await asking(keys, by=by, unique=True)
            lists = await asking(keys, by=by, window=window)
            counts = await asking(keys, columns=(), by=by, aggregates=(COUNT,))

            assert _column(unique, "id") == _column(lists, "id") == [[1], [], [3]]
            assert _values(counts) == [[1], [0], [1]]

    async def test_more_keys_than_one_call_takes(self) -> None:
        async with self._asking() as asking:
            ids = range(1_200, 0, -1)

            found = await asking([(id,) for id in ids], by=("id",), unique=True)

            assert _column(found, "id") == [[id] if id <= len(ROWS) else [] for id in ids]

    async def test_its_calls_are_noted(self) -> None:
        async with self._asking() as asking:
            operation = Operation()

            await asking([(1,), (99,)], by=("id",), unique=True, operation=operation)

            (call,) = operation.trace.calls
            noted = call.as_dict()
            assert (noted["keys"], noted["rows"], noted["columns"]) == (2, 1, sorted(COLUMNS))
            assert noted.get("statement") or noted.get("url")
            assert "error" not in noted

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Asking]:
        async with self.stocked(ROWS) as (source, resource):
            await source.open()
            try:
                yield Asking(source, resource)
            finally:
                await source.close()


@dataclass(frozen=True)
class Asking:
    """What a source answers an operation about a resource."""

    source: Source
    resource: Resource

    async def __call__(
        self,
        keys: Sequence[Key] = (WHOLE,),
        *,
        columns: Iterable[str] = COLUMNS,
        by: tuple[str, ...] = (),
        unique: bool = False,
        filter: Filter | None = None,
        window: Window = ALL_ROWS,
        aggregates: tuple[Aggregate, ...] = (),
        operation: Operation | None = None,
    ) -> Sequence[Found]:
        """What each key has. Raises the first error."""
        wants = Wants(frozenset(columns), aggregates)
        ask = Ask(Rows(self.resource, by, unique, filter, window), wants)
        answer = await chained(self.source).fetch(ask, keys, operation or Operation())
        assert len(answer) == len(keys)
        found: list[Found] = []
        for each in answer:
            if isinstance(each, Exception):
                raise each
            found.append(each)
        return found


def _rows(found: Found) -> Sequence[Row]:
    if isinstance(found.rows, Exception):
        raise found.rows
    return found.rows


def _column(found: Iterable[Found], name: str) -> list[list[object]]:
    return [[row.get(name) for row in _rows(each)] for each in found]


def _values(found: Iterable[Found]) -> list[list[object]]:
    return [[_number(value) for value in each.values] for each in found]


def _number(value: object) -> object:
    # A mean of whole numbers is a float here, a decimal there.
    return round(float(value), 9) if isinstance(value, (float, Decimal)) else value


def _children(parent: object) -> list[Row]:
    return [row for row in ROWS if row["parent"] == parent]


def _ids(rows: Iterable[Row]) -> list[object]:
    return [row["id"] for row in rows]
