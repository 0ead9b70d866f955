"""Relations: fields whose value is a row or rows of another resource, in any source."""

from __future__ import annotations

from collections.abc import Awaitable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack
from zoneinfo import ZoneInfo

from loaders.declarations import declaration
from loaders.errors import BadResponse, SourceError, Unreadable
from loaders.query import Aggregate, Filter, Function, Order, Window
from loaders.resource import Resource, Row
from resolvers.caching import cached
from resolvers.directives import FieldOptions
from resolvers.fields import (
    Arguments,
    BatchedFetch,
    FetchedField,
    Node,
    ResolveInfo,
    Values,
    fetched,
    names_of,
    nullable_columns,
)
from resolvers.time_zones import Convert, converter, zone_of


@dataclass(frozen=True, slots=True)
class One(BatchedFetch):
    """The row of the target whose ``to`` is this row's ``by``."""

    by: str
    to: str | None
    filterable: bool

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        yield field.owner.resource, self.by
        target = field.target.resource
        yield target, self.to or target.key

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Row],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Awaitable[Values]:
        target = field.target.resource
        wanted = [row.get(self.by) for row in rows]
        is_key = target.is_key if self.to is None else _is_natural_key
        # One key that does not fit would fail the whole batch, as its source can't compare it.
        usual = target.key_type if self.to is None else str
        keys = [key for key in wanted if type(key) is usual or is_key(key)]
        loaded = info.context.loaders.by_key(target, self.to).load_all(keys)
        if len(keys) == len(wanted):
            return loaded

        async def spread() -> Values:
            found = iter(await loaded)
            return [next(found) if is_key(key) else self._instead(field, key) for key in wanted]

        return spread()

    def _instead(self, field: FetchedField, key: object) -> SourceError | None:
        """What stands in place of the row where there is no key."""
        if key is None or isinstance(key, Unreadable):
            return key
        source = field.owner.resource.source
        return BadResponse(source, f"The source '{source}' sent '{self.by}' as no id.")


@dataclass(frozen=True, slots=True)
class Many(BatchedFetch):
    """The target's rows whose ``by`` is this row's key, all of them."""

    by: str
    order_by: tuple[str, ...]

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        yield field.owner.resource, field.owner.resource.key
        yield field.target.resource, self.by

    def sorts_by(self) -> tuple[str, ...]:
        return self.order_by

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Row],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Awaitable[Values]:
        target, key = field.target, field.owner.resource.key
        window = Window(order=declared_order(target, self.order_by))
        loader = info.context.loaders.lists(target.resource, self.by, window)
        return loader.load_all([row.get(key) for row in rows])


@dataclass(frozen=True, slots=True)
class Aggregated(BatchedFetch):
    """A value made of all rows of ``of`` whose ``by`` is this row's key."""

    of: Resource
    by: str
    aggregate: Aggregate
    where: Filter | None

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        yield field.owner.resource, field.owner.resource.key

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Row],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Awaitable[Values]:
        key = field.owner.resource.key
        loaders = info.context.loaders
        loader = loaders.aggregates(self.of, self.by, self.aggregate, self.where)
        loaded = loader.load_all([row.get(key) for row in rows])
        convert, column = converter(field.type), self.aggregate.column
        if convert is None or column is None:
            return loaded
        zone = zone_of(info, self.of, column)
        return loaded if zone is None else _converted(loaded, convert, zone)


@declaration
def one(
    description: str,
    *,
    by: str,
    to: str | None = None,
    filterable: bool = False,
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is one object: the one whose ``to`` (its resource's key unless told) equals
    this row's column ``by``; null where that is null or there is no such row.

    ``filterable`` lets clients filter by the other object's id, under the field's name with
    "Id" behind it.
    """
    if filterable and to is not None:
        raise TypeError("only a relation by the target's key can be filtered by the target's id")
    return fetched(description, One(by, to, filterable), options)


@declaration
def many(
    description: str,
    *,
    by: str,
    order_by: str | tuple[str, ...] = (),
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is the list of all objects whose column ``by`` holds this row's key.

    ``order_by`` names the target's columns to sort by, each with "-" before it to sort
    descending. For lists that may become long use ``connection`` instead.
    """
    return fetched(description, Many(by, names_of(order_by)), options)


@declaration
def aggregate(
    description: str,
    *,
    of: Resource,
    by: str,
    function: Function,
    column: str | None = None,
    where: Filter | None = None,
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is ``function`` over ``column`` of all rows of ``of`` whose ``by`` holds this
    row's key, and which ``where`` lets through. Of no rows: 0 for a count, else null."""
    if (column is None) is not (function is Function.COUNT):
        takes = "counts rows, so it takes no" if column else "needs a"
        raise TypeError(f"aggregate(): {function} {takes} 'column'")
    return fetched(description, Aggregated(of, by, Aggregate(function, column), where), options)


async def _converted(loaded: Awaitable[Values], convert: Convert, zone: ZoneInfo) -> Values:
    return [convert(value, zone) for value in await loaded]


def _is_natural_key(value: object) -> bool:
    # In Python, True is a key, too: 1.
    return isinstance(value, Hashable) and value is not None and type(value) is not bool


@cached
def declared_order(type_: type[Node], names: tuple[str, ...]) -> tuple[Order, ...]:
    """The order by the columns that a declaration names. One that is no field of the type is
    taken to be nullable."""
    nullable = {**nullable_columns(type_), type_.resource.key: False}
    return tuple(
        Order(
            name.removeprefix("-"), name.startswith("-"), nullable.get(name.removeprefix("-"), True)
        )
        for name in names
    )
