"""Buckets that workers and gateways share, in Redis."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, TimeoutError

from gateway.quotas.buckets import Level, LocalBuckets, Quota

log = logging.getLogger("sluice.quota")

PREFIX = "sluice:quota:"

TIMEOUT = 0.1
"""Seconds that Redis may take to connect, and to answer."""

TIMEOUTS = 3
"""One after the other, with which Redis is down. What can't be sent to it says so at once."""

DOWN_SECONDS = 1.0
"""For which Redis is not asked when it is down."""

FRESH_SECONDS = 1.0
"""For which a bucket is taken to be as empty as it was when Redis was last asked about it."""

MOST_AT_A_TIME = 100
"""What is asked of Redis at once."""

SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local units, otherwise = tonumber(ARGV[3]), ARGV[4]
local known = redis.call('HMGET', KEYS[1], 'used', 'at')
local used, at = tonumber(known[1] or 0), tonumber(known[2] or now)
used = math.max(0, used - math.max(0, now - at) / 1000000 * cost / seconds)
local granted = 1
if otherwise ~= '' and used + units > cost then
  granted = 0
  units = tonumber(otherwise)
  if used + units > cost then
    units = 0
  end
end
used = math.max(0, used + units)
if used == 0 then
  redis.call('DEL', KEYS[1])
elseif units ~= 0 then
  redis.call('HSET', KEYS[1], 'used', string.format('%.17g', used), 'at', string.format('%d', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(used / cost * seconds * 1000) + 1)
end
return {granted, string.format('%.17g', used)}
"""
"""A bucket is a hash: how many units are used, and since when, in microseconds of Redis' clock; it
expires when it is full. It is taken from as ``Buckets.take`` does or, without an ``otherwise``, as
``Buckets.add``."""

SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class _Wanted:
    """What is to be done with a bucket, and who waits for it."""

    __slots__ = ("answered", "key", "otherwise", "quota", "units")

    def __init__(
        self, key: str, quota: Quota, units: int, otherwise: int | None, *, answered: bool
    ) -> None:
        self.key = key
        self.quota = quota
        self.units = units
        self.otherwise = otherwise
        self.answered: asyncio.Future[Level | None] | None = None
        if answered:
            self.answered = asyncio.get_running_loop().create_future()

    @property
    def is_given_up(self) -> bool:
        return self.answered is not None and self.answered.cancelled()

    @property
    def arguments(self) -> tuple[int | str, ...]:
        """The script's."""
        otherwise = "" if self.otherwise is None else self.otherwise
        return (self.quota.cost, self.quota.seconds, self.units, otherwise)


class SharedBuckets:
    """Those in the Redis at ``url``, to which it connects when it is first asked. What many
    operations want of it at a time goes by one connection, all at once.

    Where it can't be asked, this process goes by buckets of its own, as they were when Redis was
    last heard of; the log says when it is down and when it is there again. What was taken from
    these Redis is told, if it is there, as that is settled.
    """

    def __init__(self, url: str, local: LocalBuckets) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._local = local
        self._wanted: deque[_Wanted] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._failures = 0
        self._is_down = False
        self._down_until = 0.0

    async def close(self) -> None:
        """Tell Redis what it is still to be told, and let go of the connection."""
        if self._asking is not None:
            await self._asking
        with suppress(RedisError, OSError):
            await self._redis.aclose()

    async def take(self, key: str, quota: Quota, cost: int, otherwise: int) -> Level:
        if not self._is_left_alone():
            wanted = self._want(_Wanted(key, quota, cost, otherwise, answered=True))
            assert wanted.answered is not None
            level = await wanted.answered
            if level is not None:
                return level
        granted, used, _ = await self._local.take(key, quota, cost, otherwise)
        return Level(granted, used, cost if granted else 0)

    def add(self, key: str, quota: Quota, units: int, untold: int = 0) -> None:
        self._local.add(key, quota, units)
        if not self._is_down and units + untold:
            self._want(_Wanted(key, quota, units + untold, None, answered=False))

    def used(self, key: str, quota: Quota) -> float:
        return self._local.used(key, quota)

    def is_empty(self, key: str, quota: Quota) -> bool:
        # Others may have given something back since.
        return self._local.is_empty(key, quota, math.inf if self._is_down else FRESH_SECONDS)

    def _is_left_alone(self) -> bool:
        if not self._is_down:
            return False
        now = time.monotonic()
        if now < self._down_until:
            return True
        # This one tries, and others go on.
        self._down_until = now + DOWN_SECONDS
        return False

    def _want(self, wanted: _Wanted) -> _Wanted:
        self._wanted.append(wanted)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return wanted

    async def _ask(self) -> None:
        try:
            while self._wanted:
                next_ones = [
                    self._wanted.popleft() for _ in range(min(MOST_AT_A_TIME, len(self._wanted)))
                ]
                if batch := [each for each in next_ones if not each.is_given_up]:
                    await self._ask_for(batch)
        finally:
            self._asking = None

    async def _ask_for(self, batch: list[_Wanted]) -> None:
        levels: Sequence[Level | None] = [None] * len(batch)
        try:
            levels = await self._run(batch)
            self._note_answer()
        except Exception as error:
            # Whatever it is, nobody is to wait for it.
            self._note_failure(error)
        finally:
            for wanted, level in zip(batch, levels, strict=True):
                if level is not None:
                    self._local.set(wanted.key, wanted.quota, level.used)
                if wanted.answered is not None and not wanted.answered.done():
                    wanted.answered.set_result(level)
                elif wanted.is_given_up and level is not None and level.granted:
                    # Whoever wanted it has gone, and runs nothing.
                    self.add(wanted.key, wanted.quota, -wanted.units)

    async def _run(self, batch: Sequence[_Wanted]) -> list[Level]:
        answers = await self._send(batch)
        forgotten = [n for n, each in enumerate(answers) if isinstance(each, NoScriptError)]
        if forgotten:
            # Redis has been started anew.
            await self._redis.script_load(SCRIPT)
            again = await self._send([batch[n] for n in forgotten])
            for n, each in zip(forgotten, again, strict=True):
                answers[n] = each
        for each in answers:
            if isinstance(each, Exception):
                raise each
        return [Level(granted == 1, float(used)) for granted, used in answers]

    async def _send(self, batch: Sequence[_Wanted]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for wanted in batch:
            pipeline.evalsha(SHA, 1, PREFIX + wanted.key, *wanted.arguments)
        return await pipeline.execute(raise_on_error=False)

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        # A process that had to wait for its own turn is no outage.
        if isinstance(error, TimeoutError) and self._failures < TIMEOUTS and not self._is_down:
            return
        self._down_until = time.monotonic() + DOWN_SECONDS
        if not self._is_down:
            self._is_down = True
            log.warning(
                "Redis can't be asked for quotas (%s): until it can, each worker goes on with "
                "quotas of its own, so callers have as many times theirs.",
                type(error).__name__,
            )

    def _note_answer(self) -> None:
        self._failures = 0
        if self._is_down:
            self._is_down = False
            log.warning("Redis can be asked for quotas again: workers share them.")
