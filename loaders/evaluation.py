"""Filters, windows and aggregates of rows that are already here: for services that can't filter or
page themselves, and for tests without a database."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TypeVar

from loaders.asks import Ask, Found
from loaders.comparing import ITEMS, MISFITS, TESTS, of_text
from loaders.errors import Unreadable
from loaders.keys import same_keys, told
from loaders.numbers import Rank, alike, mean, ranking, total
from loaders.paths import paths_of
from loaders.query import (
    ALL_ROWS,
    NEGATIVE,
    SEVERAL,
    Aggregate,
    And,
    Comparison,
    Filter,
    Function,
    KeyComparison,
    Not,
    Operator,
    Or,
    Order,
    SemiJoin,
    Window,
    compared,
)
from loaders.resource import Row

T = TypeVar("T")


def found_in(rows: Sequence[Row], ask: Ask, misfit: Callable[[str], Exception]) -> Found:
    """What a key has, of its rows. Where its values can't be compared or added, that is an error
    that ``misfit`` makes of what they are, or the error of one that could not be read."""
    if wants_all(ask):
        return Found(rows)
    filter, window, aggregates = ask.rows.filter, ask.rows.window, ask.wants.aggregates
    uncompared = "values that can't be compared"
    kept = _or_error(lambda: filtered(filter, rows), uncompared, misfit)
    if isinstance(kept, Exception):
        return Found(kept, [kept] * len(aggregates))
    listed: Sequence[Row] | Exception = ()
    if ask.wants.columns:
        key = ask.resource.key
        listed = _or_error(lambda: windowed(window, kept, key), uncompared, misfit)
    unadded = "values that can't be added or compared"
    made = [_or_error(partial(aggregate, each, kept), unadded, misfit) for each in aggregates]
    return Found(listed, made)


def _or_error(
    make: Callable[[], T], what: str, misfit: Callable[[str], Exception]
) -> T | Exception:
    try:
        return make()
    except MISFITS:
        return misfit(what)
    except Unreadable as unreadable:
        return unreadable


def paths_in(ask: Ask) -> tuple[str, ...]:
    """The paths that are read of rows for the ask, to answer it from rows that are here."""
    if not ask.resource.has_paths:
        return ()
    paths = paths_of(ask.columns)
    if ask.rows.filter is None:
        return paths
    return (*paths, *paths_of(frozenset(compared(ask.rows.filter))))


def wants_all(ask: Ask) -> bool:
    """Whether nothing is wanted but the rows of each key, all of them as they are."""
    rows = ask.rows
    return rows.filter is None and rows.window is ALL_ROWS and not ask.wants.aggregates


def filtered(filter: Filter | None, rows: Iterable[Row]) -> list[Row]:
    """The rows that the filter lets through."""
    return [row for row in rows if filter is None or matches(filter, row)]


def windowed(window: Window, rows: Iterable[Row], key: str | None = None) -> list[Row]:
    """The rows that the window lets through, in its order. By the ``key``, which makes any order
    total, no row costs another: texts are above numbers, and what could not be read above all."""
    kept = list(rows)
    places = list(window.places)
    ranks = {
        part.column: ranking(
            [*(row.get(part.column) for row in kept), *(place[index] for _, place in places)]
        )
        for index, part in enumerate(window.order)
    }
    if key in ranks and len({type(row.get(key)) for row in kept}) > 1:
        ranks[key] = partial(_rank_of_key, ranks[key])
    for order, place in places:
        kept = [row for row in kept if _is_past(order, place, row, ranks)]
    # A stable sort by the last column first gives the order by all of them.
    for part in reversed(window.order):
        kept.sort(key=_sort_key(part.column, ranks), reverse=part.descending)
    return kept if window.limit is None else kept[: window.limit]


def _rank_of_key(rank: Rank, key: object) -> tuple[object, ...]:
    if isinstance(key, Unreadable):
        return (4,)
    return (3, key) if isinstance(key, str) else rank(key)


def _is_past(
    order: tuple[Order, ...], place: tuple[object, ...], row: Row, ranks: Mapping[str, Rank]
) -> bool:
    for part, value in zip(order, place, strict=True):
        rank = ranks[part.column]
        here, there = rank(row.get(part.column)), rank(value)
        if here != there:
            return (here > there) is not part.descending
    return False


def aggregate(each: Aggregate, rows: Sequence[Row]) -> object:
    """The function's value over the rows; values that are missing don't take part."""
    if each.function is Function.COUNT:
        return len(rows)
    column = each.column or ""
    values = [row[column] for row in rows if row.get(column) is not None]
    if not values:
        return None
    _check_readable(values)
    read = [of_text(each.of_texts, value) for value in values]
    match each.function:
        case Function.SUM:
            return total(read)
        case Function.AVG:
            return mean(read)
        case _:
            ranked = alike(read)
            places = range(len(ranked))
            extreme = min if each.function is Function.MIN else max
            place = extreme(places, key=ranked.__getitem__)
            # A text is shown as it is, with all that it says.
            return values[place] if isinstance(values[place], str) else ranked[place]


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
            negative = operator in NEGATIVE
            if value is None:
                return negative
            test = TESTS[operator]
            if isinstance(filter, KeyComparison):
                wanted, test = _told_in(filter), KEY_TESTS[negative]
            if operator in ITEMS and "." in column:
                # What a path finds beside a list is a list of one, as in MongoDB.
                value = value if isinstance(value, list) else [value]
            elif isinstance(value, list) and "." in column:
                # Of what a path finds in a list one value is enough, as in MongoDB.
                _check_readable(value)
                return (all if negative else any)(test(each, wanted) for each in value)
            _check_readable([value])
            return test(value, wanted)
        case SemiJoin():
            raise NotImplementedError("rows that are here can't be joined with others")


@lru_cache(256)
def _told_in(comparison: KeyComparison) -> frozenset[Hashable]:
    """What the comparison's keys are told by, in all of their readings."""
    keys = comparison.value if comparison.operator in SEVERAL else (comparison.value,)
    return frozenset(told(each) for key in keys for each in same_keys(key))


def _is_no_key(value: object, wanted: frozenset[Hashable]) -> bool:
    try:
        return told(value) not in wanted
    except TypeError:
        # As a document.
        return True


def _check_readable(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, Unreadable):
            raise value


def _sort_key(column: str, ranks: Mapping[str, Rank]) -> Callable[[Row], tuple[object, ...]]:
    rank = ranks[column]
    return lambda row: rank(row.get(column))


KEY_TESTS = (lambda value, wanted: not _is_no_key(value, wanted), _is_no_key)
