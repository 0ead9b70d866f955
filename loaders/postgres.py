"""PostgreSQL through asyncpg. Every client value is a bound parameter; every identifier comes
from a declaration and is quoted."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import asyncpg
import orjson
from pydantic import Field, SecretStr

from loaders.base import Columns, Recorder, Resource, Row, Translated
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse, SourceTimeout, SourceUnavailable, UnfitValue
from loaders.kinds import Kind, address
from loaders.postgres_catalog import described
from loaders.query import (
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
    Within,
    past,
)

BATCH_SIZE = 500

ARRAYS = {int: "bigint[]", str: "text[]", uuid.UUID: "uuid[]"}
"""The array type in which keys of a Python type are sent."""

UNFIT = frozenset({"22000", "22003", "22007", "22008", "22021", "22P02", "22P03", "22P05"})
"""The data exceptions that a bound value causes (PostgreSQL manual, appendix A; 22000 is what
asyncpg raises for a value that it can't send). The others are a view's or a function's own."""

WITH_VALUES = frozenset({"22", "23", "P0"})
"""Classes of errors whose messages can hold values of rows or of clients (appendix A): data
exceptions, violated constraints, and what functions raise in their own words."""

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
}

FUNCTIONS = {
    Function.COUNT: "count(*)",
    Function.SUM: "sum({column})",
    Function.AVG: "avg({column})",
    Function.MIN: "min({column})",
    Function.MAX: "max({column})",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class PostgresTable(Resource):
    """A table or view, in ``schema`` or, without one, on the connection's search path."""

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


def quoted(identifier: str) -> str:
    """The identifier, quoted (PostgreSQL manual, 4.1.1)."""
    return '"' + identifier.replace('"', '""') + '"'


class PostgresSource:
    """A pool of connections. ``timeout`` (seconds) bounds each statement, on the server too."""

    joins = True

    def __init__(self, name: str, url: str, *, pool_size: int = 10, timeout: float = 10.0) -> None:
        self.name = name
        self._url = url
        self._pool_size = pool_size
        self._timeout = timeout
        self._pool: asyncpg.Pool | None = None
        self._errors = Translated(self._translate)

    def batch_size(self, resource: Resource, column: str) -> int:
        return BATCH_SIZE

    async def open(self) -> None:
        # With min_size 0 the pool connects when it is first used, so a database that is down
        # does not keep the gateway from starting.
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._pool_size,
            timeout=self._timeout,
            command_timeout=self._timeout + 1,
            init=_decode_json,
            connection_class=_Connection,
            reset=_reset,
            server_settings={
                "statement_timeout": str(int(self._timeout * 1000)),
                "application_name": "sluice",
            },
        )

    async def close(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), self._timeout)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

    async def check(self) -> None:
        with self._errors:
            async with self._acquired() as connection:
                await connection.execute("select 1")

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        assert isinstance(resource, PostgresTable)
        return await described(self.run, resource.identifier, resource.schema, resource.name)

    async def run(self, statement: str, *parameters: Any) -> Sequence[Row]:
        """The rows of a statement that is the gateway's own, over no resource of the graph."""
        with self._errors:
            async with self._acquired() as connection:
                rows: Sequence[Row] = await connection.fetch(statement, *parameters)
                return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """An asyncpg connection in a transaction, for several such statements."""
        with self._errors:
            async with self._acquired() as connection, connection.transaction():
                yield connection

    async def fetch_by_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Row | Exception]:
        parameters: list[Any] = [list(keys)]
        chosen = f"{quoted(column)} = any($1)"
        statement = _select(resource, columns, chosen, Window(filter=filter), parameters)
        rows = await self._fetch(resource, columns, statement, parameters, recorder, len(keys))
        return {row[column]: row for row in rows}

    async def fetch_by_foreign_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        window: Window,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Row]]:
        parameters: list[Any] = [list(keys)]
        if window.limit is None:
            chosen = f"{quoted(column)} = any($1)"
            statement = _select(resource, columns, chosen, window, parameters)
        else:
            # One index scan a key, each stopping at the limit, in one statement.
            inner = _select(
                resource, columns, f"{quoted(column)} = sluice_keys.key", window, parameters
            )
            array = next(array for type_, array in ARRAYS.items() if isinstance(keys[0], type_))
            statement = (
                f"select rows.* from unnest($1::{array}) as sluice_keys(key) "
                f"cross join lateral ({inner}) as rows"
            )
        rows = await self._fetch(resource, columns, statement, parameters, recorder, len(keys))
        groups: dict[Any, list[Row]] = {}
        for row in rows:
            groups.setdefault(row[column], []).append(row)
        return groups

    async def fetch_page(
        self, resource: Resource, columns: Columns, window: Window, recorder: Recorder
    ) -> Sequence[Row]:
        parameters: list[Any] = []
        statement = _select(resource, columns, None, window, parameters)
        return await self._fetch(resource, columns, statement, parameters, recorder)

    async def aggregate(
        self,
        resource: Resource,
        column: str | None,
        keys: Sequence[Any],
        aggregates: Sequence[Aggregate],
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Any]]:
        parameters: list[Any] = [] if column is None else [list(keys)]
        values = ", ".join(
            FUNCTIONS[each.function].format(column=quoted(each.column or "")) for each in aggregates
        )
        conditions = [] if column is None else [f"{quoted(column)} = any($1)"]
        if filter is not None:
            conditions.append(_condition(filter, parameters))
        where = f" where {' and '.join(conditions)}" if conditions else ""
        group = "null" if column is None else quoted(column)
        grouped = "" if column is None else f" group by {group}"
        statement = f"select {group}, {values} from {_table(resource)}{where}{grouped}"
        named = {each.column for each in aggregates if each.column} | (
            {column} if column else set()
        )
        rows = await self._fetch(resource, named, statement, parameters, recorder, len(keys))
        return {row[0]: tuple(row)[1:] for row in rows}

    async def _fetch(
        self,
        resource: Resource,
        columns: Columns,
        statement: str,
        parameters: list[Any],
        recorder: Recorder,
        keys: int = 0,
    ) -> list[Any]:
        with (
            recorder.call(resource, columns, keys=keys, statement=statement) as call,
            self._errors,
        ):
            async with self._acquired() as connection:
                rows: list[Any] = await connection.fetch(statement, *parameters)
            call.rows = len(rows)
            return rows

    def _acquired(self) -> Any:
        """A connection of the pool, as a context manager."""
        if self._pool is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        return self._pool.acquire(timeout=self._timeout)

    def _translate(self, error: BaseException) -> Exception | None:
        match error:
            case TimeoutError() | asyncpg.QueryCanceledError():
                return SourceTimeout(self.name, reason=_reason(error))
            case asyncpg.DataError():
                if error.sqlstate not in UNFIT or _is_of_another_type(error):
                    # A value of another type than the column's: clients' values have been read
                    # as the declared type, so it is the declaration that is wrong.
                    return self._refused(error)
                return UnfitValue(
                    self.name,
                    "A value does not fit the column it is compared with: it is out of range, "
                    "too long, or has a character that PostgreSQL can't hold.",
                    reason=_reason(error),
                )
            case (
                OSError()
                | asyncpg.PostgresConnectionError()
                | asyncpg.OperatorInterventionError()
                | asyncpg.InsufficientResourcesError()
                | asyncpg.InvalidAuthorizationSpecificationError()
                | asyncpg.InvalidCatalogNameError()
                | asyncpg.InterfaceError()
                | asyncpg.InternalClientError()
            ):
                return SourceUnavailable(self.name, reason=_reason(error))
            case asyncpg.PostgresError():
                return self._refused(error)
        return None

    def _refused(self, error: BaseException) -> BadResponse:
        return BadResponse(
            self.name, f"The source '{self.name}' refused a statement.", reason=_reason(error)
        )


