"""A real Redis for tests."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from demo.processes import Command, Processes
from demo.servers import free_port, is_free

READY_WITHIN = 20.0


class RedisServer:
    """Redis, which keeps nothing once it has been stopped. A test that stops it starts it again."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self._processes = processes
        self._port = free_port()
        found = shutil.which("redis-server")
        assert found, "no Redis on the PATH: install your system's package 'redis-server'"
        self._command = Command(
            [
                found,
                *("--port", str(self._port), "--bind", "127.0.0.1", "--requirepass", "secret"),
                *("--save", "", "--appendonly", "no", "--dir", str(folder)),
            ],
            log=folder / "log",
            cwd=folder,
            env={"PATH": os.defpath},
            stop_signal=signal.SIGKILL,
        )

    @property
    def url(self) -> str:
        return f"redis://:secret@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        self._processes.start("redis", self._command)
        deadline = time.monotonic() + READY_WITHIN
        while is_free(self._port):
            if self._processes.exit_code("redis") is not None or time.monotonic() > deadline:
                raise self._processes.failure("redis")
            time.sleep(0.02)

    def stop(self) -> None:
        self._processes.stop("redis")


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="sluice-redis-") as made:
        folder = Path(made)
        lock = os.open(folder, os.O_RDONLY)
        with closing(Processes(folder / "supervisor.log", lock)) as processes:
            os.close(lock)
            server = RedisServer(processes, folder)
            server.start()
            yield server
