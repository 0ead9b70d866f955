"""How the gateway's logs are written."""

from __future__ import annotations

import copy
import logging
from contextvars import ContextVar
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(of)s%(message)s"
"""``of`` is the request. uvicorn's own lines have no time, and take twice as long for their
colours."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""By which id the request is known that is answered now."""


class Lines(logging.Formatter):
    """Writes lines with the time, and with the id of the request during which each was written."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        id = request_id.get()
        record.of = "" if id is None else f"[{id}] "
        return super().formatMessage(record)


def with_request_id(record: logging.LogRecord) -> bool:
    """Gives a record the id of the request, as ``request_id``, empty where there is none: a filter
    for handlers and formats of a program's own."""
    record.request_id = request_id.get() or ""
    return True


def configure() -> None:
    """Gives the ``sluice`` loggers a handler, a time and a level, unless their program has done so
    already: then the records that its handlers get have a ``request_id``. Keeps queries out of
    uvicorn's log, however it was started."""
    ours = logging.getLogger("sluice")
    if not ours.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(Lines())
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
        # Else a graph that sets up the root logger has every line written twice.
        ours.propagate = False
    for each in {*ours.handlers, *logging.getLogger().handlers}:
        each.addFilter(with_request_id)
    for name in ("uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addFilter(without_query)
        logging.getLogger(name).addFilter(with_request_id)


def without_query(record: logging.LogRecord) -> bool:
    """Cuts queries off the paths in a record: they hold what a client asks, and its variables."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            each.partition("?")[0] if isinstance(each, str) and each.startswith("/") else each
            for each in record.args
        )
    return True


def uvicorn_config() -> dict[str, Any]:
    """uvicorn's logging, with the time and the request in every line."""
    from uvicorn.config import LOGGING_CONFIG

    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"] = {name: {"()": Lines} for name in config["formatters"]}
    return config
