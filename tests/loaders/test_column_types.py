"""PostgreSQL's columns: their types are learnt once, and again when they have changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from demo.stack import Addresses
from loaders.contexts import Operation
from loaders.errors import UnfitKey, UnfitValue
from loaders.query import COUNT, Comparison, Operator, Order, SemiJoin, Window, equals
from loaders.registry import Loaders, Sources
from loaders.resource import Resource
from loaders.sql.columns import STATEMENT
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.loaders.asking import count, shop_with

SCHEMA = "column_types"
PAGE = Window((Order("id"),), limit=5)

OBJECTS = f"""
drop schema if exists {SCHEMA} cascade;
create schema {SCHEMA};
create type {SCHEMA}.size as enum ('S', 'M');
create table {SCHEMA}.things (
    id bigint primary key, small smallint, code char(6), size {SCHEMA}.size, "of.it" text,
    opens time, address inet, price numeric default 0.5, weight real default 0.5
);
insert into {SCHEMA}.things select n, n % 2, 'AB' || n % 3, 'S', 'x',
    '09:30', '10.0.0.1' from generate_series(1, 6) n;
"""


class Counting(PostgresSource):
    """Counts what is asked beside the operations' own calls."""

    asked = 0

    async def run(self, statement: str, *parameters: object) -> Any:
        self.asked += statement == STATEMENT
        return await super().run(statement, *parameters)


@pytest.fixture
async def shop(addresses: Addresses) -> AsyncIterator[Counting]:
    async with shop_with(addresses, SCHEMA, OBJECTS):
        source = Counting("shop", addresses.postgres, pool_size=4)
        await source.open()
        yield source
        await source.close()


