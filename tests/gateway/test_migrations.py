"""The tables that are the gateway's own, and how they come to be."""

from __future__ import annotations

import asyncio

import pytest

from gateway.auth import migrations
from gateway.auth.api_keys import create, listed
from loaders.sql.postgres import PostgresSource
from tests.gateway.key_store import id_of


async def test_migrating_again_does_nothing(database: PostgresSource) -> None:
    key = await create(database, client="northwind")

    assert await migrations.migrate(database) == []
    assert await migrations.pending(database) == []
    assert [row["id"] for row in await listed(database)] == [id_of(key)]


async def test_what_is_to_be_migrated_is_named(database: PostgresSource) -> None:
    await database.run("drop schema sluice cascade")

    assert await migrations.pending(database) == ["api_keys", "quota"]
    assert await migrations.migrate(database) == ["api_keys", "quota"]


async def test_keys_from_before_are_as_they_were(
    database: PostgresSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.run("drop schema sluice cascade")
    with monkeypatch.context() as before:
        known = migrations.migrations()
        before.setattr(migrations, "migrations", lambda: known[:1])
        await migrations.migrate(database)
    await database.run(
        "insert into sluice.api_keys (id, client, hash, scopes, claims) "
        "values ('0123456789abcdef', 'northwind', sha256('secret'), '{}', '{}')"
    )

    assert await migrations.migrate(database) == ["quota"]
    (row,) = await listed(database)
    assert (row["client"], row["quota"]) == ("northwind", None)


async def test_of_many_that_migrate_at_once_one_does(database: PostgresSource) -> None:
    await database.run("drop schema sluice cascade")

    done = await asyncio.gather(*(migrations.migrate(database) for _ in range(5)))

    assert sorted(done) == [[], [], [], [], ["api_keys", "quota"]]


async def test_a_migration_that_fails_leaves_nothing(
    database: PostgresSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.run("drop schema sluice cascade")
    broken = [*migrations.migrations(), (9999, "broken", "create table sluice.half (); select 1/0")]
    monkeypatch.setattr(migrations, "migrations", lambda: broken)

    with pytest.raises(Exception, match="refused a statement"):
        await migrations.migrate(database)

    (row,) = await database.run("select to_regnamespace('sluice') as there")
    assert row["there"] is None


def test_migrations_are_numbered_without_gaps() -> None:
    assert [number for number, _, _ in migrations.migrations()] == [1, 2]
