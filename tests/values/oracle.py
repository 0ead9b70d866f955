"""What comparisons, orders and aggregates over a column come to, in plain Python.

A value is a text, as it is written: a number or a time with all its digits. It is held as the exact
number that this is: a Decimal, or for a time the seconds since 1970. NaN, which no operand is, has
its place by the source: above all numbers, or beside them and below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import strategies as st

from loaders.asks import WHOLE, Ask, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.query import (
    COUNT,
    SEVERAL,
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
)
from loaders.resource import Resource
from loaders.sources import Source
from tests.values.operands import EXACT, Column, Operand

EQUALITY = (Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN)
RANGE = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)
OF_LISTS = (Operator.HAS, Operator.HAS_SOME, Operator.HAS_EVERY)

Cell = str | list[str | None] | None


def exactly(text: str) -> Decimal:
    """The number, or the seconds."""
    if text[:4].isdigit() and text[4:5] == "-":
        clock = text[11:].rstrip("Z")
        day = Decimal(date.fromisoformat(text[:10]).toordinal() - date(1970, 1, 1).toordinal())
        return day * 86_400 + (_seconds(clock) if clock else 0)
    return _seconds(text) if ":" in text else Decimal(text)


def _seconds(clock: str) -> Decimal:
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60 + Decimal(seconds)


# The oracle.


def equal(held: Decimal, wanted: Decimal) -> bool:
    return not held.is_nan() and held == wanted


@dataclass(frozen=True)
class Oracle:
    """Knows the order of a source: whether NaN is its highest number, and so greater than all
    others, or its lowest, and less than none. ``written`` has for each comparison's value what it
    is."""

    nan_is_highest: bool
    written: dict[int, Sequence[Decimal]]

    def holds(self, filter: Filter, cell: Cell) -> bool:
        match filter:
            case And(parts):
                return all(self.holds(part, cell) for part in parts)
            case Or(parts):
                return any(self.holds(part, cell) for part in parts)
            case Not(part):
                return not self.holds(part, cell)
            case Comparison(_, operator, _):
                wanted = self.written[id(filter)]
                if isinstance(cell, list) or operator in OF_LISTS:
                    items = [exactly(item) for item in cell or () if item is not None]
                    found = [any(equal(item, each) for item in items) for each in wanted]
                    some = any(found) if operator is not Operator.HAS_EVERY else all(found)
                    return cell is not None and some
                if cell is None:
                    return operator in (Operator.NE, Operator.NOT_IN)
                return self._compares(operator, exactly(cell), wanted)
        raise AssertionError(filter)

    def _compares(self, operator: Operator, held: Decimal, wanted: Sequence[Decimal]) -> bool:
        if operator in EQUALITY:
            found = any(equal(held, each) for each in wanted)
            return found is (operator in (Operator.EQ, Operator.IN))
        (than,) = wanted
        if held.is_nan():
            return self.nan_is_highest and operator in (Operator.GT, Operator.GTE)
        return {
            Operator.GT: held > than,
            Operator.GTE: held >= than,
            Operator.LT: held < than,
            Operator.LTE: held <= than,
        }[operator]

    def place(self, cell: str | None) -> tuple[int, Decimal]:
        """By which cells sort."""
        if cell is None:
            return (0, Decimal())
        value = exactly(cell)
        if value.is_nan():
            return (3 if self.nan_is_highest else 1, Decimal())
        return (2, value)


@dataclass(frozen=True)
class Asked:
    """A source with one column of cells in it. ``exact`` makes the text of a value that it
    answers with; ``close`` is what of it is compared where the source's own order is of what values
    are exactly, and not of what they are written as."""

    source: Source
    resource: Resource
    column: str
    text_of: Callable[[Any], str]
    nan_is_highest: bool = False
    close: Callable[[tuple[int, Decimal]], Any] = lambda place: place


def filters(
    column: Column, held: Sequence[Cell], written: dict[int, Sequence[Decimal]], name: str
) -> st.SearchStrategy[Filter]:
    def made(operator: Operator, operands: Sequence[Operand]) -> Comparison:
        several = operator in SEVERAL
        values = tuple(each.value for each in operands)
        made = Comparison(name, operator, values if several else values[0])
        written[id(made)] = [exactly(each.text) for each in operands]
        kept.append(made)
        return made

    texts = [text for cell in held for text in (cell if isinstance(cell, list) else [cell]) if text]
    operands = column.compared.operands(texts)
    kept: list[Comparison] = []  # Their ids are theirs as long as they are there.
    operators = OF_LISTS if column.is_list else (*EQUALITY, *RANGE)
    comparison: st.SearchStrategy[Filter] = st.sampled_from(operators).flatmap(
        lambda operator: st.lists(
            operands,
            min_size=0 if operator in SEVERAL else 1,
            max_size=3 if operator in SEVERAL else 1,
        ).map(lambda operands: made(operator, operands))
    )
    return st.one_of(
        comparison,
        comparison.map(Not),
        st.tuples(comparison, comparison).map(And),
        st.tuples(comparison, comparison).map(Or),
    )


def cells(column: Column) -> st.SearchStrategy[list[Cell]]:
    one: st.SearchStrategy[Any] = st.none() | column.cells
    if column.is_list:
        one = st.none() | st.lists(st.none() | column.cells, max_size=3)
    return st.lists(one, min_size=3, max_size=6)


async def check(asked: Asked, column: Column, held: Sequence[Cell], data: st.DataObject) -> None:
    """The source, which has the cells under the ids 0, 1, …, agrees with the oracle."""
    written: dict[int, Sequence[Decimal]] = {}
    drawn = filters(column, held, written, asked.column)
    descending = data.draw(st.booleans(), "descending")
    oracle = Oracle(asked.nan_is_highest, written)
    for filter in data.draw(st.lists(drawn, min_size=4, max_size=8), "filters"):
        expected = [id for id, cell in enumerate(held) if oracle.holds(filter, cell)]
        order: tuple[Order, ...] = (Order("id"),)
        if not column.is_list:
            order = (Order(asked.column, descending, nullable=True), *order)
        rows = Rows(asked.resource, filter=filter, window=Window(order))
        ids = [row["id"] for row in await _found(asked.source, rows, Wants(frozenset({"id"})))]

        assert sorted(ids) == expected, filter
        if not column.is_list:
            places = [asked.close(oracle.place(held[id])) for id in ids]
            assert places == sorted(places, reverse=descending)
    if not column.is_list:
        await _check_aggregates(asked, column, held, oracle, filter, expected)


async def _check_aggregates(
    asked: Asked,
    column: Column,
    held: Sequence[Cell],
    oracle: Oracle,
    filter: Filter,
    expected: Sequence[int],
) -> None:
    there = [exactly(str(held[id])) for id in expected if held[id] is not None]
    adds = column.adds and all(each.is_finite() for each in there)
    functions = [Function.MIN, Function.MAX, *((Function.SUM, Function.AVG) if adds else ())]
    aggregates = (COUNT, *(Aggregate(function, asked.column) for function in functions))
    rows = Rows(asked.resource, filter=filter)
    count, *values = await _found(asked.source, rows, Wants(aggregates=aggregates))

    assert count == len(expected)
    if not there:
        assert values == [None] * len(functions)
        return
    ends = sorted(oracle.place(str(each)) for each in there)
    for found, end in zip(values, (ends[0], ends[-1]), strict=False):
        place = oracle.place(asked.text_of(found))
        assert asked.close(place) == asked.close(end)
    if adds:
        with localcontext(EXACT):
            total, mean = (exactly(asked.text_of(each)) for each in values[2:])
            added = sum(there, Decimal())
            most = max(map(abs, there)) * len(there)
            assert abs(total - added) <= most * column.tolerance
            rounding = most * max(column.tolerance, Decimal("1e-14")) + Decimal("1e-16")
            assert abs(mean - added / len(there)) <= rounding


async def _found(source: Source, rows: Rows, wants: Wants) -> Sequence[Any]:
    (found,) = await chained(source).fetch(Ask(rows, wants), [WHOLE], Operation())
    if isinstance(found, Exception):
        raise found
    answer = found.values if wants.aggregates else found.rows
    if isinstance(answer, Exception):
        raise answer
    return answer


def moment(text: str) -> datetime:
    """The time, in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def text_of(value: object) -> str:
    """What Python's value is written as."""
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case float():
            return repr(value)
    return str(value)
