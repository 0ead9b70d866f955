"""A page of a connection: its rows, their cursors, and where it stands among the others."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import strawberry

from loaders.errors import BadResponse, Unreadable
from loaders.logs import Limited
from loaders.query import COUNT, Filter, Order, Window
from loaders.registry import Loaders
from loaders.resource import Resource, Row
from resolvers.cursors import Cursors
from resolvers.fields import Values

log = Limited(logging.getLogger("sluice.sources"))

WITH_NAN = (float, Decimal)
"""The types of keys that can be equal, though they are not for Python."""


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


@dataclass(slots=True)
class Page:
    """A page's rows in the order in which they are shown, and whether more lie beyond them."""

    rows: Sequence[Row]
    more: bool


@dataclass(slots=True, eq=False)
class Paging:
    """What the connections at one place were asked for.

    ``window`` fetches one row more than the page has, to tell whether there are more;
    ``order`` is the order in which rows are shown, the reverse of the window's when ``backward``.
    ``by`` narrows a relation to the rows of one object.
    """

    loaders: Loaders
    resource: Resource
    order: tuple[Order, ...]
    filter: Filter | None
    window: Window
    backward: bool
    bounded: bool
    by: str | None
    cursors: Cursors

    def pages(self, keys: Sequence[Hashable]) -> Awaitable[Sequence[Page | Exception]]:
        """The page, or the error, for each object by whose key the relation goes."""
        loader = self.loaders.lists(self.resource, self.by, self.window, self.filter)
        loaded = loader.load_all(keys)

        async def cut() -> Sequence[Page | Exception]:
            return [self._page(rows) for rows in await loaded]

        return cut()

    def counts(self, keys: Sequence[Hashable]) -> Awaitable[Values]:
        """How many rows there are on all pages, or the error, for each object."""
        loader = self.loaders.aggregates(self.resource, self.by, COUNT, self.filter)
        return loader.load_all(keys)

    def cursor(self, row: Row) -> str | Exception:
        """The row's place, or the error of a value there that can't be read, or held."""
        try:
            return self.cursors.of(row)
        except Unreadable as unreadable:
            return unreadable
        except TypeError as error:
            return self._bad("a value that no cursor can hold: sort by something else", str(error))

    def info(self, page: Page) -> PageInfo:
        # What is an error is that of its own field.
        start: Any = self.cursor(page.rows[0]) if page.rows else None
        end: Any = self.cursor(page.rows[-1]) if page.rows else None
        return PageInfo(
            has_next_page=self.bounded if self.backward else page.more,
            has_previous_page=page.more if self.backward else self.bounded,
            start_cursor=start,
            end_cursor=end,
        )

    def _page(self, rows: Sequence[Row] | Exception) -> Page | Exception:
        if isinstance(rows, Exception):
            return rows
        if self._share_places(rows):
            # A page that ends, or begins, between two of them would lose the other.
            key, resource = self.resource.key, self.resource
            return self._bad(
                "several rows in one place of this order, which pages would lose: its type needs a "
                "key that is unique",
                f"'{key}', the key of {resource}, is not unique: declare one that is",
            )
        limit = self.window.limit
        assert limit is not None
        more = len(rows) == limit
        kept = rows[: limit - 1]
        return Page(kept[::-1] if self.backward else kept, more)

    def _share_places(self, rows: Sequence[Row]) -> bool:
        """Whether two rows, which are neighbours then, have the same values in all columns of the
        order."""
        if self.resource.key_type not in WITH_NAN:
            key = self.resource.key
            try:
                keys = [row.get(key) for row in rows]
                if len(set(keys)) == len(keys):
                    return False
            except (TypeError, Unreadable):
                # What has no hash, or can't be read, is compared.
                pass
        columns = [part.column for part in self.order]
        return any(
            all(_are_equal(one.get(column), other.get(column)) for column in columns)
            for one, other in pairwise(rows)
        )

    def _bad(self, what: str, reason: str) -> BadResponse:
        source = self.resource.source
        log.write(
            logging.WARNING, f"{source}: {reason}", "source %s can't be paged: %s", source, reason
        )
        return BadResponse(source, f"The source '{source}' sent {what}.", reason=reason)


def _are_equal(one: object, other: object) -> bool:
    if isinstance(one, Unreadable) or isinstance(other, Unreadable):
        stored = [each.stored for each in (one, other) if isinstance(each, Unreadable)]
        return len(stored) == 2 and None not in stored and stored[0] == stored[1]
    if (type(one) is bool) is not (type(other) is bool):
        # In Python 1 and True are equal, in no source.
        return False
    return bool(one == other) or (one != one and other != other)
