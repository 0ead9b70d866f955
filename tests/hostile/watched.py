"""``gateway serve``, which says for how long its event loop was held.

``python -m tests.hostile.watched serve …`` writes into the file that ``WATCHED`` names.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from gateway import app, cli

VARIABLE = "WATCHED"

EVERY = 0.005
"""Seconds from one look to the next, if nothing holds the loop."""

_seconds = struct.Struct("d")


class Held:
    """The longest hold: seconds of CPU that the loop's thread had between two looks. CPU, so that
    what other processes of the machine take is none of it. Two processes share it."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(_seconds.pack(0.0))
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), _seconds.size)

    @property
    def longest(self) -> float:
        (seconds,) = _seconds.unpack_from(self._memory)
        return float(seconds)

    @longest.setter
    def longest(self, seconds: float) -> None:
        _seconds.pack_into(self._memory, 0, seconds)

    async def look(self) -> None:
        """Look again and again, in the loop that is watched."""
        before = time.thread_time()
        while True:
            await asyncio.sleep(EVERY)
            now = time.thread_time()
            if now - before > self.longest:
                self.longest = now - before
            before = now


def watched() -> Starlette:
    """The application of ``gateway serve``, watched while it serves."""
    application = _from_environment()
    serving = application.router.lifespan_context

    @asynccontextmanager
    async def lifespan(of: Starlette) -> AsyncIterator[Any]:
        async with serving(of) as state:
            looking = asyncio.create_task(Held(Path(os.environ[VARIABLE])).look())
            try:
                yield state
            finally:
                looking.cancel()

    application.router.lifespan_context = lifespan
    return application


_from_environment = app.app_from_environment

if __name__ == "__main__":
    # uvicorn finds it by this name.
    app.app_from_environment = watched
    cli.main()
