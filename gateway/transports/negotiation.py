"""In which form a client takes its answer: its header ``Accept``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from starlette.requests import Request

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
PARTS = "multipart/mixed"
SUBSCRIPTION_PARTS = "multipart/mixed;subscriptionspec=1.0"


ANSWERS = frozenset({GRAPHQL_JSON, JSON, EVENTS, SUBSCRIPTION_PARTS})

ANYTHING = frozenset({"*/*", "application/*"})

MEDIA_TYPE = re.compile(r"[^\s/]+/[^\s/]+")

LONGEST_KEPT = 256
"""Characters of a header that is remembered with what it says: one can be as long as all headers
may be together."""

KEPT = 256


class Accepted(NamedTuple):
    """What a client takes. ``media_type`` is that of an answer which is one JSON document; None if
    it takes neither kind of those, nor anything else that there is. ``events`` says that it wants
    its operation as an event stream, ``parts`` that it takes deferred parts, and
    ``subscription_parts`` that it takes a subscription's events as Apollo's clients do."""

    media_type: str | None
    events: bool
    parts: bool
    subscription_parts: bool

    @property
    def in_pieces(self) -> bool:
        """Whether the answer may be another than one JSON document."""
        return self.events or self.parts or self.subscription_parts


def accepted_by(request: Request) -> Accepted:
    """What the client takes, by the weights in its header (RFC 9110, section 12.5.1); JSON,
    if it has none."""
    header = request.headers.get("accept", "")
    return _kept(header) if len(header) <= LONGEST_KEPT else _accepted(header)


def media_type_for(request: Request) -> str:
    """The media type of an answer to the request which is one JSON document."""
    return accepted_by(request).media_type or JSON


def _accepted(header: str) -> Accepted:
    weights = _weights(header)
    taken = [each for each, weight in weights.items() if weight]
    # The heaviest, the first of several; of the two forms of JSON the specification's own.
    liked = sorted(taken, key=lambda each: (-weights[each], each == JSON))
    whole = next((each for each in liked if each in (GRAPHQL_JSON, JSON)), None)
    if whole is None and (not weights or not ANYTHING.isdisjoint(taken)):
        whole = next((each for each in (JSON, GRAPHQL_JSON) if each not in weights), None)
    # Some clients name event streams for every operation, as the last resort.
    best = sorted(taken, key=lambda each: -weights[each])
    events = next((each for each in best if each in ANSWERS), None) == EVENTS
    parts, subscription_parts = PARTS in taken, SUBSCRIPTION_PARTS in taken
    if whole is None and (events or parts or subscription_parts):
        whole = JSON
    return Accepted(whole, events, parts, subscription_parts)


def _weights(header: str) -> dict[str, float]:
    """The media types of the header, in its order, each with the largest weight that it has."""
    weights: dict[str, float] = {}
    for each in header.split(","):
        media_type, *parameters = (part.strip().lower() for part in each.split(";"))
        named = dict(parameter.partition("=")[::2] for parameter in parameters)
        weight = float(named["q"]) if re.fullmatch(r"[01](\.\d*)?", named.get("q", "")) else 1.0
        # What is no media type says nothing.
        if MEDIA_TYPE.fullmatch(media_type) is None:
            continue
        if media_type == PARTS:
            if "subscriptionspec" in named:
                media_type += ";subscriptionspec=" + named["subscriptionspec"].strip('"')
            elif "deferspec" in named:
                # An older form of deferred parts than ours.
                continue
        weights[media_type] = max(weight, weights.get(media_type, 0.0))
    return weights


_kept = lru_cache(KEPT)(_accepted)