@pytest.fixture
async def database(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(addresses.postgres)
    yield connection
    await connection.close()


def things() -> Resource:
    return PostgresTable(source="shop", schema=SCHEMA, name="things")


def asking(shop: PostgresSource) -> tuple[Loaders, Operation]:
    operation = Operation()
    return Loaders(Sources([shop]), {}, operation), operation


async def every_road(loaders: Loaders, of: Resource, by: str, keys: list[Any]) -> list[Any]:
    """How many rows each key has: in lists, on a page, by the count, and by page and count."""
    lists: Any = await loaders.lists(of, by, Window((Order("id"),))).load_all(keys)
    pages: Any = await loaders.lists(of, by, PAGE).load_all(keys)
    counts = await loaders.aggregates(of, by, COUNT).load_all(keys)
    other, _ = asking(loaders._sources["shop"])  # type: ignore[arg-type]
    page, count = other.lists(of, by, PAGE), other.aggregates(of, by, COUNT)
    together: list[Any] = [page.load_all(keys), count.load_all(keys)]
    both: list[Any] = [await each for each in together]
    return [list(map(len, lists)), list(map(len, pages)), counts, list(map(len, both[0])), both[1]]


async def test_they_are_learnt_once(shop: Counting) -> None:
    for _ in range(2):
        loaders, operation = asking(shop)
        of = things()
        await loaders.by_key(of).load_all([1, 2])
        await loaders.lists(of, "small", PAGE).load_all([0, 1])

        assert len(operation.trace.calls) == 2

    assert shop.asked == 1


async def test_whoever_needs_them_meanwhile_waits(shop: Counting) -> None:
    loaders, _ = asking(shop)
    of = things()

    found: list[Any] = [loaders.by_key(of).load(1), loaders.lists(of, "small", PAGE).load(0)]

    assert [len(await each) for each in found] == [1, 3]
    assert shop.asked == 1


@pytest.mark.parametrize(
    ("by", "keys", "counts"),
    [
        ("code", ["AB1", "AB2  ", "ab1"], [2, 2, 0]),
        ("size", ["S", "M"], [6, 0]),
        ("opens", [time(9, 30), time(9, 31)], [6, 0]),
        ("of.it", ["x", "y"], [6, 0]),
        ("address", ["10.0.0.1", "10.0.0.2"], [6, 0]),
    ],
)
async def test_rows_by_columns_of_any_type(
    shop: Counting, by: str, keys: list[Any], counts: list[int]
) -> None:
    pages = [min(count, 5) for count in counts]

    found = await every_road(asking(shop)[0], things(), by, keys)

    assert found == [counts, pages, counts, pages, counts]


@pytest.mark.parametrize(
    ("by", "keys", "counts"),
    [
        ("small", [0, 40_000, 2**70, 1], [3, 0, 0, 3]),
        ("id", [1, 2**63, -(2**63) - 1], [1, 0, 0]),
        ("id", ["1", 2**63, "2", 1], [1, 0, 1, 1]),
        ("id", [1, "1", 1.0, Decimal(2)], [1, 1, 1, 1]),
        ("price", [0.5, 1, Decimal("0.5"), 0.1], [6, 0, 6, 0]),
        ("weight", [Decimal("0.5"), 0.5, Decimal("0.1"), 1], [6, 6, 0, 0]),
        ("size", ["S", "XXL", "s", ""], [6, 0, 0, 0]),
        ("of.it", ["x", "\0", "\ud800"], [6, 0, 0]),
        ("code", ["AB1", "AB1AB1AB1", "\0"], [2, 0, 0]),
    ],
)
async def test_a_key_that_equals_nothing_there_costs_no_other(
    shop: Counting, by: str, keys: list[Any], counts: list[int]
) -> None:
    pages = [min(count, 5) for count in counts]

    found = await every_road(asking(shop)[0], things(), by, keys)

    assert found == [counts, pages, counts, pages, counts]


@pytest.mark.parametrize(
    "keys",
    [
        ["1", "one", 2, True, 1.5],
        [1, "one", "2", b"1", 1.5],
        [1, 1.5, 2, Decimal("1.5"), Decimal("2.5")],
        [2, True, 3.0, "1.5", 1.5],
    ],
    ids=str,
)
async def test_a_key_without_a_reading_is_its_own_error(shop: Counting, keys: list[Any]) -> None:
    loaders, of = asking(shop)[0], things()
    asked: list[Any] = [
        loaders.by_key(of).load_all(keys),
        loaders.lists(of, "id", Window((Order("id"),))).load_all(keys),
        loaders.lists(of, "id", PAGE).load_all(keys),
        loaders.aggregates(of, "id", COUNT).load_all(keys),
    ]

    found = [await each for each in asked]

    for each in found:
        assert [type(of_key) is UnfitKey for of_key in each] == [False, True, False, True, True]
    _, rows, pages, counts = found
    for place in (0, 2):
        assert (len(rows[place]), len(pages[place]), counts[place]) == (1, 1, 1)


async def test_a_filter_that_does_not_fit_is_the_error_of_every_key(shop: Counting) -> None:
    loaders, _ = asking(shop)
    absurd = Comparison("code", Operator.CONTAINS, "\0")

    found = await loaders.lists(things(), "id", PAGE, absurd).load_all([1, 2])

    assert [type(each) for each in found] == [UnfitValue] * 2


async def test_a_value_that_no_row_can_have_is_one_that_a_changed_column_may_have(
    shop: Counting, database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.sql.columns.FRESH", 0)
    large, joined = equals("small", 40_000), SemiJoin("id", things(), "id", equals("small", 40_000))
    assert [await count(asking(shop)[0], things(), each) for each in (large, joined)] == [0, 0]

    await database.execute(
        f"alter table {SCHEMA}.things alter column small type int using small + 40000"
    )

    assert [await count(asking(shop)[0], things(), each) for each in (large, joined)] == [3, 3]


async def test_a_value_is_compared_with_what_a_column_has_become_after_a_minute(
    shop: Counting, database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.execute(f"alter table {SCHEMA}.things add share float8 default 0.3")
    tenths = equals("share", 0.3)
    assert await count(asking(shop)[0], things(), tenths) == 6
    await database.execute(f"alter table {SCHEMA}.things alter column share type numeric")
    asked = shop.asked
    await count(asking(shop)[0], things(), tenths)
    assert shop.asked == asked

    monkeypatch.setattr("loaders.sql.columns.OLD", 0)

    assert await count(asking(shop)[0], things(), tenths) == 6


@pytest.mark.parametrize(
    ("change", "keys", "counts"),
    [
        ("small type text using 'n' || small", ["n0", "n1", "x"], [3, 3, 0]),
        ("small type bigint using small + 4294967296", [2**32, 2**32 + 1, 0], [3, 3, 0]),
        ("small type numeric(9, 2)", [0, 1, 40_000], [3, 3, 0]),
        (
            "small type uuid using lpad(small::text, 32, '0')::uuid",
            [str(UUID(int=0)), UUID(int=0)],
            [3, 3],
        ),
    ],
)
async def test_they_are_learnt_again_when_they_have_changed(
    shop: Counting,
    database: asyncpg.Connection,
    change: str,
    keys: list[Any],
    counts: list[int],
) -> None:
    assert await every_road(asking(shop)[0], things(), "small", [0, 1]) == [[3, 3]] * 5

    await database.execute(f"alter table {SCHEMA}.things alter column {change}")

    assert await every_road(asking(shop)[0], things(), "small", keys) == [counts] * 5


async def test_a_label_that_is_added_is_found(shop: Counting, database: asyncpg.Connection) -> None:
    assert await every_road(asking(shop)[0], things(), "size", ["M", "L"]) == [[0, 0]] * 5

    await database.execute(f"alter type {SCHEMA}.size add value 'L'")
    await database.execute(f"update {SCHEMA}.things set size = 'L' where id < 3")

    assert await every_road(asking(shop)[0], things(), "size", ["M", "L"]) == [[0, 2]] * 5


async def test_a_table_that_comes_later_is_found(
    shop: Counting, database: asyncpg.Connection
) -> None:
    later = PostgresTable(source="shop", schema=SCHEMA, name="later")
    (refused,) = await asking(shop)[0].by_key(later).load_all([1])
    assert isinstance(refused, Exception)

    await database.execute(f"create table {SCHEMA}.later as select 1 as id")

    row = await asking(shop)[0].by_key(later).load(1)
    assert row is not None
    assert row["id"] == 1


async def test_those_who_doubt_together_ask_once(shop: Counting) -> None:
    table = f'"{SCHEMA}"."things"'
    known = await shop._columns.learn(table)

    found = await asyncio.gather(*(shop._columns.learn(table, known) for _ in range(20)))

    assert all(each is known for each in found)
    assert shop.asked == 2


async def test_a_table_that_is_gone_costs_no_other_its_connections(
    shop: Counting, database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = 0

    async def changed() -> None:
        nonlocal changes
        changes += 1

    monkeypatch.setattr(shop._columns, "_changed", changed)
    table = f'"{SCHEMA}"."things"'
    known = await shop._columns.learn(table)
    await database.execute(f"alter table {table} rename to gone")

    for _ in range(3):
        assert not (await shop._columns.learn(table, known)).types
    assert shop._columns.get(table) is None
    assert changes == 0

    await database.execute(f"alter table {SCHEMA}.gone rename to things")
    await database.execute(f"alter table {table} alter small type integer")
    before = await shop._columns.learn(table)
    await database.execute(f"alter table {table} alter small type bigint")
    after = await asyncio.gather(*(shop._columns.learn(table, before) for _ in range(5)))

    assert all(each is after[0] for each in after)
    assert changes == 1
