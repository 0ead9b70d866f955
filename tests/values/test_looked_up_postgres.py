"""A lookup by a column of PostgreSQL finds what a filter by it finds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from demo.stack import Addresses
from resolvers import BigInt, LocalDateTime
from tests.values.tables import Tables, numbers, tables_in, things

SCHEMA = "looked_up"


@pytest.fixture(scope="module")
async def tables(addresses: Addresses) -> AsyncIterator[Tables]:
    async with tables_in(addresses, SCHEMA) as tables:
        yield tables


FLOATS: Sequence[object] = (0.1, 15.2, 15.2000001, 2.5, 2, -1e300, 16777217, 0.3)
DECIMALS: Sequence[object] = (
    *("0.1", "0.10000000000000000001", "15.2", "9007199254740993", "9007199254740993.5"),
    *("2.0", "2.5", "1e400", "9223372036854775808"),
)
NUMBERS = ["smallint", "integer", "bigint", "numeric", "real", "double precision"]
HELD = ["0.1", "15.2", "2", "16777216", "9007199254740992", "9007199254740993", "0.3"]
WHOLE = ["2", "16777216", "9007199254740993", "0"]
CASES: dict[str, tuple[list[str], Any, str, list[str], Sequence[object]]] = {
    "floats": (NUMBERS, float, "Float", HELD, FLOATS),
    "decimals": (NUMBERS, Decimal, "Decimal", HELD, DECIMALS),
    "ints": (NUMBERS, int, "Int", WHOLE, (2, 0, 16777217, -(2**31), 40_000)),
    "large ints": (NUMBERS, BigInt, "BigInt", WHOLE, ("2", "9007199254740993", str(2**70))),
    "moments": (
        ["timestamptz"],
        datetime,
        "DateTime",
        ["2020-01-01 00:00:00Z", "2020-01-01 00:00:00.000001Z", "infinity"],
        (
            *("2020-01-01T00:00:00Z", "2020-01-01T00:00:00.0000001Z", "2020-01-01T01:00:00+01:00"),
            "2020-01-01T00:00:00.0000010Z",
        ),
    ),
    "local times": (
        ["timestamp"],
        LocalDateTime,
        "LocalDateTime",
        ["2020-01-01 00:00:00", "2020-01-01 00:00:00.000001"],
        ("2020-01-01T00:00:00", "2020-01-01T00:00:00.0000001", "2020-01-01T00:00:00.000001"),
    ),
    "clocks": (
        ["time"],
        time,
        "Time",
        ["10:00", "24:00"],
        ("10:00:00", "10:00:00.0000001", "10:00:00.1"),
    ),
    "days": (["date"], date, "Date", ["2020-01-01"], ("2020-01-01", "2020-01-02")),
    "texts": (
        ["text", "varchar(9)", "char(6)", "name"],
        str,
        "String",
        ["AB1", "c"],
        ("AB1", "AB1  ", "ab1", "x" * 64, "a\0", ""),
    ),
    "uuids": (
        ["uuid"],
        UUID,
        "UUID",
        ["01234567-89ab-cdef-0123-456789abcdef"],
        ("01234567-89AB-cdef-0123-456789abcdef", "11234567-89ab-cdef-0123-456789abcdef"),
    ),
}


def held(type_: str, values: list[str]) -> list[str]:
    """Those of the numbers that the type has."""
    if type_ in ("smallint", "integer", "bigint"):
        most = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}[type_]
        values = [each for each in values if "." not in each and int(each) < most]
    return values


@pytest.mark.parametrize(
    ("case", "type_"), [(case, type_) for case, of in CASES.items() for type_ in of[0]]
)
async def test_a_lookup_finds_what_a_filter_finds(tables: Tables, case: str, type_: str) -> None:
    _, annotation, scalar, values, arguments = CASES[case]
    of = await tables.filled("looked", type_, *held(type_, values))
    graph = things(of, annotation, by="it", filterable=True)
    query = f"query ($it: {scalar}!) {{ thing(it: $it) {{ number }}"
    query += " things(where: {it: {eq: $it}}) { nodes { number } } }"
    async with tables.client(graph) as client:
        asked = [(each, await client.execute(query, {"it": each})) for each in arguments]

    for argument, response in asked:
        found = numbers(response)
        thing = response.data["thing"]
        if type_ in ("real", "double precision") and len(found) > 1:
            # Several were rounded to it as they were stored.
            assert thing["number"] in found
        else:
            assert thing == ({"number": found[0]} if found else None), argument


async def test_what_is_no_such_key_is_the_clients_error(tables: Tables) -> None:
    of = await tables.filled("looked", "uuid", "01234567-89ab-cdef-0123-456789abcdef")

    response = await tables.ask(things(of, str, by="it"), '{ thing(it: "x") { number } }')

    assert response.data == {"thing": None}
    assert response.codes == ["BAD_USER_INPUT"]


async def test_two_lookups_of_times_that_differ_beyond_microseconds(tables: Tables) -> None:
    of = await tables.filled("looked", "timestamptz", "2020-01-01Z")

    response = await tables.ask(
        things(of, datetime, by="it"),
        """{
            none: thing(it: "2020-01-01T00:00:00.0000001Z") { number }
            one: thing(it: "2020-01-01T00:00:00Z") { number }
        }""",
    )

    assert response.errors == []
    assert response.data == {"none": None, "one": {"number": 1}}
