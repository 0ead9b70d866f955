"""What is forgotten of a resource that was written to: its rows, and all that hangs on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from demo.stack import Addresses
from loaders.asks import WHOLE
from loaders.query import COUNT, Filter, Not, Or, Order, SemiJoin, Window, equals
from loaders.registry import Loaders
from loaders.resource import Resource
from loaders.row_filters import through
from tests.loaders.filtered import Asked, Filtered, documents, filtered, folders, labels

WINDOW = Window(order=(Order("id"),), limit=3)

KINDS = ("postgres", "mongo", "batch", "single")


@pytest.fixture(scope="module")
async def data(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


Read = Callable[[Loaders, Resource], Awaitable[Any]]

READS: dict[str, Read] = {
    "row": lambda loaders, of: loaders.by_key(of).load_all([1]),
    "row, one by one": lambda loaders, of: loaders.by_key(of).load(1),
    "row by another column": lambda loaders, of: loaders.by_key(of, "code").load_all(["D1"]),
    "guarded row": lambda loaders, of: loaders.guarded(of).load_all([1]),
    "list": lambda loaders, of: loaders.lists(of, "folder_id", WINDOW).load_all([1]),
    "aggregate": lambda loaders, of: loaders.aggregates(of, "folder_id", COUNT).load_all([1]),
    "page": lambda loaders, of: loaders.lists(of, None, WINDOW).load_all([WHOLE]),
    "count": lambda loaders, of: loaders.aggregates(of, None, COUNT).load_all([WHOLE]),
}


async def calls_of(asked: Asked, read: Awaitable[Any]) -> int:
    before = len(asked.calls)
    await read
    return len(asked.calls) - before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("keys", [[1], None], ids=["key", "all"])
async def test_what_was_read_is_read_anew(
    data: Filtered, kind: str, read: str, keys: list[int] | None
) -> None:
    asked, of = data.asks(), documents(kind, None)
    first = await calls_of(asked, READS[read](asked.loaders, of))

    again = await calls_of(asked, READS[read](asked.loaders, of))
    asked.loaders.changed(of, keys)
    anew = await calls_of(asked, READS[read](asked.loaders, of))

    assert (first, again, anew) == (1, 0, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", READS)
async def test_another_resource_of_the_same_rows_is_forgotten_too(
    data: Filtered, kind: str, read: str
) -> None:
    # Two types over one table can have different row filters.
    asked, of = data.asks(), documents(kind)
    await READS[read](asked.loaders, of)

    asked.loaders.changed(documents(kind, None), [1])

    assert await calls_of(asked, READS[read](asked.loaders, of)) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", READS)
async def test_what_has_nothing_to_do_with_it_is_kept(data: Filtered, kind: str, read: str) -> None:
    asked, of = data.asks(), documents(kind, None)
    await READS[read](asked.loaders, of)

    asked.loaders.changed(folders("postgres", None))
    asked.loaders.changed(labels("rest", None), [1])

    assert await calls_of(asked, READS[read](asked.loaders, of)) == 0


async def test_rows_of_other_keys_are_kept(data: Filtered) -> None:
    asked, of = data.asks(), documents("postgres", None)
    await asked.loaders.by_key(of).load_all([1, 2])

    asked.loaders.changed(of, [1])

    assert await calls_of(asked, asked.loaders.by_key(of).load_all([2])) == 0
    assert await calls_of(asked, asked.loaders.by_key(of).load_all([1, 2])) == 1
    assert asked.calls[-1].keys == 1


def inside(filter: Filter) -> dict[str, Filter]:
    """The filter, at every depth at which a row filter may have it."""
    never = equals("owner", "nobody")
    return {"bare": filter, "or": Or((never, filter)), "not": Not(Not(filter))}


DEEP = inside(SemiJoin("folder_id", folders("postgres", None), "id", equals("owner", "ada")))


@pytest.mark.parametrize("where", DEEP)
@pytest.mark.parametrize("read", READS)
async def test_rows_that_are_seen_by_a_semi_join_over_it_are_forgotten(
    data: Filtered, where: str, read: str
) -> None:
    asked, of = data.asks(), documents("postgres", lambda _: DEEP[where])
    await READS[read](asked.loaders, of)

    # The folder may be somebody else's now.
    asked.loaders.changed(folders("postgres", None), [1])

    assert await calls_of(asked, READS[read](asked.loaders, of)) == 1


async def test_a_semi_join_within_a_semi_join_counts(data: Filtered) -> None:
    inner = SemiJoin("document_id", documents("postgres", None), "id", DEEP["bare"])
    deep = SemiJoin("id", labels("postgres", None), "document_id", inner)
    asked, of = data.asks(), documents("postgres", lambda _: deep)
    loader = asked.loaders.by_key(of)
    found = await loader.load_all([1, 5])
    assert sum(row is not None for row in found) == 1

    asked.loaders.changed(folders("postgres", None))

    assert await calls_of(asked, loader.load_all([1, 5])) == 1


async def test_what_another_source_was_asked_about_is_asked_again(data: Filtered) -> None:
    asked, of = data.asks(), documents("mongo", through("folder_id", folders("postgres")))
    reading = asked.loaders.lists(of, "folder_id", WINDOW)
    assert await calls_of(asked, reading.load_all([1])) == 2

    asked.loaders.changed(folders("postgres", None), [1])

    assert await calls_of(asked, reading.load_all([1])) == 2


async def test_what_is_under_way_is_not_taken_for_new(data: Filtered) -> None:
    asked, of = data.asks(), documents("postgres", None)
    loader = asked.loaders.by_key(of)
    before = asyncio.ensure_future(loader.load(1))
    while not asked.calls:  # noqa: ASYNC110  # the call begins, and nothing says so
        await asyncio.sleep(0)

    asked.loaders.changed(of, [1])
    after = await loader.load(1)

    assert len(asked.calls) == 2
    assert after == await before
    assert await loader.load(1) is after
