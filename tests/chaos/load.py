"""The load: operations that come when they come, whatever became of those before (open loop)."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import orjson

from benchmarks.load import Client, LoadError
from tests.chaos.operations import Asked, fault_of

STUCK_SECONDS = 40.0
"""Longer than any operation may take (``limits.request_seconds``)."""


class Caller(Client):
    """A connection, whose answers may have any status."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def on_message_complete(self) -> None:
        assert self._answer is not None
        if not self._answer.done():
            self._answer.set_result(b"".join(self._body))


@dataclass
class Phase:
    """What came of the operations of some time, in which that source was so."""

    bad: str | None
    fault: str | None
    seconds: float = 0.0
    asked: dict[str, frozenset[str]] = field(default_factory=dict)
    """The sources that each kind of operation asks."""
    sent: Counter[str] = field(default_factory=Counter)
    """How many there were of each kind."""
    right: dict[str, list[float]] = field(default_factory=dict)
    """The latencies, in seconds, of those with the right answer, by kind."""
    coded: Counter[str] = field(default_factory=Counter)
    """How many were answered with errors of the bad source's, by kind."""
    wrong: Counter[str] = field(default_factory=Counter)
    """What else was answered, and how often."""
    example: str = ""
    """One of them."""
    stuck: int = 0

    def latency(self, kinds: Iterable[str], share: float) -> float:
        """Of those of these kinds, by the nearest rank."""
        all_ = sorted(each for kind in kinds for each in self.right.get(kind, ()))
        return all_[min(int(share * len(all_)), len(all_) - 1)] if all_ else 0.0

    def answered(self, kinds: Iterable[str]) -> float:
        """The share of these kinds' operations that had the right answer."""
        names = list(kinds)
        sent = sum(self.sent[kind] for kind in names)
        return sum(len(self.right.get(kind, ())) for kind in names) / sent if sent else 1.0


class Load:
    """Operations, by their kinds' shares, and connections for them."""

    def __init__(self, port: int, operations: Sequence[Asked], seed: int = 7) -> None:
        self._port = port
        self._random = random.Random(seed)
        of_kind = Counter(each.kind.name for each in operations)
        self._operations = operations
        self._weights = [each.kind.share / of_kind[each.kind.name] for each in operations]
        self._free: list[Caller] = []

    def any(self, count: int) -> list[Asked]:
        return self._random.choices(self._operations, self._weights, k=count)

    async def ask(self, request: bytes) -> bytes:
        """The answer, by a connection that nobody else uses."""
        while self._free:
            caller = self._free.pop()
            try:
                answer = await caller.ask(request)
            except LoadError:
                continue  # It was closed meanwhile, as nothing was sent on it.
            self._free.append(caller)
            return answer
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(Caller, "127.0.0.1", self._port)
        answer = await caller.ask(request)
        self._free.append(caller)
        return answer

    async def capacity(self, seconds: float, clients: int = 16) -> float:
        """Operations a second, with so many at a time."""
        done, end = 0, time.perf_counter() + seconds

        async def run() -> None:
            nonlocal done
            for each in self.any(100_000):
                if time.perf_counter() > end:
                    return
                await self.ask(each.request)
                done += 1

        await asyncio.gather(*(run() for _ in range(clients)))
        return done / seconds

    async def run(self, phase: Phase, rate: float, seconds: float) -> None:
        """Send so many a second, and wait until each is answered or stuck."""
        began = time.perf_counter()
        due, tasks = began, set[asyncio.Task[None]]()
        while due < began + seconds:
            due += self._random.expovariate(rate)
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            (asked,) = self.any(1)
            task = asyncio.create_task(self._one(phase, asked, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        phase.seconds = time.perf_counter() - began
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STUCK_SECONDS)
            phase.stuck += len(late)

    async def _one(self, phase: Phase, asked: Asked, due: float) -> None:
        kind = asked.kind.name
        phase.asked[kind] = asked.kind.sources
        phase.sent[kind] += 1
        try:
            answer = orjson.loads(await self.ask(asked.request))
            fault = fault_of(asked, answer, phase.bad)
        except (LoadError, OSError, orjson.JSONDecodeError) as error:
            answer, fault = {}, type(error).__name__
        if fault is not None:
            phase.wrong[f"{kind}: {fault}"] += 1
            phase.example = phase.example or f"{kind}: {answer}"
        elif "errors" in answer:
            phase.coded[kind] += 1
        else:
            phase.right.setdefault(kind, []).append(time.perf_counter() - due)

    def close(self) -> None:
        for each in self._free:
            each.close()
