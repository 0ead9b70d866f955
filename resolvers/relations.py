"""Relations: fields whose value is a row or rows of another resource, in any source."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Unpack

from gateway.errors import UpstreamBadResponse
from loaders.base import Resource
from loaders.query import Aggregate, Filter, Function, Order, Window
from resolvers.directives import Access
from resolvers.fields import (
    Fetch,
    FetchedField,
    Info,
    fetched,
    names_of,
    nullable_columns,
)


@dataclass(frozen=True, slots=True)
class One(Fetch):
    """The row of the target whose ``to`` is this row's ``by``."""

    by: str
    to: str | None
    filterable: bool

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        yield field.owner.resource, self.by
        target = field.target.resource
        yield target, self.to or target.key

    def resolve(
        self, field: FetchedField, row: Any, info: Info, arguments: Mapping[str, Any]
    ) -> Any:
        key = row.get(self.by)
        if key is None:
            return None
        target = field.target.resource
        fits = isinstance(key, target.key_type) if self.to is None else isinstance(key, Hashable)
        if not fits:
            # One such key would fail the whole batch, as its source can't compare it.
            source = field.owner.resource.source
            raise UpstreamBadResponse(source, f"The source '{source}' sent '{self.by}' as no id.")
        return info.context.loaders.by_key(target, self.to).load(key)


@dataclass(frozen=True, slots=True)
class Many(Fetch):
    """The target's rows whose ``by`` is this row's key, all of them."""

    by: str
    order_by: tuple[str, ...]

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        yield field.owner.resource, field.owner.resource.key
        yield field.target.resource, self.by

    def sorts_by(self) -> tuple[str, ...]:
        return self.order_by

    def resolve(
        self, field: FetchedField, row: Any, info: Info, arguments: Mapping[str, Any]
    ) -> Any:
        target = field.target
        window = Window(order=declared_order(target, self.order_by))
        loader = info.context.loaders.by_foreign_key(target.resource, self.by, window)
        return loader.load(row.get(field.owner.resource.key))


@dataclass(frozen=True, slots=True)
class Aggregated(Fetch):
    """A value made of all rows of ``of`` whose ``by`` is this row's key."""

    of: Resource
    by: str
    aggregate: Aggregate
    where: Filter | None

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        yield field.owner.resource, field.owner.resource.key

    def resolve(
        self, field: FetchedField, row: Any, info: Info, arguments: Mapping[str, Any]
    ) -> Any:
        loader = info.context.loaders.aggregates(self.of, self.by, self.where)
        return loader.load((row.get(field.owner.resource.key), self.aggregate))


def one(
    description: str,
    *,
    by: str,
    to: str | None = None,
    filterable: bool = False,
    **access: Unpack[Access],
) -> Any:
    """A field that is one object: the one whose ``to`` (its resource's key unless told) equals
    this row's column ``by``; null where that is null or there is no such row.

    ``filterable`` lets clients filter by the other object's id, under the field's name with
    "Id" behind it.
    """
    if filterable and to is not None:
        raise TypeError("only a relation by the target's key can be filtered by the target's id")
    return fetched(description, One(by, to, filterable), access)


def many(
    description: str,
    *,
    by: str,
    order_by: str | tuple[str, ...] = (),
    **access: Unpack[Access],
) -> Any:
    """A field that is the list of all objects whose column ``by`` holds this row's key.

    ``order_by`` names the target's columns to sort by, each with "-" before it to sort
    descending. For lists that may become long use ``connection`` instead.
    """
    return fetched(description, Many(by, names_of(order_by)), access)


def aggregate(
    description: str,
    *,
    of: Resource,
    by: str,
    function: Function,
    column: str | None = None,
    where: Filter | None = None,
    **access: Unpack[Access],
) -> Any:
    """A field that is ``function`` over ``column`` of all rows of ``of`` whose ``by`` holds this
    row's key, and which ``where`` lets through. Of no rows: 0 for a count, else null."""
    if not isinstance(of, Resource):
        raise TypeError(
            f"of={of!r} is no resource. In a class body, a field hides the module's variable of "
            "the same name."
        )
    return fetched(description, Aggregated(of, by, Aggregate(function, column), where), access)


@cache
def declared_order(type_: Any, names: tuple[str, ...]) -> tuple[Order, ...]:
    """The order by the columns that a declaration names. One that is no field of the type is
    taken to be nullable."""
    nullable = {**nullable_columns(type_), type_.resource.key: False}
    return tuple(
        Order(
            name.removeprefix("-"), name.startswith("-"), nullable.get(name.removeprefix("-"), True)
        )
        for name in names
    )
