"""Operands that no value of a column of PostgreSQL can equal are compared as in arithmetic."""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from demo.stack import Addresses
from loaders.query import equals
from resolvers import Identity
from tests.resolvers.declaring import list_of
from tests.values.tables import Tables, numbers, tables_in, things

SCHEMA = "operands"
OBJECTS = f"""
create domain {SCHEMA}.short as name;
"""
WHERE = "query ($w: ThingFilter) { things(where: $w) { nodes { number } } }"


@pytest.fixture(scope="module")
async def tables(addresses: Addresses) -> AsyncIterator[Tables]:
    async with tables_in(addresses, SCHEMA, OBJECTS) as tables:
        yield tables


async def found(
    tables: Tables, type_: str, values: list[str | None], annotation: Any, where: dict[str, object]
) -> list[int]:
    of = await tables.filled("compared", type_, *values)
    graph = things(of, annotation, filterable=True)
    return numbers(await tables.ask(graph, WHERE, {"w": {"it": where}}))


LONG, LONGEST = "x" * 64, "é" * 31


@pytest.mark.parametrize("type_", ["name", f"{SCHEMA}.short"])
@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"eq": LONG}, []),
        ({"eq": LONGEST}, [2]),
        ({"eq": LONGEST + "é"}, []),
        ({"ne": LONG}, [1, 2, 3]),
        ({"in": ["a", "é" * 40]}, [1]),
        ({"in": [LONG]}, []),
        ({"notIn": ["a", LONG]}, [2, 3]),
        ({"contains": LONG}, []),
        ({"startsWith": LONG}, []),
    ],
    ids=str,
)
async def test_a_text_that_is_too_long_for_a_name(
    tables: Tables, type_: str, where: dict[str, object], rows: list[int]
) -> None:
    assert await found(tables, type_, ["a", LONGEST, None], str, where) == rows


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"has": LONG}, []),
        ({"hasSome": ["a", LONG]}, [1]),
        ({"hasEvery": ["a", LONG]}, []),
    ],
    ids=str,
)
async def test_names_in_a_list(tables: Tables, where: dict[str, object], rows: list[int]) -> None:
    assert await found(tables, "name[]", ["{a,b}", "{c}"], list_of(str), where) == rows


async def test_a_lookup_by_a_text_that_is_too_long(tables: Tables) -> None:
    graph = things(await tables.filled("looked", "name", "a"), str, by="it")

    response = await tables.ask(
        graph, "query ($it: String!) { thing(it: $it) { number } }", {"it": LONG}
    )

    assert response.data == {"thing": None}
    assert response.errors == []


# Lengths of time. A month is 30 days, a day 24 hours.

HELD = ["1 day", "-1 day", "24:00:00", "1 month", "170000000 years", "-170000000 years", None]
IN_DAYS = [1, -1, 1, 30, 170_000_000 * 360, -170_000_000 * 360, None]
LENGTHS = {
    "P1D": 1,
    "PT24H": 1,
    "P30D": 30,
    "P1M": 30,
    "PT20000000000H": 20_000_000_000 / 24,
    "-PT20000000000H": -20_000_000_000 / 24,
    "PT72000000000000S": 72_000_000_000_000 / 86_400,
    "P2777777Y": 2_777_777 * 360,
    "P-100000000M3000000030D": 30,
    "P100000000M-3000000001D": -1,
}
SWAPPED: dict[str, Callable[[float, float], bool]] = {
    "eq": operator.eq,
    "lt": operator.gt,
    "lte": operator.ge,
    "gt": operator.lt,
    "gte": operator.le,
}
"""What is true of the operand and a value."""


