"""PostgreSQL through asyncpg."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from pydantic import Field, SecretStr

from loaders.asks import Answer, Ask, Found, Key, Wants, answered
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse, SourceTimeout, SourceUnavailable, UnfitValue
from loaders.kinds import Kind, address
from loaders.resource import Resource, Row
from loaders.sources import Capabilities, Translated
from loaders.sql.catalog import described
from loaders.sql.reasons import reason_of
from loaders.sql.statement import (
    Parameters,
    Table,
    aggregating,
    by_position,
    have_arrays,
    selecting,
)

log = logging.getLogger("sluice.sources")

UNFIT = frozenset({"22000", "22003", "22007", "22008", "22021", "22P02", "22P03", "22P05"})
"""The data exceptions that a bound value causes (PostgreSQL manual, appendix A; 22000 is what
asyncpg raises for a value that it can't send). The others are a view's or a function's own."""

ALMOST = 0.9
"""The share of the time that is left, after which what is there has to do."""

Pooler = Literal["transaction"]
"""What stands between us and the server, and may give each transaction another of its sessions."""

CACHED_STATEMENTS = 100

UNTOLD = (
    "a connection pooler answers in its place: if that gives each transaction a session, as "
    'PgBouncer does in transaction mode, set pooler = "transaction"'
)
"""The hint for a source whose settings say nothing of its pooler."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PostgresTable(Table):
    """A table or view of PostgreSQL. Without a ``schema`` it is looked for on the connection's
    search path."""


class PostgresSource:
    """A pool of connections. ``timeout`` (seconds) bounds each statement, on the server too.

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
    ) -> None:
        self.name = name
        self._url = url
        self._pool_size = pool_size
        self.timeout = timeout
        self._pooler = pooler
        if statement_cache_size is None:
            statement_cache_size = CACHED_STATEMENTS if pooler is None else 0
        self._statement_cache_size = statement_cache_size
        self._pool: asyncpg.Pool | None = None
        self._errors = Translated(self._translate)
        self._apart_only: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
        self._giving_back: set[asyncio.Future[None]] = set()
        self._taken = 0

    async def open(self) -> None:
        alone = self._pooler is None
        settings = {"application_name": "sluice"}
        if alone:
            # For statements of a gateway that is gone: what lives cancels its own.
            settings["statement_timeout"] = str(int(self.timeout * 1000))
        # With min_size 0 the pool connects when it is first used, so a database that is down
        # does not keep the gateway from starting.
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._pool_size,
            timeout=self.timeout,
            command_timeout=self.timeout + 1 if alone else self.timeout,
            statement_cache_size=self._statement_cache_size,
            init=_decode_json,
            connection_class=_Connection if alone else _PooledConnection,
            reset=_reset,
            server_settings=settings,
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
        found = await described(self.run, resource.identifier, resource.schema, resource.name)
        if self._pooler is None and await self._is_pooled():
            return replace(found, hints=(UNTOLD,))
        return found

    async def _is_pooled(self) -> bool:
        """Whether another process than the server's own has taken the connection."""
        with self._errors:
            async with self._connection() as connection:
                pid = await connection.fetchval("select pg_backend_pid()")
                return bool(pid != connection.get_server_pid())

    async def run(self, statement: str, *parameters: object) -> Sequence[Row]:
        """The rows of a statement that is the gateway's own, over no resource of the graph."""
        with self._errors:
            async with self._connection() as connection:
                # A Record is a Mapping, which asyncpg's stubs don't say.
                rows: Sequence[Any] = await connection.fetch(statement, *parameters)
                return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PoolConnectionProxy]:
        """An asyncpg connection in a transaction, for several such statements."""
        with self._errors:
            async with self._connection() as connection, connection.transaction():
                yield connection

    def fetch(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        if not ask.wants.aggregates:
            return self._rows(ask, keys, attempt)
        if not ask.wants.columns:
            return self._values(ask, keys, attempt)
        return self._rows_and_values(ask, keys, attempt)

    async def _rows_and_values(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        form = ask.resource.id, ask.rows.by
        if form in self._apart_only or not have_arrays(keys):
            return await self._apart(ask, keys, attempt)
        try:
            return await self._together(ask, keys, attempt)
        except (BadResponse, UnfitValue):
            found = await self._apart(ask, keys, attempt)
            if all(not isinstance(each.rows, Exception) for each in found):
                # Such as an enum's keys, which are no text to it.
                self._apart_only.add(form)
            return found

    async def _together(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> list[Found]:
        """Rows and values by one statement. As counting can take so much longer that it would cost
        the rows, these are asked for alone as well when half of the time is over."""
        late = SourceTimeout(self.name, reason="no answer before the rows had to do alone")
        tasks = [asyncio.ensure_future(self._by_position(ask, keys, attempt))]
        try:
            await asyncio.wait(tasks, timeout=attempt.left(self.timeout) / 2)
            joint = attempt.last
            if not tasks[0].done():
                rows_alone = Ask(ask.rows, Wants(ask.wants.columns))
                tasks.append(asyncio.ensure_future(self._rows(rows_alone, keys, attempt)))
                await asyncio.wait(tasks[:1], timeout=attempt.left(self.timeout) * ALMOST)
            if tasks[0].done():
                return tasks[0].result()
            if joint is not None:
                joint.fail(late)
            if not tasks[1].done():
                raise late
            values = [late] * len(ask.wants.aggregates)
            return [Found(each.rows, values) for each in tasks[1].result()]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _apart(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> list[Found]:
        """Rows and values by a statement each, each with its own error."""
        rows, wants = ask.rows, ask.wants
        listed, counted = await asyncio.gather(
            self._rows(Ask(rows, Wants(wants.columns)), keys, attempt),
            self._values(Ask(rows, Wants(aggregates=wants.aggregates)), keys, attempt),
            return_exceptions=True,
        )
        if isinstance(listed, BaseException):
            listed = [Found(_raised(listed))] * len(keys)
        if isinstance(counted, BaseException):
            counted = [Found((), [_raised(counted)] * len(wants.aggregates))] * len(keys)
        return [Found(one.rows, other.values) for one, other in zip(listed, counted, strict=True)]

    async def _rows(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> list[Found]:
        if ask.rows.by and ask.rows.window.limit is not None and not have_arrays(keys):
            kind = type(keys[0][0]).__name__
            raise self._refused_for(f"keys of the type {kind} can't be limited each")
        records = await self._records(ask, keys, attempt, *selecting(ask, keys))
        found = answered(ask, keys, records)
        # PostgreSQL takes some values for equal that Python does not: char(6) pads its texts.
        return await self._by_position(ask, keys, attempt) if found is None else found

    async def _values(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> list[Found]:
        records = await self._records(ask, keys, attempt, *aggregating(ask, keys))
        by = len(ask.rows.by)
        values = {record[:by]: record[by:] for record in records}
        found = [values.get(key) for key in keys]
        if len(values) + found.count(None) != len(keys):
            return await self._by_position(ask, keys, attempt)
        nothing = tuple(each.of_nothing for each in ask.wants.aggregates)
        return [Found((), each or nothing) for each in found]

    async def _by_position(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> list[Found]:
        records = await self._records(ask, keys, attempt, *by_position(ask, keys))
        rows: list[list[Row]] = [[] for _ in keys]
        values: list[Sequence[object]] = [()] * len(keys)
        for record in records:
            place = record[0] - 1
            values[place] = record[1 : 1 + len(ask.wants.aggregates)]
            if ask.wants.columns and record["sluice_row"] is not None:
                rows[place].append(record)
        return [Found(*each) for each in zip(rows, values, strict=True)]

    async def _records(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, statement: str, values: Parameters
    ) -> list[Any]:
        with attempt.call(ask, keys, statement=statement) as call, self._errors:
            left = attempt.left(self.timeout)
            connection = await self._take(left)
            try:
                records: list[Any] = await connection.fetch(statement, *values, timeout=left)
            except BaseException:
                # The statement is cancelled at the server, for which nobody waits who may not.
                giving_back = asyncio.ensure_future(self._give_back(connection))
                self._giving_back.add(giving_back)
                giving_back.add_done_callback(self._giving_back.discard)
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
                return SourceTimeout(self.name, reason=reason_of(error))
            case asyncpg.DataError():
                if error.sqlstate not in UNFIT or _is_of_another_type(error):
                    # A value of another type than the column's: clients' values have been read
                    # as the declared type, so it is the declaration that is wrong.
                    return self._refused(error)
                return UnfitValue(
                    self.name,
                    "A value does not fit the column it is compared with: it is out of range, "
                    "too long, or has a character that PostgreSQL can't hold.",
                    reason=reason_of(error),
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
                return SourceUnavailable(self.name, reason=reason_of(error))
            case asyncpg.PostgresError():
                return self._refused(error)
        return None

    def _refused(self, error: BaseException) -> BadResponse:
        return self._refused_for(reason_of(error))

    def _refused_for(self, reason: str) -> BadResponse:
        return BadResponse(
            self.name, f"The source '{self.name}' refused a statement.", reason=reason
        )


def _raised(error: BaseException) -> Exception:
    if isinstance(error, Exception):
        return error
    raise error


def _is_of_another_type(error: BaseException) -> bool:
    # What asyncpg can't send, it says by what its encoder raised. That of an array raises another
    # error in place of its element's, which is still its context.
    behind = error.__cause__
    while behind is not None and not isinstance(behind, TypeError):
        behind = behind.__cause__ or behind.__context__
    return behind is not None


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


class _PooledConnection(_Connection):
    """A connection to a pooler, where statements that are not of one transaction may each have
    another session of the server, which other clients have had and will have."""

    def get_reset_query(self) -> str:
        # It ends a statement that was begun, and lets its session go. That has nothing of ours.
        return ";"

    async def _introspect_types(self, *args: object) -> object:
        # asyncpg turns JIT off before this and on again after it, each for a session.
        async with self.transaction():
            return await super()._introspect_types(*args)  # type: ignore[misc]


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
    """A PostgreSQL database. ``timeout`` is in seconds, for each statement. ``pooler`` says that a
    pooler of transactions stands before it, such as PgBouncer; ``statement_cache_size`` is how many
    prepared statements a connection keeps: 100, or 0 with a pooler, unless it is given."""

    resources: ClassVar[type[Resource]] = PostgresTable

    url: Annotated[SecretStr, address("postgresql", "postgres", host=False)]
    pool_size: int = Field(10, ge=1)
    timeout: float = Field(10.0, gt=0)
    pooler: Pooler | None = None
    statement_cache_size: int | None = Field(None, ge=0)

    def source(self, name: str) -> PostgresSource:
        return PostgresSource(
            name,
            self.url.get_secret_value(),
            pool_size=self.pool_size,
            timeout=self.timeout,
            pooler=self.pooler,
            statement_cache_size=self.statement_cache_size,
        )
