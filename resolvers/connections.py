"""Connections: lists that are paged by cursor (Relay's Cursor Connections Specification).

Nothing is fetched until it is asked for: the page by ``nodes``, ``edges`` or ``pageInfo``, the
count by ``totalCount``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, Unpack

import strawberry
from strawberry.types.arguments import StrawberryArgument

from gateway.errors import BadUserInput
from loaders.asks import WHOLE
from loaders.declarations import declaration
from loaders.query import Filter, Order, Window
from loaders.resource import Resource, Row
from resolvers.cursors import Cursors
from resolvers.directives import FieldOptions
from resolvers.fields import (
    Arguments,
    BatchedFetch,
    FetchedField,
    Node,
    ResolveInfo,
    Values,
    argument,
    fetched,
    given_value,
    names_of,
    target_of,
)
from resolvers.filters import filter_input, sort_input, to_filter, to_order
from resolvers.guards import comparable
from resolvers.ids import node_types
from resolvers.keys import Keys
from resolvers.once import once
from resolvers.paging import Page, PageInfo, Paging
from resolvers.relations import declared_order
from resolvers.time_zones import zone_of

PAGE_SIZE = 20
LARGEST_PAGE = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paged:
    """A connection: of the object by whose key the relation goes, if it is a relation."""

    paging: Paging
    key: Hashable


@dataclass(frozen=True, slots=True)
class Placed:
    """An edge: a row in its place."""

    paging: Paging
    row: Row


class OfConnection(BatchedFetch):
    """A field of a connection, for all connections at one place."""

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        return iter(())

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Paged],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Awaitable[Values]:
        pagings = {connection.paging for connection in rows}
        if len(pagings) == 1:
            return self.values(pagings.pop(), [connection.key for connection in rows])
        # Connections of several fields can meet at the place of an interface or a union.
        return _each([self.values(each.paging, [each.key]) for each in rows])

    @abstractmethod
    def values(self, paging: Paging, keys: Sequence[Hashable]) -> Awaitable[Values]:
        """The field's value, or its error, for each of the connections' keys."""


@dataclass(frozen=True)
class OfPage(OfConnection):
    """What ``show`` makes of a connection's page."""

    show: Callable[[Paging, Page], object]

    def values(self, paging: Paging, keys: Sequence[Hashable]) -> Awaitable[Values]:
        pages = paging.pages(keys)

        async def shown() -> Values:
            return [
                page if isinstance(page, Exception) else self.show(paging, page)
                for page in await pages
            ]

        return shown()


class TotalCount(OfConnection):
    """How many objects there are on all pages."""

    def values(self, paging: Paging, keys: Sequence[Hashable]) -> Awaitable[Values]:
        return paging.counts(keys)


@dataclass(frozen=True)
class OfEdge(BatchedFetch):
    """What ``show`` makes of an edge."""

    show: Callable[[Paging, Row], object]

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        return iter(())

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Placed],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Values:
        return [self.show(edge.paging, edge.row) for edge in rows]


@strawberry.type(description="One object of a connection, with its place there.")
class Edge(Generic[T]):
    node: T = fetched("The object.", OfEdge(lambda _, row: row), {})
    cursor: str = fetched(
        "The object's place, for `after` and `before`.", OfEdge(Paging.cursor), {}
    )


@strawberry.type(description="A list that is paged by cursor.")
class Connection(Generic[T]):
    nodes: list[T] = fetched("The objects of this page.", OfPage(lambda _, page: page.rows), {})
    edges: list[Edge[T]] = fetched(
        "The objects of this page, each with its cursor.",
        OfPage(lambda paging, page: [Placed(paging, row) for row in page.rows]),
        {},
    )
    page_info: PageInfo = fetched(
        "Where this page stands among the others.", OfPage(Paging.info), {}
    )
    total_count: int | None = fetched(
        "How many objects there are on all pages. Counted only where it is asked for; null if that "
        "failed.",
        TotalCount(),
        {},
    )


