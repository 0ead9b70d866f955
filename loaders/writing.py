"""Writing on somebody's behalf: only what they may see, and only so that they may see it then."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from loaders.asks import Key, Rows, Wants
from loaders.contexts import Attempt
from loaders.errors import NotAllowed, UniqueViolation, VersionConflict, WriteRefused
from loaders.resource import Resource, Row
from loaders.writes import Delete, Insert, Transaction, Update, Write

if TYPE_CHECKING:
    from loaders.registry import Loaders, Sources


class Writes:
    """The writes of one transaction, and what they may be.

    What its caller can't see is as if it were not there: it is neither changed nor deleted. A row
    that is written must be one that they can see then, and so must be the rows that it names. Where
    something raises, all of the transaction is undone.
    """

    def __init__(
        self,
        transaction: Transaction,
        attempt: Attempt,
        inside: Loaders,
        outside: Loaders,
        sources: Sources,
    ) -> None:
        self.loaders = inside
        """What is read by these sees what was written, and keeps nothing for later."""
        self.written: list[tuple[Resource, Hashable]] = []
        self._transaction = transaction
        self._attempt = attempt
        self._outside = outside
        self._sources = sources

    async def insert(
        self, resource: Resource, values: Mapping[str, object], returning: Iterable[str] = ()
    ) -> Row:
        """The row that is there then, with its key and the columns ``returning``.

        Raises NotAllowed where the caller could not see it, or a row that it names, and
        UniqueViolation, ReferenceViolation or RowViolation where the source does not take it.
        """
        await self._check_references(resource, values)
        write = Insert(resource, self._sealed(resource, values), _columns(resource, returning))
        row = await self._write(write)
        assert row is not None
        await self._check_seen(resource, row[resource.key])
        return row

    async def update(
        self,
        resource: Resource,
        key: Hashable,
        values: Mapping[str, object],
        returning: Iterable[str] = (),
        *,
        seen: object = None,
    ) -> Row | None:
        """The row as it is then, with its key and the columns ``returning``; None where there is
        none. Raises VersionConflict where it is of another version than ``seen``, and what
        ``insert`` does."""
        if not await self._is_seen(resource, key):
            return None
        await self._check_references(resource, values)
        own = self.loaders.view(resource).own_filter
        wanted, sealed = _columns(resource, returning), self._sealed(resource, values)
        row = await self._write(Update(resource, key, sealed, wanted, own, seen))
        if row is None:
            await self._check_version(resource, key, seen)
            return None
        await self._check_seen(resource, row[resource.key])
        return row

    async def delete(
        self,
        resource: Resource,
        key: Hashable,
        returning: Iterable[str] = (),
        *,
        seen: object = None,
    ) -> Row | None:
        """The row as it was, with its key and the columns ``returning``; None where there is none.
        Raises VersionConflict where it is of another version than ``seen``, and ReferenceViolation
        where another row names it."""
        if not await self._is_seen(resource, key):
            return None
        own = self.loaders.view(resource).own_filter
        row = await self._write(Delete(resource, key, _columns(resource, returning), own, seen))
        if row is None:
            await self._check_version(resource, key, seen)
        return row

    async def _write(self, write: Write) -> Row | None:
        resource = write.resource
        try:
            row = await self._transaction.write(write, self._attempt)
        except UniqueViolation as error:
            values = {} if isinstance(write, Delete) else write.values
            if await self._sees_other(resource, error.columns, values):
                raise
            # It says nothing of a row that the caller can't see.
            raise _refused(resource) from error
        if row is not None:
            self.written.append((resource, row[resource.key]))
            self.loaders.changed(resource, [row[resource.key]])
            if self._sources.encryption is not None:
                row = self._sources.encryption.read(row, resource)
        return row

    def _sealed(self, resource: Resource, values: Mapping[str, object]) -> Mapping[str, object]:
        encryption = self._sources.encryption
        return values if encryption is None else encryption.sealed(values, resource)

    async def _is_seen(self, resource: Resource, key: Hashable) -> bool:
        (has,) = await self.loaders.view(resource).has(resource.key, [key])
        if isinstance(has, Exception):
            raise has
        return has

    async def _check_seen(self, resource: Resource, key: Hashable) -> None:
        if not await self._is_seen(resource, key):
            raise _refused(resource)

    async def _check_references(self, resource: Resource, values: Mapping[str, object]) -> None:
        for column, other in self._sources.references.get(resource.id, ()):
            named = values.get(column)
            if named is not None and not await self._is_seen(other, named):
                raise _refused(resource, column)

    async def _check_version(self, resource: Resource, key: Hashable, seen: object) -> None:
        if seen is not None and await self._is_seen(resource, key):
            said = "It has been changed since you saw it."
            raise VersionConflict(resource.source, said, [resource.version or ""])

    async def _sees_other(
        self, resource: Resource, columns: Sequence[str], values: Mapping[str, object]
    ) -> bool:
        """Whether the caller can see the row that has these values already. The transaction has
        failed by now, so it is looked for outside."""
        if not columns or any(values.get(column) is None for column in columns):
            return False
        rows = Rows(resource, tuple(columns))
        key: Key = tuple(values[column] for column in columns)
        view = self._outside.view(resource)
        (found,) = await view.fetch(rows, Wants(frozenset((resource.key, *columns))), [key])
        return not isinstance(found, Exception) and bool(found.rows)


def _columns(resource: Resource, returning: Iterable[str]) -> frozenset[str]:
    return frozenset((*returning, resource.key))


def _refused(resource: Resource, column: str | None = None) -> WriteRefused:
    said = "It can't be written so: what it names is not there, or not for you."
    return NotAllowed(resource.source, said, [] if column is None else [column])
