"""Token buckets, in units of cost, by the keys of those who have them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

MOST_BUCKETS = 10_000
"""Buckets that a process keeps. One takes some 300 bytes."""


class Quota(NamedTuple):
    """What a bucket is filled by: it holds ``cost`` units, and as many flow into it in ``seconds``.
    ``name`` says to clients by what they have it."""

    name: str
    cost: int
    seconds: int

    def time_of(self, units: float) -> float:
        """The seconds in which so many units flow."""
        return units * self.seconds / self.cost


class Level(NamedTuple):
    """Whether what was wanted of a bucket was ``granted``, and how many of its units are ``used``
    now: more than it holds, where some are owed. Of those that were granted so many are
    ``untold``: whoever shares the bucket does not know of them."""

    granted: bool
    used: float
    untold: int = 0


class Buckets(Protocol):
    """Buckets by their keys. One that is not known is full."""

    async def close(self) -> None: ...

    async def take(self, key: str, quota: Quota, cost: int, otherwise: int) -> Level:
        """Take the cost from the bucket. If it has less, that is not granted, and what is to be
        taken ``otherwise`` is taken, if it has that."""

    def add(self, key: str, quota: Quota, units: int, untold: int = 0) -> None:
        """Take so many units more, whether it has them or not; or give back, where they are less
        than 0, as many as were taken at most. It is the time to tell of those ``untold``."""

    def used(self, key: str, quota: Quota) -> float:
        """How many units are used, as far as this process knows."""

    def is_empty(self, key: str, quota: Quota) -> bool:
        """Whether this process is sure that there is not a unit in it."""


@dataclass(slots=True)
class _Bucket:
    used: float
    at: float
    full_at: float


class LocalBuckets:
    """Those of this process: no more than ``most``, on the ``clock`` (seconds).

    Where there is no place for a new one those go that are full, and then those that are full
    soonest. So nobody has an emptied bucket forgotten for a full one by coming from many addresses:
    most of these would have to empty theirs first.
    """

    def __init__(
        self, most: int = MOST_BUCKETS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    async def close(self) -> None:
        pass

    async def take(self, key: str, quota: Quota, cost: int, otherwise: int) -> Level:
        now = self._clock()
        used = self._used(key, quota, now)
        granted = used + cost <= quota.cost
        units = cost if granted else otherwise
        if used + units <= quota.cost:
            used += units
            self._set(key, quota, used, now)
        return Level(granted, used)

    def add(self, key: str, quota: Quota, units: int, untold: int = 0) -> None:
        now = self._clock()
        self._set(key, quota, self._used(key, quota, now) + units, now)

    def used(self, key: str, quota: Quota) -> float:
        return self._used(key, quota, self._clock())

    def is_empty(self, key: str, quota: Quota, within: float = math.inf) -> bool:
        """The same, by what was heard ``within`` so many seconds."""
        bucket, now = self._buckets.get(key), self._clock()
        if bucket is None or now - bucket.at > within:
            return False
        return self._used(key, quota, now) + 1 > quota.cost

    def set(self, key: str, quota: Quota, used: float) -> None:
        """Have so many units of it be used."""
        self._set(key, quota, used, self._clock())

    def _used(self, key: str, quota: Quota, now: float) -> float:
        bucket = self._buckets.get(key)
        if bucket is None:
            return 0.0
        return max(0.0, bucket.used - (now - bucket.at) * quota.cost / quota.seconds)

    def _set(self, key: str, quota: Quota, used: float, now: float) -> None:
        bucket = self._buckets.get(key)
        if used <= 0:
            if bucket is not None:
                del self._buckets[key]
            return
        full_at = now + quota.time_of(used)
        if bucket is not None:
            bucket.used, bucket.at, bucket.full_at = used, now, full_at
            return
        if len(self._buckets) >= self._most:
            self._make_room(now)
        self._buckets[key] = _Bucket(used, now, full_at)

    def _make_room(self, now: float) -> None:
        # A tenth at a time, so that sorting them is next to nothing for each.
        buckets = self._buckets
        soonest = sorted(buckets, key=lambda key: buckets[key].full_at)
        for place, key in enumerate(soonest):
            if place * 10 >= self._most and buckets[key].full_at > now:
                return
            del buckets[key]
