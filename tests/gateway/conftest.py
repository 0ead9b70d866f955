"""The gateway's own tables, in the demo's database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from demo.stack import Addresses
from gateway.auth import migrations
from gateway.auth.api_keys import ApiKeys
from loaders.sql.postgres import PostgresSource
from tests.gateway.key_store import keys_at


@pytest.fixture
async def database(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    """The demo's database, with the gateway's own tables while the test runs."""
    source = PostgresSource("api-keys", addresses.postgres, timeout=5.0)
    await source.open()
    await source.run("drop schema if exists sluice cascade")
    await migrations.migrate(source)
    yield source
    await source.run("drop schema if exists sluice cascade")
    await source.close()


@pytest.fixture
async def keys(database: PostgresSource, addresses: Addresses) -> AsyncIterator[ApiKeys]:
    async with keys_at(addresses.postgres) as keys:
        yield keys
