"""Rows that are had by several columns at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.stack import Addresses
from loaders.query import COUNT, Order, Window
from loaders.row_filters import through
from tests.loaders.filtered import DOCUMENTS, Filtered, documents, filtered, folders

BY = ("folder_id", "owner")
ROWS = [row for row in DOCUMENTS if row["folder_id"] and row["owner"]]
every_kind = pytest.mark.parametrize("kind", ["postgres", "mongo"])


@pytest.fixture(scope="module")
async def data(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


def of(key: tuple[int, str]) -> list[int]:
    return [row["id"] for row in ROWS if (row["folder_id"], row["owner"]) == key]


KEYS = [(1, "ada"), (2, "bob"), (1, "bob"), (9, "ada"), (2, "ada")]


@every_kind
@pytest.mark.parametrize("limit", [None, 1, 2])
async def test_lists(data: Filtered, kind: str, limit: int | None) -> None:
    asked = data.asks()
    window = Window((Order("id"),), limit=limit)

    found: Any = await asked.loaders.lists(documents(kind, None), BY, window).load_all(KEYS)

    assert [[row["id"] for row in rows] for rows in found] == [of(key)[:limit] for key in KEYS]
    assert [call.keys for call in asked.calls] == [len(KEYS)]


@every_kind
async def test_one_row(data: Filtered, kind: str) -> None:
    keys = [(5, "D5"), (5, "D6"), (7, "D7")]
    asked = data.asks()

    found: Any = await asked.loaders.by_key(documents(kind, None), ("id", "code")).load_all(keys)

    assert [row and row["id"] for row in found] == [5, None, 7]
    assert len(asked.calls) == 1


@every_kind
async def test_aggregates_with_a_list(data: Filtered, kind: str) -> None:
    asked, resource = data.asks(), documents(kind, None)
    window = Window((Order("id"),), limit=1)

    lists = asked.loaders.lists(resource, BY, window).load_all(KEYS)
    counts = asked.loaders.aggregates(resource, BY, COUNT).load_all(KEYS)

    found: Any = await lists
    assert [[row["id"] for row in rows] for rows in found] == [of(key)[:1] for key in KEYS]
    assert await counts == [len(of(key)) for key in KEYS]
    assert len(asked.calls) == {"postgres": 1, "mongo": 2}[kind]


async def test_a_route_that_is_not_declared_is_refused(data: Filtered) -> None:
    asked = data.asks()

    with pytest.raises(TypeError, match="no route by 'folder_id' and 'owner'"):
        await asked.loaders.lists(documents("batch", None), BY, Window()).load((1, "ada"))
    assert asked.calls == []


async def test_a_row_filter_that_leaves_one_road_leaves_not_this_one(data: Filtered) -> None:
    resource = documents("mongo", through("folder_id", folders("postgres")))
    asked = data.asks()

    with pytest.raises(TypeError, match="by 'folder_id' and 'owner'"):
        await asked.loaders.lists(resource, BY, Window()).load((1, "ada"))
    assert asked.calls == []
