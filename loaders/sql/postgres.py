"""PostgreSQL through asyncpg."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from pydantic import Field, SecretStr

from loaders.asks import Ask, Key
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse, SourceError, SourceTimeout, SourceUnavailable, UnfitValue
from loaders.kinds import Kind, address
from loaders.resource import Resource, Row
from loaders.sources import Capabilities
from loaders.sql.catalog import described
from loaders.sql.source import SqlSource
from loaders.sql.statement import Parameters, Table

log = logging.getLogger("sluice.sources")

UNFIT = frozenset({"22000", "22003", "22007", "22008", "22021", "22P02", "22P03", "22P05"})
"""The data exceptions that a bound value causes (PostgreSQL manual, appendix A; 22000 is what
asyncpg raises for a value that it can't send). The others are a view's or a function's own."""

OF_TYPES = frozenset({"42703", "42804", "42846", "42883"})
"""Undefined column, datatype mismatch, cannot coerce, undefined function or operator (appendix A):
what is said of a statement whose columns are of other types than it was made for."""

WITHOUT_VALUES = frozenset(
    {"08", "0A", "25", "28", "2B", "2D", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"}
)
"""Classes of errors whose messages are PostgreSQL's own, and of the schema (appendix A). Those of
the others can hold values of rows or of clients: data exceptions, violated constraints, and what
functions raise in their own words, under codes of their own."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PostgresTable(Table):
    """A table or view of PostgreSQL. Without a ``schema`` it is looked for on the connection's
    search path."""


class PostgresSource(SqlSource):
    """A pool of connections. ``timeout`` (seconds) bounds each statement, on the server too."""

    kind = "postgres"
    can = Capabilities(together=True, grace=0.1)

    def __init__(self, name: str, url: str, *, pool_size: int = 10, timeout: float = 10.0) -> None:
        super().__init__(name, timeout, self.run)
        self._url = url
        self._pool_size = pool_size
        self._pool: asyncpg.Pool | None = None
        self._giving_back: set[asyncio.Future[None]] = set()
        self._taken = 0

    async def open(self) -> None:
        # With min_size 0 the pool connects when it is first used, so a database that is down
        # does not keep the gateway from starting.
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._pool_size,
            timeout=self.timeout,
            command_timeout=self.timeout + 1,
            init=_decode_json,
            connection_class=_Connection,
            reset=_reset,
            server_settings={
                "statement_timeout": str(int(self.timeout * 1000)),
                "application_name": "sluice",
            },
        )

    async def close(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), self.timeout)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

    async def check(self) -> None:
        with self._errors:
            async with self._connection() as connection:
                await connection.execute("select 1")

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        assert isinstance(resource, PostgresTable)
        return await described(self.run, resource.identifier, resource.schema, resource.name)

    async def run(self, statement: str, *parameters: object) -> Sequence[Row]:
        """The rows of a statement that is the gateway's own, over no resource of the graph."""
        with self._errors:
            connection = await self._take(self.timeout)
            try:
                # A Record is a Mapping, which asyncpg's stubs don't say.
                rows: Sequence[Any] = await connection.fetch(statement, *parameters)
            except BaseException:
                self._abandon(connection)
                raise
            await self._give_back(connection)
            return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PoolConnectionProxy]:
        """An asyncpg connection in a transaction, for several such statements."""
        with self._errors:
            async with self._connection() as connection, connection.transaction():
                yield connection

    async def _records(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, statement: str, values: Parameters
    ) -> list[Any]:
        with attempt.call(ask, keys, statement=statement) as call, self._errors:
            left = attempt.left(self.timeout)
            connection = await self._take(left)
            try:
                records: list[Any] = await connection.fetch(statement, *values, timeout=left)
            except BaseException:
                self._abandon(connection)
                raise
            await self._give_back(connection)
            call.rows = len(records)
            return records

    async def _take(self, seconds: float) -> PoolConnectionProxy:
        """A connection of the pool, within so many seconds."""
        if self._pool is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        self._taken += 1
        try:
            # With one to be had nobody waits, so no timer is needed for that.
            waits = self._taken > self._pool_size
            return await self._pool.acquire(timeout=seconds if waits else None)
        except BaseException:
            self._taken -= 1
            raise

    async def _forget_statements(self) -> None:
        # Connections keep statements with the types of their parameters.
        if self._pool is not None:
            await self._pool.expire_connections()

    def _abandon(self, connection: PoolConnectionProxy) -> None:
        # Its statement is cancelled at the server, for which nobody waits who may not.
        giving_back = asyncio.ensure_future(self._give_back(connection))
        self._giving_back.add(giving_back)
        giving_back.add_done_callback(self._giving_back.discard)

    async def _give_back(self, connection: PoolConnectionProxy) -> None:
        try:
            if self._pool is not None:
                await self._pool.release(connection)
        except Exception as error:
            # It has ended the connection, and the pool makes another one.
            log.debug("a connection of '%s' ended: %s", self.name, type(error).__name__)
        finally:
            self._taken -= 1

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[PoolConnectionProxy]:
        connection = await self._take(self.timeout)
        try:
            yield connection
        finally:
            await self._give_back(connection)

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
        said = f"The source '{self.name}' refused a statement."
        return BadResponse(self.name, said, reason=_reason(error))

    def _is_of_types(self, error: SourceError) -> bool:
        cause = error.__cause__
        code = getattr(cause, "sqlstate", None)
        return code in OF_TYPES or (cause is not None and _is_of_another_type(cause))


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
    if code[:2] not in WITHOUT_VALUES:
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


async def _decode_json(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )


class PostgresKind(Kind):
    """A PostgreSQL database. ``timeout`` is in seconds, for each statement."""

    resources: ClassVar[type[Resource]] = PostgresTable

    url: Annotated[SecretStr, address("postgresql", "postgres", host=False)]
    pool_size: int = Field(10, ge=1)
    timeout: float = Field(10.0, gt=0)

    def source(self, name: str) -> PostgresSource:
        url = self.url.get_secret_value()
        return PostgresSource(name, url, pool_size=self.pool_size, timeout=self.timeout)
