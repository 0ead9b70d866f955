"""Whether servers answered the same.

Answers are equal as JSON: the order of keys aside, and apart from two things that are each server's
own. Times are compared as moments, as JavaScript writes them with milliseconds and ``Z``. Cursors
are opaque, so they are compared as being there or not. Decimals are texts everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from benchmarks.load import LoadError

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
CURSORS = frozenset({"cursor", "startCursor", "endCursor"})


def comparable(body: bytes) -> Any:
    """The answer in the form in which all servers' are equal. Raises LoadError if it has errors."""
    answer = orjson.loads(body)
    if answer.get("errors") or answer.get("data") is None:
        raise LoadError(f"errors: {body[:600]!r}")
    return _common(answer["data"])


def difference(one: Any, other: Any, path: str = "data") -> str | None:
    """The first place where two comparable answers differ, and how; None where they are equal."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        found = (difference(one[key], other[key], f"{path}.{key}") for key in one)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        found = (difference(*pair, f"{path}[{index}]") for index, pair in pairs)
    else:
        return None if one == other else f"{path}: {_short(one)} here, {_short(other)} there"
    return next(filter(None, found), None)


def _common(value: Any) -> Any:
    match value:
        case Mapping():
            return {
                key: each is not None if key in CURSORS else _common(each)
                for key, each in value.items()
            }
        case list():
            return [_common(each) for each in value]
        case str() if TIME.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
        case _:
            return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}…"