@pytest.mark.parametrize("length", LENGTHS)
async def test_a_length_of_time_is_compared_whatever_its_parts(tables: Tables, length: str) -> None:
    of = await tables.filled("compared", "interval", *HELD)
    days = LENGTHS[length]
    cases: list[tuple[dict[str, Any], Callable[[int], bool]]] = [
        *(({name: length}, partial(compares, days)) for name, compares in SWAPPED.items()),
        ({"in": ["-P1D", length]}, lambda each: each in (-1, days)),
    ]
    async with tables.client(things(of, timedelta, filterable=True)) as client:
        for where, passes in cases:
            response = await client.execute(WHERE, {"w": {"it": where}})

            assert numbers(response) == [
                number
                for number, each in enumerate(IN_DAYS, 1)
                if each is not None and passes(each)
            ], where
        absent = await client.execute(WHERE, {"w": {"it": {"ne": length}}})
        others = [number for number, each in enumerate(IN_DAYS, 1) if each != days]
        assert numbers(absent) == others
        assert numbers(await client.execute(WHERE, {"w": {"it": {"notIn": [length]}}})) == others


@pytest.mark.parametrize("length", ["P2777778Y", "PT99999999999999H", "P1000000000D"])
async def test_one_that_is_too_long_is_refused_with_the_most(tables: Tables, length: str) -> None:
    of = await tables.filled("compared", "interval", None)

    response = await tables.ask(
        things(of, timedelta, filterable=True), WHERE, {"w": {"it": {"lt": length}}}
    )

    assert response.codes == ["BAD_USER_INPUT"]
    assert "999999999 days at most" in response.errors[0]["message"]


async def test_lengths_of_time_are_keys_of_one_another(tables: Tables) -> None:
    graph = things(await tables.filled("looked", "interval", "30 days"), timedelta, by="it")

    response = await tables.ask(
        graph, '{ one: thing(it: "P1M") { number } none: thing(it: "PT20000000000H") { number } }'
    )

    assert response.errors == []
    assert response.data == {"one": {"number": 1}, "none": None}


# Flags over numbers: 0 is none, and all others are.


@pytest.mark.parametrize(
    "type_", ["boolean", "smallint", "integer", "bigint", "numeric", "real", "double precision"]
)
async def test_what_is_shown_as_true_is_found_as_true(tables: Tables, type_: str) -> None:
    held = ["0", "1", "2", "-1", "0.5", "-0", None]
    if type_ == "boolean":
        held = ["f", "t", None]
    elif "int" in type_:
        held.remove("0.5")
    of = await tables.filled("flags", type_, *held)
    true = [n for n, each in enumerate(held, 1) if each not in ("0", "-0", "f", None)]
    false = [n for n, each in enumerate(held, 1) if each in ("0", "-0", "f")]
    missing = [n for n, each in enumerate(held, 1) if each is None]
    answers: list[tuple[dict[str, Any], list[int]]] = [
        ({"it": {"eq": True}}, true),
        ({"it": {"eq": False}}, false),
        ({"not": {"it": {"eq": True}}}, sorted(false + missing)),
        ({"not": {"it": {"eq": False}}}, sorted(true + missing)),
    ]
    async with tables.client(things(of, bool, filterable=True)) as client:
        shown = await client.execute("{ things { nodes { number it } } }")
        assert shown.errors == []
        nodes = shown.data["things"]["nodes"]
        assert [node["number"] for node in nodes if node["it"] is True] == true
        assert [node["number"] for node in nodes if node["it"] is False] == false
        for where, rows in answers:
            assert numbers(await client.execute(WHERE, {"w": where})) == rows


@pytest.mark.parametrize("type_", ["integer", "numeric", "double precision"])
async def test_a_claim_that_is_true_lets_no_other_rows_through(tables: Tables, type_: str) -> None:
    of = await tables.filled("owned", type_, "0", "1", "2", "3")
    seen = replace(of, row_filter=lambda identity: equals("it", identity.claims["owner"]))
    graph = things(seen, bool, filterable=True)
    ada = Identity(subject="ada", claims={"owner": True})
    for query in (
        "{ things { nodes { number } } }",
        "{ things(where: {it: {eq: true}}) { nodes { number } } }",
    ):
        assert numbers(await tables.ask(graph, query, identity=ada)) == [2]
