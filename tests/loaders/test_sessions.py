"""Connections to PostgreSQL: what one statement leaves behind is not there for the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from demo.stack import Addresses
from loaders.errors import BadResponse, UnfitValue
from loaders.sql.postgres import PostgresSource

LAST = (
    "select query from pg_stat_activity "
    "where application_name = 'sluice' and pid = any($1::int[]) order by query_start desc"
)


@pytest.fixture
async def source(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    """One connection, whose statements may take a second."""
    source = PostgresSource("shop", addresses.postgres, pool_size=1, timeout=1.0)
    await source.open()
    yield source
    await source.close()


@pytest.fixture
async def watcher(addresses: Addresses) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(addresses.postgres)
    yield connection
    await connection.close()


async def pid_of(source: PostgresSource) -> int:
    (row,) = await source.run("select pg_backend_pid() as pid")
    return int(row["pid"])


async def test_a_statement_that_gave_its_rows_is_the_last_thing_said(
    source: PostgresSource, watcher: asyncpg.Connection[Any]
) -> None:
    pid = await pid_of(source)

    await source.run("select 7")

    assert await watcher.fetchval(LAST, [pid]) == "select 7"


@pytest.mark.parametrize(
    ("statement", "parameters", "error"),
    [("select $1::bigint", [2**70], UnfitValue), ("select nothing", [], BadResponse)],
    ids=["never sent", "refused"],
)
async def test_a_statement_that_failed_takes_no_other_with_it(
    source: PostgresSource, statement: str, parameters: list[Any], error: type[Exception]
) -> None:
    pid = await pid_of(source)

    with pytest.raises(error):
        await source.run(statement, *parameters)
    await asyncio.sleep(1.2)  # Longer than a statement may take.

    assert (await source.run("select 'a new one' as word"))[0]["word"] == "a new one"
    assert await pid_of(source) == pid


async def test_one_that_was_cancelled_takes_no_other_with_it(source: PostgresSource) -> None:
    asked = asyncio.ensure_future(source.run("select pg_sleep(0.5)"))
    await asyncio.sleep(0.1)

    asked.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asked
    for number in range(20):
        assert (await source.run("select $1::int as number", number))[0]["number"] == number


async def test_a_transaction_that_was_left_is_rolled_back(source: PostgresSource) -> None:
    async def leave() -> None:
        async with source.transaction() as connection:
            await connection.fetch("set local statement_timeout = '77s'")
            await connection.fetch("select nothing")

    with pytest.raises(BadResponse):
        await leave()

    assert (await source.run("show statement_timeout"))[0]["statement_timeout"] == "1s"


async def test_what_a_transaction_set_is_not_there_for_the_next(source: PostgresSource) -> None:
    pid = await pid_of(source)
    async with source.transaction() as connection:
        await connection.execute("set search_path to nowhere")
        await connection.fetch("select 1")

    (row,) = await source.run("select current_setting('search_path') as path")

    assert row["path"] != "nowhere"
    assert await pid_of(source) == pid
