"""Sources and loaders, asked without a graph."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from demo.stack import Addresses
from loaders.asks import WHOLE, Ask, Key, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.query import ALL_ROWS, COUNT, Filter, Window
from loaders.registry import Loaders
from loaders.resource import Resource, Row
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource


@asynccontextmanager
async def shop_with(
    addresses: Addresses, schema: str, objects: str, **options: Any
) -> AsyncIterator[PostgresSource]:
    """The demo's database, open, with a schema of the test's own that ``objects`` make."""
    connection = await asyncpg.connect(addresses.postgres)
    source = PostgresSource("shop", addresses.postgres, pool_size=4, **options)
    try:
        await connection.execute(objects)
        await source.open()
        yield source
    finally:
        await source.close()
        await connection.execute(f"drop schema if exists {schema} cascade")
        await connection.close()


async def rows_of(
    source: Source,
    resource: Resource,
    columns: Iterable[str],
    *,
    by: tuple[str, ...] = (),
    keys: Sequence[Key] = (WHOLE,),
    unique: bool = False,
    filter: Filter | None = None,
    window: Window = ALL_ROWS,
    operation: Operation | None = None,
) -> list[Sequence[Row]]:
    """The rows of each key, as an operation gets them. Raises the first error."""
    ask = Ask(Rows(resource, by, unique, filter, window), Wants(frozenset(columns)))
    found = await chained(source).fetch(ask, keys, operation or Operation())
    listed: list[Sequence[Row]] = []
    for each in found:
        rows = each if isinstance(each, Exception) else each.rows
        if isinstance(rows, Exception):
            raise rows
        listed.append(rows)
    return listed


async def page_of(
    source: Source,
    resource: Resource,
    columns: Iterable[str],
    filter: Filter | None = None,
    window: Window = ALL_ROWS,
    operation: Operation | None = None,
) -> Sequence[Row]:
    """The rows of the whole resource. Raises the error."""
    (rows,) = await rows_of(
        source, resource, columns, filter=filter, window=window, operation=operation
    )
    return rows


async def page(
    loaders: Loaders,
    resource: Resource,
    window: Window = ALL_ROWS,
    filter: Filter | None = None,
) -> Any:
    """The loaders' rows of the whole resource."""
    return await loaders.lists(resource, None, window, filter).load(WHOLE)


async def count(loaders: Loaders, resource: Resource, filter: Filter | None = None) -> Any:
    """How many rows of the whole resource the loaders see."""
    return await loaders.aggregates(resource, None, COUNT, filter).load(WHOLE)
