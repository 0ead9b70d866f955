"""Quotas of gateways and workers that share a Redis, and of those that don't."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from gateway.commands.serving import tell_of_quotas
from gateway.quotas import shared
from gateway.quotas.settings import QuotaSettings
from gateway.settings import Settings
from tests.client import Gateway
from tests.gateway.edge import Served, edge
from tests.gateway.quotas.metered import LONG, THINGS, metering
from tests.identities import token
from tests.redis_server import RedisServer

ADA = {"authorization": f"Bearer {token(sub='ada', azp='web')}"}


@pytest.fixture(autouse=True)
def _nothing_is_used(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # However busy the machine is, that is no outage.
    monkeypatch.setattr(shared, "TIMEOUT", 20.0)
    Redis.from_url(redis.url).flushall()


async def granted(gateway: Gateway, times: int) -> list[bool]:
    """Which of so many operations, of three units each, are run."""
    answers = [await gateway.ask(THINGS, headers=ADA, explain=False) for _ in range(times)]
    assert {answer.status for answer in answers} <= {200, 429}
    return [answer.status == 200 for answer in answers]


async def test_gateways_share_what_a_caller_has(redis: RedisServer) -> None:
    quota = {"redis": redis.url}
    async with metering(30, quota=quota) as first, metering(30, quota=quota) as second:
        # What is charged, and what of it is given back.
        assert await granted(first, 4) == [True] * 4
        assert await granted(second, 4) == [True] * 3 + [False]
        left = [
            (await each.ask("{ __typename }", headers=ADA, explain=False)).headers["ratelimit"]
            for each in (first, second)
        ]

    # 21 for the seven, the least for the one that was refused, and one each.
    assert [each.split(";")[1] for each in left] == ["r=7", "r=6"]


async def test_what_redis_keeps_tells_nothing_of_callers(redis: RedisServer) -> None:
    async with metering(30, quota={"redis": redis.url}) as gateway:
        await granted(gateway, 1)
        await gateway.ask(THINGS, explain=False)

    client = Redis.from_url(redis.url, decode_responses=True)
    keys: Any = client.keys()
    assert len(keys) == 2
    for key in keys:
        assert key.startswith("sluice:quota:")
        assert not {"ada", "web", "127.0.0.1"} & {key, *client.hgetall(key).values()}
        assert len(key) == len("sluice:quota:") + 32
        assert 0 < client.pttl(key) < LONG * 1_000


async def test_a_gateway_goes_on_without_redis_and_is_ready(redis: RedisServer) -> None:
    async with metering(30, quota={"redis": redis.url}) as gateway:
        assert await granted(gateway, 2) == [True] * 2
        redis.stop()
        try:
            alone = await granted(gateway, 7)
            async with gateway.session.get(f"{gateway.url}/readyz") as ready:
                assert ready.status == 200
        finally:
            redis.start()
        await asyncio.sleep(1.1)
        again = await granted(gateway, 2)

    # As it was when Redis was last heard of, which has forgotten it.
    assert alone == [True] * 5 + [False] * 2
    assert again == [True] * 2


async def ran(served: Served, times: int) -> int:
    """How many of so many operations are run, each by a connection of its own."""
    return [(await served.ask()).status for _ in range(times)].count(200)


@pytest.mark.process
async def test_workers_share_what_a_caller_has(redis: RedisServer, tmp_path: Path) -> None:
    quota = {"cost": 40, "seconds": LONG, "redis": redis.url}
    async with edge(tmp_path, server={"workers": 2, "trusted_proxies": []}, quota=quota) as served:
        # One was asked to see that it is there.
        # A worker that had to wait for its turn on a busy machine may have gone by itself.
        assert await ran(served, 60) == pytest.approx(39, abs=4)
        assert "counts for itself" not in served.logged
        assert "have their quota by address" not in served.logged


def test_workers_say_that_each_counts_for_itself_for_keys_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = Settings.of(auth={"keys": {"url": "postgresql://localhost/keys"}})
    shared = {"redis": "redis://localhost"}
    with caplog.at_level("INFO"):
        tell_of_quotas(keys, 1)
        tell_of_quotas(keys.model_copy(update={"quota": QuotaSettings.model_validate(shared)}), 2)
        assert caplog.messages == []
        tell_of_quotas(keys, 2)

    assert caplog.messages == [
        "An API key that has a quota has it 2 times, once in each worker: with quota.redis it is "
        "shared."
    ]


@pytest.mark.process
async def test_workers_without_redis_say_that_each_counts_for_itself(tmp_path: Path) -> None:
    async with edge(tmp_path, server={"workers": 2}, quota={"cost": 40}) as served:
        assert (
            "Each of the 2 workers counts for itself, so callers have 2 times their quotas: with "
            "quota.redis they are shared." in served.logged
        )
        assert "behind a proxy all of them have one together" in served.logged
