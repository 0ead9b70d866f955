"""Encrypted columns are read here. What is between this and the source, caches included, has them
as the source does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loaders.asks import Answer, Ask, Found, Key
from loaders.contexts import Attempt
from loaders.encryption import Encryption
from loaders.query import compared
from loaders.resource import Resource
from loaders.sources import Fetcher


@dataclass(frozen=True, slots=True)
class Decrypt:
    """Has the rows' encrypted columns be texts. One that can't be is the error of its place,
    and costs nothing else of the row."""

    following: Fetcher[Attempt]
    encryption: Encryption

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        encrypted = self.encryption.columns.get(ask.resource.id)
        if encrypted is None:
            return await self.following.fetch(ask, keys, attempt)
        if (wrong := encrypted.intersection(_looked_at(ask))) != frozenset():
            raise TypeError(f"{ask.resource}: {sorted(wrong)} are encrypted, and can only be read")
        answer = await self.following.fetch(ask, keys, attempt)
        return [self._read(each, ask.resource) for each in answer]

    def _read(self, found: Found | Exception, resource: Resource) -> Found | Exception:
        if isinstance(found, Exception) or isinstance(found.rows, Exception):
            return found
        rows = [self.encryption.read(row, resource) for row in found.rows]
        return Found(rows, found.values)


def _looked_at(ask: Ask) -> Iterator[str]:
    """The columns that the source itself would have to know the values of."""
    rows = ask.rows
    yield from rows.by
    yield from compared(rows.filter)
    yield from rows.window.columns
    yield from (each.column for each in ask.wants.aggregates if each.column is not None)
