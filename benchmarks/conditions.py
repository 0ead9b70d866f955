"""Under which conditions a run was made."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.measuring import Effort, Results
from benchmarks.servers import NODE, Server

PYTHON = (
    "strawberry-graphql",
    "graphql-core",
    "starlette",
    "uvicorn",
    "uvloop",
    "asyncpg",
    "motor",
)


def conditions(
    servers: Sequence[Server], effort: Effort, results: Results
) -> list[tuple[str, str]]:
    """Each with its name."""
    return list(_conditions(servers, effort, results))


def _conditions(
    servers: Sequence[Server], effort: Effort, results: Results
) -> Iterator[tuple[str, str]]:
    yield "Date", date.today().isoformat()
    memory = psutil.virtual_memory().total / 2**30
    yield "Machine", f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB"
    yield "System", f"{platform.system()} {platform.release()}"
    packages = ", ".join(f"{name} {version(name)}" for name in PYTHON)
    yield "Python", f"{platform.python_version()}; {packages}"
    if any(server.folder == NODE for server in servers):
        dependencies = json.loads((NODE / "package.json").read_text("utf-8"))["dependencies"]
        packages = ", ".join(f"{name} {each}" for name, each in dependencies.items())
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        yield "Node", f"{node.stdout.strip().removeprefix('v')}; {packages}"
    yield (
        "Rounds",
        f"{effort.rounds}, all servers in turn in each; medians over the rounds, memory the most "
        "that was seen",
    )
    counts = [figures.requests for figures in results.values()] or [0]
    yield (
        "Requests",
        f"{min(counts):,} to {max(counts):,} for each figure; {effort.seconds:g} s in each "
        f"round; {effort.warm_up} of each operation before, to warm up",
    )
    yield "Servers", "one process each, pinned to nothing; load and sources on the same machine"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