def _is_of_another_type(error: BaseException) -> bool:
    # What asyncpg can't send, it says by what its encoder raised. That of an array raises another
    # error in place of its element's, which is still its context.
    behind = error.__cause__
    while behind is not None and not isinstance(behind, TypeError):
        behind = behind.__cause__ or behind.__context__
    return behind is not None


def _reason(error: BaseException) -> str:
    """Why PostgreSQL or asyncpg failed, for the log: without the words of those errors that have
    values in them."""
    code = getattr(error, "sqlstate", None)
    if code is None:
        if isinstance(error, TimeoutError):
            return "no answer in time"
        if isinstance(error, OSError):
            return f"{type(error).__name__}: {error}"
        return type(error).__name__
    if code[:2] in WITH_VALUES:
        places = (getattr(error, name, None) for name in ("column_name", "constraint_name"))
        cause = type(error.__cause__).__name__ if error.__cause__ is not None else None
        parts = [f"SQLSTATE {code}", type(error).__name__, cause, *places]
        return ", ".join(part for part in parts if part)
    return f"SQLSTATE {code}: {getattr(error, 'message', None) or type(error).__name__}"


class _Connection(asyncpg.Connection):
    """A connection that is reset when it goes back to the pool only if it needs to be.

    No statement of ours changes its session, so after one that gave its rows there is nothing to
    change back, and the round trip is saved. After anything else there is: a value that asyncpg
    can't send leaves a statement begun, whose timeout would end another's.
    """

    is_clean = False

    async def fetch(self, *args: Any, **kwargs: Any) -> Any:
        self.is_clean = False
        rows = await super().fetch(*args, **kwargs)
        self.is_clean = True
        return rows