@dataclass(frozen=True, slots=True)
class Connected(BatchedFetch):
    """The target's rows, or those whose ``by`` is this row's key, as a connection."""

    by: str | None
    order_by: tuple[str, ...]
    cast: type | None = None

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        if self.by is not None:
            yield field.owner.resource, field.owner.resource.key
            yield field.target.resource, self.by

    def arguments(self, field: FetchedField) -> list[StrawberryArgument]:
        target = target_of(field)
        if target is None:
            # A check refuses it, with all else that is wrong.
            return []
        optional = [("where", filter_input(target), "Which objects to take.")]
        if (sort := sort_input(target)) is not None:
            meaning = "What to sort by, instead of the order that the field has by itself."
            optional.append(("order_by", list[sort], meaning))  # type: ignore[valid-type]
        optional += [
            (
                "first",
                int,
                f"Page forward: how many, at most {LARGEST_PAGE}. Without `first` and `last`, "
                f"the first {PAGE_SIZE}.",
            ),
            ("after", str, "Only what comes after this cursor."),
            ("last", int, f"Page backward: how many, at most {LARGEST_PAGE}."),
            ("before", str, "Only what comes before this cursor."),
        ]
        return [argument(name, type_ | None, meaning) for name, type_, meaning in optional]

    def sorts_by(self) -> tuple[str, ...]:
        return self.order_by

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Row],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Values:
        paging = _paging(info, field.target, self.by, self.order_by, arguments)
        if self.by is None:
            return [Paged(paging, WHOLE) for _ in rows]
        key = field.owner.resource.key
        if self.cast is not None:
            keys = Keys(field.owner.resource.source, key, self.cast).of(rows)
            return [each if isinstance(each, Exception) else Paged(paging, each) for each in keys]
        return [Paged(paging, row.get(key)) for row in rows]


@declaration
def connection(
    description: str,
    *,
    by: str | None = None,
    cast: type | None = None,
    order_by: str | tuple[str, ...] = (),
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is a connection: of all objects whose column ``by`` holds this row's key, or,
    without ``by``, of all there are. ``order_by`` is the order unless the client gives one,
    ``cast`` as for ``many``."""
    if cast is not None and by is None:
        raise TypeError("connection(): 'cast' is for 'by'")
    return fetched(description, Connected(by, names_of(order_by), cast), options)


def _paging(
    info: ResolveInfo,
    type_: type[Node],
    by: str | None,
    order_by: tuple[str, ...],
    given: Arguments,
) -> Paging:
    resource, check = type_.resource, comparable(info)
    order = to_order(type_, given.get("order_by"), check) or declared_order(type_, order_by)
    if all(part.column != resource.key for part in order):
        # The key makes the order total; in the last column's direction, so that one index scan
        # serves an order of one direction.
        descending = bool(order) and order[-1].descending
        order = (*order, Order(resource.key, descending))
    size, backward = _size(given_value(given, "first"), given_value(given, "last"))
    cursors = Cursors(resource, order)
    places = {
        name: cursors.place(cursor, name)
        for name in ("after", "before")
        if (cursor := given_value(given, name)) is not None
    }
    filter = _filter(info, type_, given.get("where"), check)
    walked = tuple(part.reversed() for part in order) if backward else order
    start, end = ("before", "after") if backward else ("after", "before")
    window = Window(walked, places.get(start), places.get(end), size + 1)
    bounded = start in places
    return Paging(
        info.context.loaders, resource, order, filter, window, backward, bounded, by, cursors
    )


def _filter(
    info: ResolveInfo, type_: type[Node], where: object, check: Callable[[str], None]
) -> Filter | None:
    """What ``where`` says, read once for all fields that have the same, and checked for each."""
    if where is None or where is strawberry.UNSET:
        return None

    def read() -> tuple[list[str], Filter | None, Exception | None]:
        compared: list[str] = []
        zones = partial(zone_of, info, type_.resource)
        try:
            return compared, to_filter(type_, where, compared.append, node_types(info), zones), None
        except Exception as error:
            return compared, None, error

    compared, filter, error = once(info.context, ("where", id(type_)), where, read)
    for coordinate in compared:
        check(coordinate)
    if error is not None:
        raise error.with_traceback(None)
    return filter


def _size(first: int | None, last: int | None) -> tuple[int, bool]:
    if first is not None and last is not None:
        raise BadUserInput("Give first or last, not both.")
    size = first if first is not None else last if last is not None else PAGE_SIZE
    if not 0 <= size <= LARGEST_PAGE:
        name = "first" if first is not None else "last"
        raise BadUserInput(f"{name} must be from 0 to {LARGEST_PAGE}.")
    return size, last is not None


async def _each(asked: Sequence[Awaitable[Values]]) -> Values:
    return [value for values in asked for value in await values]
