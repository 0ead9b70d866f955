"""Asks as PostgreSQL's SQL. Every value is a bound parameter; every identifier comes from a
declaration and is quoted."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar

from loaders.asks import Ask, Key
from loaders.query import (
    ALL_ROWS,
    SEVERAL,
    And,
    Comparison,
    Filter,
    Function,
    Not,
    Operator,
    Or,
    Order,
    SemiJoin,
    Window,
    keyset,
)
from loaders.resource import Resource

ARRAYS: dict[type, str] = {
    bool: "boolean[]",
    int: "bigint[]",
    str: "text[]",
    uuid.UUID: "uuid[]",
    float: "double precision[]",
    Decimal: "numeric[]",
    datetime: "timestamptz[]",
    date: "date[]",
    time: "time[]",
    timedelta: "interval[]",
    bytes: "bytea[]",
}
"""The array type in which keys of a Python type are sent."""

COMPARE = {
    Operator.EQ: "{column} = {value}",
    Operator.NE: "{column} is distinct from {value}",
    Operator.IN: "{column} = any({value})",
    Operator.NOT_IN: "({column} = any({value})) is not true",
    Operator.GT: "{column} > {value}",
    Operator.GTE: "{column} >= {value}",
    Operator.LT: "{column} < {value}",
    Operator.LTE: "{column} <= {value}",
    Operator.CONTAINS: "{column} ilike {value}",
    Operator.STARTS_WITH: "{column} ilike {value}",
    # Of one value, too, since that alone is what an index of the kind GIN finds.
    Operator.HAS: "{column} @> {value}",
    Operator.HAS_SOME: "{column} && {value}",
    Operator.HAS_EVERY: "{column} @> {value}",
}

FUNCTIONS = {
    Function.COUNT: "count(*)",
    Function.SUM: "sum({column})",
    Function.AVG: "avg({column})",
    Function.MIN: "min({column})",
    Function.MAX: "max({column})",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Table(Resource):
    """A table or view, in ``schema`` or, without one, where the connection looks for it."""

    joins: ClassVar[bool] = True

    schema: str | None = None

    @property
    def id(self) -> tuple[str, ...]:
        return self.source, self.schema or "", self.name

    @property
    def identifier(self) -> str:
        return (
            quoted(self.name)
            if self.schema is None
            else f"{quoted(self.schema)}.{quoted(self.name)}"
        )


@lru_cache(4096)
def quoted(identifier: str) -> str:
    """The identifier, quoted (PostgreSQL manual, 4.1.1)."""
    return '"' + identifier.replace('"', '""') + '"'


Parameters = list[object]
"""The values that a statement's $1, $2, … stand for."""


_texts: dict[tuple[object, ...], str] = {}
"""Statements of the usual forms, by what they hang on."""

MOST_TEXTS = 4096


def selecting(ask: Ask, keys: Sequence[Key]) -> tuple[str, Parameters]:
    """The rows of the keys, which tell by their columns ``by`` whose they are."""
    resource, by, _, filter, window = ask.rows
    if filter is not None or window.after is not None or window.before is not None:
        return _selecting(ask, keys)
    # Without a filter or a place, nothing but keys and limit are parameters.
    types = tuple(map(type, keys[0])) if by else ()
    form = resource, by, ask.wants.columns, window.order, window.limit is None, types
    text = _texts.get(form)
    if text is None:
        text, _ = _selecting(ask, keys)
        if len(_texts) < MOST_TEXTS:
            _texts[form] = text
    parameters: Parameters = [*_columns(keys)] if by else []
    if window.limit is not None:
        parameters.append(window.limit)
    return text, parameters


def _selecting(ask: Ask, keys: Sequence[Key]) -> tuple[str, Parameters]:
    rows, parameters = ask.rows, Parameters()
    if not rows.by:
        return _select(ask, None, parameters), parameters
    if rows.window.limit is None:
        return _select(ask, _any_of(rows.by, keys, parameters), parameters), parameters
    # One index scan a key, each stopping at the limit, in one statement.
    each = _keys(rows.by, keys, parameters)
    inner = _select(ask, _key(rows.by), parameters)
    return f"select rows.* from {each} cross join lateral ({inner}) as rows", parameters


