"""Buckets in Redis: the same as in one process, and shared, as long as Redis is there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from gateway.quotas import shared as shared_module
from gateway.quotas.buckets import Level, LocalBuckets, Quota
from gateway.quotas.shared import PREFIX, SCRIPT, SharedBuckets
from tests.client import until
from tests.redis_server import RedisServer

QUOTA = Quota("default", 1_000, 3_600)


@pytest.fixture(autouse=True)
def _is_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    # However busy the machine is, that is no outage.
    monkeypatch.setattr(shared_module, "TIMEOUT", 20.0)


@pytest.fixture
def client(redis: RedisServer) -> Redis:
    client = Redis.from_url(redis.url)
    client.flushall()
    client.script_flush()
    return client


@asynccontextmanager
async def shared(redis: RedisServer) -> AsyncIterator[SharedBuckets]:
    buckets = SharedBuckets(redis.url, LocalBuckets())
    try:
        yield buckets
    finally:
        await buckets.close()


async def told(buckets: SharedBuckets) -> None:
    """Waits until Redis knows all."""
    await until(lambda: buckets._asking is None)


async def taken(buckets: SharedBuckets, key: str, cost: int) -> bool:
    return (await buckets.take(key, QUOTA, cost, 0)).granted


async def test_two_workers_take_from_one_bucket(redis: RedisServer, client: Redis) -> None:
    async with shared(redis) as first, shared(redis) as second:
        granted = [
            await taken(first, "ada", 400),
            await taken(second, "ada", 400),
            await taken(first, "ada", 400),
            await taken(second, "ada", 150),
            await taken(first, "bob", 400),
        ]
        assert granted == [True, True, False, True, True]
        assert 940 < second.used("ada", QUOTA) <= 950

        second.add("ada", QUOTA, -800)
        await told(second)
        assert await taken(first, "ada", 800)


async def test_what_is_given_back_is_told_as_the_worker_stops(
    redis: RedisServer, client: Redis
) -> None:
    async with shared(redis) as first:
        await taken(first, "ada", 1_000)
        first.add("ada", QUOTA, -1_000)

    assert client.keys() == []


async def test_what_others_give_back_is_not_taken_for_used_for_long(
    redis: RedisServer, client: Redis
) -> None:
    async with shared(redis) as first, shared(redis) as second:
        await taken(first, "ada", 1_000)
        assert not await taken(second, "ada", 1)
        assert second.is_empty("ada", QUOTA)
        first.add("ada", QUOTA, -500)
        await asyncio.sleep(1.1)

        assert not second.is_empty("ada", QUOTA)
        assert await taken(second, "ada", 500)


async def test_a_bucket_is_kept_until_it_is_full(redis: RedisServer, client: Redis) -> None:
    async with shared(redis) as buckets:
        await taken(buckets, "ada", 500)
        buckets.add("eve", QUOTA, 2_000)
        await told(buckets)

    assert sorted(client.keys()) == [f"{PREFIX}ada".encode(), f"{PREFIX}eve".encode()]
    assert 1_790_000 < client.pttl(f"{PREFIX}ada") <= 1_800_001
    assert 7_190_000 < client.pttl(f"{PREFIX}eve") <= 7_200_001


STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "add", "pass"]), st.integers(-150, 150)), max_size=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS, cost=st.integers(1, 200), seconds=st.integers(1, 100))
async def test_the_script_does_what_a_process_does(
    client: Redis, steps: list[tuple[str, int]], cost: int, seconds: int
) -> None:
    # By a clock of the test's.
    timed = SCRIPT.replace("redis.call('TIME')", "{ARGV[5], ARGV[6]}")
    script = client.register_script(timed)
    quota, now = Quota("default", cost, seconds), 1_000
    local = LocalBuckets(clock=lambda: float(now))
    client.delete("bucket")

    def run(units: int, otherwise: int | str) -> Level:
        arguments = (cost, seconds, units, otherwise, now, 0)
        granted, used = script(keys=["bucket"], args=arguments)
        # It expires by Redis' own clock.
        client.persist("bucket")
        return Level(granted == 1, float(used))

    for what, number in steps:
        if what == "pass":
            now += abs(number) // 10
        elif what == "add":
            local.add("ada", quota, number)
            assert run(number, "").used == pytest.approx(local.used("ada", quota), abs=1e-6)
        else:
            expected = await local.take("ada", quota, abs(number), 1)
            found = run(abs(number), 1)
            assert found.granted is expected.granted
            assert found.used == pytest.approx(expected.used, abs=1e-6)


async def test_a_server_without_the_script_is_given_it(redis: RedisServer, client: Redis) -> None:
    async with shared(redis) as buckets:
        assert await taken(buckets, "ada", 300)
        client.script_flush()
        assert await asyncio.gather(*(taken(buckets, "ada", 300) for _ in range(3))) == [
            True,
            True,
            False,
        ]


async def test_what_nobody_waits_for_any_more_is_given_back(
    redis: RedisServer, client: Redis
) -> None:
    async with shared(redis) as buckets:
        await taken(buckets, "ada", 1)
        waiting = [asyncio.create_task(taken(buckets, "ada", 900)) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await told(buckets)

        assert await taken(buckets, "ada", 990)


SECONDS = 3.0
CAPACITY, WINDOW, COST = 20_000, 10, 7


def hammer(url: str) -> tuple[int, float, float]:
    """What one process is granted in so many seconds, and when it was for the first time and for
    the last."""
    shared_module.TIMEOUT = 20.0

    async def ask() -> tuple[int, float, float]:
        buckets = SharedBuckets(url, LocalBuckets())
        quota, times = Quota("default", CAPACITY, WINDOW), list[float]()
        ends = time.monotonic() + SECONDS

        async def one() -> None:
            while time.monotonic() < ends:
                if (await buckets.take("hammered", quota, COST, 0)).granted:
                    times.append(time.monotonic())

        await asyncio.gather(*(one() for _ in range(10)))
        await buckets.close()
        return COST * len(times), times[0], times[-1]

    return asyncio.run(ask())


@pytest.mark.process
def test_four_processes_have_one_bucket(redis: RedisServer, client: Redis) -> None:
    with ProcessPoolExecutor(4, get_context("spawn")) as processes:
        found = list(processes.map(hammer, [redis.url] * 4))

    took = max(last for _, _, last in found) - min(first for _, first, _ in found)
    granted = sum(each for each, _, _ in found)
    assert granted == pytest.approx(CAPACITY * (1 + took / WINDOW), rel=0.01)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.name == "sluice.quota"]


async def test_without_redis_each_goes_on_and_says_so_once(
    redis: RedisServer, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with shared(redis) as first, shared(redis) as second:
        assert await taken(first, "ada", 600)
        assert not await taken(second, "ada", 600)
        redis.stop()
        try:
            alone = [[await taken(each, "ada", 300) for _ in range(5)] for each in (first, second)]
        finally:
            redis.start()
        # As Redis said last.
        assert alone == [[True, False, False, False, False]] * 2
        (one, other) = said(caplog)
        assert one == other
        assert one.startswith("Redis can't be asked for quotas (ConnectionError): ")

        caplog.clear()
        await asyncio.sleep(1.1)
        granted = [await taken(each, "ada", 600) for each in (first, second)]

    assert granted == [True, False]
    assert said(caplog) == ["Redis can be asked for quotas again: workers share them."] * 2


async def test_a_redis_that_does_not_answer_holds_nobody_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_module, "TIMEOUT", 0.1)

    async def silent(_: Any, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    buckets = SharedBuckets(f"redis://127.0.0.1:{port}", LocalBuckets())
    async with asyncio.timeout(5):
        granted = [await taken(buckets, "ada", 400) for _ in range(100)]
        await buckets.close()
    server.close()

    assert granted == [True, True] + [False] * 98
    (line,) = said(caplog)
    assert line.startswith("Redis can't be asked for quotas (TimeoutError): ")


async def test_what_was_taken_without_redis_is_told_as_it_is_settled(
    redis: RedisServer, client: Redis
) -> None:
    async with shared(redis) as first, shared(redis) as second:
        await taken(first, "ada", 1)
        redis.stop()
        try:
            level = await first.take("ada", QUOTA, 900, 0)
        finally:
            redis.start()
        assert level.untold == 900
        await asyncio.sleep(1.1)
        await taken(first, "bob", 1)
        # It has cost no more than 500.
        first.add("ada", QUOTA, -400, level.untold)
        await told(first)

        assert await taken(second, "ada", 500)
        assert not await taken(second, "ada", 50)
