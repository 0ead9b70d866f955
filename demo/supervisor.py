"""The process that the demo's servers are children of: `python -m demo.supervisor`.

It obeys requests on its standard input, one JSON object a line, and answers each with one. Only
the demo's own process holds the other end. When that ends, in whatever way, the input ends too;
the supervisor then stops all its children and is gone. It leads a session of its own, so a Ctrl-C
on the terminal doesn't reach the servers: they are stopped in good order instead.
"""

import ctypes
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PATIENCE = 6.0
"""Seconds that a child may take to stop before it is killed."""

SIGNAL_AGAIN = 0.5
"""Seconds after which a child that hasn't noticed its stop signal gets another one."""

Request = dict[str, Any]

children: dict[str, subprocess.Popen[bytes]] = {}
requests: dict[str, Request] = {}
"""What each child was started by."""


def dies_with_us(stop_signal: int) -> Callable[[], None] | None:
    """On Linux, a way to have the kernel stop a child should the supervisor itself be killed."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, stop_signal)


def start(request: Request) -> Request:
    """Starts a child; answers its pid."""
    user = request["user"]
    with open(request["log"], "ab") as log:
        child = subprocess.Popen(
            request["argv"],
            cwd=request["cwd"],
            env=request["env"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=user and user[0],
            group=user and user[1],
            extra_groups=user and [],
            preexec_fn=dies_with_us(request["stop_signal"]),
        )
    children[request["name"]] = child
    requests[request["name"]] = request
    assert child.stdin is not None
    with child.stdin as stdin:
        stdin.write(request["input"].encode())
    return {"pid": child.pid}


def status(request: Request) -> Request:
    """Answers the child's exit code, null while it runs."""
    return {"exit_code": children[request["name"]].poll()}


def stop(request: Request) -> Request:
    """Stops a child, and answers when it's gone."""
    stop_all([request["name"]])
    return {}


def stop_all(names: list[str]) -> None:
    for name in names:
        send_stop_signal(name)
    began = signalled = time.monotonic()
    while left := [name for name in names if children[name].poll() is None]:
        now = time.monotonic()
        deaf = [name for name in left if accepts_connections(requests[name]["wake"])]
        if now - began > PATIENCE:
            for name in left:
                print(f"{name} doesn't stop, and is killed", file=sys.stderr, flush=True)
                children[name].kill()
                children[name].wait()
        elif now - signalled > SIGNAL_AGAIN:
            for name in deaf:
                send_stop_signal(name)
            signalled = now
        time.sleep(0.02)


def send_stop_signal(name: str) -> None:
    children[name].send_signal(requests[name]["stop_signal"])


def accepts_connections(port: int | None) -> bool:
    """Whether a server doesn't know yet that it should stop. SecantusDB's may miss the signal, as
    any of its threads may get it; and it may wait for a connection, this one, before it heeds it.
    """
    if port is None:
        return False
    try:
        socket.create_connection(("127.0.0.1", port), 0.1).close()
    except OSError:
        return False
    return True


def answer(line: str) -> Request:
    request: Request = json.loads(line)
    try:
        return {"start": start, "status": status, "stop": stop}[request["do"]](request)
    except (OSError, subprocess.SubprocessError) as failure:
        return {"error": str(failure)}


def leave(signum: int, frame: object) -> None:
    sys.exit()


def main() -> None:
    signal.signal(signal.SIGTERM, leave)
    try:
        for line in sys.stdin:
            print(json.dumps(answer(line)), flush=True)
    except BrokenPipeError:
        pass  # the demo is gone
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stop_all(list(children))


if __name__ == "__main__":
    main()
