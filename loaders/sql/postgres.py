"""PostgreSQL through asyncpg."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pydantic import Field, SecretStr

from loaders.asks import Ask, Key
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import (
    ROWS,
    BadResponse,
    SourceError,
    SourceTimeout,
    SourceUnavailable,
    TooManyRows,
    UnfitValue,
)
from loaders.kinds import Kind, address
from loaders.resource import Resource, Row
from loaders.sources import Capabilities
from loaders.sql.catalog import described
from loaders.sql.codecs import codecs_of, range_text
from loaders.sql.columns import ColumnsOfTables
from loaders.sql.connections import Connection, PooledConnection, reset
from loaders.sql.pool import Pool, mark_used
from loaders.sql.reasons import reason_of
from loaders.sql.source import SqlSource
from loaders.sql.statement import Parameters, Table
from loaders.sql.transactions import PostgresTransaction
from loaders.texts import TEXTS

log = logging.getLogger("sluice.sources")

UNFIT = frozenset({"22000", "22003", "22007", "22008", "22021", "22P02", "22P03", "22P05"})
"""The data exceptions that a bound value causes (PostgreSQL manual, appendix A; 22000 is what
asyncpg raises for a value that it can't send). The others are a view's or a function's own."""

# They are, but don't say so: composite values are documents like any other.
Mapping.register(asyncpg.Record)

TEXTS |= {
    asyncpg.Range: range_text,
    asyncpg.BitString: lambda bits: bits.as_string().replace(" ", ""),
}

OF_TEXTS = frozenset({"42601", "42602", "42622"})
"""Syntax error, invalid name, name too long (appendix A): what is said of a text, too, that a type
can't be read of."""

OF_TYPES = frozenset({"42703", "42804", "42846", "42883"})
"""Undefined column, datatype mismatch, cannot coerce, undefined function or operator (appendix A):
what is said of a statement whose columns are of other types than it was made for."""

PASSING = (
    OSError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.ClientCannotConnectError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
)
"""What is said of a connection, or of a server that starts, stops or is full: another statement may
find another."""

LOST = frozenset({"40001", "40P01"})
"""Serialization failure, also by what a standby replays, and deadlock (appendix A): the statement
gave way to others, and may be sent again."""

Pooler = Literal["transaction"]
"""What stands between us and the server, and may give each transaction another of its sessions."""

CACHED_STATEMENTS = 100

WRITTEN = {"extra_float_digits": "1", "datestyle": "ISO", "intervalstyle": "postgres",
           "bytea_output": "hex"}  # fmt: skip
"""The settings by which PostgreSQL writes values as texts, as they are by default: those of a role
or a database could round them. asyncpg sets none of them."""

UNTOLD = (
    "a connection pooler answers in its place: if that gives each transaction a session, as "
    'PgBouncer does in transaction mode, set pooler = "transaction"'
)
"""The hint for a source whose settings say nothing of its pooler."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PostgresTable(Table):
    """A table or view of PostgreSQL. Without a ``schema`` it is looked for on the connection's
    search path."""


class PostgresSource(SqlSource):
    """A pool of connections. ``timeout`` (seconds) bounds each statement, on the server too, and
    ``rows`` what it answers.

    ``pooler`` says that they lead to a pooler, which gives each transaction a session of the
    server: nothing is set for a session then, and a statement's time is kept here alone; one that
    is late is cancelled at the server. ``statement_cache_size`` is how many prepared statements
    each connection keeps; unless it is given, 100, and none with a pooler.
    """

    kind = "postgres"
    can = Capabilities(together=True, grace=0.1)

    def __init__(
        self,
        name: str,
        url: str,
        *,
        pool_size: int = 10,
        timeout: float = 10.0,
        pooler: Pooler | None = None,
        statement_cache_size: int | None = None,
        rows: int = ROWS,
    ) -> None:
        super().__init__(name, timeout, self.run, rows)
        self._url = url
        self._pool_size = pool_size
        self._pooler = pooler
        if statement_cache_size is None:
            statement_cache_size = CACHED_STATEMENTS if pooler is None else 0
        self._statement_cache_size = statement_cache_size
        self._pool: Pool | None = None
        self._checking = asyncio.Lock()
        self._checked: asyncpg.Connection | None = None

    async def open(self) -> None:
        alone = self._pooler is None
        settings = {"application_name": "sluice"}
        if alone:
            # For statements of a gateway that is gone: what lives cancels its own.
            settings["statement_timeout"] = str(int(self.timeout * 1000))
            settings |= WRITTEN
        # With min_size 0 the pool connects when it is first used, so a database that is down
        # does not keep the gateway from starting.
        pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._pool_size,
            timeout=self.timeout,
            command_timeout=self.timeout + 1 if alone else self.timeout,
            statement_cache_size=self._statement_cache_size,
            init=self._prepare,
            connection_class=Connection if alone else PooledConnection,
            reset=reset,
            server_settings=settings,
        )
        self._pool = Pool(self.name, pool, self._pool_size)

    async def _prepare(self, connection: asyncpg.Connection) -> None:
        # A server without an encoding takes any bytes for text.
        is_unicode = connection.get_settings().server_encoding != "SQL_ASCII"
        for codec in codecs_of(self.name, is_unicode=is_unicode):
            await connection.set_type_codec(
                codec.name,
                schema="pg_catalog",
                encoder=codec.encoder,
                decoder=codec.decoder,
                format=codec.format,
            )

    async def close(self) -> None:
        if self._checked is not None:
            self._checked.terminate()
            self._checked = None
        if self._pool is not None:
            await self._pool.close(self.timeout)
            self._pool = None

    async def check(self) -> None:
        if self._pool is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        # By a connection of its own: a pool that is busy says nothing of the database.
        with self._errors:
            async with self._checking:
                connection = self._checked
                if connection is None or connection.is_closed():
                    connection = await self._connected_aside()
                try:
                    await connection.execute("select 1")
                except BaseException:
                    self._checked = None
                    connection.terminate()
                    raise

    async def _connected_aside(self) -> asyncpg.Connection:
        connection = self._checked = await asyncpg.connect(
            self._url,
            timeout=self.timeout,
            command_timeout=self.timeout,
            server_settings={"application_name": "sluice"},
        )
        return connection

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        assert isinstance(resource, PostgresTable)
        found = await described(self.run, resource.identifier, resource.schema, resource.name)
        if self._pooler is None and await self._is_pooled():
            return replace(found, hints=(UNTOLD,))
        return found

    async def _is_pooled(self) -> bool:
        """Whether another process than the server's own has taken the connection."""
        with self._errors:
            async with self._opened.connection(self.timeout) as connection:
                pid = await connection.fetchval("select pg_backend_pid()")
                return bool(pid != connection.get_server_pid())

    async def run(self, statement: str, *parameters: object) -> Sequence[Row]:
        """The rows of a statement that is the gateway's own, over no resource of the graph."""
        with self._errors:
            async with self._opened.connection(self.timeout) as connection:
                # A Record is a Mapping, which asyncpg's stubs don't say.
                rows: Sequence[Any] = await connection.fetch(statement, *parameters)
                return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PoolConnectionProxy]:
        """An asyncpg connection in a transaction, for several such statements. Its session is reset
        behind them."""
        with self._errors:
            async with self._opened.connection(self.timeout) as connection:
                try:
                    async with connection.transaction():
                        yield connection
                finally:
                    mark_used(connection)

    @asynccontextmanager
    async def begin(self, attempt: Attempt) -> AsyncIterator[PostgresTransaction]:
        """A transaction, by a connection that it has for itself. Isolated as the database has it:
        read committed, unless that is set to another level."""
        pool, share = self._opened, attempt.share
        with self._errors:
            connection = await pool.take(share, attempt.left(self.timeout))
        try:
            transaction = connection.transaction()
            with self._errors:
                await transaction.start()
            within = PostgresTransaction(self, connection)
            try:
                yield within
            except BaseException:
                # Where the connection is lost, so is the transaction.
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    await transaction.rollback()
                raise
            await within.commit(transaction)
        finally:
            pool.abandon(connection, share)

    async def _records(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        statement: str,
        values: Parameters,
        most: int | None = None,
    ) -> list[asyncpg.Record]:
        with attempt.call(ask, keys, statement=statement) as call, self._errors:
            left = attempt.left(self.timeout)
            pool = self._opened
            connection = await pool.take(attempt.share, left)
            try:
                records = await connection.fetch(statement, *values, timeout=left)
            except BaseException:
                pool.abandon(connection, attempt.share)
                raise
            await pool.keep(connection, attempt.share)
            call.rows = len(records)
            if most is not None and len(records) > most:
                raise TooManyRows(self.name, most)
            return records

    @property
    def _opened(self) -> Pool:
        if self._pool is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        return self._pool

    def _has_another(self, attempt: Attempt) -> bool:
        return self._opened.has_one(attempt.share)

    async def _forget_statements(self) -> None:
        # Connections keep statements with the types of their parameters.
        if self._pool is not None:
            await self._pool.renew()

    @property
    def columns_of_tables(self) -> ColumnsOfTables:
        """What is known of the tables' columns."""
        return self._columns

    def translated(self, error: BaseException) -> Exception | None:
        """What to raise in place of a driver's error; None for an error that is none of its."""
        return self._translate(error)

    def _translate(self, error: BaseException) -> Exception | None:
        match error:
            case TimeoutError() | asyncpg.QueryCanceledError():
                return SourceTimeout(self.name, reason=reason_of(error))
            case asyncpg.DataError():
                if error.sqlstate not in UNFIT or _is_of_another_type(error):
                    # A value of another type than the column's: clients' values have been read
                    # as the declared type, so it is the declaration that is wrong.
                    return self._refused(error)
                return UnfitValue(self.name, MISFIT, reason=reason_of(error))
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
                return SourceUnavailable(
                    self.name, reason=reason_of(error), is_passing=isinstance(error, PASSING)
                )
            case asyncpg.PostgresError():
                refused = self._refused(error)
                refused.is_passing = error.sqlstate in LOST
                return refused
            case ValueError():
                # What asyncpg can't send, and can't say either: an integer of 5,000 digits.
                return UnfitValue(self.name, MISFIT, reason=reason_of(error))
        return None

    def _refused(self, error: BaseException) -> BadResponse:
        said = f"The source '{self.name}' refused a statement."
        return BadResponse(self.name, said, reason=reason_of(error))

    def _is_of_types(self, error: SourceError) -> bool:
        cause = error.__cause__
        code = getattr(cause, "sqlstate", None)
        return code in OF_TYPES or (cause is not None and _is_of_another_type(cause))

    def _is_of_values(self, error: SourceError) -> bool:
        code = getattr(error.__cause__, "sqlstate", None) or ""
        # Data exceptions, and what functions raise.
        is_of_values = code[:2] in ("22", "P0") or code in OF_TEXTS
        return is_of_values or isinstance(error, UnfitValue)


