"""Of which types the fields of MongoDB's documents are: there is nothing but documents to tell it.

It matters only where keys have found nothing, in any of their readings: whether there is nothing,
or a value that none of the field's can be.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from bson import Int64, ObjectId

from loaders.asks import Answer, Ask, Key, has, keys_in
from loaders.mongo_keys import read
from loaders.mongo_statement import Pipeline, projected
from loaders.paths import value_at

Aggregate = Callable[[str, Pipeline], Awaitable[Sequence[Mapping[str, object]]]]
"""Runs a pipeline over the collection of this name."""

KINDS: Mapping[type, str] = {
    **dict.fromkeys((int, Int64, float, Decimal), "a number"),
    str: "a text",
    **dict.fromkeys((UUID, bytes), "bytes"),
    ObjectId: "an ObjectId",
    bool: "a boolean",
    datetime: "a date",
}
"""What values are that are compared with each other."""

OTHER = "something else"

BSON_TYPES: Mapping[str, Sequence[str]] = {
    "a number": ["number"],
    "a text": ["string"],
    "bytes": ["binData"],
    "an ObjectId": ["objectId"],
    "a boolean": ["bool"],
    "a date": ["date"],
    OTHER: ["object", "timestamp", "regex", "javascript"],
}

LOOKED_AT = 1_000
"""Documents that are looked at first, at most."""

MOST_VALUES = 100
"""Of a field, that are looked at in them."""

KNOWN_FOR = 60.0
"""Seconds for which it holds what they told: documents change."""


def kind_of(value: object) -> str:
    """What the value is compared with."""
    known = KINDS.get(type(value))
    if known is not None:
        return known
    kinds = (KINDS[each] for each in type(value).__mro__ if each in KINDS)
    return next(kinds, OTHER)


class Fields:
    """What is known of fields, each looked at where it is asked for, and kept for a while."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._aggregate = aggregate
        self._kinds: dict[tuple[str, str], tuple[Set[str], float]] = {}
        self._unlike: dict[tuple[str, str, frozenset[str]], float] = {}

    async def misfits(
        self,
        ask: Ask,
        keys: Sequence[Key],
        answer: Answer,
        there: Sequence[Key],
        *,
        every: bool = True,
    ) -> Mapping[int, tuple[int, str]]:
        """By the places of keys that no value of the fields can be, in ``every`` reading or in
        their own, which field that is, and what its values are. ``there`` are keys that there
        are. Raises what asking for it does."""
        misfits: dict[int, tuple[int, str]] = {}
        lacking = [place for place, each in enumerate(answer) if not has(each, ask.wants)]
        for index, field in enumerate(ask.rows.by if lacking else ()):
            known = {kind_of(key[index]) for key in there}
            for place in lacking:
                key = keys[place]
                kinds = frozenset(kind_of(e[index]) for e in (read(key) if every else [key]))
                if kinds.isdisjoint(known) and place not in misfits:
                    other = await self.unlike(ask.resource.name, field, kinds)
                    if other is not None:
                        misfits[place] = index, other
        return misfits

    async def unlike(self, collection: str, field: str, kinds: frozenset[str]) -> str | None:
        """What the field's values are, if none of them can be of these kinds; None if one can, or
        if there is none yet. Raises what asking for it does."""
        there, until = self._kinds.get((collection, field), (frozenset(), 0.0))
        now = time.monotonic()
        if until < now:
            there = await self._sampled(collection, field)
            if there:
                # Where there is nothing yet, there may be something at any moment.
                self._kinds[collection, field] = there, now + KNOWN_FOR
        if kinds & there:
            return None
        if self._unlike.get((collection, field, kinds), 0.0) < now:
            # The first documents are not all.
            types = [each for kind in sorted(kinds) for each in BSON_TYPES[kind]]
            if await self._has(collection, {field: {"$type": types}}):
                self._kinds[collection, field] = there | kinds, now + KNOWN_FOR
                return None
            if not there and not await self._has(collection, {field: {"$ne": None}}):
                return None
            self._unlike[collection, field, kinds] = now + KNOWN_FOR
        return " or ".join(sorted(there)) or OTHER

    async def _sampled(self, collection: str, field: str) -> Set[str]:
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
        return {kind_of(value) for row in rows for (value,) in keys_in(row, (field,))}

    async def _has(self, collection: str, matching: dict[str, Any]) -> bool:
        pipeline: Pipeline = [{"$match": matching}, {"$limit": 1}, {"$project": {"_id": 1}}]
        return bool(await self._aggregate(collection, pipeline))