def aggregating(ask: Ask, keys: Sequence[Key]) -> tuple[str, Parameters]:
    """A row for each key that has rows: the values of its columns ``by``, those of the
    aggregates."""
    rows, parameters = ask.rows, Parameters()
    chosen = _any_of(rows.by, keys, parameters) if rows.by else None
    group = ", ".join(map(quoted, rows.by))
    shown = ", ".join([group, *_functions(ask)]) if group else ", ".join(_functions(ask))
    grouped = f" group by {group}" if group else ""
    return f"select {shown} from {_from(ask, chosen, parameters)}{grouped}", parameters


def by_position(ask: Ask, keys: Sequence[Key]) -> tuple[str, Parameters]:
    """For each key in order, at least one row: its place, the values of the aggregates, and then
    the columns of one of its rows, of which ``sluice_row`` is null if there is none."""
    rows, parameters = ask.rows, Parameters()
    chosen = _key(rows.by) if rows.by else None
    shown = ["sluice_place"]
    each = _keys(rows.by, keys, parameters) if rows.by else "(select 1 as sluice_place) as one"
    if ask.wants.aggregates:
        named = (f"{each} as sluice_{index}" for index, each in enumerate(_functions(ask)))
        values = f"select {', '.join(named)} from {_from(ask, chosen, parameters)}"
        shown.append("sluice_values.*")
        each += f" cross join lateral ({values}) as sluice_values"
    if ask.wants.columns:
        listed = _select(ask, chosen, parameters, also=", true as sluice_row")
        shown.append("rows.*")
        each += f" left join lateral ({listed}) as rows on true"
    return f"select {', '.join(shown)} from {each}", parameters


def have_arrays(keys: Sequence[Key]) -> bool:
    """Whether the keys can be sent as rows: PostgreSQL must be told of which type they are."""
    return not keys or None not in map(_array, keys[0])


def _table(resource: Resource) -> str:
    assert isinstance(resource, Table)
    return resource.identifier


@lru_cache(1024)
def _listed(columns: frozenset[str]) -> str:
    return ", ".join(quoted(column) for column in sorted(columns))


def _select(ask: Ask, chosen: str | None, parameters: Parameters, *, also: str = "") -> str:
    window = ask.rows.window
    selected = _listed(ask.wants.columns) + also
    statement = f"select {selected} from {_from(ask, chosen, parameters, window)}"
    if window.order:
        statement += f" order by {', '.join(map(_sorted_by, window.order))}"
    if window.limit is not None:
        statement += f" limit {_bound(window.limit, parameters)}"
    return statement


def _from(ask: Ask, chosen: str | None, parameters: Parameters, window: Window = ALL_ROWS) -> str:
    conditions = [] if chosen is None else [chosen]
    if ask.rows.filter is not None:
        conditions.append(_condition(ask.rows.filter, parameters))
    conditions += [_past(order, place, parameters) for order, place in window.places]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"{_table(ask.resource)}{where}"


def _functions(ask: Ask) -> list[str]:
    return [
        FUNCTIONS[each.function].format(column=quoted(each.column or ""))
        for each in ask.wants.aggregates
    ]


def _any_of(by: tuple[str, ...], keys: Sequence[Key], parameters: Parameters) -> str:
    """The condition that the columns hold one of the keys."""
    if len(by) == 1:
        parameters += _columns(keys)
        return f"{quoted(by[0])} = any(${len(parameters)})"
    columns = ", ".join(map(quoted, by))
    return f"({columns}) in (select * from {_unnested(keys, parameters)})"


@lru_cache(1024)
def _key(by: tuple[str, ...]) -> str:
    """The condition that the columns hold the one of ``_keys`` that it stands beside."""
    return " and ".join(
        f"{quoted(column)} = sluice_keys.{name}"
        for column, name in zip(by, _names(by), strict=True)
    )


