"""A transaction of PostgreSQL's, as a source of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from loaders.asks import Ask, Key
from loaders.contexts import Attempt
from loaders.errors import (
    OutcomeUnknown,
    ReferenceViolation,
    RowViolation,
    SourceError,
    SourceTimeout,
    SourceUnavailable,
    TooManyRows,
    UnfitKey,
    UniqueViolation,
)
from loaders.resource import Row
from loaders.sources import Capabilities
from loaders.sql.reasons import reason_of
from loaders.sql.source import SqlSource
from loaders.sql.statement import Parameters
from loaders.sql.writing import writing
from loaders.writes import Insert, Write

if TYPE_CHECKING:
    from loaders.sql.postgres import PostgresSource


class PostgresTransaction(SqlSource):
    """What is asked and written on one connection, one statement after the other, until it
    fails."""

    can = Capabilities(together=True, grace=0.1)

    def __init__(self, source: PostgresSource, connection: PoolConnectionProxy) -> None:
        super().__init__(source.name, source.timeout, source.run, source.rows)
        self._source = source
        # What is known of the tables is known to all.
        self._columns = source.columns_of_tables
        self._connection = connection
        self._turn = asyncio.Lock()
        self._failed: SourceError | None = None

    async def commit(self, transaction: Transaction) -> None:
        """Have all of it be written. Raises OutcomeUnknown, or what a rule says that is held at the
        end (deferrable constraints)."""
        if self._failed is not None:
            raise self._failed.with_traceback(None)
        try:
            with self._errors:
                await transaction.commit()
        except (SourceTimeout, SourceUnavailable) as error:
            raise OutcomeUnknown(self.name, reason=error.reason) from error

    async def write(self, write: Write, attempt: Attempt) -> Row | None:
        ask = write.ask
        columns = await self._learned(write.resource, ask, (), attempt)
        if not isinstance(write, Insert):
            # As when it is read: of a key that the column can't hold there is no row.
            read = columns.read(self.name, (write.resource.key,), (write.key,))
            if isinstance(read, UnfitKey):
                raise read
            if read is None:
                return None
            (key,) = read
            write = write._replace(key=key)
        statement, values = writing(write, self._in_terms(columns, ask), columns)
        records = await self._records(ask, (), attempt, statement, values)
        # A Record is a Mapping, which asyncpg's stubs don't say.
        return cast(Row, records[0]) if records else None

    async def _records(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        statement: str,
        values: Parameters,
        most: int | None = None,
    ) -> list[asyncpg.Record]:
        async with self._turn:
            if self._failed is not None:
                # PostgreSQL would say of each that the transaction is aborted, and not why.
                raise self._failed.with_traceback(None)
            try:
                with attempt.call(ask, keys, statement=statement) as call, self._errors:
                    left = attempt.left(self.timeout)
                    records = await self._connection.fetch(statement, *values, timeout=left)
                    call.rows = len(records)
            except SourceError as error:
                self._failed = error
                raise
        if most is not None and len(records) > most:
            raise TooManyRows(self.name, most)
        return list(records)

    def _translate(self, error: BaseException) -> Exception | None:
        reason = reason_of(error)
        match error:
            case asyncpg.UniqueViolationError() | asyncpg.ExclusionViolationError():
                said = "Another one has these values already."
                return UniqueViolation(self.name, said, _columns_of(error), reason)
            case asyncpg.ForeignKeyViolationError() | asyncpg.RestrictViolationError():
                said = "It names what is not there, or is named by what is."
                return ReferenceViolation(self.name, said, _columns_of(error), reason)
            case asyncpg.IntegrityConstraintViolationError():
                said = "It lacks a value that it must have, or breaks a rule of its table."
                return RowViolation(self.name, said, _columns_of(error), reason)
        return self._source.translated(error)

    def _is_of_types(self, error: SourceError) -> bool:
        return False

    def _is_of_values(self, error: SourceError) -> bool:
        return False

    def _has_another(self, attempt: Attempt) -> bool:
        return False

    async def _forget_statements(self) -> None:
        """The source's own are forgotten with those of all its connections."""


def _columns_of(error: asyncpg.PostgresError) -> tuple[str, ...]:
    """The columns that PostgreSQL names in its message's detail, ``Key (a, b)=(…)``, or as one."""
    if error.column_name:
        return (error.column_name,)
    detail = error.detail or ""
    if not detail.startswith("Key ("):
        return ()
    return tuple(detail[len("Key (") :].partition(")=(")[0].split(", "))
