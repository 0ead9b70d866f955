"""The demo's four servers: how each is run, and how one knows that it answers."""

import asyncio
import os
import shutil
import socket
import sys
import sysconfig
import urllib.request
from pathlib import Path
from random import SystemRandom
from typing import Protocol

import asyncpg
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from demo.data.products import Document
from demo.errors import DemoError
from demo.password import Password
from demo.postgres import Cluster
from demo.processes import SOURCE_ROOT, Command, python_environment
from demo.seed import CATALOG

# Below the ports that systems give to outgoing connections, so that none of those takes the port
# of a server while it's stopped.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    while True:
        port = SystemRandom().choice(PORTS)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Server(Protocol):
    port: int

    @property
    def address(self) -> str: ...

    def command(self) -> Command: ...

    def answers(self) -> bool:
        """Whether it does what it's for, not just accepts connections."""


class Postgres:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.port = free_port()

    @property
    def address(self) -> str:
        return self.cluster.dsn(self.port)

    def command(self) -> Command:
        return self.cluster.serve(self.port)

    def answers(self) -> bool:
        async def sign_in() -> None:
            connection = await asyncpg.connect(self.address, timeout=5)
            await connection.close()

        try:
            asyncio.run(sign_in())
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
            return False
        return True


class Mongo:
    """SecantusDB's server. It is never imported, as it is under the GPL.

    It asks for a password, and its only user may use one database and no more: who may run its
    administrative commands may write files as whoever runs it.
    """

    def __init__(self, folder: Path, log: Path, password: Password) -> None:
        self.folder = folder
        self.log = log
        self.password = password
        self.port = free_port()

    @property
    def address(self) -> str:
        user = f"{CATALOG}:{self.password.read()}"
        return f"mongodb://{user}@127.0.0.1:{self.port}/?directConnection=true"

    def command(self) -> Command:
        return self.serve("--auth")

    def open_command(self) -> Command:
        """Lets anyone in: the only way to make the first user."""
        return self.serve()

    def serve(self, *arguments: str) -> Command:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        # An empty one, so that it doesn't go looking for one in the home directory.
        configuration = self.folder.with_name("mongo.toml")
        configuration.write_text("")
        return Command(
            [
                self.script(),
                *("--config", str(configuration)),
                *("--host", "127.0.0.1"),
                *("--port", str(self.port)),
                *("--storage-path", str(self.folder)),
                *arguments,
            ],
            log=self.log,
            cwd=self.folder.parent,
            env={**os.environ, "HOME": str(self.folder.parent)},
            wake=self.port,
        )

    def script(self) -> str:
        """Its path: beside this Python, or wherever it was installed."""
        beside = shutil.which("secantusd-py", path=sysconfig.get_path("scripts"))
        found = beside or shutil.which("secantusd-py")
        if found is None:
            raise DemoError("The demo needs the package SecantusDB, which provides secantusd-py.")
        return found

    def answers(self) -> bool:
        # Without the user, which isn't made yet when it's first asked.
        address = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        try:
            with MongoClient[Document](address, serverSelectionTimeoutMS=100) as client:
                client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def make_user(self) -> None:
        with MongoClient[Document](f"mongodb://127.0.0.1:{self.port}/?directConnection=true") as c:
            c.admin.command(
                "createUser",
                CATALOG,
                pwd=self.password.read(),
                roles=[{"role": "readWrite", "db": CATALOG}],
            )


class Rest:
    def __init__(self, module: str, log: Path, file: Path | None = None) -> None:
        self.module = module
        self.log = log
        self.file = file
        self.port = free_port()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Command:
        keeping = [] if self.file is None else ["--file", str(self.file)]
        return Command(
            [sys.executable, "-m", self.module, "--port", str(self.port), *keeping],
            log=self.log,
            cwd=SOURCE_ROOT,
            env=python_environment(),
        )

    def answers(self) -> bool:
        # Without a proxy, which the environment may name, and which wouldn't know this address.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.address}/healthz", timeout=5):
                return True
        except OSError:
            return False
