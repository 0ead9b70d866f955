"""Keys as MongoDB's fields may have them, which say of no type that they have it: each is asked in
all of its readings, and compared as a filter compares it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import product
from operator import itemgetter
from typing import NamedTuple

from bson import Int64

from loaders.asks import Key
from loaders.keys import told
from loaders.mongo_numbers import LARGEST_INT, SMALLEST_INT, Condition, number_condition
from loaders.mongo_readings import IDS, WHOLE_NUMBERS, read_value, that_can_be
from loaders.mongo_statement import condition_of
from loaders.numbers import EXACT_INT, written
from loaders.query import Comparison, Operator
from loaders.resource import Resource

USUAL = frozenset({*WHOLE_NUMBERS, *IDS, str})
"""The types of keys by which fields are asked as they are."""


PLAIN = USUAL - WHOLE_NUMBERS


class Apart(NamedTuple):
    """A key that is compared otherwise than MongoDB does by itself, or that is several values which
    are there: its place among the keys, and those values."""

    place: int
    keys: Sequence[Key]

    def condition(self, by: tuple[str, ...]) -> Condition:
        """That the fields hold the key."""
        if len(by) == 1:
            return _any_of(by[0], [value for (value,) in self.keys])
        alternatives: list[Condition] = [
            {"$and": [_any_of(field, [value]) for field, value in zip(by, key, strict=True)]}
            for key in self.keys
        ]
        return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}


class Asked(NamedTuple):
    """How keys are asked: those that are asked as they are, with the places of each, and those that
    are asked ``apart``. What is in neither equals no value."""

    plain: Mapping[Key, list[int]]
    apart: list[Apart]


def of_declared_type(resource: Resource, by: tuple[str, ...], keys: Sequence[Key]) -> bool:
    """Whether the keys are of the type that their field is declared to have."""
    if by != (resource.key,):
        return False
    kinds = set(map(type, map(itemgetter(0), keys)))
    return all(
        each is resource.key_type or (each is Int64 and resource.key_type is int) for each in kinds
    )


def are_usual(keys: Sequence[Key]) -> bool:
    """Whether all of the keys are asked as they are, in their own reading."""
    for place in range(len(keys[0])):
        values = list(map(itemgetter(place), keys))
        kinds = set(map(type, values))
        if not kinds <= USUAL:
            return False
        if kinds <= WHOLE_NUMBERS and min(values) >= -EXACT_INT and max(values) <= EXACT_INT:
            continue
        if not kinds.isdisjoint(WHOLE_NUMBERS) and not all(map(_is_plain, values)):
            return False
    return True


def read(key: Key) -> list[Key]:
    """The key in each of its readings, its own first."""
    if len(key) == 1:
        values = read_value(key[0])
        return [key] if len(values) == 1 and values[0] is key[0] else [(each,) for each in values]
    return list(product(*map(read_value, key)))


def are_texts_alone(keys: Sequence[Key]) -> bool:
    """Whether the keys are texts, each of one field, that have no other reading."""
    for key in keys:
        if len(key) > 1 or type(key[0]) is not str or len(read_value(key[0])) > 1:
            return False
    return True


def asked(readings: Sequence[Sequence[Key]]) -> Asked:
    """How keys are asked that have these readings, each by itself."""
    # What is plain Python takes for equal as MongoDB does.
    plain: dict[Key, list[int]] = {}
    apart: list[Apart] = []
    for place, of_key in enumerate(readings):
        can_be = of_key
        if not _are_plain(of_key):
            can_be = [key for each in of_key for key in product(*map(that_can_be, each))]
        if can_be is of_key or _are_plain(can_be):
            for key in can_be:
                plain.setdefault(key, []).append(place)
        else:
            apart.append(Apart(place, can_be))
    return Asked(plain, apart)


def any_of_apart(by: tuple[str, ...], apart: Sequence[Apart]) -> Condition:
    """The condition that the fields hold one of the keys."""
    if len(by) == 1:
        named = {told(value): value for each in apart for (value,) in each.keys}
        return _any_of(by[0], list(named.values()))
    return {"$or": [each.condition(by) for each in apart]}


def _any_of(field: str, values: Sequence[Hashable]) -> Condition:
    return condition_of(Comparison(field, Operator.IN, tuple(values)))


def _are_plain(keys: Sequence[Key]) -> bool:
    for key in keys:
        for value in key:
            if type(value) not in PLAIN and not _is_plain(value):
                return False
    return True


def _is_plain(value: Hashable) -> bool:
    """Whether MongoDB finds by the value as it is what equals it, and Python tells it again."""
    kind = type(value)
    if kind in WHOLE_NUMBERS:
        assert isinstance(value, int)
        if -EXACT_INT <= value <= EXACT_INT:
            return True
        # A double may equal it as it is written, and another one as it is.
        nearest = float(value) if SMALLEST_INT <= value <= LARGEST_INT else value
        return value not in (nearest, written(nearest))
    if kind in PLAIN:
        return True
    if kind is float or kind is Decimal:
        return value == value and number_condition("", Operator.EQ, value) is None
    return kind is not bool and not isinstance(value, (date, time, timedelta))
