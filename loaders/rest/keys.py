"""Keys as a service is asked by them, and as its answers have them.

JSON has texts for most types. A key is written as GraphQL shows such a value, and what an answer
has is read as the key's type before the two are compared, as in a filter: a UUID is the same in
upper case, and a moment with another offset.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from loaders.asks import Key
from loaders.comparing import MISFITS, READERS
from loaders.errors import UnfitKey
from loaders.numbers import written as number_written
from loaders.resource import Row
from loaders.texts import decimal_text, text_of
from loaders.time_zones import ZoneOffset, in_utc, local_place
from loaders.times import FineDatetime

NUMBERS = (int, float, Decimal)
COLLECTIONS = (tuple, list, dict, set, frozenset)


def written(key: object) -> str | None:
    """The text that a service is asked by. None for a key that equals nothing which a service can
    have. Raises ValueError, or another of ``MISFITS``, for one that has no text."""
    if isinstance(key, Enum):
        return written(key.value)
    if isinstance(key, str):
        if not key.isascii():
            key.encode()  # It raises for half a character.
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int):
        return str(int(key))
    if isinstance(key, float):
        return str(int(key)) if key.is_integer() else decimal_text(Decimal(repr(key)))
    if isinstance(key, datetime) and key.tzinfo is not None:
        return _moment_text(key)
    if isinstance(key, COLLECTIONS):
        raise ValueError("several values, which are no key")
    return None if key is None else str(text_of(key))


def _moment_text(moment: datetime) -> str | None:
    """The moment in UTC, or as the local time that the service has for it."""
    beyond = ""
    if isinstance(moment, FineDatetime):
        beyond, moment = moment.beyond, moment.floor
    if isinstance(moment.tzinfo, ZoneOffset):
        moment, is_exact = local_place(moment)
        if not is_exact:
            return None
    else:
        moment = moment.astimezone(UTC)
    return str(text_of(FineDatetime.of(moment, beyond) if beyond else moment))


def asked_by(source: str, column: str, key: object) -> str | UnfitKey | None:
    """The key as it is ``written``, or its own error."""
    if type(key) is str and key.isascii():
        return key  # Most are.
    try:
        return written(key)
    except MISFITS:
        return UnfitKey(source, column, key, "asked for by a text")


class Kind(NamedTuple):
    """What keys are of one kind. What an answer has is ``read`` as one of them: None, or one of
    ``MISFITS``, says that it is none. ``name`` is for the log."""

    name: str
    read: Callable[[object], Hashable]

    def of(self, value: object) -> Hashable | None:
        """The value as a key of this kind, None if it is none."""
        try:
            return self.read(value)
        except MISFITS:
            return None


def _of_text(read: Callable[[str], Hashable], value: object) -> Hashable:
    return read(value) if isinstance(value, str) else None


def _number(value: object) -> Hashable:
    is_one = isinstance(value, NUMBERS) and not isinstance(value, bool)
    return number_written(value) if is_one else None


def _decimal(value: object) -> Hashable:
    if not isinstance(value, str):
        return _number(value)
    number = Decimal(value)
    return number if number.is_finite() else None


def _moment(zone: ZoneInfo | None, text: str) -> Hashable:
    read = READERS[datetime](text)
    read = read if zone is None else in_utc(read, zone)
    return read if isinstance(read, datetime) and read.tzinfo is not None else None


def _local_time(text: str) -> Hashable:
    read = READERS[datetime](text)
    return read if isinstance(read, datetime) and read.tzinfo is None else None


@lru_cache
def _moments_of(zone: ZoneInfo | None) -> Kind:
    """Of moments, where local times are those of the zone."""
    return Kind("a moment", partial(_of_text, partial(_moment, zone)))


TEXT = Kind("a text", lambda value: value if isinstance(value, str) else None)
NUMBER = Kind("a number", _number)
BOOLEAN = Kind("a boolean", lambda value: value if isinstance(value, bool) else None)
LOCAL_TIME = Kind("a local time", partial(_of_text, _local_time))
OTHER = Kind("of another type", TEXT.read)

KINDS: dict[type, Kind] = {
    str: TEXT,
    bool: BOOLEAN,
    int: NUMBER,
    float: NUMBER,
    Decimal: Kind("a decimal number", _decimal),
    date: Kind("a date", partial(_of_text, READERS[date])),
    time: Kind("a time of the day", partial(_of_text, READERS[time])),
    timedelta: Kind("a duration", partial(_of_text, READERS[timedelta])),
    UUID: Kind("a UUID", partial(_of_text, READERS[UUID])),
    bytes: Kind("bytes", partial(_of_text, READERS[bytes])),
}
"""Subtypes come first: True is an int in Python."""

ADVICE = {
    (TEXT, NUMBER): "key_type=str, or cast=str, makes it one",
    (NUMBER, TEXT): "key_type=int, or cast=int, makes it one",
}
"""For what an answer has, and what the key is."""


def _kind_of(key: object) -> tuple[Kind, Hashable]:
    """The key's kind, and the key as one of it."""
    if isinstance(key, Enum):
        return _kind_of(key.value)
    if isinstance(key, datetime):
        if key.tzinfo is None:
            return LOCAL_TIME, key
        return _moments_of(key.tzinfo.zone if isinstance(key.tzinfo, ZoneOffset) else None), key
    for type_, kind in KINDS.items():
        if isinstance(key, type_):
            return kind, number_written(key)
    return OTHER, None if isinstance(key, COLLECTIONS) else written(key)


