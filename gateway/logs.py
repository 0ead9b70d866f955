"""How the gateway's logs are written."""

from __future__ import annotations

import copy
import logging
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(message)s"
"""uvicorn's own lines have no time, and take twice as long for their colours."""


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
