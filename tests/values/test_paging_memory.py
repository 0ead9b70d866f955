"""Pages of rows that the gateway sorts, those of a service or in memory, are their list, sorted by
a field of any type."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import pytest
import strawberry
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gateway.testing import GraphClient
from loaders.durations import Duration
from loaders.json import write
from loaders.memory import MemorySource, MemoryTable
from loaders.rest.routes import RestResource, Single
from loaders.rest.source import RestSource
from resolvers.scalars import SCALARS, URL, BigInt, LocalDateTime
from tests.bad_servers import answering
from tests.values.paging import MOST_ROWS, OTHERS, SIZES, SORTS, Sort, check, graph_over
from tests.values.profiles import CELLS, quiet

IN_MEMORY = MemoryTable(source="memory", name="things")
OF_SERVICE = RestResource(
    source="lab", name="things", by={"id": Single("/things/{key}")}, all="/things"
)


def some(*samples: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(samples)


NAN, INFINITE = float("nan"), float("inf")
WORDS = some("", "a", "A", "é", "e\u0301", "\U0001f600", "\uffff", "10", "9") | st.text(max_size=3)
HALVES = some("\ud800", "a\udfff", "\ud83d\ude00")
INTS = some(0, 1, -(2**31), 2**53, 2**53 + 1, 2**64, -(10**30), 10**400)
FLOATS = some(-0.0, 0.0, 0.1, 0.3, 5e-324, -5e-324, 1.7976931348623157e308, 2.0**53)
NO_NUMBERS = some(NAN, INFINITE, -INFINITE)
DECIMALS = some(*map(Decimal, ("0.10", "0.1", "0.30000000000000000004", "-1E-6000", "1E+6000")))
NO_DECIMALS = some(*map(Decimal, ("NaN", "Infinity", "-Infinity", "-0")))
EAST = timezone(timedelta(hours=1))
MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, 9, 30, 0, 1, UTC),
    datetime(2026, 1, 31, 10, 30, 0, 1, EAST), datetime(2026, 1, 31, 9, 30, 0, 2, UTC),
]  # fmt: skip
TIMES = [time(0), time(9, 30), time(9, 30, 0, 1), time(23, 59, 59, 999_999)]

FIELDS: dict[Any, st.SearchStrategy[Any]] = {
    str: WORDS | HALVES,
    URL: WORDS,
    strawberry.ID: WORDS | INTS.map(str),
    bool: some(True, False),
    int: INTS,
    float: FLOATS | NO_NUMBERS | INTS,
    BigInt: INTS | DECIMALS,
    Decimal: st.one_of(FLOATS, INTS, DECIMALS, NO_DECIMALS, NO_NUMBERS),
    datetime: some(*MOMENTS),
    LocalDateTime: some(*(each.replace(tzinfo=None) for each in MOMENTS)),
    date: some(date(1, 1, 1), date(2026, 1, 31), date(9999, 12, 31)),
    time: some(*TIMES),
    timedelta: some(timedelta(), Duration(1, 0, 0), Duration(0, 30, 0), Duration(0, 0, -1)),
    uuid.UUID: some(*(uuid.UUID(int=each) for each in (0, 1, 2**127, 2**128 - 1))),
}
"""What may be in a column of each type that may be sorted by, as drivers have it."""

JSON_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: WORDS,
    bool: some(True, False),
    float: FLOATS | INTS,
    Decimal: st.one_of(FLOATS, INTS, DECIMALS),
    datetime: some(*(each.isoformat() for each in MOMENTS)),
    timedelta: some("PT36H", "P1D", "-PT1S"),
}


def test_every_scalar_that_is_sortable_is_tried() -> None:
    assert FIELDS.keys() == {type_ for type_, each in SCALARS.items() if each.is_sortable}


def exactly(value: Any) -> Any:
    """A number by its worth, a float by that which it is written as; anything else as it is."""
    if isinstance(value, (float, Decimal)) and value not in (INFINITE, -INFINITE):
        return Fraction(repr(value) if isinstance(value, float) else value)
    return value


def in_order(sort: Sort, rows: Sequence[dict[str, Any]]) -> list[int]:
    """What is missing is the lowest, and NaN the highest."""

    def compare(one: dict[str, Any], other: dict[str, Any]) -> int:
        for name, descending in [*sort.parts, ("id", sort.key_descends)]:
            left, right = one[name], other[name]
            ranks = [0 if each is None else 2 if each != each else 1 for each in (left, right)]
            if ranks[0] != ranks[1]:
                return -1 if (ranks[0] < ranks[1]) is not descending else 1
            if ranks[0] == 1 and (left := exactly(left)) != (right := exactly(right)):
                return -1 if (left < right) is not descending else 1
        return 0

    return [each["number"] for each in sorted(rows, key=cmp_to_key(compare))]


def rows_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    rows = st.lists(st.tuples(st.none() | values, OTHERS), max_size=MOST_ROWS)
    return rows.map(
        lambda pairs: [
            {"id": number, "number": number, "it": it, "other": other}
            for number, (it, other) in enumerate(pairs)
        ]
    )


SOURCE = MemorySource("memory", {})
CLIENTS = {each: GraphClient(graph_over(IN_MEMORY, each), [SOURCE]) for each in FIELDS}


@pytest.mark.long
@CELLS
@given(data=st.data(), annotation=st.sampled_from([*FIELDS]), sort=SORTS, size=SIZES)
async def test_the_pages_are_the_list_in_memory(
    data: st.DataObject, annotation: Any, sort: Sort, size: int
) -> None:
    rows = data.draw(rows_of(FIELDS[annotation]))
    SOURCE.rows = {"things": rows}

    with quiet():
        await check(CLIENTS[annotation], sort, size, in_order(sort, rows))


Service = tuple[list[dict[str, Any]], dict[Any, GraphClient]]


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[Service]:
    """The rows of a service, and clients of it."""
    rows: list[dict[str, Any]] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=write({"items": rows}), content_type="application/json")

    async with answering(answer) as service:
        source = RestSource("lab", service.url)
        made = {each: GraphClient(graph_over(OF_SERVICE, each), [source]) for each in JSON_VALUES}
        async with made[str]:
            yield rows, made


@pytest.mark.long
@CELLS
@given(data=st.data(), annotation=st.sampled_from([*JSON_VALUES]), sort=SORTS, size=SIZES)
async def test_the_pages_are_the_list_of_a_service(
    service: Service, data: st.DataObject, annotation: Any, sort: Sort, size: int
) -> None:
    rows, clients = service
    rows[:] = data.draw(rows_of(JSON_VALUES[annotation]))

    with quiet():
        await check(clients[annotation], sort, size, in_order(sort, rows))
