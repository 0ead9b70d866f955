"""Relations: fields whose value is a row or rows of another resource, in any source."""

from __future__ import annotations

from collections.abc import Awaitable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack
from zoneinfo import ZoneInfo

from loaders.batching import Loader, Value
from loaders.declarations import declaration
from loaders.query import Aggregate, Filter, Function, Order, Window
from loaders.resource import Resource, Row
from resolvers.caching import cached
from resolvers.columns import given_type, nullable_columns
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
)
from resolvers.keys import Keys
from resolvers.scalars import scalar_of
from resolvers.time_zones import Convert, converter, zone_of


@dataclass(frozen=True, slots=True)
class One(BatchedFetch):
    """The row of the target whose ``to`` is this row's ``by``."""

    by: str
    to: str | None
    filterable: bool
    cast: type | None = None

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
        loader = info.context.loaders.by_key(target, self.to)
        type_ = target.key_type if self.to is None else self.cast
        wanted, usual = [row.get(self.by) for row in rows], type_ or str
        keys = [key for key in wanted if type(key) is usual]
        if len(keys) == len(wanted):
            return loader.load_all(keys)
        return loader.load_all(Keys(field.owner.resource.source, self.by, type_).of(rows))


@dataclass(frozen=True, slots=True)
class Many(BatchedFetch):
    """The target's rows whose ``by`` is this row's key, all of them."""

    by: str
    order_by: tuple[str, ...]
    cast: type | None = None

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
        target = field.target
        window = Window(order=declared_order(target, self.order_by))
        loader = info.context.loaders.lists(target.resource, self.by, window)
        return _by_own_key(loader, field, self.cast, rows)


@dataclass(frozen=True, slots=True)
class Aggregated(BatchedFetch):
    """A value made of all rows of ``of`` whose ``by`` is this row's key."""

    of: Resource
    by: str
    aggregate: Aggregate
    where: Filter | None
    cast: type | None = None

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        yield field.owner.resource, field.owner.resource.key

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Row],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Awaitable[Values]:
        scalar = scalar_of(given_type(field))
        of_texts = None if scalar is None else scalar.of_texts
        aggregate = self.aggregate._replace(of_texts=of_texts)
        loader = info.context.loaders.aggregates(self.of, self.by, aggregate, self.where)
        values = _by_own_key(loader, field, self.cast, rows)
        convert, column = converter(field.type), self.aggregate.column
        if convert is None or column is None:
            return values
        zone = zone_of(info, self.of, column)
        return values if zone is None else _converted(values, convert, zone)


@declaration
def one(
    description: str,
    *,
    by: str,
    to: str | None = None,
    cast: type | None = None,
    filterable: bool = False,
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is one object: the one whose ``to`` (its resource's key unless told) equals
    this row's column ``by``; null where that is null or there is no such row. ``cast`` is the type
    of the values of ``to``, where neither their source nor the key's declaration tells it.

    ``filterable`` lets clients filter by the other object's id, under the field's name with
    "Id" behind it.
    """
    if filterable and to is not None:
        raise TypeError("only a relation by the target's key can be filtered by the target's id")
    if cast is not None and to is None:
        raise TypeError("one(): 'cast' is for 'to'; the key's type is its resource's key_type")
    return fetched(description, One(by, to, filterable, cast), options)


@declaration
def many(
    description: str,
    *,
    by: str,
    cast: type | None = None,
    order_by: str | tuple[str, ...] = (),
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is the list of all objects whose column ``by`` holds this row's key, alone or in
    a list. ``cast`` is the type of that column's values, where its source does not tell it.

    ``order_by`` names the target's columns to sort by, each with "-" before it to sort
    descending. For lists that may become long use ``connection`` instead.
    """
    return fetched(description, Many(by, names_of(order_by), cast), options)


@declaration
def aggregate(
    description: str,
    *,
    of: Resource,
    by: str,
    function: Function,
    column: str | None = None,
    cast: type | None = None,
    where: Filter | None = None,
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is ``function`` over ``column`` of all rows of ``of`` whose ``by`` holds this
    row's key, and which ``where`` lets through; ``cast`` is as for ``many``. Of no rows: 0 for a
    count, else null."""
    if (column is None) is not (function is Function.COUNT):
        takes = "counts rows, so it takes no" if column else "needs a"
        raise TypeError(f"aggregate(): {function} {takes} 'column'")
    fetch = Aggregated(of, by, Aggregate(function, column), where, cast)
    return fetched(description, fetch, options)


def _by_own_key(
    loader: Loader[Hashable, Value], field: FetchedField, cast: type | None, rows: Sequence[Row]
) -> Awaitable[Values]:
    """What the loader has for each row's key, which is one of the type ``cast`` there."""
    resource = field.owner.resource
    if cast is None:
        return loader.load_all([row.get(resource.key) for row in rows])
    return loader.load_all(Keys(resource.source, resource.key, cast).of(rows))


async def _converted(loading: Awaitable[Values], convert: Convert, zone: ZoneInfo) -> Values:
    return [convert(value, zone) for value in await loading]


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
