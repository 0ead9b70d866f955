"""Asks as PostgreSQL's SQL. Every value is a bound parameter; every identifier comes from a
declaration and is quoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

from loaders.asks import Ask, Key
from loaders.query import (
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
    keyset,
)
from loaders.resource import Resource
from loaders.sql.columns import Columns

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
    has_paths: ClassVar[bool] = False

    schema: str | None = None

    @property
    def id(self) -> tuple[str, ...]:
        return self.source, self.schema or "", self.name

    @cached_property
    def identifier(self) -> str:
        """What stands for it in a statement."""
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


def selecting(ask: Ask, keys: Sequence[Key], columns: Columns) -> tuple[str, Parameters]:
    """The rows of the keys, which tell by their columns ``by`` whose they are."""
    _, by, _, filter, window, _ = ask.rows
    if filter is not None or window.after is not None or window.before is not None:
        return _selecting(ask, keys, columns)
    # Without a filter or a place, nothing but keys and limit are parameters.
    form = columns, by, ask.wants.columns, window.order, window.limit is None
    text = _texts.get(form)
    if text is None:
        text, _ = _selecting(ask, keys, columns)
        if columns.types and len(_texts) < MOST_TEXTS:
            _texts[form] = text
    parameters: Parameters = [*_values(keys)] if by else []
    if window.limit is not None:
        parameters.append(window.limit)
    return text, parameters


def _selecting(ask: Ask, keys: Sequence[Key], columns: Columns) -> tuple[str, Parameters]:
    rows, parameters = ask.rows, Parameters()
    if not rows.by:
        return _select(ask, columns, None, parameters), parameters
    if rows.window.limit is None:
        chosen = _any_of(rows.by, keys, columns, parameters)
        return _select(ask, columns, chosen, parameters), parameters
    # One index scan a key, each stopping at the limit, in one statement.
    each = _keys(rows.by, keys, columns, parameters)
    inner = _select(ask, columns, _key(rows.by, columns), parameters)
    return f"select rows.* from {each} cross join lateral ({inner}) as rows", parameters


def aggregating(ask: Ask, keys: Sequence[Key], columns: Columns) -> tuple[str, Parameters]:
    """A row for each key that has rows: the values of its columns ``by``, those of the
    aggregates."""
    rows, parameters = ask.rows, Parameters()
    chosen = _any_of(rows.by, keys, columns, parameters) if rows.by else None
    group = ", ".join(map(quoted, rows.by))
    shown = ", ".join([*map(quoted, rows.by), *_functions(ask, columns)])
    grouped = f" group by {group}" if group else ""
    return f"select {shown} from {_from(ask, columns, chosen, parameters)}{grouped}", parameters


def by_position(ask: Ask, keys: Sequence[Key], columns: Columns) -> tuple[str, Parameters]:
    """For each key in order, at least one row: its place, the values of the aggregates, and then
    the columns of one of its rows, of which ``sluice_row`` is null if there is none."""
    rows, parameters = ask.rows, Parameters()
    chosen = _key(rows.by, columns) if rows.by else None
    shown = ["sluice_place"]
    each = "(select 1 as sluice_place) as one"
    if rows.by:
        each = _keys(rows.by, keys, columns, parameters)
    if ask.wants.aggregates:
        functions = enumerate(_functions(ask, columns))
        named = ", ".join(f"{each} as sluice_{index}" for index, each in functions)
        values = f"select {named} from {_from(ask, columns, chosen, parameters)}"
        shown.append("sluice_values.*")
        each += f" cross join lateral ({values}) as sluice_values"
    if ask.wants.columns:
        listed = _select(ask, columns, chosen, parameters, also=", true as sluice_row")
        shown.append("rows.*")
        each += f" left join lateral ({listed}) as rows on true"
    return f"select {', '.join(shown)} from {each}", parameters


def table_of(resource: Resource) -> str:
    """What stands for the table in a statement."""
    assert isinstance(resource, Table)
    return resource.identifier


@lru_cache(1024)
def _listed(columns: frozenset[str]) -> str:
    return ", ".join(quoted(column) for column in sorted(columns))


def _select(
    ask: Ask, columns: Columns, chosen: str | None, parameters: Parameters, *, also: str = ""
) -> str:
    window = ask.rows.window
    selected = _listed(ask.wants.columns) + also
    past = [_past(ask, columns, *place, parameters) for place in window.places]
    statement = f"select {selected} from {_from(ask, columns, chosen, parameters, past)}"
    if window.order:
        statement += f" order by {', '.join(map(_sorted_by, window.order))}"
    if window.limit is not None:
        statement += f" limit {_bound(window.limit, parameters)}"
    return statement


def _from(
    ask: Ask,
    columns: Columns,
    chosen: str | None,
    parameters: Parameters,
    past: Sequence[str] = (),
) -> str:
    conditions = [] if chosen is None else [chosen]
    if ask.rows.filter is not None:
        conditions.append(condition_of(ask.rows.filter, columns, parameters))
    conditions += past
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"{table_of(ask.resource)}{where}"


def _functions(ask: Ask, columns: Columns) -> list[str]:
    return [
        FUNCTIONS[each.function].format(column=_compared(each.column or "", columns))
        for each in ask.wants.aggregates
    ]


def _any_of(
    by: tuple[str, ...], keys: Sequence[Key], columns: Columns, parameters: Parameters
) -> str:
    """The condition that the columns hold one of the keys."""
    has_lists = columns.by(by).has_lists
    if len(by) == 1:
        parameters += _values(keys)
        if has_lists:
            # What an index of the lists' items serves (GIN).
            return f"{quoted(by[0])} && ${len(parameters)}::{columns[by[0]].array}"
        return f"{_compared(by[0], columns)} = any(${len(parameters)})"
    if has_lists:
        each = _keys(by, keys, columns, parameters)
        return f"exists (select from {each} where {_key(by, columns)})"
    names = ", ".join(_compared(name, columns) for name in by)
    return f"({names}) in (select * from {_unnested(by, keys, columns, parameters)})"


@lru_cache(1024)
def _key(by: tuple[str, ...], columns: Columns) -> str:
    """The condition that the columns hold the one of ``_keys`` that it stands beside; those that
    are lists, among others."""
    return " and ".join(
        f"{quoted(column)} @> array[sluice_keys.{name}]"
        if is_list
        else f"{_compared(column, columns)} = sluice_keys.{name}"
        for column, is_list, name in zip(by, columns.by(by).lists, _names(by), strict=True)
    )


def _keys(
    by: tuple[str, ...], keys: Sequence[Key], columns: Columns, parameters: Parameters
) -> str:
    """The keys as rows, with their places from 1 on."""
    names = ", ".join((*_names(by), "sluice_place"))
    unnested = _unnested(by, keys, columns, parameters)
    return f"{unnested} with ordinality as sluice_keys({names})"


@lru_cache(1024)
def _names(by: tuple[str, ...]) -> Sequence[str]:
    return ["key"] if len(by) == 1 else [f"key_{index}" for index in range(len(by))]


def _unnested(
    by: tuple[str, ...], keys: Sequence[Key], columns: Columns, parameters: Parameters
) -> str:
    arrays: list[str] = []
    for name, values in zip(by, _values(keys), strict=True):
        parameters.append(values)
        arrays.append(f"${len(parameters)}::{columns[name].array}")
    return f"unnest({', '.join(arrays)})"


def _values(keys: Sequence[Key]) -> list[list[object]]:
    """The keys' values, column by column."""
    if len(keys[0]) == 1:
        return [[value for (value,) in keys]]
    return [list(values) for values in zip(*keys, strict=True)]


