"""How a database is asked in SQL: which statements an ask is, and what becomes of their rows."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from loaders.asks import Answer, Ask, Found, Key, Wants, answered, nothing_of
from loaders.contexts import Attempt
from loaders.domains import Domains
from loaders.errors import (
    BadResponse,
    SourceError,
    SourceTimeout,
    TooManyRows,
    UnfitKey,
    UnfitValue,
)
from loaders.query import And, Filter, all_of, joined
from loaders.resource import Resource, Row
from loaders.sources import Translated
from loaders.sql.columns import STATEMENT, Columns, ColumnsOfTables, Run
from loaders.sql.parting import Parting
from loaders.sql.statement import Parameters, Table, aggregating, by_position, selecting

NO_CURSOR = "after or before is no cursor of this list: take one from its edges or pageInfo."
"""What is said of a place that no row can have."""

ALMOST = 0.9
"""The share of the time that is left, after which what is there has to do, and a connection that is
not there is not waited for any more: no time would be left for its statement."""


class SqlSource(ABC):
    """A database that is asked in PostgreSQL's SQL, by whichever driver. ``run`` runs a statement
    that is not over a resource of the graph. An answer has ``rows`` at most."""

    def __init__(self, name: str, timeout: float, run: Run, rows: int) -> None:
        self.name = name
        self.rows = rows
        self.timeout = timeout
        self._columns = ColumnsOfTables(run, self._forget_statements)
        self._errors = Translated(self._translate)

    @abstractmethod
    def _translate(self, error: BaseException) -> Exception | None:
        """What to raise in place of a driver's error; None for an error that is none of its."""

    @abstractmethod
    def _is_of_types(self, error: SourceError) -> bool:
        """Whether a statement failed because of the type of a column, a value or an operator."""

    @abstractmethod
    def _is_of_values(self, error: SourceError) -> bool:
        """Whether a statement failed because of a value that was sent or that a row has, so that it
        may not fail without that."""

    @abstractmethod
    def _has_another(self, attempt: Attempt) -> bool:
        """Whether a statement more may be under way for the attempt, without waiting."""

    @abstractmethod
    async def _forget_statements(self) -> None:
        """Have no statement taken for what it was when columns had other types."""

    @abstractmethod
    async def _records(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        statement: str,
        values: Parameters,
        most: int | None = None,
    ) -> list[Any]:
        """The rows of a statement, which are tuples as well as mappings. Raises TooManyRows if
        there are more than ``most``."""

    def fetch(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        columns = self._known(ask.resource)
        if columns is None:
            return self._learning(ask, keys, attempt)
        if ask.rows.filter is None:
            return self._asked(columns, ask, keys, attempt)
        in_terms = self._in_terms(columns, ask)
        is_doubted = in_terms is not ask
        if any(joined(ask.rows.filter)) or columns.may_have_changed(is_doubted=is_doubted):
            return self._learning(ask, keys, attempt)
        return self._asked(columns, in_terms, keys, attempt)

    def _fetch(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        return self._asked(columns, self._in_terms(columns, ask), keys, attempt)

    def _in_terms(self, columns: Columns, ask: Ask) -> Ask:
        """The ask with its filter in the terms of the columns, which is what statements compare."""
        rows = ask.rows
        if rows.filter is None:
            return ask
        own, given = rows.row_filter, _beside(rows.row_filter, rows.filter)
        own_terms = None if own is None else self._terms(columns, own)
        # By a flag clients mean what they see. What a claim that is true means nobody knows.
        given_terms = None if given is None else self._terms(columns, given, flags=True)
        if own_terms is own and given_terms is given:
            return ask
        both = all_of(own_terms, given_terms)
        return Ask(rows._replace(filter=both, row_filter=own_terms), ask.wants)

    def _terms(self, columns: Columns, filter: Filter, *, flags: bool = False) -> Filter:
        return Domains(columns.domain, self._domains_of, flags, columns.key).terms(filter)

    def _domains_of(self, resource: Resource) -> Domains | None:
        """What is known of the columns of a table that a filter joins."""
        columns = self._known(resource)
        return (
            None if columns is None else Domains(columns.domain, self._domains_of, read=columns.key)
        )

    def _asked(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        # Each is looked at: a driver sends some as other keys, 1.5 and True as 1 where that fits.
        if ask.rows.by and not columns.by(ask.rows.by).takes(keys):
            return self._as_read(columns, ask, keys, attempt)
        return self._sent(columns, ask, keys, attempt)

    def _sent(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        """What is asked by keys that are sent as they are."""
        if not ask.wants.aggregates:
            return self._rows(columns, ask, keys, attempt)
        if not ask.wants.columns:
            return self._values(columns, ask, keys, attempt)
        return self._rows_and_values(columns, ask, keys, attempt)

    async def _as_read(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        """What is asked by keys that the columns may not hold, or are of other types."""
        read = self._read(columns, ask, keys)
        unfit = any(isinstance(each, UnfitKey) for each in read)
        if unfit or (None in read and columns.may_have_changed(is_doubted=True)):
            fresh = await self._learned(ask.resource, ask, keys, attempt, columns)
            if fresh.types != columns.types:
                return await self._fetch(fresh, ask, keys, attempt)
        places: dict[Key, list[int]] = {}
        answer: list[Found | Exception] = [nothing_of(ask.wants)] * len(keys)
        for place, each in enumerate(read):
            if isinstance(each, UnfitKey):
                answer[place] = each
            elif each is not None:
                # Two keys of different types can be one, and then it is asked for once.
                places.setdefault(each, []).append(place)
        if places:
            found = await self._sent(columns, ask, list(places), attempt)
            for of_key, equal in zip(found, places.values(), strict=True):
                for place in equal:
                    answer[place] = of_key
        return answer

    def _read(
        self, columns: Columns, ask: Ask, keys: Sequence[Key]
    ) -> Sequence[Key | UnfitKey | None]:
        return [columns.read(self.name, ask.rows.by, key) for key in keys]

    async def _learning(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        """Asks, with what is known, or is learnt first, of the tables that the ask is about."""
        tables = [ask.resource, *joined(ask.rows.filter)]
        known = [await self._learned(each, ask, keys, attempt) for each in tables]
        in_terms = self._in_terms(known[0], ask)
        is_doubted = in_terms is not ask
        if any(each.may_have_changed(is_doubted=is_doubted) for each in known):
            known = [
                await self._learned(table, ask, keys, attempt, but=each)
                for table, each in zip(tables, known, strict=True)
            ]
            in_terms = self._in_terms(known[0], ask)
        return await self._asked(known[0], in_terms, keys, attempt)

    def _known(self, resource: Resource) -> Columns | None:
        assert isinstance(resource, Table)
        return self._columns.get(resource.identifier)

    async def _learned(
        self,
        table: Resource,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        but: Columns | None = None,
    ) -> Columns:
        """What is known of the table's columns, or what there is to know now but for this."""
        known = self._known(table)
        if known is not None and but is None:
            return known
        assert isinstance(table, Table)
        try:
            with self._errors:
                async with asyncio.timeout(attempt.left(self.timeout)):
                    return await self._columns.learn(table.identifier, but)
        except SourceError:
            # It is no call of the operation's own, unless it is why that has no other.
            with attempt.call(ask, keys, statement=STATEMENT, shape="its columns"):
                raise

    async def _again(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt, error: SourceError
    ) -> Answer:
        """The same again, if it failed by a type that has changed, by keys of other types, or by
        keys that nothing equals; by parts, if it failed by another value. Raises the error if it
        was none of these."""
        is_of_types = self._is_of_types(error)
        if not is_of_types and not self._is_of_values(error):
            raise error
        fresh = await self._learned(ask.resource, ask, keys, attempt, columns)
        if fresh.types != columns.types:
            return await self._fetch(fresh, ask, keys, attempt)
        if self._read(fresh, ask, keys) != list(keys):
            return await self._as_read(fresh, ask, keys, attempt)
        if is_of_types and any(ask.rows.window.places):
            # A page before this one could be asked for, so what it can't be compared with is not
            # what that page had.
            if (failed := await self._parting(fresh, ask, attempt).of_row_filter(ask)) is not None:
                raise failed
            raise UnfitValue(self.name, NO_CURSOR) from error
        return await self._parted(fresh, ask, keys, attempt, error)

    async def _parted(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt, error: SourceError
    ) -> Answer:
        """What each key has of what is refused for all of them together."""
        if not self._is_of_values(error) and len(ask.wants.aggregates) < 2:
            raise error
        return await self._parting(columns, ask, attempt).answer(ask, keys, error)

    def _parting(self, columns: Columns, ask: Ask, attempt: Attempt) -> Parting:
        of_parts = replace(attempt, in_parts=True)

        async def once(ask: Ask, keys: Sequence[Key]) -> Answer:
            ways = self._values_once if ask.wants.aggregates else self._rows_once
            return await ways(columns, ask, keys, of_parts)

        return Parting(
            self.name,
            once,
            self._is_of_values,
            lambda filter: self._terms(columns, filter),
            [columns[name].name for name in ask.rows.by],
        )

    async def _rows_and_values(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        try:
            return await self._together(columns, ask, keys, attempt)
        except (BadResponse, UnfitValue, TooManyRows):
            # What is wrong with one of the two costs the other nothing.
            return await self._apart(columns, ask, keys, attempt)

    async def _together(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        """Rows and values by one statement. As counting can take so much longer that it would cost
        the rows, these are asked for alone as well when half of the time is over; in its place
        where there is no other connection for that."""
        late = SourceTimeout(self.name, reason="no answer before the rows had to do alone")
        tasks: list[asyncio.Future[Answer]] = [
            asyncio.ensure_future(self._by_position(columns, ask, keys, attempt))
        ]
        try:
            await asyncio.wait(tasks, timeout=attempt.left(self.timeout) / 2)
            joint = attempt.last
            if not tasks[0].done():
                rows_alone = Ask(ask.rows, Wants(ask.wants.columns))
                tasks.append(asyncio.ensure_future(self._rows(columns, rows_alone, keys, attempt)))
                has_both = self._has_another(attempt)
                if not has_both:
                    tasks[0].cancel()
                awaited = tasks[0] if has_both else tasks[1]
                await asyncio.wait([awaited], timeout=attempt.left(self.timeout) * ALMOST)
            if tasks[0].done() and not tasks[0].cancelled():
                return tasks[0].result()
            if joint is not None:
                joint.fail(late)
            if not tasks[1].done():
                raise late
            return [_joined(each, late, ask.wants) for each in tasks[1].result()]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _apart(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        """Rows and values by a statement each, each with its own error."""
        rows, wants = ask.rows, ask.wants
        listed, counted = await asyncio.gather(
            self._rows(columns, Ask(rows, Wants(wants.columns)), keys, attempt),
            self._values(columns, Ask(rows, Wants(aggregates=wants.aggregates)), keys, attempt),
            return_exceptions=True,
        )
        if isinstance(listed, BaseException):
            listed = [_raised(listed)] * len(keys)
        if isinstance(counted, BaseException):
            counted = [_raised(counted)] * len(keys)
        return [_joined(*each, wants) for each in zip(listed, counted, strict=True)]

    async def _rows(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        try:
            return await self._rows_once(columns, ask, keys, attempt)
        except (BadResponse, UnfitValue) as error:
            return await self._again(columns, ask, keys, attempt, error)

    async def _rows_once(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        by = columns.by(ask.rows.by)
        if by.is_exact and not (by.has_lists and ask.rows.window.limit is not None):
            statement, values = selecting(ask, keys, columns)
            statement, most = self._bounded(ask, keys, statement)
            records = await self._records(ask, keys, attempt, statement, values, most)
            found = answered(ask, keys, records)
            if found is not None:
                return found
        # PostgreSQL takes some values for equal that Python does not: char(6) pads its texts.
        return await self._by_position(columns, ask, keys, attempt)

    def _bounded(self, ask: Ask, keys: Sequence[Key], statement: str) -> tuple[str, int | None]:
        """The statement, and how many rows it may have, where it could have more."""
        limit = 1 if ask.rows.unique else ask.rows.window.limit
        if not ask.wants.columns or (limit is not None and limit * len(keys) <= self.rows):
            return statement, None
        if ask.rows.by or limit is None:
            # One more, to know whether there are more. A page of the whole has its own limit.
            statement += f" limit {self.rows + 1}"
        return statement, self.rows

    async def _values(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        try:
            return await self._values_once(columns, ask, keys, attempt)
        except (BadResponse, UnfitValue) as error:
            return await self._again(columns, ask, keys, attempt, error)

    async def _values_once(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Answer:
        by = columns.by(ask.rows.by)
        if by.is_exact and not by.has_lists:
            statement, parameters = aggregating(ask, keys, columns)
            records = await self._records(ask, keys, attempt, statement, parameters)
            width = len(ask.rows.by)
            values = {record[:width]: record[width:] for record in records}
            found = [values.get(key) for key in keys]
            if len(values) + found.count(None) == len(keys):
                nothing = tuple(each.of_nothing for each in ask.wants.aggregates)
                return [Found((), each or nothing) for each in found]
        return await self._by_position(columns, ask, keys, attempt)

    async def _by_position(
        self, columns: Columns, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> list[Found]:
        statement, parameters = by_position(ask, keys, columns)
        statement, most = self._bounded(ask, keys, statement)
        records = await self._records(ask, keys, attempt, statement, parameters, most)
        rows: list[list[Row]] = [[] for _ in keys]
        values: list[Sequence[object]] = [()] * len(keys)
        for record in records:
            place = record[0] - 1
            values[place] = record[1 : 1 + len(ask.wants.aggregates)]
            if ask.wants.columns and record["sluice_row"] is not None:
                rows[place].append(record)
        return [Found(*each) for each in zip(rows, values, strict=True)]


def _beside(own: Filter | None, filter: Filter) -> Filter | None:
    """What a filter has beside the row filter."""
    if own is None:
        return filter
    if filter is own:
        return None
    assert isinstance(filter, And)
    _, given = filter.parts
    return given


def _joined(rows: Found | Exception, values: Found | Exception, wants: Wants) -> Found:
    """The rows of one with the values of the other."""
    return Found(
        rows if isinstance(rows, Exception) else rows.rows,
        [values] * len(wants.aggregates) if isinstance(values, Exception) else values.values,
    )


def _raised(error: BaseException) -> Exception:
    if isinstance(error, Exception):
        return error
    raise error
