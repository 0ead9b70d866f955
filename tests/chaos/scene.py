"""The shop's gateway, a proxy before each of its sources, and what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from demo.stack import Addresses
from tests.chaos.load import Load
from tests.chaos.operations import Asked, kinds, request
from tests.chaos.proxies import Proxy, lying, proxy_to
from tests.graph.truth import gid
from tests.hostile.serving import Target, target
from tests.identities import STAFF, auth, token

VALUES = """
{
  orders(first: 60) { nodes { number lines { sku } } }
  carriers { nodes { code } }
  categories(first: 10) { nodes { slug } }
}
"""

CALLERS = 8
"""Who asks, in turn."""

RECOVERY_SECONDS = 8.0
"""Within which a source that is well again is asked again: its breaker is open for five."""


@dataclass(frozen=True)
class Scene:
    target: Target
    proxies: Mapping[str, Proxy]
    operations: list[Asked]
    load: Load

    async def recover(self, source: str, within: float = RECOVERY_SECONDS) -> None:
        """Have a source well again, and asked as it was. Fails if that takes longer."""
        await self.proxies[source].turn(None)
        asked = [each for each in self.operations if source in each.kind.sources]
        async with asyncio.timeout(within):
            for each in {one.kind.name: one for one in asked}.values():
                while not await self._is_right(each):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    async def _is_right(self, asked: Asked) -> bool:
        answer = orjson.loads(await self.load.ask(asked.request))
        return bool(answer.get("data") == asked.right)


@asynccontextmanager
async def scene(folder: Path, addresses: Addresses, **of_sources: Any) -> AsyncIterator[Scene]:
    """All of it, well; each source with these settings."""
    urls = {
        "shop": addresses.postgres,
        "catalog": addresses.mongo,
        "inventory": addresses.inventory,
        "shipping": addresses.shipping,
    }
    of_kind: dict[str, dict[str, Any]] = {
        "shop": {"kind": "postgres"},
        "catalog": {"kind": "mongo", "database": addresses.mongo_database},
        "inventory": {"kind": "rest"},
        "shipping": {"kind": "rest"},
    }
    async with AsyncExitStack() as stack:
        proxies, sources = dict[str, Proxy](), dict[str, dict[str, Any]]()
        for name, url in urls.items():
            port = urlsplit(url).port
            assert port is not None
            lies = lying() if of_kind[name]["kind"] == "rest" else None
            proxies[name] = await stack.enter_async_context(proxy_to(port, lies))
            through = url.replace(f":{port}", f":{proxies[name].port}")
            sources[name] = {**of_kind[name], "url": through, **of_sources}
        shop = await stack.enter_async_context(target(folder, sources=sources, auth=auth()))
        operations = await _learned(shop)
        load = Load(shop.served.port, operations)
        yield Scene(shop, proxies, operations, load)
        load.close()


async def _learned(shop: Target) -> list[Asked]:
    """The operations, with what they are answered while all is well."""
    found = (await shop.honest(VALUES)).body["data"]
    orders = found["orders"]["nodes"]
    skus = sorted({line["sku"] for order in orders for line in order["lines"]})[:40]
    asked = kinds(
        numbers=[order["number"] for order in orders],
        codes=[carrier["code"] for carrier in found["carriers"]["nodes"]],
        stocks=[gid("Stock", sku) for sku in skus],
        skus=skus[:10],
        slugs=[category["slug"] for category in found["categories"]["nodes"]],
    )
    callers = [
        {"authorization": f"Bearer {token(**{**STAFF, 'sub': f'staff-{number}'})}"}
        for number in range(CALLERS)
    ]
    operations = []
    for kind in asked:
        for number, value in enumerate(kind.values):
            sent = request(kind.query, {"v": value}, **callers[number % CALLERS])
            async with await shop.served.line() as line:
                await line.send(sent)
                answer = (await line.reply()).body
            assert "errors" not in answer, answer
            operations.append(Asked(kind, sent, answer["data"]))
    return operations
