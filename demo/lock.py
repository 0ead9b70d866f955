"""One demo per folder."""

import fcntl
import os
import time
from pathlib import Path

from demo.errors import DemoError

LAST_RUN_MAY_TAKE = 15.0
"""Seconds that the servers of a demo that was killed may need to stop."""


def lock(path: Path) -> int:
    """Locks the folder by this file; returns its descriptor, which holds the lock while it's open
    here or in a child. Raises DemoError while another demo runs.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LAST_RUN_MAY_TAKE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode().strip()
            if (holder and is_running(int(holder))) or time.monotonic() > deadline:
                os.close(descriptor)
                raise DemoError(
                    f"A demo already runs in {path.parent}, as process {holder or 'unknown'}. "
                    "Use that one, or stop it first."
                ) from None
            time.sleep(0.05)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
