"""What the wrappers around a source have done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """How often, since the gateway started: calls were ``retried``; they failed in passing and were
    not made again, as the budget of retries was ``spent``; the breaker has ``opened``; they were
    ``refused`` as it was open; they were not made as all that may be under way were ``busy``; they
    were ``hedged``, by a second one."""

    retried: int = 0
    spent: int = 0
    opened: int = 0
    refused: int = 0
    busy: int = 0
    hedged: int = 0
