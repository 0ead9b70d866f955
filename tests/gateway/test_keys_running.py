"""API keys in a real database: how often they are read and written, revoked and out of reach."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from demo.stack import Addresses
from gateway.auth import api_keys as keys_module
from gateway.auth.api_keys import ApiKeys, create, listed, revoke
from loaders.errors import SourceUnavailable
from loaders.sql.postgres import PostgresSource
from tests.bad_servers import line_to, unused_port
from tests.gateway.key_store import NO_KEY, id_of, keys_at, refusal


async def test_revocation_is_seen_when_the_cache_has_forgotten_the_key(
    database: PostgresSource, addresses: Addresses
) -> None:
    key = await create(database, client="northwind")
    async with keys_at(addresses.postgres, cache_seconds=0.2) as keys:
        await keys.identify(key)
        await revoke(database, id_of(key))
        await asyncio.sleep(0.3)

        assert await refusal(keys, key) == "The API key was revoked."


def test_revocation_is_seen_within_thirty_seconds() -> None:
    one_read = 5.0

    assert keys_module.CACHE_SECONDS < 30
    assert keys_module.CHECK_SECONDS + one_read < 30
    assert keys_module.UNCHECKED_SECONDS + keys_module.CHECK_SECONDS + one_read < 30


async def test_many_requests_read_a_key_once(
    database: PostgresSource, keys: ApiKeys, statements: list[str]
) -> None:
    key = await create(database, client="northwind")
    statements.clear()

    await asyncio.gather(*(keys.identify(key) for _ in range(50)))
    await keys.identify(key)

    assert len(statements) == 1


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is run in the database from now on."""
    made: list[str] = []
    run = PostgresSource.run

    async def recorded(self: PostgresSource, statement: str, *parameters: Any) -> Any:
        made.append(statement)
        return await run(self, statement, *parameters)

    monkeypatch.setattr(PostgresSource, "run", recorded)
    return made


async def test_when_a_key_was_last_used_is_written_later_and_once(
    database: PostgresSource, addresses: Addresses, statements: list[str]
) -> None:
    one, other = [await create(database, client="northwind") for _ in range(2)]
    before = datetime.now(UTC)
    async with keys_at(addresses.postgres) as keys:
        for _ in range(5):
            await keys.identify(one)
        await keys.identify(other)
        statements.clear()
        assert [row["last_used_at"] for row in await listed(database)] == [None, None]

    used = [row["last_used_at"] for row in await listed(database)]
    assert all(before <= at <= datetime.now(UTC) for at in used)
    assert len([each for each in statements if each.startswith("update")]) == 1


async def test_when_a_key_was_last_used_is_written_from_time_to_time(
    database: PostgresSource, addresses: Addresses
) -> None:
    key = await create(database, client="northwind")
    async with keys_at(addresses.postgres, use_seconds=0.05) as keys, asyncio.timeout(20):
        await keys.identify(key)
        used = None
        for _ in range(400):
            (row,) = await listed(database)
            used = row["last_used_at"]
            if used is not None:
                break
            await asyncio.sleep(0.05)

    assert used is not None


async def test_a_key_is_not_used_by_being_refused(
    database: PostgresSource, addresses: Addresses
) -> None:
    key = await create(database, client="northwind")
    async with keys_at(addresses.postgres) as keys:
        await refusal(keys, key[:-1] + ("A" if key[-1] != "A" else "B"))

    (row,) = await listed(database)
    assert row["last_used_at"] is None


async def test_without_its_database_no_key_can_be_told_from_another() -> None:
    async with keys_at(f"postgresql://shop@127.0.0.1:{unused_port()}/shop") as keys:
        with pytest.raises(SourceUnavailable):
            await keys.identify(f"slk_{'0' * 16}_{'A' * 43}")
        assert await refusal(keys, "slk_") == NO_KEY


async def test_a_key_of_a_moment_ago_is_good_without_the_database(
    database: PostgresSource, addresses: Addresses
) -> None:
    key = await create(database, client="northwind")
    host, port = addresses.postgres.rpartition("@")[2].split("/")[0].split(":")
    async with line_to(host, int(port)) as line:
        url = addresses.postgres.replace(f":{port}/", f":{line.port}/")
        async with keys_at(url, cache_seconds=0.5) as keys:
            await keys.identify(key)
            line.cut = True
            assert (await keys.identify(key)).client == "northwind"
            await asyncio.sleep(0.6)

            with pytest.raises(SourceUnavailable):
                await keys.identify(key)


async def test_tables_that_are_not_there_make_keys_unavailable(
    database: PostgresSource, keys: ApiKeys, caplog: pytest.LogCaptureFixture
) -> None:
    await database.run("drop schema sluice cascade")

    with pytest.raises(SourceUnavailable):
        await keys.identify(f"slk_{'0' * 16}_{'A' * 43}")

    assert 'relation "sluice.api_keys" does not exist' in caplog.text


async def test_all_live_keys_are_checked_in_one_statement(
    database: PostgresSource, addresses: Addresses, statements: list[str]
) -> None:
    made = [await create(database, client="northwind") for _ in range(20)]
    async with keys_at(addresses.postgres) as keys:
        live = [asyncio.create_task(keys.revoked(id_of(key))) for key in made * 3]
        await asyncio.sleep(0)
        await revoke(database, id_of(made[0]))
        statements.clear()

        await keys._check()
        await asyncio.sleep(0)

        assert len(statements) == 1
        assert [place for place, each in enumerate(live) if each.done()] == [0, 20, 40]
        for each in live:
            each.cancel()
        await asyncio.gather(*live, return_exceptions=True)


async def test_no_live_key_means_no_check(
    database: PostgresSource, addresses: Addresses, statements: list[str]
) -> None:
    key = await create(database, client="northwind")
    async with keys_at(addresses.postgres, check_seconds=0.05) as keys:
        waiting = asyncio.create_task(keys.revoked(id_of(key)))
        await asyncio.sleep(0.2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert statements
        await asyncio.sleep(0.1)
        statements.clear()
        await asyncio.sleep(0.3)

    assert statements == []


async def test_a_key_that_was_deleted_counts_as_revoked(
    database: PostgresSource, addresses: Addresses
) -> None:
    key = await create(database, client="northwind")
    async with keys_at(addresses.postgres, check_seconds=0.05) as keys, asyncio.timeout(20):
        waiting = asyncio.create_task(keys.revoked(id_of(key)))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await database.run("delete from sluice.api_keys")

        assert await waiting == "The API key was revoked."


async def test_a_key_that_can_not_be_checked_for_long_is_no_longer_good() -> None:
    url = f"postgresql://shop@127.0.0.1:{unused_port()}/shop"
    async with (
        keys_at(url, check_seconds=0.05, unchecked_seconds=0.3) as keys,
        asyncio.timeout(20),
    ):
        assert await keys.revoked("0" * 16) == "The API key could not be checked any more."
