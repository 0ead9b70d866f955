"""Whether the gateway is ready says nothing of how busy it is, and costs next to nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import orjson
import pytest
from starlette.requests import Request

from demo.stack import Addresses
from gateway import readiness
from gateway.readiness import Readiness
from gateway.settings import Settings
from loaders.errors import SourceUnavailable
from loaders.memory import MemorySource
from loaders.registry import Sources
from tests.client import serving
from tests.gateway.ending import ending, slow
from tests.identities import auth, headers


class Probed(MemorySource):
    """Says how often it was asked, and how many did at a time."""

    asked = now = most = 0
    is_up = True

    async def check(self) -> None:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05)
        self.now -= 1
        if not self.is_up:
            raise SourceUnavailable(self.name)


async def told(readiness: Readiness) -> tuple[int, Any]:
    response = await readiness.respond(Request({"type": "http"}))
    return response.status_code, orjson.loads(bytes(response.body))


UP = (200, {"status": "ready", "sources": {"a": "up"}})
DOWN = (503, {"status": "not ready", "sources": {"a": "down"}})


async def test_sources_are_asked_once_for_all_who_ask_within_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.3)
    source = Probed("a", {})
    ready = Readiness(Sources([source]))

    together = await asyncio.gather(*(told(ready) for _ in range(20)))
    source.is_up = False
    soon = await told(ready)
    await asyncio.sleep(0.35)
    later = await told(ready)

    assert together == [UP] * 20
    assert soon == UP
    assert later == DOWN
    assert (source.asked, source.most) == (2, 1)


async def test_who_hangs_up_does_not_end_the_others_probe() -> None:
    source = Probed("a", {})
    ready = Readiness(Sources([source]))

    first, second = (asyncio.create_task(told(ready)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()

    assert await second == UP
    assert source.asked == 1


async def test_a_gateway_that_stops_is_not_ready_and_asks_nobody() -> None:
    source = Probed("a", {})
    ready = Readiness(Sources([source]))
    ready.is_over = True

    assert await told(ready) == (503, {"status": "not ready", "sources": {}})
    assert source.asked == 0


async def test_a_pool_that_is_used_up_is_not_down(
    source_settings: dict[str, dict[str, Any]], addresses: Addresses
) -> None:
    sources = {"shop": {**source_settings["shop"], "pool_size": 1}}
    settings = Settings.of(sources=sources, auth=auth())
    admin = await asyncpg.connect(addresses.postgres)
    try:
        async with serving(settings, headers("staff")) as gateway, admin.transaction():
            await admin.execute("lock table customers in access exclusive mode")
            asking = [
                asyncio.create_task(gateway.ask("{ customers(first: 1) { nodes { name } } }"))
                for _ in range(3)
            ]
            await asyncio.sleep(0.3)
            async with gateway.session.get(f"{gateway.url}/readyz") as response:
                status, body = response.status, await response.json()
            for each in asking:
                each.cancel()
    finally:
        await admin.close()

    assert (status, body) == (200, {"status": "ready", "sources": {"shop": "up"}})


async def test_calls_to_mongodb_that_are_all_under_way_are_not_down(addresses: Addresses) -> None:
    async with ending(addresses) as served:
        most = served.sources["mongo"].can.in_flight
        asking = [asyncio.create_task(served.gateway.ask(slow("mongo"))) for _ in range(most)]
        await served.becomes("mongo", most)
        async with served.gateway.session.get(f"{served.gateway.url}/readyz") as response:
            body = await response.json()
        for each in asking:
            each.cancel()
        await served.becomes("mongo", 0)

    assert body["sources"]["mongo"] == "up"
