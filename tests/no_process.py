"""Keeps unit tests from starting processes: one that does must be marked ``process``."""

from __future__ import annotations

import sys

EVENTS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system")
"""Python's audit events for a process that starts (its library reference, "Audit events table")."""

held = False
"""Whether a unit test runs."""


def _hook(event: str, arguments: object) -> None:
    if held and event in EVENTS:
        raise RuntimeError("A unit test starts a process: give it the mark 'process'.")


sys.addaudithook(_hook)
