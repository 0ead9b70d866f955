"""A real PgBouncer for tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from demo.postgres import unprivileged_user
from demo.processes import Command, Processes
from demo.servers import free_port, is_free

SESSIONS = 2
"""Of the server, for all clients together."""

READY_WITHIN = 20.0

CONFIGURATION = """
[databases]
{database} = host={host} port={port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listening}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {sessions}
"""


@contextmanager
def pgbouncer(url: str, *settings: str) -> Iterator[str]:
    """Runs PgBouncer in transaction mode, with these lines and otherwise its defaults, before the
    database at ``url``; gives the URL that leads through it."""
    server = urlsplit(url)
    with tempfile.TemporaryDirectory(prefix="sluice-pgbouncer-") as made:
        folder, port, user = Path(made), free_port(), unprivileged_user()
        users, configuration = folder / "users.txt", folder / "pgbouncer.ini"
        users.write_text(f'"{server.username}" "{server.password}"\n')
        configuration.write_text(
            "\n".join((CONFIGURATION, *settings)).format(
                database=server.path[1:],
                host=server.hostname,
                port=server.port,
                listening=port,
                folder=folder,
                sessions=SESSIONS,
            )
        )
        if user is not None:
            # It refuses to run as root, too.
            for path in (folder, users, configuration):
                os.chown(path, *user)
        lock = os.open(folder, os.O_RDONLY)
        with closing(Processes(folder / "supervisor.log", lock)) as processes:
            os.close(lock)
            command = Command(
                [_program(), str(configuration)],
                log=folder / "log",
                cwd=folder,
                env={"PATH": os.defpath},
                user=user,
                # It keeps nothing, and newer versions wait for their clients.
                stop_signal=signal.SIGKILL,
            )
            processes.start("pgbouncer", command)
            deadline = time.monotonic() + READY_WITHIN
            while is_free(port):
                if processes.exit_code("pgbouncer") is not None or time.monotonic() > deadline:
                    raise processes.failure("pgbouncer")
                time.sleep(0.02)
            yield url.replace(f"{server.hostname}:{server.port}", f"127.0.0.1:{port}")


def keeping_no_statements(url: str) -> AbstractContextManager[str]:
    """Like ``pgbouncer``, and it keeps no prepared statements, which since 1.21 it can."""
    said = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=True)
    _, version, *_ = said.stdout.split()
    can = tuple(map(int, version.split(".")[:2])) >= (1, 21)
    return pgbouncer(url, *(["max_prepared_statements = 0"] if can else []))


def _program() -> str:
    # Debian has it where only administrators look.
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    assert found, "no PgBouncer on the PATH: install your system's package 'pgbouncer'"
    return found
