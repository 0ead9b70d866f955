"""PostgreSQL behind PgBouncer in transaction mode, where the sessions of a few are everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from demo.stack import Addresses
from loaders.errors import BadResponse, SourceError, SourceTimeout, SourceUnavailable, UnfitValue
from loaders.query import Comparison as Is
from loaders.query import Operator, Order, Window, equals
from loaders.resource import Resource, Row
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.loaders.asking import page_of, rows_of
from tests.loaders.test_contract import NAME
from tests.loaders.test_contract import TestPostgres as OfPostgres
from tests.pgbouncer import SESSIONS, keeping_no_statements, pgbouncer

ORDERS = PostgresTable(source="shop", name="orders")
ADDRESSES = PostgresTable(source="shop", name="addresses")
RUNNING = "select count(*) from pg_stat_activity where state = 'active' and query = $1"
LATE = "select pg_sleep(60)"


@asynccontextmanager
async def source_at(url: str, **options: Any) -> AsyncIterator[PostgresSource]:
    source = PostgresSource("shop", url, **{"pool_size": 10, "timeout": 5.0, **options})
    await source.open()
    try:
        yield source
    finally:
        await source.close()


@pytest.fixture
async def source(pooled: str) -> AsyncIterator[PostgresSource]:
    async with source_at(pooled, pooler="transaction") as source:
        yield source


@pytest.fixture
async def server(addresses: Addresses) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection of the test's own to PostgreSQL itself."""
    connection = await asyncpg.connect(addresses.postgres)
    yield connection
    await connection.close()


async def until_running(server: asyncpg.Connection[Any], count: int) -> None:
    """Waits until so many of the server's sessions run what takes too long."""
    async with asyncio.timeout(10):
        while True:
            if await server.fetchval(RUNNING, LATE) == count:
                return
            await asyncio.sleep(0.01)


class TestPooled(OfPostgres):
    """The contract of every kind of source, through the pooler."""

    @pytest.fixture(autouse=True)
    def through(self, pooled: str) -> None:
        self.url = pooled

    @asynccontextmanager
    async def stocked(self, rows: Sequence[Row]) -> AsyncIterator[tuple[Source, Resource]]:
        async with super().stocked(rows):
            yield (
                PostgresSource("shop", self.url, pool_size=4, pooler="transaction"),
                PostgresTable(source="shop", name=NAME),
            )


async def test_many_at_once_share_a_few_sessions(source: PostgresSource) -> None:
    wanted = Is("status", Operator.IN, ("PAID", "SHIPPED"))
    window = Window((Order("id"),), limit=3)

    async def one(number: int) -> tuple[Any, int]:
        page = await page_of(source, ORDERS, {"id", "status", "total"}, wanted, window)
        found = await rows_of(source, ORDERS, {"id"}, by=("id",), keys=[(number,), (number + 1,)])
        (row,) = await source.run("select $1::int as number, pg_backend_pid() as pid", number)
        assert [rows[0]["id"] for rows in found] == [number, number + 1]
        assert row["number"] == number
        return [dict(each) for each in page], row["pid"]

    done = await asyncio.gather(*(one(number) for number in range(1, 101)))

    assert len(done[0][0]) == 3
    assert all(page == done[0][0] for page, _ in done)
    assert len({pid for _, pid in done}) <= SESSIONS


async def test_sessions_are_left_as_they_were_found(
    pooled: str, source: PostgresSource, server: asyncpg.Connection[Any]
) -> None:
    async def session() -> tuple[str, ...]:
        async with source.transaction() as connection:
            row = await connection.fetchrow(
                "select current_setting('jit'), current_setting('statement_timeout'), "
                "current_setting('search_path'), pg_sleep(0.05)::text"
            )
            return tuple(row or ())

    before = set(await asyncio.gather(*(session() for _ in range(8))))
    # New connections learn what an enum is, which asyncpg asks with other settings.
    for _ in range(5):
        async with source_at(pooled, pooler="transaction") as other:
            await asyncio.gather(
                *(page_of(other, ORDERS, {"status"}, equals("status", "PAID")) for _ in range(6)),
                *(page_of(other, ADDRESSES, {"kind"}, window=Window(limit=1)) for _ in range(6)),
                *(rows_of(other, ORDERS, {"id"}, by=("id",), keys=[(2**70,)]) for _ in range(6)),
                return_exceptions=True,
            )

    assert set(await asyncio.gather(*(session() for _ in range(8)))) == before
    assert await server.fetchval("select count(*) from pg_locks where locktype = 'advisory'") == 0


