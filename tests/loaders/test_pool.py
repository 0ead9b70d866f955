"""PostgreSQL's connections between statements: kept, handed on, closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy

from demo.stack import Addresses
from loaders.contexts import Share
from loaders.errors import SourceBusy
from loaders.sql import pool as pools
from loaders.sql.connections import Connection, reset
from loaders.sql.pool import Pool

SIZE = 3


@pytest.fixture
async def opened(addresses: Addresses) -> AsyncIterator[asyncpg.Pool]:
    pool = await asyncpg.create_pool(
        addresses.postgres, min_size=0, max_size=SIZE, connection_class=Connection, reset=reset
    )
    yield pool
    pool.terminate()


@pytest.fixture
def pool(opened: asyncpg.Pool) -> Pool:
    return Pool("shop", opened, SIZE)


shares: dict[PoolConnectionProxy, Share] = {}
"""Whose the connections are that are in use."""


async def take(pool: Pool, seconds: float, share: Share | None = None) -> PoolConnectionProxy:
    share = share or Share()
    connection = await pool.take(share, seconds)
    shares[connection] = share
    return connection


async def keep(pool: Pool, connection: PoolConnectionProxy) -> None:
    await pool.keep(connection, shares.pop(connection))


async def session(pool: Pool, statement: str = "select pg_backend_pid()") -> int:
    connection = await take(pool, 5)
    (record,) = await connection.fetch(statement)
    await keep(pool, connection)
    return int(record[0])


async def sessions(pool: Pool) -> set[int]:
    """Those of all connections at once."""
    return set(
        await asyncio.gather(
            *(session(pool, "select pg_backend_pid(), pg_sleep(0.2)") for _ in range(SIZE))
        )
    )


async def test_one_statement_after_another_has_the_same_connection(pool: Pool) -> None:
    assert len({await session(pool) for _ in range(20)}) == 1


async def test_there_are_no_more_than_its_size(pool: Pool) -> None:
    asked = [session(pool, "select pg_backend_pid(), pg_sleep(0.05)") for _ in range(4 * SIZE)]

    assert len(set(await asyncio.gather(*asked))) == SIZE


async def test_who_waits_has_the_next_that_is_free(pool: Pool) -> None:
    taken = [await take(pool, 1) for _ in range(SIZE)]
    waiting = asyncio.create_task(session(pool))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    for each in taken:
        await each.fetch("select 1")
        await keep(pool, each)

    await asyncio.wait_for(waiting, 2)
    assert len(await sessions(pool)) == SIZE


async def test_who_waits_too_long_is_told_that_all_are_busy(pool: Pool) -> None:
    taken = [await take(pool, 1) for _ in range(SIZE)]

    with pytest.raises(SourceBusy):
        await take(pool, 0.05)
    for each in taken:
        await each.fetch("select 1")
        await keep(pool, each)
    assert len(await sessions(pool)) == SIZE


async def test_who_gives_up_waiting_takes_none(pool: Pool) -> None:
    taken = [await take(pool, 1) for _ in range(SIZE)]
    waiting = asyncio.create_task(session(pool))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    for each in taken:
        await each.fetch("select 1")
        await keep(pool, each)
    assert len(await sessions(pool)) == SIZE


async def test_one_that_has_ended_is_not_handed_out(pool: Pool) -> None:
    before = await sessions(pool)
    ended = await take(pool, 1)
    own = await ended.fetchval("select pg_backend_pid()")
    await ended.fetch(
        "select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [*(before - {own})]
    )
    await keep(pool, ended)
    await asyncio.sleep(0.1)

    after = await sessions(pool)
    assert len(after) == SIZE
    assert after & before == {own}


async def test_an_abandoned_statement_ends_and_its_connection_is_there_again(pool: Pool) -> None:
    before = await sessions(pool)
    connection = await take(pool, 1)
    late = asyncio.create_task(connection.fetch("select pg_sleep(60)"))
    await asyncio.sleep(0.05)
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    pool.abandon(connection, shares.pop(connection))

    assert await sessions(pool) <= before


async def test_what_a_connection_was_used_for_leaves_nothing_in_its_session(pool: Pool) -> None:
    pid = await session(pool)
    async with pool.connection(1) as connection:
        assert await connection.fetchval("select pg_backend_pid()") == pid
        await connection.execute("set application_name = 'mine'")

    connection = await take(pool, 1)
    ((name, same),) = await connection.fetch(
        "select current_setting('application_name'), pg_backend_pid()"
    )
    await keep(pool, connection)
    assert (name, same) == ("", pid)


async def test_renewed_there_is_none_of_before(pool: Pool) -> None:
    before = await sessions(pool)
    in_use = await take(pool, 1)
    await in_use.fetch("select 1")

    await pool.renew()
    await keep(pool, in_use)

    after = await sessions(pool)
    assert len(after) == SIZE
    assert not after & before


async def test_those_that_nobody_needs_go_back(
    pool: Pool, opened: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "UNUSED_SECONDS", 0.2)
    before = await sessions(pool)
    assert opened.get_idle_size() == 0

    needed = set()
    for _ in range(12):
        needed.add(await session(pool))
        await asyncio.sleep(0.05)

    assert len(needed) == 1
    assert needed < before
    # asyncpg's pool closes them after its own while.
    assert opened.get_idle_size() == SIZE - 1


async def test_closed_it_has_ended_all_of_them(
    pool: Pool, opened: asyncpg.Pool, addresses: Addresses
) -> None:
    before = await sessions(pool)
    running = asyncio.create_task(session(pool, "select pg_backend_pid(), pg_sleep(0.2)"))
    await asyncio.sleep(0.05)

    await pool.close(5)

    assert await running in before
    other = await asyncpg.connect(addresses.postgres)
    try:
        left = await other.fetchval(
            "select count(*) from pg_stat_activity where pid = any($1::int[])", [*before]
        )
    finally:
        await other.close()
    assert left == 0


async def test_a_look_counts_those_that_are_there(pool: Pool) -> None:
    await sessions(pool)
    pool._look_later()
    await pool.renew()
    await session(pool)
    pool._have_look()
    await asyncio.sleep(0.1)

    assert len(await sessions(pool)) == SIZE