def _sorted_by(part: Order) -> str:
    # PostgreSQL takes missing values for the highest; here they are the lowest everywhere.
    # Without the clause, where it changes nothing, a plain index serves the order.
    nulls = (" nulls last" if part.descending else " nulls first") if part.nullable else ""
    return f"{quoted(part.column)}{' desc' if part.descending else ''}{nulls}"


def _past(
    ask: Ask,
    columns: Columns,
    order: tuple[Order, ...],
    place: tuple[object, ...],
    parameters: Parameters,
) -> str:
    directions = {part.descending for part in order}
    # What is declared as never null may be null all the same. Of a key that is not looked for.
    key = ask.resource.key
    highest = frozenset(
        part.column
        for part, value in zip(order, place, strict=True)
        if not part.nullable
        and (value is None or (part.column != key and columns[part.column].nullable))
    )
    # From the highest to the lowest the nulls come first, and are past.
    is_past_nulls = not highest or (directions == {True} and None not in place)
    if len(directions) == 1 and is_past_nulls and not any(part.nullable for part in order):
        # A row comparison is one range of an index, which the equivalent or-chain is not.
        left = ", ".join(_compared(part.column, columns) for part in order)
        right = ", ".join(_bound(value, parameters) for value in place)
        return f"({left}) {'<' if directions == {True} else '>'} ({right})"
    return condition_of(keyset(order, place, highest), columns, parameters)


def condition_of(filter: Filter, columns: Columns, parameters: Parameters, table: str = "") -> str:
    """The filter as SQL; ``table`` stands before the columns' names, with its dot."""
    match filter:
        case And(parts) | Or(parts) if parts:
            word = " and " if isinstance(filter, And) else " or "
            each = (condition_of(part, columns, parameters, table) for part in parts)
            return f"({word.join(each)})"
        case And():
            return "true"
        case Or():
            return "false"
        case Not(part):
            return f"({condition_of(part, columns, parameters, table)}) is not true"
        case SemiJoin(column, resource, of, where):
            # Its columns have the table's name before them: one that the inner table lacks would
            # be taken for the outer one's, and then every row could be within.
            inner, joined = f"{quoted(resource.name)}.", columns.joined(table_of(resource))
            rows = f"select {_compared(of, joined, inner)} from {table_of(resource)}"
            if where is not None:
                rows += f" where {condition_of(where, joined, parameters, inner)}"
            return f"{_compared(column, columns, table)} in ({rows})"
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
                column=_compared(column, columns, table), value=_bound(value, parameters)
            )


def _compared(column: str, columns: Columns, table: str = "") -> str:
    """What stands for the column where it is compared: no operator of enums takes a domain."""
    type_, name = columns[column], table + quoted(column)
    return f"{name}::{type_.name}" if type_.is_of_enum else name


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _bound(value: object, parameters: Parameters) -> str:
    parameters.append(value)
    return f"${len(parameters)}"