async def _reset(connection: Any) -> None:
    if connection.is_clean:
        connection.is_clean = False
    else:
        await connection.reset()


async def _decode_json(connection: Any) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )


def _table(resource: Resource) -> str:
    assert isinstance(resource, PostgresTable)
    return resource.identifier


@lru_cache(1024)
def _listed(columns: frozenset[str]) -> str:
    return ", ".join(quoted(column) for column in sorted(columns))


def _select(
    resource: Resource, columns: Columns, chosen: str | None, window: Window, parameters: list[Any]
) -> str:
    conditions = [] if chosen is None else [chosen]
    if window.filter is not None:
        conditions.append(_condition(window.filter, parameters))
    if window.after is not None:
        conditions.append(_past(window.order, window.after, parameters))
    statement = f"select {_listed(frozenset(columns))} from {_table(resource)}"
    if conditions:
        statement += f" where {' and '.join(conditions)}"
    if window.order:
        statement += f" order by {', '.join(_sorted_by(part) for part in window.order)}"
    if window.limit is not None:
        statement += f" limit {_bound(window.limit, parameters)}"
    return statement


def _sorted_by(part: Order) -> str:
    # PostgreSQL takes missing values for the highest; here they are the lowest everywhere.
    # Without the clause, where it changes nothing, a plain index serves the order.
    nulls = (" nulls last" if part.descending else " nulls first") if part.nullable else ""
    return f"{quoted(part.column)}{' desc' if part.descending else ''}{nulls}"


def _past(order: tuple[Order, ...], place: tuple[Any, ...], parameters: list[Any]) -> str:
    directions = {part.descending for part in order}
    if len(directions) == 1 and not any(part.nullable for part in order):
        # A row comparison is one range of an index, which the equivalent or-chain is not.
        left = ", ".join(quoted(part.column) for part in order)
        right = ", ".join(_bound(value, parameters) for value in place)
        return f"({left}) {'<' if directions == {True} else '>'} ({right})"
    return _condition(past(order, place), parameters)


def _condition(filter: Filter, parameters: list[Any], table: str = "") -> str:
    """The filter as SQL; ``table`` stands before the columns' names, with its dot."""
    match filter:
        case And(parts):
            return _joined(" and ", parts, parameters, table) if parts else "true"
        case Or(parts):
            return _joined(" or ", parts, parameters, table) if parts else "false"
        case Not(part):
            return f"({_condition(part, parameters, table)}) is not true"
        case Within(column, resource, of, where):
            # Its columns have the table's name before them: one that the inner table lacks would
            # be taken for the outer one's, and then every row could be within.
            inner = f"{quoted(resource.name)}."
            rows = f"select {inner}{quoted(of)} from {_table(resource)}"
            if where is not None:
                rows += f" where {_condition(where, parameters, inner)}"
            return f"{table}{quoted(column)} in ({rows})"
        case Comparison(column, Operator.IS_NULL, value):
            return f"{table}{quoted(column)} is {'' if value else 'not '}null"
        case Comparison(column, operator, value):
            match operator:
                case Operator.IN | Operator.NOT_IN:
                    value = list(value)
                case Operator.CONTAINS:
                    value = f"%{_literal(value)}%"
                case Operator.STARTS_WITH:
                    value = f"{_literal(value)}%"
            return COMPARE[operator].format(
                column=table + quoted(column), value=_bound(value, parameters)
            )


def _joined(word: str, parts: tuple[Filter, ...], parameters: list[Any], table: str) -> str:
    return f"({word.join(_condition(part, parameters, table) for part in parts)})"


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _bound(value: Any, parameters: list[Any]) -> str:
    parameters.append(value)
    return f"${len(parameters)}"


class PostgresKind(Kind):
    """A PostgreSQL database. ``timeout`` is in seconds, for each statement."""

    resources: ClassVar[type[Resource]] = PostgresTable

    url: Annotated[SecretStr, address("postgresql", "postgres", host=False)]
    pool_size: int = Field(10, ge=1)
    timeout: float = Field(10.0, gt=0)

    def source(self, name: str) -> PostgresSource:
        url = self.url.get_secret_value()
        return PostgresSource(name, url, pool_size=self.pool_size, timeout=self.timeout)
