"""What was measured, and how it compares with what is aimed at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.in_memory import InMemory
from benchmarks.measuring import Results
from benchmarks.servers import Server
from benchmarks.workloads import Workload

IN_MEMORY = "250 \N{MULTIPLICATION SIGN} 40 in memory, execution only"
GRAPHQL_CORE = "Strawberry + graphql-core"
GATEWAY = "gateway"

AIMS = {
    ("order-page", "strawberry"): 0.20,
    ("order-page", "mercurius"): 0.75,
    ("order-page", "handwritten"): 1.25,
    ("product", "strawberry"): 0.6,
    ("product", "handwritten"): 2.0,
    ("chain", "strawberry"): 0.6,
}
"""By workload and server: the most CPU that the gateway may take, as a part of theirs."""

IN_MEMORY_AIM = 0.06


@dataclass(frozen=True, slots=True)
class Ratio:
    """The gateway's CPU for each request, divided by another's."""

    workload: str
    against: str
    ratio: float
    aim: float | None

    @property
    def verdict(self) -> str:
        if self.aim is None:
            return ""
        return "met" if self.ratio <= self.aim else f"missed by {self.ratio / self.aim - 1:.0%}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": round(self.ratio, 3)}


@dataclass(frozen=True, slots=True)
class Report:
    """All of one run: the servers that ran, with the gateway first, and why others did not."""

    servers: Sequence[Server]
    workloads: Sequence[Workload]
    results: Results
    in_memory: InMemory | None
    absent: Sequence[str]
    conditions: Sequence[tuple[str, str]]

    def ratios(self) -> list[Ratio]:
        return list(self._ratios())

    def _ratios(self) -> Iterator[Ratio]:
        for workload in self.workloads:
            ours = self.results[workload.name, GATEWAY].cpu
            for server in self.servers:
                if server.name != GATEWAY:
                    theirs = self.results[workload.name, server.name].cpu
                    aim = AIMS.get((workload.name, server.name))
                    yield Ratio(workload.title, server.title, ours / theirs, aim)
        if self.in_memory is not None:
            yield Ratio(IN_MEMORY, GRAPHQL_CORE, self.in_memory.ratio, IN_MEMORY_AIM)
