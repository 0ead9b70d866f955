"""The measurement: every server in turn, round by round, and medians over the rounds."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.answers import comparable, difference
from benchmarks.load import Load, LoadError, ask, load
from benchmarks.servers import BenchmarkError, Running, Server
from benchmarks.tokens import Tokens
from benchmarks.workloads import Workload
from demo.stack import Addresses

WARM_UP_SECONDS = 30.0
"""For each server and operation, at most."""

SETTLED = 32
"""Requests that come before each measurement, so that all connections are open."""

SAMPLED_EVERY = 0.05
"""Seconds between looks at a server's memory."""

Say = Callable[[str], None]
Expected = Mapping[tuple[str, str], bytes]
"""Each server's answer, by operation and the server's name."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: so many rounds; in each, for so many seconds or requests, whichever
    is over first. ``warm_up`` requests of each operation come before, as Node compiles what it
    has seen often."""

    rounds: int = 5
    seconds: float = 3.0
    requests: int = 20_000
    warm_up: int = 300


@dataclass(frozen=True, slots=True)
class Figures:
    """What one workload took of one server. ``cpu`` is in milliseconds for each request, of the
    server's process tree; latencies are in milliseconds, ``memory`` in bytes."""

    cpu: float
    p50: float
    p99: float
    per_second: float
    memory: int
    requests: int


Results = Mapping[tuple[str, str], Figures]
"""By the names of workload and server."""


def measure(
    servers: Sequence[Server],
    workloads: Sequence[Workload],
    effort: Effort,
    addresses: Addresses,
    logs: Path,
    say: Say,
) -> Results:
    """Raises BenchmarkError where a server does not start, or where two answer differently."""
    tokens = Tokens()
    with ExitStack() as stack:
        running = []
        for server in servers:
            say(f"Starting {server.title}")
            started = Running(server, addresses, tokens, logs)
            stack.callback(started.stop)
            running.append(started)
        for started in running:
            started.ready()
        return asyncio.run(_measure(running, workloads, effort, say))


async def _measure(
    servers: Sequence[Running], workloads: Sequence[Workload], effort: Effort, say: Say
) -> Results:
    operations: dict[str, Workload] = {}
    for each in workloads:
        operations.setdefault(each.operation, each)
    expected = {
        (operation, server.server.name): body
        for operation, workload in operations.items()
        for server, body in (await compare(servers, workload)).items()
    }
    say(f"All servers answer the same: {', '.join(operations)}")
    for workload in operations.values():
        say(f"Warming up: {workload.title}")
        for server in servers:
            await _send(server, workload, expected, WARM_UP_SECONDS, effort.warm_up)
    rounds: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    for number in range(effort.rounds):
        for workload in workloads:
            say(f"Round {number + 1} of {effort.rounds}: {workload.title}")
            for server in servers:
                figures = await _turn(server, workload, expected, effort)
                rounds[workload.name, server.server.name].append(figures)
    return {place: _median(figures) for place, figures in rounds.items()}


async def compare(servers: Sequence[Running], workload: Workload) -> dict[Running, bytes]:
    """Each server's answer. Raises BenchmarkError where one differs from the first's."""
    answers: dict[Running, bytes] = {}
    for server in servers:
        request = server.request(workload)
        try:
            # What follows the first answer may come another way: compiled, or from a cache.
            bodies = [await ask(server.port, request) for _ in range(3)]
            first, *others = [comparable(body) for body in bodies]
        except (LoadError, OSError) as error:
            raise BenchmarkError(f"{server.server.title}, {workload.title}: {error}") from error
        if any(other != first for other in others):
            raise BenchmarkError(
                f"{server.server.title}, {workload.title}: its answers differ from each other"
            )
        for other, body in answers.items():
            if (found := difference(first, comparable(body))) is not None:
                raise BenchmarkError(
                    f"{server.server.title} and {other.server.title} answer differently: "
                    f"{workload.title}, {found}"
                )
        answers[server] = bodies[-1]
    return answers


async def _turn(server: Running, workload: Workload, expected: Expected, effort: Effort) -> Figures:
    await _send(server, workload, expected, WARM_UP_SECONDS, max(SETTLED, workload.clients))
    memory = 0

    async def watch() -> None:
        nonlocal memory
        while True:
            memory = max(memory, server.usage().memory)
            await asyncio.sleep(SAMPLED_EVERY)

    before = server.usage()
    watching = asyncio.create_task(watch())
    try:
        done = await _send(server, workload, expected, effort.seconds, effort.requests)
    finally:
        watching.cancel()
    after = server.usage()
    return Figures(
        cpu=1000 * (after.cpu - before.cpu) / done.requests,
        p50=1000 * done.percentile(0.50),
        p99=1000 * done.percentile(0.99),
        per_second=done.requests / done.seconds,
        memory=max(memory, after.memory),
        requests=done.requests,
    )


async def _send(
    server: Running, workload: Workload, expected: Expected, seconds: float, requests: int
) -> Load:
    try:
        return await load(
            server.port,
            server.request(workload),
            expected[workload.operation, server.server.name],
            clients=workload.clients,
            seconds=seconds,
            requests=requests,
        )
    except (LoadError, OSError, TimeoutError) as error:
        raise BenchmarkError(f"{server.server.title}, {workload.title}: {error}") from error


def _median(rounds: Sequence[Figures]) -> Figures:
    return Figures(
        cpu=median(each.cpu for each in rounds),
        p50=median(each.p50 for each in rounds),
        p99=median(each.p99 for each in rounds),
        per_second=median(each.per_second for each in rounds),
        memory=max(each.memory for each in rounds),
        requests=sum(each.requests for each in rounds),
    )
