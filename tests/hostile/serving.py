"""The shop's gateway in a process of its own, and what a caller has taken of it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil

from tests.gateway.edge import Line, Reply, Served, head, process_of
from tests.gateway.test_cli import ROOT, SHOP
from tests.hostile.watched import VARIABLE, Held
from tests.identities import headers

HONEST = """
query ($number: String) {
  order(number: $number) { number total lines { sku quantity } shipment { status } }
}
"""
"""Asks PostgreSQL and a service."""

ELSEWHERE = "127.0.0.2"
"""The address of whoever is hostile; the honest have another."""


@dataclass(frozen=True)
class Taken:
    """What a request has taken: CPU of the whole process and the longest hold of its loop, in
    seconds of CPU, and the bytes that its memory was larger at most."""

    cpu: float
    hold: float
    memory: int


@dataclass(frozen=True)
class Target:
    """A gateway, from outside and from inside."""

    served: Served
    held: Held
    staff: Mapping[str, str]

    @property
    def peak(self) -> int:
        """Bytes of memory, the most since the last ``measure`` began."""
        status = Path(f"/proc/{self.served.process.pid}/status").read_text()
        (line,) = (each for each in status.splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def measure(self) -> Measure:
        return Measure(self)

    async def line(self) -> Line:
        """A connection of whoever is hostile."""
        return await self.served.line(address=ELSEWHERE)

    async def honest(self, query: str = HONEST, **variables: object) -> Reply:
        """The answer to a query of the staff, from another address."""
        body = orjson.dumps({"query": query, "variables": variables})
        async with await self.served.line() as line:
            await line.send(head(content_length=str(len(body)), **self.staff), b"\r\n", body)
            return await line.reply()


class Measure:
    """What is taken from its making on."""

    def __init__(self, target: Target) -> None:
        self._target = target
        # proc_pid_clear_refs(5): 5 has the peak begin anew.
        Path(f"/proc/{target.served.process.pid}/clear_refs").write_text("5")
        target.held.longest = 0.0
        self._cpu, self._memory = target.served.cpu, target.served.memory

    def taken(self) -> Taken:
        target = self._target
        return Taken(target.served.cpu - self._cpu, target.held.longest, target.peak - self._memory)


@asynccontextmanager
async def target(folder: Path, **settings: Mapping[str, Any]) -> AsyncIterator[Target]:
    """The shop's gateway with these sections of its settings, as in production else."""
    file = folder / "held"
    held = Held(file)
    variables = {
        **SHOP,
        "PYTHONPATH": str(ROOT),
        "SLUICE_ENVIRONMENT": "production",
        VARIABLE: str(file),
        **{f"SLUICE_{name.upper()}": orjson.dumps(v).decode() for name, v in settings.items()},
    }
    command = (sys.executable, "-m", "tests.hostile.watched")
    async with process_of(command, folder, variables) as served:
        assert isinstance(served.process, psutil.Process)
        yield Target(served, held, headers("staff"))
