"""Connections: lists that are paged by cursor (Relay's Cursor Connections Specification).

Nothing is fetched until it is asked for: the page by ``nodes``, ``edges`` or ``pageInfo``, the
count by ``totalCount``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, Unpack

import strawberry
from strawberry.types.arguments import StrawberryArgument

from gateway.errors import BadUserInput
from loaders.base import Resource, Row
from loaders.query import COUNT, Order, Window, all_of, past
from resolvers import cursors
from resolvers.directives import Access
from resolvers.fields import Fetch, FetchedField, Info, argument, fetched, given_value, names_of
from resolvers.filters import filter_input, sort_input, to_filter, to_order
from resolvers.guards import comparable
from resolvers.relations import declared_order

PAGE_SIZE = 20
LARGEST_PAGE = 100

T = TypeVar("T")


@strawberry.type(description="Where a page of a connection stands among the others.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether there is more behind this page. Paging backward, whether `before` "
        "was given."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether there is more before this page. Paging forward, whether `after` "
        "was given."
    )
    start_cursor: str | None = strawberry.field(
        description="The first edge's cursor: `before` it lies the previous page."
    )
    end_cursor: str | None = strawberry.field(
        description="The last edge's cursor: `after` it lies the next page."
    )


@strawberry.type(description="One object of a connection, with its place there.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The object.")
    cursor: str = strawberry.field(description="The object's place, for `after` and `before`.")


@dataclass(slots=True)
class Page:
    """A page's rows in the order in which they are shown, and whether more lie beyond them."""

    rows: Sequence[Row]
    more: bool


@dataclass(slots=True, eq=False)
class Paging:
    """What a connection was asked for, and its page once something needs it.

    ``window`` fetches one row more than the page has, to tell whether there are more;
    ``order`` is the order in which rows are shown, the reverse of the window's when ``backward``.
    ``by`` and ``key`` narrow a relation to the rows of one object.
    """

    loaders: Any
    resource: Resource
    order: tuple[Order, ...]
    window: Window
    counted: Window
    backward: bool
    bounded: bool
    by: str | None = None
    key: Any = None
    _page: asyncio.Future[Page] | None = field(default=None)

    async def page(self) -> Page:
        if self._page is None:
            self._page = asyncio.ensure_future(self._fetch())
        return await self._page

    async def _fetch(self) -> Page:
        if self.by is None:
            rows = await self.loaders.page(self.resource, self.window)
        else:
            loader = self.loaders.by_foreign_key(self.resource, self.by, self.window)
            rows = await loader.load(self.key)
        assert self.window.limit is not None
        more = len(rows) == self.window.limit
        kept = rows[: self.window.limit - 1]
        return Page(kept[::-1] if self.backward else kept, more)

    async def count(self) -> int:
        if self.by is None:
            count = await self.loaders.count(self.resource, self.counted.filter)
        else:
            loader = self.loaders.aggregates(self.resource, self.by, self.counted.filter)
            count = await loader.load((self.key, COUNT))
        return int(count)

    def cursor(self, row: Row) -> str:
        place = tuple(row.get(part.column) for part in self.order)
        return cursors.encode(self.resource, self.order, place)


@strawberry.type(description="A list that is paged by cursor.")
class Connection(Generic[T]):
    paging: strawberry.Private[Paging]

    @strawberry.field(description="The objects of this page.")
    async def nodes(self) -> list[T]:
        rows: Any = (await self.paging.page()).rows
        return rows  # type: ignore[no-any-return]  # the rows of T's resource

    @strawberry.field(description="The objects of this page, each with its cursor.")
    async def edges(self) -> list[Edge[T]]:
        page: Any = await self.paging.page()
        return [Edge(node=row, cursor=self.paging.cursor(row)) for row in page.rows]

    @strawberry.field(description="Where this page stands among the others.")
    async def page_info(self) -> PageInfo:
        page, paging = await self.paging.page(), self.paging
        return PageInfo(
            has_next_page=paging.bounded if paging.backward else page.more,
            has_previous_page=page.more if paging.backward else paging.bounded,
            start_cursor=paging.cursor(page.rows[0]) if page.rows else None,
            end_cursor=paging.cursor(page.rows[-1]) if page.rows else None,
        )

    @strawberry.field(
        description="How many objects there are on all pages. Counted only where it is asked "
        "for; null if that failed."
    )
    async def total_count(self) -> int | None:
        return await self.paging.count()


@dataclass(frozen=True, slots=True)
class Connected(Fetch):
    """The target's rows, or those whose ``by`` is this row's key, as a connection."""

    by: str | None
    order_by: tuple[str, ...]

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        if self.by is not None:
            yield field.owner.resource, field.owner.resource.key
            yield field.target.resource, self.by

    def arguments(self, field: FetchedField) -> list[StrawberryArgument]:
        target = field.target
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

    def resolve(
        self, field: FetchedField, row: Any, info: Info, arguments: Mapping[str, Any]
    ) -> Connection[Any]:
        paging = _paging(info, field.target, self.order_by, arguments)
        if self.by is not None:
            paging.by, paging.key = self.by, row.get(field.owner.resource.key)
        return Connection(paging=paging)


def connection(
    description: str,
    *,
    by: str | None = None,
    order_by: str | tuple[str, ...] = (),
    **access: Unpack[Access],
) -> Any:
    """A field that is a connection: of all objects whose column ``by`` holds this row's key, or,
    without ``by``, of all there are. ``order_by`` is the order unless the client gives one."""
    return fetched(description, Connected(by, names_of(order_by)), access)


def _paging(info: Info, type_: Any, order_by: tuple[str, ...], given: Mapping[str, Any]) -> Paging:
    resource, check = type_.resource, comparable(info)
    order = to_order(type_, given.get("order_by"), check) or declared_order(type_, order_by)
    if all(part.column != resource.key for part in order):
        # The key makes the order total; in the last column's direction, so that one index scan
        # serves an order of one direction.
        descending = bool(order) and order[-1].descending
        order = (*order, Order(resource.key, descending))
    size, backward = _size(given_value(given, "first"), given_value(given, "last"))
    places = {
        name: cursors.decode(resource, order, cursor, name)
        for name in ("after", "before")
        if (cursor := given_value(given, name)) is not None
    }
    counted = Window(filter=to_filter(type_, given.get("where"), check))
    walked = tuple(part.reversed() for part in order) if backward else order
    start, end = ("before", "after") if backward else ("after", "before")
    other = places.get(end)
    filter_ = counted.filter
    if other is not None:
        filter_ = all_of(filter_, past(tuple(part.reversed() for part in walked), other))
    window = Window(filter_, walked, places.get(start), size + 1)
    return Paging(info.context.loaders, resource, order, window, counted, backward, start in places)


def _size(first: int | None, last: int | None) -> tuple[int, bool]:
    if first is not None and last is not None:
        raise BadUserInput("Give first or last, not both.")
    size = first if first is not None else last if last is not None else PAGE_SIZE
    if not 0 <= size <= LARGEST_PAGE:
        name = "first" if first is not None else "last"
        raise BadUserInput(f"{name} must be from 0 to {LARGEST_PAGE}.")
    return size, last is not None
