"""What the settings say of the wrappers around a source, of whatever kind it is."""

from __future__ import annotations

from dataclasses import dataclass

RETRIES = 2
RETRY_BUDGET = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Resilience:
    """``retries``: how often what failed in passing is tried again; with 0 never. ``retry_budget``:
    how many retries there may be, as a share of the calls."""

    retries: int = RETRIES
    retry_budget: float = RETRY_BUDGET


DEFAULTS = Resilience()
