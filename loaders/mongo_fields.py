"""Of which types the fields of MongoDB's documents are, as far as documents tell: there is nothing
else to tell it, and keys of another type find nothing, without a word.

Nothing is looked at before keys have found nothing at all, so most fields are never looked at.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from loaders.asks import Key, keys_in
from loaders.keys import NUMBERS, is_of
from loaders.mongo_statement import Pipeline, projected
from loaders.paths import value_at

Aggregate = Callable[[str, Pipeline], Awaitable[Sequence[Mapping[str, object]]]]
"""Runs a pipeline over the collection of this name."""

Kinds = Sequence[type | None]
"""The type of each field, None where it is not known."""

LOOKED_AT = 1_000
"""Documents that are looked at for the type of a field, at most."""

MOST_VALUES = 100
"""Of a field, that are looked at. Of those of several types none says how a key is to be read."""

KNOWN_FOR = 60.0
"""Seconds for which it holds what they told, or did not tell: documents change."""


class Fields:
    """The types of fields, each learnt where it is asked for, and kept for a while."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._aggregate = aggregate
        self._types: dict[tuple[str, str], tuple[type | None, float]] = {}
        self._apart: dict[tuple[str, tuple[str, ...]], tuple[Kinds, float]] = {}

    def apart(self, collection: str, by: tuple[str, ...]) -> Kinds | None:
        """The types of fields that keys of other types have been asked by; None of all others."""
        if not self._apart or (found := self._apart.get((collection, by))) is None:
            return None
        kinds, until = found
        return kinds if until > time.monotonic() else None

    async def are_apart(self, collection: str, by: tuple[str, ...], keys: Sequence[Key]) -> bool:
        """Whether keys that found nothing are of other types than the fields. Raises what asking
        for that does."""
        kinds = [await self._type(collection, field) for field in by]
        if all(all(map(_is_like, kinds, key)) for key in keys):
            return False
        self._apart[collection, by] = kinds, time.monotonic() + KNOWN_FOR
        return True

    async def _type(self, collection: str, field: str) -> type | None:
        known, until = self._types.get((collection, field), (None, 0.0))
        if until < time.monotonic():
            pipeline: Pipeline = [
                {"$limit": LOOKED_AT},
                {"$match": {field: {"$ne": None}}},
                {"$limit": MOST_VALUES},
                {"$project": projected(frozenset({field}))},
            ]
            rows = [
                {field: value_at(document, field)}
                for document in await self._aggregate(collection, pipeline)
            ]
            known = _kind_of({type(value) for row in rows for (value,) in keys_in(row, (field,))})
            self._types[collection, field] = known, time.monotonic() + KNOWN_FOR
        return known


def _kind_of(kinds: set[type]) -> type | None:
    """The one type of values, of which numbers are one; None of several."""
    if kinds <= {*NUMBERS}:
        return next((each for each in NUMBERS if each in kinds), None)
    return kinds.pop() if len(kinds) == 1 else None


def _is_like(kind: type | None, value: object) -> bool:
    """Whether MongoDB compares the value with those of the type; numbers of any with each other."""
    if kind is None or is_of(kind, value):
        return True
    return kind in NUMBERS and type(value) in NUMBERS
