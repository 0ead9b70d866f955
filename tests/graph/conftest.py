"""The sources themselves, for what tests compare the gateway's answers with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import asyncpg
import pytest
from pymongo import MongoClient

from demo.stack import Addresses
from tests.graph.truth import Document, Truth


# Not for the session: a test elsewhere stops the sources, and with them their connections.
@pytest.fixture(scope="module")
async def truth(addresses: Addresses) -> AsyncIterator[Truth]:
    shop = await asyncpg.connect(addresses.postgres)
    client: MongoClient[Document] = MongoClient(addresses.mongo, tz_aware=True)
    async with aiohttp.ClientSession() as session:
        yield Truth(
            shop,
            client[addresses.mongo_database],
            session,
            addresses.inventory,
            addresses.shipping,
        )
    client.close()
    await shop.close()
