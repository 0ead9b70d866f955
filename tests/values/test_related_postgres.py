"""Relations between columns of any two types of PostgreSQL find what is the same value there, by
every road, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import pytest

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Function
from loaders.sql.postgres import PostgresSource
from resolvers import aggregate, column, connection, many, one
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type
from tests.values.tables import Tables, tables_in

SCHEMA = "related"
OBJECTS = f"""
create extension if not exists citext;
create extension if not exists ltree;
create type {SCHEMA}.mood as enum ('AB1', 'c', 'zz');
create domain {SCHEMA}.code as char(8);
"""

QUERY = """{ owners(first: 50) { nodes {
    one { number } many { number } page { totalCount nodes { number } } count
} } }"""
ROADS = ("one", "many", "page", "count")


@pytest.fixture(scope="module")
async def tables(addresses: Addresses) -> AsyncIterator[Tables]:
    async with tables_in(addresses, SCHEMA, OBJECTS) as tables:
        yield tables


async def related(
    tables: Tables, ours: tuple[str, Sequence[str]], theirs: tuple[str, Sequence[str]]
) -> list[list[int] | None]:
    """The numbers of those of the others that each of our values finds, in their order; None where
    it finds an error in place of them."""
    to = await tables.filled("theirs", theirs[0], *theirs[1])
    await tables.filled("ours", ours[0], *ours[1])
    other = node_type("Other", to, number=(int, column("Its number.", name="id")))
    owner = node_type(
        "Owner",
        tables.table("ours", key="it", key_type=str),
        number=(int, column("Its number.", name="id")),
        one=(other | None, one("The first.", by="it", to="it")),
        many=(list_of(other) | None, many("All.", by="it", order_by="id")),
        page=(connection_of(other) | None, connection("All.", by="it", order_by="id")),
        count=(int | None, aggregate("All.", of=to, by="it", function=Function.COUNT)),
    )
    owners = connection_of(owner) | None
    graph = graph_of(owners=(owners, connection("All.", order_by="id")))
    response = await tables.ask(graph, QUERY)

    found: list[list[int] | None] = []
    for place, node in enumerate(response.data["owners"]["nodes"]):
        failed = [each["path"] for each in response.errors if each["path"][2] == place]
        if failed:
            assert [node[road] for road in ROADS] == [None] * 4
            assert sorted(path[3] for path in failed) == sorted(ROADS)
            found.append(None)
            continue
        numbers = [each["number"] for each in node["many"]]
        assert node == {
            "one": {"number": numbers[0]} if numbers else None,
            "many": [{"number": number} for number in numbers],
            "page": {
                "totalCount": len(numbers),
                "nodes": [{"number": number} for number in numbers],
            },
            "count": len(numbers),
        }
        found.append(numbers)
    assert set(response.codes) <= {"UPSTREAM_BAD_RESPONSE"}
    return found


# Numbers.

WRITTEN = (
    *("0", "1", "-7", "32768", "16777216", "16777217", "9007199254740992", "9007199254740993"),
    *("0.1", "15.2", "0.10000000000000000001", "15.199999809265137", "1e30", "3e38", "2e300"),
    *("2147483648", "9223372036854775807", "1e-40", "NaN", "Infinity"),
)
NUMBERS = {
    "smallint": 16,
    "integer": 32,
    "bigint": 64,
    "numeric": None,
    "real": None,
    "double precision": None,
}


def is_whole(value: Decimal) -> bool:
    return value.is_finite() and value == value.to_integral_value()


async def numbers_of(tables: Tables, type_: str) -> list[str]:
    """Those that the type has, each as it is written there."""
    found = []
    for text in WRITTEN:
        bits = NUMBERS[type_]
        if bits is not None:
            value = Decimal(text)
            if not is_whole(value) or abs(value) >= 2 ** (bits - 1):
                continue
        if type_ == "real" and text in ("2e300",):
            continue
        found.append(await tables.database.fetchval(f"select $1::text::{type_}::text", text))
    return sorted(set(found), key=found.index)


@pytest.mark.parametrize("to", NUMBERS)
@pytest.mark.parametrize("of", NUMBERS)
async def test_a_number_finds_the_same_number(tables: Tables, of: str, to: str) -> None:
    ours, theirs = await numbers_of(tables, of), await numbers_of(tables, to)

    found = await related(tables, (of, ours), (to, theirs))

    for text, numbers in zip(ours, found, strict=True):
        value = Decimal(text)
        if NUMBERS[to] is not None and not is_whole(value):
            # It is no whole number.
            assert numbers is None, text
            continue
        same = [
            number
            for number, other in enumerate(theirs, 1)
            if Decimal(other) == value or (value.is_nan() and other == "NaN")
        ]
        assert numbers == same, text


@pytest.mark.parametrize("to", NUMBERS)
async def test_a_number_of_any_length_costs_its_own_place(tables: Tables, to: str) -> None:
    # Python writes out no int of more than 4,300 digits.
    found = await related(tables, ("numeric", ["9" * 5_000, "1"]), (to, ["1"]))

    assert found == [[], [1]]


# Texts.

TEXTS = {
    "text": ["AB1", "ab1", "c", "", "01234567-89ab-cdef-0123-456789abcdef", "12"],
    "varchar(40)": ["AB1", "c", "AB1 "],
    "char(6)": ["AB1", "c", "12", ""],
    "char(40)": ["AB1", "01234567-89ab-cdef-0123-456789abcdef"],
    f"{SCHEMA}.code": ["AB1", "zz"],
    "citext": ["AB1", "c"],
    "name": ["AB1", "c", "none"],
    f"{SCHEMA}.mood": ["AB1", "c"],
}
PADDED = ("char(6)", "char(40)", f"{SCHEMA}.code")


@pytest.mark.parametrize("to", TEXTS)
@pytest.mark.parametrize("of", TEXTS)
async def test_a_text_finds_the_same_text(tables: Tables, of: str, to: str) -> None:
    ours, theirs = TEXTS[of], TEXTS[to]

    found = await related(tables, (of, ours), (to, theirs))

    def same(one: str, other: str) -> bool:
        # Blanks at the end are no part of it, as PostgreSQL compares char(n) with other texts.
        one = one.rstrip() if of in PADDED or to in PADDED else one
        other = other.rstrip() if to in PADDED else other
        if to == "citext":
            one, other = one.lower(), other.lower()
        return one == other

    assert found == [
        [number for number, other in enumerate(theirs, 1) if same(each, other)] for each in ours
    ]


@pytest.mark.parametrize(
    ("of", "to", "value", "other"),
    [
        ("char(5)", "integer", "12", "12"),
        ("char(5)", "bigint", "12", "12"),
        ("char(5)", "numeric", "12", "12.0"),
        ("char(40)", "uuid", "01234567-89ab-cdef-0123-456789abcdef", None),
        ("char(12)", "date", "2026-01-31", "2026-01-31"),
        ("char(12)", "inet", "10.0.0.1", "10.0.0.1"),
        ("char(12)", "ltree", "a.b", "a.b"),
        ("integer", "char(5)", "12", "12"),
        ("uuid", "char(40)", "01234567-89ab-cdef-0123-456789abcdef", None),
    ],
)
async def test_a_padded_text_is_the_key_before_its_blanks(
    tables: Tables, of: str, to: str, value: str, other: str | None
) -> None:
    assert await related(tables, (of, [value]), (to, [other or value])) == [[1]]


async def test_a_padded_text_is_that_key_elsewhere(tables: Tables) -> None:
    await tables.filled("ours", "char(6)", "AB1", "c", "none")
    rows = [{"id": 1, "code": "AB1"}, {"id": 2, "code": "c"}, {"id": 3, "code": "AB1"}]
    elsewhere = MemorySource("elsewhere", {"others": rows})
    others = MemoryTable(source="elsewhere", name="others", key_type=int)
    other = node_type("Other", others, number=(int, column("Its number.", name="id")))
    owner = node_type(
        "Owner",
        tables.table("ours", key="it", key_type=str),
        number=(int, column("Its number.", name="id")),
        one=(other | None, one("The first.", by="it", to="code")),
        many=(list_of(other) | None, many("All.", by="code", order_by="id")),
        page=(connection_of(other) | None, connection("All.", by="code", order_by="id")),
        count=(int | None, aggregate("All.", of=others, by="code", function=Function.COUNT)),
    )
    owners = connection_of(owner) | None
    graph = graph_of(owners=(owners, connection("All.", order_by="id")))
    shop = PostgresSource("shop", tables.addresses.postgres, pool_size=1)
    async with GraphClient(graph, [shop, elsewhere]) as client:
        response = await client.execute(
            "{ owners { nodes { one { number } many { number } page { totalCount } count } } }"
        )

    assert response.errors == []
    assert response.data["owners"]["nodes"] == [
        {
            "one": {"number": numbers[0]} if numbers else None,
            "many": [{"number": number} for number in numbers],
            "page": {"totalCount": len(numbers)},
            "count": len(numbers),
        }
        for numbers in ([1, 3], [2], [])
    ]


async def test_a_padded_text_is_shown_with_its_blanks(tables: Tables) -> None:
    of = await tables.filled("shown", "char(3)", "a", "abc")
    thing = node_type("Thing", of, it=(str, column("It.", sortable=True)))
    graph = graph_of(things=(connection_of(thing) | None, connection("All.", order_by="it")))
    query = "query ($c: String) { things(first: 1, after: $c) {"
    query += " nodes { it } pageInfo { endCursor } } }"

    first = await tables.ask(graph, query)
    cursor = first.data["things"]["pageInfo"]["endCursor"]
    second = await tables.ask(graph, query, {"c": cursor})

    assert first.data["things"]["nodes"] == [{"it": "a  "}]
    assert second.data["things"]["nodes"] == [{"it": "abc"}]


# Times.

TIMES = {
    "timestamp": ["2026-01-31 09:30:00.123456", "infinity"],
    "timestamptz": ["2026-01-31 09:30:00.123456+00", "-infinity"],
    "date": ["2026-01-31", "infinity"],
    "time": ["09:30:00.123456", "24:00"],
    "timetz": ["09:30:00.123456+01", "24:00+01"],
    "interval": ["1 month 0.123456 seconds", "170000000 years"],
}
"""Of each a value, and one that can't be read, which is an error wherever it leads."""


@pytest.mark.parametrize("to", TIMES)
@pytest.mark.parametrize("of", TIMES)
async def test_a_time_finds_those_of_its_type(tables: Tables, of: str, to: str) -> None:
    # Without a zone it is no moment, and a day no time of it.
    found = await related(tables, (of, TIMES[of][:1]), (to, TIMES[to]))

    assert found == [[1] if of == to else None]
