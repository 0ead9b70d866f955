"""Rows in memory, in the place of any kind of source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from loaders.asks import Key
from loaders.contexts import Operation
from loaders.errors import BadResponse, UnfitKey
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection
from loaders.query import (
    COUNT,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    SemiJoin,
    Window,
    equals,
)
from loaders.registry import Loaders, Sources
from loaders.resource import Resource, Row
from loaders.rest.routes import RestResource, Single
from loaders.row_filters import through
from loaders.sql.postgres import PostgresTable
from tests.loaders.asking import page, page_of, rows_of

THINGS: Sequence[Row] = ({"id": 1, "owner": 1, "tags": ["a"]}, {"id": 2, "owner": 2})

ROUTES = {"id": Single("/{key}"), "owner": Single("/of/{key}")}
RESOURCES = {
    "postgres": PostgresTable(source="s", name="things"),
    "postgres with a schema": PostgresTable(source="s", schema="public", name="things"),
    "mongo": MongoCollection(source="s", name="things", key="id", key_type=int),
    "rest": RestResource(source="s", name="things", key_type=int, by=ROUTES),
    "memory": MemoryTable(source="s", name="things"),
}


def source(**rows: Sequence[Row]) -> MemorySource:
    return MemorySource("s", rows)


def loaders(source: MemorySource, columns: Mapping[Resource, frozenset[str]]) -> Loaders:
    return Loaders(Sources([source]), columns, Operation())


@pytest.mark.parametrize("kind", RESOURCES)
async def test_it_serves_any_kind_of_resource_by_its_name(kind: str) -> None:
    resource = RESOURCES[kind]
    asking = loaders(source(things=THINGS), {resource: frozenset({"owner"})})

    assert await asking.by_key(resource).load_many([2, 3, 1]) == [
        {"id": 2, "owner": 2},
        None,
        {"id": 1, "owner": 1},
    ]
    assert await asking.lists(resource, "owner", Window()).load(1) == [{"id": 1, "owner": 1}]
    assert await asking.aggregates(resource, "owner", COUNT).load(2) == 1


async def test_tables_of_one_name_are_told_apart_by_their_schemas() -> None:
    here = PostgresTable(source="s", schema="a", name="things")
    there = PostgresTable(source="s", schema="b", name="things")
    rows = MemorySource("s", {"a.things": [{"id": 1}], "things": [{"id": 2}]})

    assert await page_of(rows, here, ["id"]) == [{"id": 1}]
    assert await page_of(rows, there, ["id"]) == [{"id": 2}]


async def test_rows_have_the_columns_that_were_asked_for_and_no_others() -> None:
    rows = await page_of(source(things=THINGS), RESOURCES["postgres"], ["id", "tags"])

    assert rows == [{"id": 1, "tags": ["a"]}, {"id": 2, "tags": None}]


async def test_rows_are_read_only() -> None:
    (row, _) = await page_of(source(things=THINGS), RESOURCES["postgres"], ["id"])

    with pytest.raises(TypeError):
        row["id"] = 7  # type: ignore[index]


@pytest.mark.parametrize(
    ("held", "asked", "has"),
    [
        (1, 1, True),
        (1, True, False),
        (True, 1, False),
        (True, True, True),
        (0, False, False),
        (Decimal(1), 1, True),
        ("1", 1, False),
        (UUID(int=1), UUID(int=1), True),
        (UUID(int=1), str(UUID(int=1)), False),
        (None, 1, False),
    ],
    ids=repr,
)
async def test_values_are_told_apart_as_sources_tell_them_apart(
    held: Any, asked: Any, has: bool
) -> None:
    things, resource = source(things=[{"id": 7, "owner": held}]), RESOURCES["postgres"]
    different = Comparison("owner", Operator.NE, asked)

    by_filter = await page_of(things, resource, ["id"], equals("owner", asked))
    among = await page_of(things, resource, ["id"], Comparison("owner", Operator.IN, (asked,)))
    others = await page_of(things, resource, ["id"], different)

    assert [bool(by_filter), bool(among)] == [has] * 2
    assert bool(others) is not has


@pytest.mark.parametrize(
    ("held", "asked", "has"),
    [
        (1, 1, True),
        (True, True, True),
        (Decimal(1), 1, True),
        (Decimal("0.5"), 0.5, True),
        (Decimal(1), 0.5, False),
        (1, 0.5, None),
        ("1", 1, True),
        (1, "1", True),
        (1, "01", None),
        (1, True, None),
        (False, 0, None),
        (UUID(int=1), UUID(int=1), True),
        (UUID(int=1), str(UUID(int=1)), True),
        (UUID(int=1), str(UUID(int=2)), False),
        (UUID(int=1), "1", None),
        (None, 1, False),
        (["a", "1"], 1, True),
    ],
    ids=repr,
)
async def test_keys_are_read_as_sources_read_them(held: Any, asked: Any, has: bool | None) -> None:
    things, resource = source(things=[{"id": 7, "owner": held}]), RESOURCES["postgres"]

    try:
        (found,) = await rows_of(things, resource, ["id"], by=("owner",), keys=[(asked,)])
    except UnfitKey:
        assert has is None
    else:
        assert bool(found) is has


async def test_a_row_is_found_by_each_value_in_a_list() -> None:
    rows = [{"id": 7, "owner": [1, True, None]}, {"id": 8, "owner": [2, 1, 1]}]
    things, resource = source(things=rows), RESOURCES["postgres"]
    keys: list[Key] = [(1,), (True,), (2,), (3,)]

    found = await rows_of(things, resource, ["id"], by=("owner",), keys=keys)

    assert [[row["id"] for row in each] for each in found] == [[7, 8], [7], [8], []]


def joining(join: Filter, **rows: Sequence[Row]) -> tuple[MemorySource, Resource]:
    table = PostgresTable(source="s", name="things", row_filter=lambda _: join)
    return source(things=THINGS, **rows), table


OWNERS = PostgresTable(source="s", name="owners")
JOIN = SemiJoin("owner", OWNERS, "id", equals("name", "Ada"))


@pytest.mark.parametrize(
    ("join", "seen"),
    [
        (JOIN, [1]),
        (Not(JOIN), [2]),
        (Or((JOIN, equals("id", 2))), [1, 2]),
        (SemiJoin("owner", OWNERS, "friend", None), [2]),
        (SemiJoin("owner", OWNERS, "id", SemiJoin("friend", OWNERS, "id", None)), [1]),
        (SemiJoin("owner", OWNERS, "id", equals("name", "Eve")), []),
    ],
    ids=["plain", "not", "or", "missing values", "nested", "nothing"],
)
async def test_semi_joins_are_made_wherever_they_stand(join: Filter, seen: list[int]) -> None:
    owners = [{"id": 1, "name": "Ada", "friend": 2}, {"id": 2, "name": "Bob", "friend": None}]
    rows, table = joining(join, owners=owners)
    asking = loaders(rows, {})

    assert [row["id"] for row in await page(asking, table)] == seen
    assert [row is not None for row in await asking.by_key(table).load_many([1, 2])] == [
        each in seen for each in (1, 2)
    ]


async def test_what_the_real_kind_asks_first_is_asked_first() -> None:
    owners = MongoCollection(
        source="s", name="owners", key="id", row_filter=lambda _: equals("name", "Ada")
    )
    things = MongoCollection(
        source="s", name="things", key="id", row_filter=through("owner", owners)
    )
    rows = source(things=THINGS, owners=[{"id": 1, "name": "Ada"}])
    asking = loaders(rows, {})

    assert [each["id"] for each in await asking.lists(things, "owner", Window()).load(1)] == [1]
    assert not await asking.lists(things, "owner", Window()).load(2)
    # In MongoDB there would be no such road, so there is none here.
    with pytest.raises(TypeError, match="can't be fetched as a whole"):
        await page(asking, things)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "no rows, as it has none of 'things'"),
        ({"things": [{"owner": 1}]}, "a row of 'things' without 'id', its key"),
        ({"things": [{"id": None}]}, "a row of 'things' without 'id', its key"),
    ],
    ids=["no such rows", "no key", "an empty key"],
)
async def test_rows_that_are_not_there_are_an_error_that_says_so(
    rows: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadResponse, match=f"^The source 's' sent {said}.$"):
        await page_of(source(**rows), RESOURCES["postgres"], ["id"])


@pytest.mark.parametrize("of", ["things", "owners"])
async def test_values_that_can_not_be_compared_are_an_error(of: str) -> None:
    amiss = Comparison("name", Operator.GT, 1)
    rows, table = joining(
        amiss if of == "things" else SemiJoin("owner", OWNERS, "id", amiss),
        owners=[{"id": 1, "name": "Ada"}],
    )
    rows.rows = {**rows.rows, "things": [{"id": 1, "owner": 1, "name": "x"}]}

    with pytest.raises(BadResponse, match="can't be compared"):
        await page(loaders(rows, {}), table)