MISFIT = (
    "A value does not fit the column it is compared with: it is out of range, too long, or has a "
    "character that PostgreSQL can't hold."
)


def _is_of_another_type(error: BaseException) -> bool:
    # What asyncpg can't send, it says by what its encoder raised. That of an array raises another
    # error in place of its element's, which is still its context.
    behind = error.__cause__
    while behind is not None and not isinstance(behind, TypeError):
        behind = behind.__cause__ or behind.__context__
    return behind is not None


class PostgresKind(Kind):
    """A PostgreSQL database. ``timeout`` is in seconds, for each statement. ``pooler`` says that a
    pooler of transactions stands before it, such as PgBouncer; ``statement_cache_size`` is how many
    prepared statements a connection keeps: 100, or 0 with a pooler, unless it is given. An answer
    has ``rows`` at most."""

    resources: ClassVar[type[Resource]] = PostgresTable

    url: Annotated[SecretStr, address("postgresql", "postgres", host=False)]
    pool_size: int = Field(10, ge=1)
    timeout: float = Field(10.0, gt=0)
    pooler: Pooler | None = None
    statement_cache_size: int | None = Field(None, ge=0)
    rows: int = Field(ROWS, ge=1)

    def source(self, name: str) -> PostgresSource:
        return PostgresSource(
            name,
            self.url.get_secret_value(),
            pool_size=self.pool_size,
            timeout=self.timeout,
            pooler=self.pooler,
            statement_cache_size=self.statement_cache_size,
            rows=self.rows,
        )