def _keys(by: tuple[str, ...], keys: Sequence[Key], parameters: Parameters) -> str:
    """The keys as rows, with their places from 1 on."""
    names = ", ".join((*_names(by), "sluice_place"))
    return f"{_unnested(keys, parameters)} with ordinality as sluice_keys({names})"


@lru_cache(1024)
def _names(by: tuple[str, ...]) -> Sequence[str]:
    return ["key"] if len(by) == 1 else [f"key_{index}" for index in range(len(by))]


def _unnested(keys: Sequence[Key], parameters: Parameters) -> str:
    arrays: list[str] = []
    for values in _columns(keys):
        parameters.append(values)
        arrays.append(f"${len(parameters)}::{_array(values[0]) or 'text[]'}")
    return f"unnest({', '.join(arrays)})"


def _columns(keys: Sequence[Key]) -> list[list[object]]:
    """The keys' values, column by column."""
    if len(keys[0]) == 1:
        return [[value for (value,) in keys]]
    return [list(values) for values in zip(*keys, strict=True)]


def _array(value: object) -> str | None:
    if isinstance(value, datetime) and not isinstance(value.tzinfo, timezone):
        # With a time zone's offset, a time is compared with those that have none, or with others.
        return "timestamp[]" if value.tzinfo is None else None
    known = ARRAYS.get(type(value))
    if known is not None:
        return known
    # A driver's UUID is of a type of its own.
    return next((array for type_, array in ARRAYS.items() if isinstance(value, type_)), None)


def _sorted_by(part: Order) -> str:
    # PostgreSQL takes missing values for the highest; here they are the lowest everywhere.
    # Without the clause, where it changes nothing, a plain index serves the order.
    nulls = (" nulls last" if part.descending else " nulls first") if part.nullable else ""
    return f"{quoted(part.column)}{' desc' if part.descending else ''}{nulls}"


def _past(order: tuple[Order, ...], place: tuple[object, ...], parameters: Parameters) -> str:
    directions = {part.descending for part in order}
    if len(directions) == 1 and not any(part.nullable for part in order):
        # A row comparison is one range of an index, which the equivalent or-chain is not.
        left = ", ".join(quoted(part.column) for part in order)
        right = ", ".join(_bound(value, parameters) for value in place)
        return f"({left}) {'<' if directions == {True} else '>'} ({right})"
    return _condition(keyset(order, place), parameters)


def _condition(filter: Filter, parameters: Parameters, table: str = "") -> str:
    """The filter as SQL; ``table`` stands before the columns' names, with its dot."""
    match filter:
        case And(parts):
            return _joined(" and ", parts, parameters, table) if parts else "true"
        case Or(parts):
            return _joined(" or ", parts, parameters, table) if parts else "false"
        case Not(part):
            return f"({_condition(part, parameters, table)}) is not true"
        case SemiJoin(column, resource, of, where):
            # Its columns have the table's name before them: one that the inner table lacks would
            # be taken for the outer one's, and then every row could be within.
            inner = f"{quoted(resource.name)}."
            rows = f"select {inner}{quoted(of)} from {_table(resource)}"
            if where is not None:
                rows += f" where {_condition(where, parameters, inner)}"
            return f"{table}{quoted(column)} in ({rows})"
        case Comparison(column, Operator.IS_NULL, value):
            return f"{table}{quoted(column)} is {'' if value else 'not '}null"
        case Comparison(column, Operator.HAS_EVERY, ()):
            return f"{table}{quoted(column)} is not null"
        case Comparison(column, operator, value):
            match operator:
                case Operator.HAS:
                    value = [value]
                case _ if operator in SEVERAL:
                    value = list(value)
                case Operator.CONTAINS:
                    value = f"%{_literal(value)}%"
                case Operator.STARTS_WITH:
                    value = f"{_literal(value)}%"
            return COMPARE[operator].format(
                column=table + quoted(column), value=_bound(value, parameters)
            )


def _joined(word: str, parts: tuple[Filter, ...], parameters: Parameters, table: str) -> str:
    return f"({word.join(_condition(part, parameters, table) for part in parts)})"


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _bound(value: object, parameters: Parameters) -> str:
    parameters.append(value)
    return f"${len(parameters)}"
