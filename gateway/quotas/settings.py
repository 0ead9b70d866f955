"""What can be configured of quotas: the section ``quota``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeGuard

from pydantic import Field

from gateway.redis_url import RedisUrl
from gateway.sections import Section

MOST_COST = 10**12
"""Units that a quota may have: with more, a float does not tell one from the next."""

LONGEST = 31 * 24 * 3600
"""Seconds."""

Cost = Annotated[int, Field(ge=1, le=MOST_COST)]


def is_cost(value: object) -> TypeGuard[int]:
    """Whether it can be the cost of a quota."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_COST


class QuotaSettings(Section):
    """How much callers may have, each of them: operations of so much ``cost`` within ``seconds``,
    and of ``anonymous`` where there is no credential, which is the same if it is not given.
    Without either, none has a quota but by the others: an API key's own; that of the ``claim`` of
    this name, of a token or an API key; and for each of these trusted ``documents``, by its id,
    apart from all else that the same caller asks.

    With ``redis``, a URL, all workers and gateways have the same buckets.
    """

    cost: Cost | None = None
    anonymous: Cost | None = None
    seconds: int = Field(60, ge=1, le=LONGEST)
    claim: str | None = Field(None, min_length=1)
    documents: Mapping[str, Cost] = {}
    redis: RedisUrl | None = None

    @property
    def is_on(self) -> bool:
        """Whether any but API keys can have a quota."""
        return bool(self.cost or self.anonymous or self.claim or self.documents)

    @property
    def for_anonymous(self) -> int | None:
        """The units of a caller without a credential."""
        return self.cost if self.anonymous is None else self.anonymous
