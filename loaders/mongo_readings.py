"""The values that a key may be in MongoDB's documents."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from bson import Int64, ObjectId

from loaders.domains import milliseconds
from loaders.keys import Padded, readings, told

WHOLE_NUMBERS = frozenset({int, Int64})
IDS = frozenset({UUID, ObjectId})

LENGTHS: Mapping[int, type] = {24: ObjectId, 36: UUID}
"""Those of texts that are ids."""

READ = (int, str, UUID, ObjectId)


def read_value(value: Hashable) -> Sequence[Hashable]:
    """The value in each of its readings, its own first."""
    if isinstance(value, str):
        return _text_in_each_reading(value.text if isinstance(value, Padded) else value)
    kind = type(value)
    if kind in WHOLE_NUMBERS or kind in IDS:
        return value, str(value)
    return [value, *(e for e in readings(READ, value) if told(e) != told(value))]


def _text_in_each_reading(text: str) -> Sequence[Hashable]:
    id_ = LENGTHS.get(len(text))
    is_number = text.lstrip("-").isdecimal()
    if id_ is None and not is_number:
        return (text,)
    others = [] if id_ is None else [id_]
    others += [int] if is_number else []
    return (text, *readings(others, text))


def that_can_be(value: Hashable) -> Sequence[Hashable]:
    """The value as fields can have it; none if no value of a field equals it."""
    if isinstance(value, (date, time, timedelta)) and not isinstance(value, datetime):
        return []
    place = milliseconds(value)
    if place is None:
        return [value]
    moment = place.value
    if isinstance(moment, datetime) and moment.tzinfo is None:
        # So the driver sends it, and it is read with its zone again.
        moment = moment.replace(tzinfo=UTC)
    return [moment] if place.is_exact else []
