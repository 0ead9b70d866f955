"""Two commits of the gateway, measured in turn.

The machine may be small and shared, so a figure by itself says little: whatever else runs makes all
code slower, for a while. So a commit is only compared with what was measured beside it. A round
gives one ratio for each workload; in it each commit has its turns before and after the other's.

What a process has by chance for as long as it lives, such as its hashes and the layout of its
memory, must not be taken for the code's: each round starts both anew, and gives both the same
hashes, but others in each round.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from benchmarks.answers import comparable, difference
from benchmarks.load import LoadError, ask
from benchmarks.measuring import SETTLED, send
from benchmarks.servers import BenchmarkError, Running, Server
from benchmarks.tokens import Tokens
from benchmarks.workloads import Workload
from demo.stack import Addresses

T = TypeVar("T")

MOST = 20_000
"""Requests in one turn, at most."""


@dataclass(frozen=True, slots=True)
class Effort:
    """So many rounds; in each, every workload is sent to each commit for so many seconds."""

    rounds: int = 10
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Pair:
    """CPU milliseconds of one request in the same round, at the base and at this checkout."""

    base: float
    this: float

    @property
    def ratio(self) -> float:
        return self.this / self.base


@dataclass(frozen=True, slots=True)
class Measured:
    """By a workload's name: a pair for each round; or else why there is none; and the first place
    where the two answer differently, if they do."""

    pairs: dict[str, list[Pair]] = field(default_factory=lambda: defaultdict(list))
    skipped: dict[str, str] = field(default_factory=dict)
    differences: dict[str, str] = field(default_factory=dict)


def measure(
    base: Server,
    this: Server,
    workloads: Sequence[Workload],
    effort: Effort,
    addresses: Addresses,
    logs: Path,
    say: Callable[[str], None],
) -> Measured:
    """A workload that the base can't answer is left out: the base may be older than its fields.

    Raises BenchmarkError where a server does not start, where this one answers with errors, and
    where either answers differently under load.
    """
    measured = Measured()
    for number in range(effort.rounds):
        say(f"Round {number + 1} of {effort.rounds}")
        order = (base, this) if number % 2 == 0 else (this, base)
        with _started(order, number, addresses, logs) as running:
            servers = running[base.name], running[this.name]
            asyncio.run(_round(*servers, workloads, effort.seconds, number, measured))
    return measured


def turns(base: T, this: T, number: int) -> tuple[T, T, T, T]:
    """Who is measured when: each twice, and in the middle of the other or around it by turns, so
    that a machine that gets slower or faster does so for both."""
    return (base, this, this, base) if number % 2 == 0 else (this, base, base, this)


@contextmanager
def _started(
    servers: Sequence[Server], number: int, addresses: Addresses, logs: Path
) -> Iterator[dict[str, Running]]:
    hashes = {"PYTHONHASHSEED": str(number + 1)}
    tokens = Tokens()
    running: dict[str, Running] = {}
    try:
        for server in servers:
            alike = replace(server, environment={**server.environment, **hashes})
            running[server.name] = Running(alike, addresses, tokens, logs)
        for each in running.values():
            each.ready()
        yield running
    finally:
        for each in running.values():
            each.stop()


async def _round(
    base: Running,
    this: Running,
    workloads: Sequence[Workload],
    seconds: float,
    number: int,
    measured: Measured,
) -> None:
    for place, workload in enumerate(workloads):
        if workload.name in measured.skipped:
            continue
        try:
            answer = await _answer(base, workload)
        except LoadError as error:
            if number > 0:
                raise _failed(base, workload, error) from error
            measured.skipped[workload.name] = str(error)
            continue
        try:
            answers = {base: answer, this: await _answer(this, workload)}
        except LoadError as error:
            raise _failed(this, workload, error) from error
        found = difference(comparable(answers[this]), comparable(answers[base]))
        if found is not None:
            measured.differences.setdefault(workload.name, found)
        pair = await _pair(base, this, workload, answers, seconds, number + place)
        measured.pairs[workload.name].append(pair)


async def _pair(
    base: Running,
    this: Running,
    workload: Workload,
    answers: dict[Running, bytes],
    seconds: float,
    number: int,
) -> Pair:
    order = turns(base, this, number)
    for server in order[:2]:
        await send(server, workload, answers[server], seconds / 2, SETTLED)
    cpu = dict.fromkeys(answers, 0.0)
    requests = dict.fromkeys(answers, 0)
    for server in order:
        before = server.cpu()
        done = await send(server, workload, answers[server], seconds / 2, MOST)
        cpu[server] += server.cpu() - before
        requests[server] += done.requests
    return Pair(*(1000 * cpu[each] / requests[each] for each in (base, this)))


async def _answer(server: Running, workload: Workload) -> bytes:
    """Raises LoadError if it has errors."""
    request = server.request(workload)
    # What follows the first answer may come another way: from a cache.
    first, _, last = [await ask(server.port, request) for _ in range(3)]
    if comparable(first) != comparable(last):
        raise LoadError("its answers differ from each other")
    return last


def _failed(server: Running, workload: Workload, error: LoadError) -> BenchmarkError:
    return BenchmarkError(f"{server.server.title}, {workload.title}: {error}")
