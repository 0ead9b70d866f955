"""Log lines that others can cause, and so can't be without bound."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from cachetools import LRUCache

MOST = 10
SECONDS = 60.0
"""So many lines of one kind are logged in so many seconds. The others are counted."""

KINDS_KEPT = 1_000


class Limited:
    """A log that writes no more than ``MOST`` lines of each kind in ``SECONDS``, so that whoever
    causes them can't fill the disk; the next line after that says how many were left out. The
    ``KINDS_KEPT`` kinds that were used last are known."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._kinds: LRUCache[str, tuple[float, int]] = LRUCache(KINDS_KEPT)

    def write(self, level: int, kind: str, message: str, *values: object) -> None:
        """Logs the message with its values, like ``logging.Logger.log``."""
        now = self._clock()
        began, count = self._kinds.get(kind, (now, 0))
        if now - began >= SECONDS:
            if count > MOST:
                self._log.log(level, "%s: %s more were not logged", kind, count - MOST)
            began, count = now, 0
        self._kinds[kind] = began, count + 1
        if count < MOST:
            self._log.log(level, message, *values)
