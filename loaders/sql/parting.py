"""Asks that a database refuses because of a value, asked for by parts: what it has of them is had,
and what it has not is the error of its own place."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from loaders.asks import WHOLE, Answer, Ask, Found, Key, Rows, Wants
from loaders.errors import BadResponse, SourceError, UnfitKey
from loaders.query import Filter

MOST_STATEMENTS = 64
"""That one statement which was refused may cost. One key among 500 takes about 20. What they don't
tell apart has the error together."""


@dataclass
class Parting:
    """``once`` asks by one statement, and raises a ``SourceError``, of which ``is_of_values`` says
    whether another key, row or operand may not have it. ``in_terms`` has a filter of the resource
    as it is sent, ``types`` the name of the type of each column that is asked by."""

    source: str
    once: Callable[[Ask, Sequence[Key]], Awaitable[Answer]]
    is_of_values: Callable[[SourceError], bool]
    in_terms: Callable[[Filter], Filter]
    types: Sequence[str]
    left: int = MOST_STATEMENTS

    async def answer(self, ask: Ask, keys: Sequence[Key], error: SourceError) -> Answer:
        """What each key has of what a statement failed with the error for."""
        rows, wants = ask
        if len(wants.aggregates) < 2:
            return await self._halved(ask, keys, error)
        parts: list[Answer] = []
        for each in wants.aggregates:
            part = Ask(rows, Wants(aggregates=(each,)))
            try:
                parts.append(await self._once(part, keys))
            except SourceError as failed:
                parts.append(await self._halved(part, keys, failed))
        return [Found((), list(map(_value, of_key))) for of_key in zip(*parts, strict=True)]

    async def of_row_filter(self, ask: Ask) -> SourceError | None:
        """The error that the row filter has by itself, which is no client's."""
        rows = ask.rows
        if rows.row_filter is None:
            return None
        own = Rows(rows.resource, filter=self.in_terms(rows.row_filter))
        failed = await self._of_values(own, WHOLE)
        return None if failed is None else self._refused(failed)

    async def _once(self, ask: Ask, keys: Sequence[Key]) -> Answer:
        self.left -= 1
        return await self.once(ask, keys)

    async def _halved(self, ask: Ask, keys: Sequence[Key], error: SourceError) -> Answer:
        """What each key has, of halves of what fails."""
        if not self.is_of_values(error):
            return [error] * len(keys)
        if (of_filter := await self._of_filter(ask)) is not None:
            return [of_filter] * len(keys)
        answer: list[Found | Exception] = [self._refused(error)] * len(keys)
        found: Answer
        failing = deque([range(len(keys))])
        while failing and self.left > 1:
            places = failing.popleft()
            if len(places) == 1:
                answer[places[0]] = await self._of_key(ask, keys[places[0]], error)
                continue
            middle = len(places) // 2
            for half in (places[:middle], places[middle:]):
                try:
                    found = await self._once(ask, [keys[place] for place in half])
                except SourceError as failed:
                    if self.is_of_values(failed):
                        failing.append(half)
                    found = [self._refused(failed)] * len(half)
                for place, each in zip(half, found, strict=True):
                    answer[place] = each
        return answer

    async def _of_filter(self, ask: Ask) -> SourceError | None:
        """The error that its filter or its places have without keys and rows. It is a client's only
        if the row filter has none."""
        rows = ask.rows
        if rows.filter is None and not any(rows.window.places):
            return None
        if (failed := await self.of_row_filter(ask)) is not None:
            return failed
        return await self._of_values(rows._replace(by=(), unique=False, row_filter=None), WHOLE)

    async def _of_key(self, ask: Ask, key: Key, error: SourceError) -> SourceError:
        """The error of one key: that of what it is, or of the rows that it has."""
        resource, by = ask.rows.resource, ask.rows.by
        failed = await self._of_values(Rows(resource, by), key) if by else None
        if failed is None or not self.is_of_values(failed):
            return failed or self._refused(error)
        value = key[0] if len(key) == 1 else key
        unfit = UnfitKey(self.source, ", ".join(by), value, ", ".join(self.types))
        unfit.__cause__ = failed
        return unfit

    async def _of_values(self, rows: Rows, key: Key) -> SourceError | None:
        """The error of the values that are sent, which a statement has that asks for no row."""
        window = replace(rows.window, limit=0)
        try:
            wants = Wants(frozenset({rows.resource.key}))
            await self._once(Ask(rows._replace(window=window), wants), [key])
        except SourceError as failed:
            return failed
        return None

    def _refused(self, error: SourceError) -> SourceError:
        """The error, if no client's value is to blame for it."""
        if isinstance(error, BadResponse) or not self.is_of_values(error):
            return error
        refused = BadResponse(
            self.source, f"The source '{self.source}' refused a statement.", reason=error.reason
        )
        refused.__cause__ = error.__cause__
        return refused


def _value(found: Found | Exception) -> object:
    return found if isinstance(found, Exception) else found.values[0]
