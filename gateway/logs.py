"""How the gateway's logs are written."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(message)s"
"""uvicorn's own lines have no time, and take twice as long for their colours."""

MOST = 10
SECONDS = 60.0
"""So many refusals of one kind are logged in so many seconds. The others are counted."""


def configure() -> None:
    """Gives the ``sluice`` loggers a handler, a time and a level, unless their program has done so
    already; keeps queries out of uvicorn's log, however it was started."""
    ours = logging.getLogger("sluice")
    if not ours.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(FORMAT))
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
        # Else a graph that sets up the root logger has every line written twice.
        ours.propagate = False
    for name in ("uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addFilter(without_query)


def without_query(record: logging.LogRecord) -> bool:
    """Cuts queries off the paths in a record: they hold what a client asks, and its variables."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            each.partition("?")[0] if isinstance(each, str) and each.startswith("/") else each
            for each in record.args
        )
    return True


def uvicorn_config() -> dict[str, Any]:
    """uvicorn's logging, with the time in every line."""
    from uvicorn.config import LOGGING_CONFIG

    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"] = {name: {"format": FORMAT} for name in config["formatters"]}
    return config


class Limited:
    """A log that writes no more than ``MOST`` lines of each kind in ``SECONDS``, so that whoever
    causes them can't fill the disk; the next line after that says how many were left out.

    There must be few kinds: they are kept.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._kinds: dict[str, tuple[float, int]] = {}

    def info(self, kind: str, message: str, *values: object) -> None:
        """Logs the message with its values, like ``logging.Logger.info``."""
        now = self._clock()
        began, count = self._kinds.get(kind, (now, 0))
        if now - began >= SECONDS:
            if count > MOST:
                self._log.info("%s: %s more were not logged", kind, count - MOST)
            began, count = now, 0
        self._kinds[kind] = began, count + 1
        if count < MOST:
            self._log.info(message, *values)
