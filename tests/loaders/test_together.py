"""What is wanted of the same rows leaves together: aggregates, counts and pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.stack import Addresses
from loaders.asks import WHOLE
from loaders.contexts import Operation
from loaders.errors import BadResponse, SourceTimeout, UnfitValue
from loaders.parts import By
from loaders.query import COUNT, Aggregate, Comparison, Function, Operator, Order, Window, equals
from loaders.registry import Loaders, Sources
from loaders.resource import Resource
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.client import Gateway
from tests.loaders.asking import shop_with
from tests.loaders.filtered import DOCUMENTS, Filtered, documents, filtered

TOTAL, LARGEST = Aggregate(Function.SUM, "size"), Aggregate(Function.MAX, "size")
BY_ID = (Order("id"),)
WINDOW = Window(BY_ID, limit=3)
BIG = Comparison("size", Operator.GT, 3)

CALLS = {"postgres": 1, "mongo": 2, "batch": 1, "single": 1}
"""How many calls a page and its count are. MongoDB would have to read all for both at once."""


@pytest.fixture(scope="module")
async def data(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


async def loaded(*loading: Any) -> list[Any]:
    return [list(await each) for each in loading]


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize(("by", "keys"), [(None, [WHOLE]), ("folder_id", [1, 2, 99])])
@pytest.mark.parametrize("filter", [None, BIG], ids=["all", "big"])
async def test_a_page_with_its_count_and_aggregates(
    data: Filtered, kind: str, by: By, keys: list[Any], filter: Any
) -> None:
    if kind == "single" and by is not None:
        by, keys = "folder_id", [1, 2]
    asked, of = data.asks(columns={}), documents(kind, None)
    loaders = asked.loaders

    pages, counts, totals, largest = await loaded(
        loaders.lists(of, by, WINDOW, filter).load_all(keys),
        loaders.aggregates(of, by, COUNT, filter).load_all(keys),
        loaders.aggregates(of, by, TOTAL, filter).load_all(keys),
        loaders.aggregates(of, by, LARGEST, filter).load_all(keys),
    )

    for place, key in enumerate(keys):
        rows = [row for row in DOCUMENTS if by is None or row["folder_id"] == key]
        rows = [row for row in rows if filter is None or row["size"] > 3]
        sizes = [row["size"] for row in rows]
        assert [row["id"] for row in pages[place]] == [row["id"] for row in rows][:3]
        assert counts[place] == len(rows)
        assert totals[place] == (sum(sizes) if sizes else None)
        assert largest[place] == max(sizes, default=None)
    assert len(asked.calls) == CALLS[kind]


@pytest.mark.parametrize("kind", CALLS)
async def test_what_is_of_other_rows_is_a_call_of_its_own(data: Filtered, kind: str) -> None:
    asked, of = data.asks(), documents(kind, None)
    loaders = asked.loaders

    some, count, others = await loaded(
        loaders.lists(of, "folder_id", WINDOW).load_all([1]),
        loaders.aggregates(of, "folder_id", COUNT, BIG).load_all([1]),
        loaders.aggregates(of, "folder_id", COUNT).load_all([1, 2]),
    )

    in_folder = [row for row in DOCUMENTS if row["folder_id"] == 1]
    assert [row["id"] for row in some[0]] == [row["id"] for row in in_folder][:3]
    assert count == [len([row for row in in_folder if row["size"] > 3])]
    assert others == [len([r for r in DOCUMENTS if r["folder_id"] == id]) for id in (1, 2)]
    assert len(asked.calls) == 3


@pytest.mark.parametrize("kind", CALLS)
async def test_two_pages_of_the_same_rows_are_two_calls_to_what_can_page(
    data: Filtered, kind: str
) -> None:
    asked, of = data.asks(), documents(kind, None)
    loaders = asked.loaders

    one, other, count = await loaded(
        loaders.lists(of, None, WINDOW).load_all([WHOLE]),
        loaders.lists(of, None, Window(BY_ID, limit=1)).load_all([WHOLE]),
        loaders.aggregates(of, None, COUNT).load_all([WHOLE]),
    )

    assert (len(one[0]), len(other[0]), count) == (3, 1, [len(DOCUMENTS)])
    # Services answer all at once, whatever is wanted of it.
    assert len(asked.calls) == {"postgres": 2, "mongo": 3}.get(kind, 1)


@pytest.mark.parametrize("kind", CALLS)
async def test_an_empty_page_has_its_count(data: Filtered, kind: str) -> None:
    of = documents(kind, None)
    loaders = data.asks().loaders
    last = Window(BY_ID, after=(DOCUMENTS[-1]["id"],), limit=3)
    none = equals("owner", "nobody")

    past, count, nothing, zero = await loaded(
        loaders.lists(of, None, last).load_all([WHOLE]),
        loaders.aggregates(of, None, COUNT).load_all([WHOLE]),
        loaders.lists(of, None, WINDOW, none).load_all([WHOLE]),
        loaders.aggregates(of, None, COUNT, none).load_all([WHOLE]),
    )

    assert (list(past[0]), count, list(nothing[0]), zero) == ([], [len(DOCUMENTS)], [], [0])


OBJECTS = """
drop schema if exists together cascade;
create schema together;
create table together.words (id bigint primary key, parent bigint, word text, number integer);
insert into together.words select n, n % 2, 'word ' || n, n from generate_series(1, 9) n;
create function together.slowly(n integer) returns integer language plpgsql immutable as
    $$ begin perform pg_sleep(0.2); return n; end $$;
