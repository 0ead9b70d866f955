"""Connections to the shop's databases and services, sized as the gateway's are, and the fetches
that both Python peers make."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg
import orjson
from motor.motor_asyncio import AsyncIOMotorClient

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sources:
    shop: Any
    catalog: Any
    inventory: aiohttp.ClientSession
    shipping: aiohttp.ClientSession

    async def rows(self, statement: str, *parameters: Any) -> Sequence[Row]:
        rows: Sequence[Row] = await self.shop.fetch(statement, *parameters)
        return rows

    async def documents(
        self, collection: str, filter: Mapping[str, Any], columns: Sequence[str]
    ) -> Sequence[Row]:
        found = self.catalog[collection].find(filter, dict.fromkeys(columns, 1))
        rows: Sequence[Row] = await found.to_list(None)
        return rows

    async def newest_reviews(
        self, products: Sequence[Any], columns: Sequence[str], first: int
    ) -> Sequence[Row]:
        """The newest reviews of each product."""
        found = self.catalog.aggregate(
            [
                {"$documents": [{"key": {"$literal": key}} for key in products]},
                {
                    "$lookup": {
                        "from": "reviews",
                        "localField": "key",
                        "foreignField": "product_id",
                        "pipeline": [
                            {"$sort": {"created_at": -1, "_id": -1}},
                            {"$limit": first},
                            {"$project": dict.fromkeys(columns, 1)},
                        ],
                        "as": "review",
                    }
                },
                {"$unwind": "$review"},
                {"$replaceRoot": {"newRoot": "$review"}},
            ]
        )
        rows: Sequence[Row] = await found.to_list(None)
        return rows

    async def stock(self, skus: Sequence[str]) -> Sequence[Row]:
        found = await _json(self.inventory, "/stock", params=[("sku", sku) for sku in skus])
        items: Sequence[Row] = found["items"]
        return items

    async def shipments(self, orders: Sequence[int]) -> list[Row | None]:
        """That of each order: the service has no request for several."""
        paths = (f"/shipments/{order}" for order in orders)
        found: list[Row | None] = await asyncio.gather(
            *(_json(self.shipping, path) for path in paths)
        )
        return found


@asynccontextmanager
async def opened() -> AsyncIterator[Sources]:
    """The sources that the environment names."""
    env = os.environ
    client: Any = AsyncIOMotorClient(env["CATALOG_URL"], maxPoolSize=50, tz_aware=True)
    async with (
        asyncpg.create_pool(env["SHOP_URL"], min_size=0, max_size=10) as shop,
        _session(env["INVENTORY_URL"]) as inventory,
        _session(env["SHIPPING_URL"]) as shipping,
    ):
        yield Sources(shop, client[env["CATALOG_DATABASE"]], inventory, shipping)
    client.close()


def _session(url: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        url, connector=aiohttp.TCPConnector(limit=20), cookie_jar=aiohttp.DummyCookieJar()
    )


async def _json(
    session: aiohttp.ClientSession, path: str, params: list[tuple[str, str]] | None = None
) -> Any:
    async with session.get(path, params=params) as response:
        if response.status == 404:
            return None
        response.raise_for_status()
        return orjson.loads(await response.read())
