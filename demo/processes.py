"""The demo's end of the supervisor: starting and stopping child processes by name."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.errors import DemoError

SOURCE_ROOT = Path(__file__).resolve().parent.parent
LOG_TAIL = 12


@dataclass(frozen=True, slots=True)
class Command:
    """A program, and how it's run."""

    argv: list[str]
    log: Path
    cwd: Path
    env: dict[str, str]
    user: tuple[int, int] | None = None
    """The user and group ids to run as; None for our own."""
    stop_signal: int = signal.SIGTERM
    wake: int | None = None
    """The port of a server that must be connected to, and may need a second signal, to stop."""
    input: str = field(default="", repr=False)
    """What it reads from its standard input: a few kilobytes at most."""


def python_environment() -> dict[str, str]:
    """The environment in which a child finds the demo package."""
    path = [str(SOURCE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


class Processes:
    """Children that don't outlive this process. Any thread may call."""

    def __init__(self, log: Path, lock: int) -> None:
        """The supervisor holds the lock's file descriptor open for as long as a child may run."""
        self._turn = threading.Lock()
        self._commands: dict[str, Command] = {}
        with log.open("ab") as errors:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "demo.supervisor"],
                env=python_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                pass_fds=[lock],
                start_new_session=True,
            )

    def start(self, name: str, command: Command) -> None:
        self._commands[name] = command
        self._ask(
            do="start",
            name=name,
            argv=command.argv,
            log=str(command.log),
            cwd=str(command.cwd),
            env=command.env,
            user=command.user,
            stop_signal=command.stop_signal,
            wake=command.wake,
            input=command.input,
        )

    def exit_code(self, name: str) -> int | None:
        """None while it runs; minus the signal that ended it."""
        code: int | None = self._ask(do="status", name=name)["exit_code"]
        return code

    def stop(self, name: str) -> None:
        """Returns when it's gone."""
        self._ask(do="stop", name=name)

    def failure(self, name: str) -> DemoError:
        """What to say of a child that should run, and doesn't."""
        log = self._commands[name].log
        tail = log.read_text("utf-8", "replace").splitlines()[-LOG_TAIL:]
        return DemoError("\n  ".join([f"{name} did not start. The end of {log}:", *tail]))

    def close(self) -> None:
        """Stops all children, and returns when they're gone."""
        supervisor = self._supervisor
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        with suppress(BrokenPipeError):
            supervisor.stdin.close()
        supervisor.wait()
        supervisor.stdout.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        supervisor = self._supervisor
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        with self._turn:
            try:
                supervisor.stdin.write(json.dumps(request) + "\n")
                supervisor.stdin.flush()
                line = supervisor.stdout.readline()
            except (BrokenPipeError, ValueError):  # closed by them, closed by us
                line = ""
        if not line:
            raise DemoError("The demo's supervisor process is gone.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise DemoError(f"{request['name']} could not be started: {answer['error']}")
        return answer
