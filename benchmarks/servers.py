"""The servers that are compared: how each is started, and what its processes have used."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from benchmarks.tokens import Tokens
from benchmarks.workloads import Workload
from demo.servers import free_port
from demo.stack import Addresses

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "benchmarks" / "peers" / "node"
STACK = Path(".demo") / "bench"
READY_SECONDS = 60.0
GRAPH = "schema.build:schema"


class BenchmarkError(Exception):
    """Why there is no result, in words for whoever runs the benchmark."""


@dataclass(frozen=True, slots=True)
class Server:
    """``graphql`` servers answer operations at /graphql, the hand-written one each at a path of
    its own. One ``on_request`` is started where it is named."""

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    graphql: bool = True
    gateway: bool = False
    on_request: bool = False
    folder: Path = ROOT

    def missing(self) -> str | None:
        """What it needs and is not installed."""
        if self.folder == NODE:
            if shutil.which("node") is None:
                return "Node is not installed"
            if not (NODE / "node_modules").is_dir():
                return f"its packages are not installed: npm ci in {NODE.relative_to(ROOT)}"
        return None


SERVE = (str(Path(sys.executable).with_name("gateway")), "serve")

SERVERS = (
    Server("gateway", "Sluice", SERVE, gateway=True),
    Server(
        "graphql-core",
        "Sluice on graphql-core",
        SERVE,
        {"SLUICE_ENGINE": "graphql-core"},
        gateway=True,
        on_request=True,
    ),
    Server(
        "strawberry",
        "plain Strawberry",
        (sys.executable, "-m", "benchmarks.peers.plain_strawberry.app"),
    ),
    Server(
        "handwritten",
        "hand-written endpoint",
        (sys.executable, "-m", "benchmarks.peers.handwritten"),
        graphql=False,
    ),
    *(
        Server(name, title, ("node", f"{name}.js"), {"NODE_ENV": "production"}, folder=NODE)
        for name, title in (
            ("apollo", "Apollo Server"),
            ("yoga", "GraphQL Yoga"),
            ("mercurius", "Mercurius + graphql-jit"),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a server's processes have used since they started: ``cpu`` in seconds, user and
    system, and now: ``memory`` in bytes."""

    cpu: float
    memory: int


class Running:
    """A server that was started. It answers once ``ready`` has returned."""

    def __init__(self, server: Server, addresses: Addresses, tokens: Tokens, logs: Path) -> None:
        self.server = server
        self.port = free_port()
        self._tokens = tokens
        self._log = logs / f"{server.name}.log"
        logs.mkdir(parents=True, exist_ok=True)
        environment = self._environment(addresses)
        with self._log.open("wb") as log:
            self._process = self._start(environment, log)
        self._seen = psutil.Process(self._process.pid)

    def ready(self) -> None:
        """Waits until it answers. Raises BenchmarkError when it does not."""
        deadline = time.monotonic() + READY_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        tail = "\n  ".join(self._log.read_text("utf-8", "replace").splitlines()[-12:])
        raise BenchmarkError(f"{self.server.title} did not start:\n  {tail}")

    def request(self, workload: Workload) -> bytes:
        """The whole request, as it is sent."""
        path = "/graphql" if self.server.graphql else f"/{workload.operation}"
        body = json.dumps(workload.body()).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"host: 127.0.0.1:{self.port}",
            "content-type: application/json",
            "accept: application/json",
            f"content-length: {len(body)}",
        ]
        if self.server.gateway:
            lines.append(f"authorization: Bearer {self._tokens.token()}")
        return "\r\n".join((*lines, "", "")).encode() + body

    def usage(self) -> Usage:
        """Of all processes of its tree, those that have ended included."""
        cpu, memory = 0.0, 0
        for process in (self._seen, *self._seen.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                memory += process.memory_info().rss
        return Usage(cpu, memory)

    def cpu(self) -> float:
        """CPU seconds of its first process, user and system, as exactly as the system counts:
        ``usage`` knows hundredths, and a short turn is not many of them."""
        if sys.platform == "linux":
            # clock_getcpuclockid(3), which Python has for its own threads alone.
            return time.clock_gettime(~self._process.pid << 3 | 2)
        return self.usage().cpu

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, environment: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.server.command,
            cwd=self.server.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def _environment(self, at: Addresses) -> dict[str, str]:
        # The gateway reads gateway.toml, as it ships, and nothing of whoever runs the benchmark.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")
        }
        return {
            **inherited,
            **(self._settings(at) if self.server.gateway else self._addresses(at)),
            **self.server.environment,
        }

    def _settings(self, at: Addresses) -> dict[str, str]:
        sources = {
            "shop": {"kind": "postgres", "url": at.postgres},
            "catalog": {"kind": "mongo", "url": at.mongo, "database": at.mongo_database},
            "inventory": {"kind": "rest", "url": at.inventory},
            "shipping": {"kind": "rest", "url": at.shipping},
        }
        return {
            "SLUICE_GRAPH": GRAPH,
            "SLUICE_SERVER": json.dumps({"port": self.port}),
            "SLUICE_AUTH": json.dumps(self._tokens.setting()),
            "SLUICE_SOURCES": json.dumps(sources),
        }

    def _addresses(self, addresses: Addresses) -> dict[str, str]:
        return {
            "PORT": str(self.port),
            "SHOP_URL": addresses.postgres,
            "CATALOG_URL": addresses.mongo,
            "CATALOG_DATABASE": addresses.mongo_database,
            "INVENTORY_URL": addresses.inventory,
            "SHIPPING_URL": addresses.shipping,
        }