class Matched(NamedTuple):
    """Which rows of an answer are whose: those of each key, in order, and the ``others``, values of
    rows that are no key's. ``alike`` are the places of keys without rows that the service can't
    tell from one which has some: it is asked for both by one text."""

    rows: Sequence[Sequence[Row]]
    others: Sequence[object]
    alike: frozenset[int]


def _by_kind(keys: Sequence[Key]) -> dict[Kind, dict[Hashable, int]]:
    """The places of keys, by their kind and by the key as one of it."""
    places: dict[Kind, dict[Hashable, int]] = {}
    for index, (key,) in enumerate(keys):
        kind, as_one = _kind_of(key)
        places.setdefault(kind, {})[as_one] = index
    return places


def matched(keys: Sequence[Key], rows: Sequence[Row], column: str) -> Matched:
    """Which rows are whose, by what they have in the column."""
    found: list[list[Row]] = [[] for _ in keys]
    others: list[object] = []
    # Most keys are texts or ints, all of them, and so is what answers have.
    types = {type(key) for (key,) in keys}
    plain = types.pop() if types in ({str}, {int}) else None
    at = {key: index for index, (key,) in enumerate(keys)} if plain else {}
    places = _by_kind(keys) if plain is None else {}
    for row in rows:
        value = row[column]
        if type(value) is plain and value in at:
            found[at[value]].append(row)
            continue
        places = places or _by_kind(keys)
        as_each = ((of_kind, kind.of(value)) for kind, of_kind in places.items())
        mine = [of_kind[key] for of_kind, key in as_each if key is not None and key in of_kind]
        for place in mine:
            found[place].append(row)
        if not mine:
            others.append(value)
    alike: frozenset[int] = frozenset()
    if len(places) > 1 and not all(found):
        texts = {written(key) for (key,), own in zip(keys, found, strict=True) if own}
        alike = frozenset(
            place for place, (key,) in enumerate(keys) if not found[place] and written(key) in texts
        )
    return Matched(found, others, alike)


def unlike(column: str, others: Iterable[object], keys: Iterable[object]) -> str:
    """What is wrong with values in the column that are none of the keys', for the log."""
    what = f"objects with another '{column}' than was asked for"
    kinds = {kind: None for kind, _ in map(_kind_of, keys)}
    texts = {key.casefold() for key in keys if isinstance(key, str)}
    for other in others:
        if isinstance(other, str) and other.casefold() in texts:
            return f"{what}, in upper or lower case"
        if all(kind.of(other) is None for kind in kinds):
            has, asked = _kind_of(other)[0], next(iter(kinds))
            advice = f" ({ADVICE[has, asked]})" if (has, asked) in ADVICE else ""
            return f"{what}: {has.name}, where the key is {asked.name}{advice}"
    return what
