"""Two commits of the gateway, measured in turn.

The machine may be small and shared: whatever else runs makes all code slower, for a tenth of a
second or for minutes. So a commit is only compared with what was measured beside it. Both are
loaded at once, each client asking one and then the other, on one core that both share; a round
gives one ratio for each workload.

What a process has by chance for as long as it lives, such as its hashes and the layout of its
memory, must not be taken for the code's: each round starts both anew, and gives both the same
hashes, but others in each round.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.answers import comparable, difference
from benchmarks.commits.load import Target, in_turn
from benchmarks.load import LoadError, ask
from benchmarks.servers import BenchmarkError, Running, Server
from benchmarks.tokens import Tokens
from benchmarks.workloads import Workload
from demo.stack import Addresses

WARM_UP = 0.5
"""Before a workload is measured it is sent for so long, as a part of the time that is measured."""


@dataclass(frozen=True, slots=True)
class Effort:
    """So many rounds; in each, every workload is sent to both commits for so many seconds, and at
    least so often to each."""

    rounds: int = 10
    seconds: float = 1.0
    requests: int = 32


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
            asyncio.run(_round(*servers, workloads, effort, number, measured))
    return measured


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
    effort: Effort,
    number: int,
    measured: Measured,
) -> None:
    for workload in workloads:
        if workload.name in measured.skipped:
            continue
        try:
            theirs = await _answer(base, workload)
        except LoadError as error:
            if number > 0:
                raise BenchmarkError(f"{workload.title}: {error}") from error
            measured.skipped[workload.name] = str(error)
            continue
        try:
            ours = await _answer(this, workload)
            pair = await _pair({base: theirs, this: ours}, workload, effort)
        except (LoadError, OSError) as error:
            raise BenchmarkError(f"{workload.title}: {error}") from error
        measured.pairs[workload.name].append(pair)
        if (found := difference(comparable(ours), comparable(theirs))) is not None:
            measured.differences.setdefault(workload.name, found)


async def _pair(answers: Mapping[Running, bytes], workload: Workload, effort: Effort) -> Pair:
    targets = [
        Target(server.server.title, server.port, server.request(workload), answer)
        for server, answer in answers.items()
    ]
    clients = workload.clients
    await in_turn(targets, clients=clients, seconds=WARM_UP * effort.seconds)
    before = [server.cpu() for server in answers]
    requests = await in_turn(
        targets, clients=clients, seconds=effort.seconds, requests=effort.requests
    )
    after = [server.cpu() for server in answers]
    spent = zip(before, after, strict=True)
    return Pair(*(1000 * (end - begin) / requests for begin, end in spent))


async def _answer(server: Running, workload: Workload) -> bytes:
    """Raises LoadError if it has errors."""
    request = server.request(workload)
    try:
        # What follows the first answer may come another way: from a cache.
        first, _, last = [await ask(server.port, request) for _ in range(3)]
        if comparable(first) != comparable(last):
            raise LoadError("its answers differ from each other")
    except LoadError as error:
        raise LoadError(f"{server.server.title}: {error}") from error
    return last
