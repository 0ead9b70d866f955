"""API keys, as tests use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.auth.api_keys import ApiKeys
from gateway.errors import Unauthenticated
from loaders.sql.postgres import PostgresSource

NOT_KNOWN = "The API key is not known."
NO_KEY = "This is not an API key."


@asynccontextmanager
async def keys_at(url: str, **options: Any) -> AsyncIterator[ApiKeys]:
    """The keys as a gateway has them, with a source of its own."""
    keys = ApiKeys(PostgresSource("api-keys", url, timeout=2.0), **options)
    await keys.open()
    try:
        yield keys
    finally:
        await keys.close()


async def refusal(keys: ApiKeys, key: str) -> str:
    """What the sender of the key is told."""
    return str(await refused(keys, key))


async def refused(keys: ApiKeys, key: str) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as error:
        await keys.identify(key)
    return error.value


def id_of(key: str) -> str:
    """The part of a key that is no secret."""
    return key.split("_")[1]
