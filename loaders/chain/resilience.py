"""What the settings say of the wrappers around a source, of whatever kind it is."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

RETRIES = 2
RETRY_BUDGET = 0.2


class BreakerSettings(BaseModel):
    """When a source is left alone: if at least so many ``calls`` were made in so many ``seconds``,
    and such a share of them are ``failures``; then for ``open_seconds``."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    failures: float = Field(0.5, gt=0, le=1)
    calls: int = Field(20, ge=1)
    seconds: float = Field(10.0, gt=0)
    open_seconds: float = Field(5.0, gt=0)


BREAKER = BreakerSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resilience:
    """``retries``: how often what failed in passing is tried again; with 0 never. ``retry_budget``:
    how many retries there may be, as a share of the calls. ``breaker``: when the source is left
    alone; without it never. ``hedge``: whether a second call is made beside one that takes longer
    than most."""

    retries: int = RETRIES
    retry_budget: float = RETRY_BUDGET
    breaker: BreakerSettings | None = BREAKER
    hedge: bool = False


DEFAULTS = Resilience()
