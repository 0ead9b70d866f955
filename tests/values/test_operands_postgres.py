"""Operands that no value of a column of PostgreSQL can equal are compared as in arithmetic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.stack import Addresses
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
