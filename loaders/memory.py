"""Filters, windows and aggregates over rows that are already here, for services that can't filter
or page themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from loaders.asks import Answer, Ask, Found, Key, by_value
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse
from loaders.query import (
    ALL_ROWS,
    Aggregate,
    And,
    Comparison,
    Filter,
    Function,
    Not,
    Operator,
    Or,
    SemiJoin,
    Window,
    keyset,
)
from loaders.resource import Resource, Row
from loaders.sources import Capabilities


@dataclass(frozen=True, eq=False, kw_only=True)
class MemoryTable(Resource):
    """The rows that a ``MemorySource`` has under this name."""


class MemorySource:
    """A source for tests: the rows are in memory, those of each resource under its name. They may
    change from one operation to the next."""

    kind = "memory"
    can = Capabilities(together=True, whole=True)
    timeout = 10.0

    def __init__(self, name: str, rows: Mapping[str, Sequence[Row]]) -> None:
        self.name = name
        self.rows = rows

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def check(self) -> None: ...

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        return Description(kind="rows in memory", is_open=True)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        name, by = ask.resource.name, ask.rows.by
        with attempt.call(
            ask, keys, statement=f"{name} by {', '.join(by)}" if by else name
        ) as call:
            if name not in self.rows:
                known = ", ".join(self.rows) or "none"
                raise self._bad(f"no rows, as it has none of '{name}'", f"it has {known}")
            rows = [row for row in self.rows[name] if all(row.get(each) is not None for each in by)]
            found = [found_in(each, ask, self._bad) for each in by_value(ask, keys, rows)]
            call.rows = sum(
                len(each.rows) for each in found if not isinstance(each.rows, Exception)
            )
            return found

    def _bad(self, what: str, reason: str | None = None) -> BadResponse:
        said = f"The source '{self.name}' sent {what}."
        return BadResponse(self.name, said, reason=reason or what)


MISFITS = (TypeError, ValueError, ArithmeticError, AttributeError)
"""What Python raises for values that can't be compared or added."""


def found_in(rows: Sequence[Row], ask: Ask, misfit: Callable[[str], Exception]) -> Found:
    """What a key has, of its rows. Where its values can't be compared or added, that is an error
    that ``misfit`` makes of what they are."""
    filter, window, aggregates = ask.rows.filter, ask.rows.window, ask.wants.aggregates
    if filter is None and window is ALL_ROWS and not aggregates:
        return Found(rows)
    try:
        kept = filtered(filter, rows)
    except MISFITS:
        error = misfit("values that can't be compared")
        return Found(error, [error] * len(aggregates))
    listed: Sequence[Row] | Exception = ()
    if ask.wants.columns:
        try:
            listed = windowed(window, kept)
        except MISFITS:
            listed = misfit("values that can't be compared")
    values: list[object] = []
    for each in aggregates:
        try:
            values.append(aggregate(each, kept))
        except MISFITS:
            values.append(misfit("values that can't be added or compared"))
    return Found(listed, values)


def filtered(filter: Filter | None, rows: Iterable[Row]) -> list[Row]:
    """The rows that the filter lets through."""
    return [row for row in rows if filter is None or matches(filter, row)]


def windowed(window: Window, rows: Iterable[Row]) -> list[Row]:
    """The rows that the window lets through, in its order."""
    kept = list(rows)
    for order, place in window.places:
        kept = filtered(keyset(order, place), kept)
    # A stable sort by the last column first gives the order by all of them.
    for part in reversed(window.order):
        kept.sort(key=_sort_key(part.column), reverse=part.descending)
    return kept if window.limit is None else kept[: window.limit]


def aggregate(each: Aggregate, rows: Sequence[Row]) -> object:
    """The function's value over the rows; values that are missing don't take part."""
    if each.function is Function.COUNT:
        return len(rows)
    column = each.column or ""
    values = [row[column] for row in rows if row.get(column) is not None]
    if not values:
        return None
    match each.function:
        case Function.SUM:
            return sum(values)
        case Function.AVG:
            return sum(values) / len(values)
        case Function.MIN:
            return min(values)
        case _:
            return max(values)


def matches(filter: Filter, row: Row) -> bool:
    """Whether the row is one that the filter wants."""
    match filter:
        case And(parts):
            return all(matches(part, row) for part in parts)
        case Or(parts):
            return any(matches(part, row) for part in parts)
        case Not(part):
            return not matches(part, row)
        case Comparison(column, Operator.IS_NULL, wanted):
            return (row.get(column) is None) is wanted
        case Comparison(column, operator, wanted):
            value = row.get(column)
            if value is None:
                return operator in (Operator.NE, Operator.NOT_IN)
            return TESTS[operator](value, wanted)
        case SemiJoin():
            raise NotImplementedError("rows that are here can't be joined with others")


def _sort_key(column: str) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = row.get(column)
        return (value is not None, value)

    return key


def _like(value: object, wanted: object) -> Any:
    # JSON has no dates and no decimals: their text is read before it is compared with one.
    if isinstance(wanted, datetime) and isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(wanted, date) and isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(wanted, Decimal):
        return Decimal(str(value))
    return value


TESTS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda value, wanted: bool(_like(value, wanted) == wanted),
    Operator.NE: lambda value, wanted: bool(_like(value, wanted) != wanted),
    Operator.IN: lambda value, wanted: any(_like(value, each) == each for each in wanted),
    Operator.NOT_IN: lambda value, wanted: all(_like(value, each) != each for each in wanted),
    Operator.GT: lambda value, wanted: bool(_like(value, wanted) > wanted),
    Operator.GTE: lambda value, wanted: bool(_like(value, wanted) >= wanted),
    Operator.LT: lambda value, wanted: bool(_like(value, wanted) < wanted),
    Operator.LTE: lambda value, wanted: bool(_like(value, wanted) <= wanted),
    Operator.CONTAINS: lambda value, wanted: wanted.casefold() in value.casefold(),
    Operator.STARTS_WITH: lambda value, wanted: value.casefold().startswith(wanted.casefold()),
}
