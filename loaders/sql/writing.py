"""Writes as PostgreSQL's SQL. Every value is a bound parameter."""

from __future__ import annotations

from loaders.asks import Ask
from loaders.sql.columns import Columns
from loaders.sql.statement import Parameters, condition_of, quoted, table_of
from loaders.writes import Delete, Insert, Update, Write


def writing(write: Write, ask: Ask, columns: Columns) -> tuple[str, Parameters]:
    """The statement of a write, which has a row of it. The ``ask`` is the write's, with its filter
    in the terms of the columns."""
    parameters = Parameters()
    table = table_of(write.resource)
    match write:
        case Insert():
            text = f"insert into {table} {_given(write, parameters)}"
        case Update():
            text = f"update {table} set {_set(write, parameters)}"
        case Delete():
            text = f"delete from {table}"
    if not isinstance(write, Insert):
        text += _where(write, ask, columns, parameters)
    returning = ", ".join(map(quoted, sorted(write.returning)))
    return f"{text} returning {returning}", parameters


def _given(write: Insert, parameters: Parameters) -> str:
    if not write.values:
        return "default values"
    names = ", ".join(map(quoted, write.values))
    values = ", ".join(_bound(each, parameters) for each in write.values.values())
    return f"({names}) values ({values})"


def _set(write: Update, parameters: Parameters) -> str:
    version = write.resource.version
    each = [f"{quoted(name)} = {_bound(value, parameters)}" for name, value in write.values.items()]
    if version is not None:
        each.append(f"{quoted(version)} = {quoted(version)} + 1")
    return ", ".join(each)


def _where(write: Update | Delete, ask: Ask, columns: Columns, parameters: Parameters) -> str:
    key, version = write.resource.key, write.resource.version
    conditions = [f"{quoted(key)} = {_bound(write.key, parameters)}"]
    if write.seen is not None:
        assert version is not None
        conditions.append(f"{quoted(version)} = {_bound(write.seen, parameters)}")
    if ask.rows.filter is not None:
        conditions.append(condition_of(ask.rows.filter, columns, parameters))
    return f" where {' and '.join(conditions)}"


def _bound(value: object, parameters: Parameters) -> str:
    parameters.append(value)
    return f"${len(parameters)}"