@pytest.mark.parametrize(
    ("statement", "parameters", "error"),
    [("select $1::bigint", [2**70], UnfitValue), ("select nothing", [], BadResponse)],
    ids=["never sent", "refused"],
)
async def test_a_statement_that_failed_holds_no_session(
    source: PostgresSource, statement: str, parameters: list[Any], error: type[Exception]
) -> None:
    for _ in range(3 * SESSIONS):
        with pytest.raises(error):
            await source.run(statement, *parameters)

    async with asyncio.timeout(5):
        assert await asyncio.gather(*(source.run("select 1") for _ in range(20)))


async def test_a_statement_that_is_late_is_ended_at_the_server(
    pooled: str, server: asyncpg.Connection[Any]
) -> None:
    async with source_at(pooled, pooler="transaction", timeout=0.5) as source:
        with pytest.raises(SourceTimeout):
            await source.run(LATE)

        await until_running(server, 0)
        assert await source.run("select 1")


async def test_one_that_was_cancelled_is_ended_at_the_server(
    source: PostgresSource, server: asyncpg.Connection[Any]
) -> None:
    asked = asyncio.ensure_future(source.run(LATE))
    await until_running(server, 1)

    asked.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asked
    await until_running(server, 0)


async def test_one_that_waits_for_a_session_for_too_long_is_late_and_never_runs(
    pooled: str, source: PostgresSource, server: asyncpg.Connection[Any]
) -> None:
    await server.execute("drop table if exists was_run; create table was_run (number int)")
    try:
        async with source_at(pooled, pooler="transaction", timeout=0.3) as late:
            taken = [source.transaction() for _ in range(SESSIONS)]
            for each in taken:
                connection = await each.__aenter__()
                await connection.execute("select 1")
            with pytest.raises(SourceTimeout):
                await late.run("insert into was_run values (1)")
            for each in taken:
                await each.__aexit__(None, None, None)
            await late.run("insert into was_run values (2)")

        assert [row["number"] for row in await source.run("select * from was_run")] == [2]
    finally:
        await server.execute("drop table was_run")


async def test_it_is_checked_and_described_as_without(
    source: PostgresSource, addresses: Addresses
) -> None:
    await source.check()
    async with source_at(addresses.postgres) as direct:
        for table in (ORDERS, ADDRESSES):
            assert await source.describe(table) == await direct.describe(table)
        assert (await direct.describe(ORDERS)).hints == ()


async def failing(url: str, **options: Any) -> SourceError:
    """The first error of many that ask the source at the same time."""
    async with source_at(url, **options) as source:
        asked = (
            source.run(f"select {number}, $1::int", number)
            for _ in range(20)
            for number in range(10)
        )
        for each in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(each, SourceError):
                return each
            assert not isinstance(each, BaseException)
    raise AssertionError("nothing failed")


async def test_a_pooler_that_the_settings_do_not_name_is_hinted_at(addresses: Addresses) -> None:
    ignored = "statement_timeout, extra_float_digits, intervalstyle, bytea_output"
    lenient = pgbouncer(addresses.postgres, f"ignore_startup_parameters = {ignored}")
    with lenient as url:
        async with source_at(url) as source:
            assert (await source.describe(ORDERS)).hints == (
                "a connection pooler answers in its place: if that gives each transaction a "
                'session, as PgBouncer does in transaction mode, set pooler = "transaction"',
            )


ADVICE = (
    'a pooler stands before the database: set pooler = "transaction" and leave '
    "statement_cache_size out"
)


async def test_without_the_setting_the_reason_says_what_to_do(pooled: str) -> None:
    error = await failing(pooled)

    assert isinstance(error, SourceUnavailable)
    assert error.reason == f"SQLSTATE 08P01: {ADVICE}"


async def test_statements_that_are_kept_where_none_can_be_say_what_to_do(
    addresses: Addresses,
) -> None:
    with keeping_no_statements(addresses.postgres) as url:
        error = await failing(url, pooler="transaction", statement_cache_size=100)

    assert isinstance(error, BadResponse)
    assert error.reason in (f"SQLSTATE 26000: {ADVICE}", f"SQLSTATE 42P05: {ADVICE}")