create view together.slow as
    select id, parent, word, together.slowly(number) as number from together.words;
"""


@pytest.fixture(scope="module")
async def shop(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    async with shop_with(addresses, "together", OBJECTS, timeout=2.0) as source:
        yield source


def table(name: str) -> Resource:
    return PostgresTable(source="shop", schema="together", name=name)


@pytest.mark.parametrize(("by", "keys"), [(None, [WHOLE]), ("parent", [0, 1])])
async def test_an_aggregate_that_can_t_be_made_costs_no_row_and_no_count(
    shop: PostgresSource, by: By, keys: list[Any]
) -> None:
    loaders, of = Loaders(Sources([shop]), {}, Operation()), table("words")
    absurd = Aggregate(Function.SUM, "word")

    pages, counts, sums = await loaded(
        loaders.lists(of, by, WINDOW).load_all(keys),
        loaders.aggregates(of, by, COUNT).load_all(keys),
        loaders.aggregates(of, by, absurd).load_all(keys),
    )

    assert [len(page) for page in pages] == [3] * len(keys)
    assert counts == [9] if by is None else [4, 5]
    assert [type(each) for each in sums] == [BadResponse] * len(keys)


async def test_rows_that_can_t_be_had_cost_no_count(shop: PostgresSource) -> None:
    loaders, of = Loaders(Sources([shop]), {}, Operation()), table("words")
    nowhere = Window(BY_ID, after=(2**70,), limit=3)

    pages, counts = await loaded(
        loaders.lists(of, None, nowhere).load_all([WHOLE]),
        loaders.aggregates(of, None, COUNT).load_all([WHOLE]),
    )

    assert [type(each) for each in pages] == [UnfitValue]
    assert counts == [9]


# Of two connections an operation has one, of four two.
@pytest.mark.parametrize("pool_size", [2, 4])
async def test_a_count_that_takes_too_long_costs_no_row(
    addresses: Addresses, pool_size: int
) -> None:
    # A sum takes 1.8 s, and both may take 1 s.
    shop = PostgresSource("shop", addresses.postgres, pool_size=pool_size, timeout=1.0)
    await shop.open()
    operation = Operation()
    loaders, of = Loaders(Sources([shop]), {table("slow"): frozenset()}, operation), table("slow")

    pages, sums = await loaded(
        loaders.lists(of, None, Window(BY_ID, limit=3)).load_all([WHOLE]),
        loaders.aggregates(of, None, Aggregate(Function.SUM, "number")).load_all([WHOLE]),
    )

    await shop.close()
    assert [[row["id"] for row in page] for page in pages] == [[1, 2, 3]]
    assert [type(each) for each in sums] == [SourceTimeout]
    assert [call.error for call in operation.trace.calls] == [
        "no answer before the rows had to do alone",
        None,
    ]


async def test_a_connection_over_a_service_asks_it_once(gateway: Gateway) -> None:
    answer = await gateway.ask("{ carriers(first: 1) { totalCount nodes { code } } }")

    assert answer.data["carriers"]["totalCount"] > 1
    assert len(answer.calls) == 1


async def test_what_leaves_in_another_turn_is_another_call(data: Filtered) -> None:
    asked, of = data.asks(), documents("postgres", None)

    await asked.loaders.lists(of, None, WINDOW).load_all([WHOLE])
    await asyncio.sleep(0)
    await asked.loaders.aggregates(of, None, COUNT).load_all([WHOLE])

    assert len(asked.calls) == 2
