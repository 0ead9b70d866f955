"""In which form a client takes its answer: its header ``Accept``."""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.requests import Request

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
PARTS = "multipart/mixed"


def media_type_for(request: Request) -> str:
    """That of an answer which is one JSON document."""
    return GRAPHQL_JSON if GRAPHQL_JSON in accepted_by(request) else JSON


def accepted_by(request: Request) -> tuple[str, ...]:
    """The media types that the client accepts by name, those that it likes best first."""
    return _media_types(request.headers.get("accept", ""))


@lru_cache(256)
def likes_events_best(accepted: tuple[str, ...]) -> bool:
    """Whether the client wants its operation as an event stream."""
    # Some clients name event streams for every operation, as the last resort.
    whole = (GRAPHQL_JSON, JSON, EVENTS)
    return next((each for each in accepted if each in whole), None) == EVENTS


@lru_cache(256)
def _media_types(header: str) -> tuple[str, ...]:
    weighed = []
    for each in header.split(","):
        media_type, *parameters = (part.strip().lower() for part in each.split(";"))
        named = dict(parameter.partition("=")[::2] for parameter in parameters)
        weight = float(named["q"]) if re.fullmatch(r"[01](\.\d*)?", named.get("q", "")) else 1.0
        # What is asked for with a deferSpec is an older form of deferred parts than ours.
        if weight and "deferspec" not in named:
            weighed.append((weight, media_type))
    return tuple(media_type for _, media_type in sorted(weighed, key=lambda pair: -pair[0]))
