"""An owner that has no key has no rows of others, by no relation, in no source: nothing is asked
for what is missing."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.contexts import Operation
from loaders.identity import Identity
from loaders.query import COUNT, Window
from loaders.registry import Loaders, Sources
from tests.graph.relating import LISTS, OWNERS, having, owners_of, stored

OWNED: list[dict[str, Any]] = [
    {"no": 1, "sku": "a"},
    {"no": 2, "sku": None},
    {"no": 3},
    {"no": 4, "sku": "b"},
]
"""Two of them lack their key."""

THINGS: list[dict[str, Any]] = [
    {"id": 1, "no": 1, "of": "a"},
    {"id": 2, "no": 2, "of": None},
    {"id": 3, "no": 3},
    {"id": 4, "no": 4, "of": "None"},
]
"""Two of them lack their owner, and one has another."""


@pytest.mark.parametrize("cast", [None, str], ids=["", "cast"])
@pytest.mark.parametrize("taker", ["mongo", "postgres", "memory", "rest"])
@pytest.mark.parametrize("giver", ["mongo", "postgres"])
async def test_an_owner_without_its_key_has_nothing(
    addresses: Addresses, giver: str, taker: str, cast: type | None
) -> None:
    things = THINGS if taker != "rest" else [row for row in THINGS if row.get("of")]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        declared: Any = {"key": "sku", "key_type": str, "types": {"no": "integer"}}
        owners = await enter(stored(giver, "owners", OWNED, addresses=addresses, **declared))
        declared = {"key": "id", "key_type": int, "types": {"no": "integer", "id": "integer"}}
        rows = await enter(stored(taker, "things", things, addresses=addresses, **declared))
        client = GraphClient(owners_of(owners[1], rows[1], cast), [owners[0], rows[0]])

        for query, coded in ((OWNERS, True), (LISTS, False)):
            response = await client.execute(query)

            assert response.errors == []
            assert response.data["owners"]["nodes"] == [
                having(1, coded=coded),
                having(coded=coded),
                having(coded=coded),
                having(coded=coded),
            ]


@pytest.mark.parametrize("kind", ["mongo", "postgres", "memory", "rest"])
async def test_nobody_is_asked_for_none(addresses: Addresses, kind: str) -> None:
    things = THINGS if kind != "rest" else [row for row in THINGS if row.get("of")]
    types = {"no": "integer", "id": "integer"}
    async with stored(
        kind, "things", things, addresses=addresses, types=types, key="id", key_type=int
    ) as (source, resource):
        operation = Operation(Identity())
        loaders = Loaders(Sources([source]), {resource: frozenset({"no", "of"})}, operation)

        assert await loaders.by_key(resource).load_all([None, None]) == [None, None]
        assert await loaders.by_key(resource, "of").load_all([None]) == [None]
        assert await loaders.lists(resource, "of", Window()).load_all([None]) == [()]
        assert await loaders.aggregates(resource, "of", COUNT).load_all([None]) == [0]
        assert operation.trace.calls == []
        if kind != "rest":
            by = ("no", "of")
            assert await loaders.by_key(resource, by).load_all([(2, None), (1, None)]) == [None] * 2
            assert await loaders.lists(resource, by, Window()).load_all([(2, None)]) == [()]
            assert operation.trace.calls == []
            (found,) = await loaders.by_key(resource, by).load_all([(1, "a")])
            assert found["no"] == 1  # type: ignore[index]  # it is there
