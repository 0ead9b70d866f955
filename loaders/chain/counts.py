"""What the wrappers around a source have done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """How often, since the gateway started: calls were ``retried``; they failed in passing and were
    not made again, as the budget of retries was ``spent``."""

    retried: int = 0
    spent: int = 0
