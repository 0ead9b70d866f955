"""A running demo, other processes that run one, and what tests ask of either."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from demo.stack import Addresses, DemoStack

ROOT = Path(__file__).resolve().parents[2]

PARENT = """
import sys, time
from pathlib import Path
from demo.stack import DemoError, DemoStack

def say(line):
    print(line, flush=True)

try:
    print(DemoStack(Path(sys.argv[1]), say).start(), flush=True)
except DemoError as error:
    sys.exit(str(error))
say("up")
time.sleep(600)
"""


@dataclass(frozen=True)
class Running:
    stack: DemoStack
    addresses: Addresses
    said: list[str]


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


def call(
    method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        url, None if body is None else data, dict(headers or {}), method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            text = response.read()
            return Answer(response.status, json.loads(text) if text else None)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, json.loads(error.read()))


def process_table() -> dict[int, tuple[int, str]]:
    """The parent and the command line of every process that runs; the dead don't."""
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = (line.split(None, 3) for line in table.splitlines())
    return {
        int(pid): (int(parent), args[0] if args else "")
        for pid, parent, stat, *args in rows
        if not stat.startswith("Z")
    }


def descendants(pid: int) -> dict[int, str]:
    table = process_table()
    found: dict[int, str] = {}
    wanted = {pid}
    while wanted:
        children = {child for child, (parent, _) in table.items() if parent in wanted}
        found.update((child, table[child][1]) for child in children)
        wanted = children
    return found


def still_running(processes: Mapping[int, str], within: float) -> dict[int, str]:
    """Those that are left after so many seconds, or as soon as none is."""
    deadline = time.monotonic() + within
    while True:
        table = process_table()
        left = {pid: args for pid, args in processes.items() if table.get(pid, (0, ""))[1] == args}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


class Parent:
    """A process of its own that runs a demo, and leads its own process group like a shell's job."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self.said: list[str] = []

    def wait_until_it_says(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if text in line:
                return
        raise AssertionError(f"It never said {text!r}, but: {self.said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)

    def children(self) -> dict[int, str]:
        return descendants(self.process.pid)

    def end(self, by: signal.Signals) -> None:
        """As a terminal does for SIGINT, sends it to the whole group."""
        os.killpg(self.process.pid, by)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read().splitlines()
        self.process.stdout.close()
