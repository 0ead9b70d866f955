"""Pages of a table of PostgreSQL, sorted by a column of any type, are its list in PostgreSQL's own
order."""

from __future__ import annotations

import enum
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.scalars import SCALARS, URL, BigInt, LocalDateTime
from tests.resolvers.declaring import connection_of, graph_of, node_type
from tests.values.paging import MOST_ROWS, OTHERS, SIZES, SORTS, Sort, check, graph_over
from tests.values.profiles import CELLS, quiet

SCHEMA = """
drop schema if exists paging cascade;
create schema paging;
create type paging.mood as enum ('fine', 'bad', 'so so');
create domain paging.day as date;
"""


@strawberry.enum
class Mood(enum.Enum):
    FINE = "fine"
    BAD = "bad"
    SO_SO = "so so"


def texts(*samples: str) -> st.SearchStrategy[str]:
    return st.sampled_from(samples)


WORDS = st.one_of(
    texts("", "a", "A", "ab", "a b", "é", "e\u0301", "\U0001f600", "\uffff", "Z", "ß", "10", "9"),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4),
)
SPECIAL = texts("NaN", "Infinity", "-Infinity", "-0", "0")
FLOATS = texts("0.1", "15.2", "5e-324", "-5e-324", "1.7976931348623157e308", "2.5e-308", "1e22")
REALS = texts("0.1", "15.2", "1e-45", "-1e-45", "3.4028235e38", "1.1754944e-38", "16777217")
NUMERICS = texts("0.10", "0.1", "1e100", "-1e-100", "12345678901234567890.12", "9007199254740993")
ALL_DAYS = texts(
    "infinity", "-infinity", "0044-03-15 BC", "0001-01-01", "2026-01-31", "9999-12-31",
    "10000-01-01", "5874897-12-31",
)  # fmt: skip
ALL_TIMES = texts(
    "infinity", "-infinity", "4713-01-01 BC", "0001-01-01", "2026-01-31 09:30:00.000001",
    "2026-01-31 09:30:00.000002", "2026-01-31 09:30", "9999-12-31 23:59:59.999999",
    "294276-12-31 23:59:59.999999",
)  # fmt: skip
CLOCKS = texts("00:00", "09:30", "09:30:00.000001", "23:59:59.999999", "24:00")
INTERVALS = texts(
    "0", "1 month", "30 days", "720:00", "-1 month", "1 year 2 mons -3 days 04:05:06.7",
    "178000000 years", "-178000000 years", "0.000001 s", "-1 day 24:00:00.000001",
)  # fmt: skip
UUIDS = texts(*(str(uuid.UUID(int=each)) for each in (0, 1, 2**127, 2**128 - 1)))

COLUMNS: dict[str, tuple[Any, st.SearchStrategy[str]]] = {
    "text": (str, WORDS),
    'text collate "C"': (str, WORDS),
    "varchar(5)": (URL, WORDS),
    "char(4)": (str, WORDS),
    "name": (strawberry.ID, WORDS),
    "paging.mood": (str, texts("fine", "bad", "so so")),
    "paging.mood as an enum": (Mood, texts("fine", "bad", "so so")),
    "boolean": (bool, texts("true", "false")),
    "smallint": (int, texts("-32768", "0", "32767")),
    "integer": (int, texts("-2147483648", "0", "1", "2147483647")),
    "bigint": (BigInt, texts("-9223372036854775808", "0", "9223372036854775807")),
    "oid": (BigInt, texts("0", "4294967295")),
    "real": (float, SPECIAL | REALS),
    "double precision": (float, SPECIAL | FLOATS),
    "numeric": (Decimal, SPECIAL | NUMERICS),
    "numeric as a Float": (float, SPECIAL | NUMERICS),
    "timestamptz": (datetime, ALL_TIMES),
    "timestamp": (LocalDateTime, ALL_TIMES),
    "timestamp as a DateTime": (datetime, ALL_TIMES),
    "date": (date, ALL_DAYS),
    "paging.day": (str, ALL_DAYS),
    "time": (time, CLOCKS),
    "timetz": (time, st.builds("{}{}".format, CLOCKS, texts("+00", "+01", "-01", "+15:59:59"))),
    "interval": (timedelta, INTERVALS),
    "interval as a String": (str, INTERVALS),
    "uuid": (uuid.UUID, UUIDS),
    "uuid as an ID": (strawberry.ID, UUIDS),
    "bytea as a String": (str, texts("", "\\x00", "\\x00ff", "\\xff")),
}  # fmt: skip
"""Of each type that may be sorted by, what it is declared as and what may be in it."""


def test_every_scalar_that_is_sortable_is_tried() -> None:
    sortable = {type_ for type_, each in SCALARS.items() if each.is_sortable}
    assert sortable == {annotation for annotation, _ in COLUMNS.values()} - {Mood}


@pytest.fixture(scope="module")
async def admin(addresses: Addresses) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute(SCHEMA)
    for name in COLUMNS:
        type_, _, _ = name.partition(" as ")
        await connection.execute(
            f"create table paging.{quoted(name)} (id bigint primary key, number int not null,"
            f" other int, it {type_})"
        )
    yield connection
    await connection.execute("drop schema paging cascade")
    await connection.close()


@pytest.fixture(scope="module")
async def clients(
    addresses: Addresses, admin: asyncpg.Connection[Any]
) -> AsyncIterator[dict[str, GraphClient]]:
    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    async with AsyncExitStack() as stack:
        made = {}
        for name, (annotation, _) in COLUMNS.items():
            more = {"time_zone": "Europe/Prague"} if name == "timestamp as a DateTime" else {}
            table = PostgresTable(source="shop", name=name, schema="paging")
            made[name] = GraphClient(graph_over(table, annotation, **more), [source])
        await stack.enter_async_context(next(iter(made.values())))
        yield made


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@CELLS
@given(data=st.data(), name=st.sampled_from(sorted(COLUMNS)), sort=SORTS, size=SIZES)
async def test_the_pages_are_the_list(
    admin: asyncpg.Connection[Any],
    clients: dict[str, GraphClient],
    data: st.DataObject,
    name: str,
    sort: Sort,
    size: int,
) -> None:
    _, values = COLUMNS[name]
    rows = data.draw(st.lists(st.tuples(st.none() | values, OTHERS), max_size=MOST_ROWS))
    table, (type_, _, _) = f"paging.{quoted(name)}", name.partition(" as ")
    type_, _, _ = type_.partition(" collate ")
    await admin.execute(f"delete from {table}")
    await admin.execute(
        f"insert into {table} select n, n, other, it::{type_}"
        " from unnest($1::text[], $2::int[]) with ordinality as rows(it, other, n)",
        *([value for value, _ in rows], [other for _, other in rows]),
    )
    order = ", ".join(
        f"{column} {'desc nulls last' if descending else 'asc nulls first'}"
        for column, descending in [*sort.parts, ("id", sort.key_descends)]
    )
    expected = [
        row["number"] for row in await admin.fetch(f"select number from {table} order by {order}")
    ]

    with quiet():
        await check(clients[name], sort, size, expected)


@pytest.mark.parametrize("of", ["table", "view", "materialized view"])
@pytest.mark.parametrize("other", [None, "ASC", "DESC"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_no_null_is_lost_where_none_should_be(
    addresses: Addresses, admin: asyncpg.Connection[Any], direction: str, other: str | None, of: str
) -> None:
    await admin.execute(
        "drop table if exists paging.promised cascade;"
        "create table paging.promised (id bigint primary key, it int, other int not null);"
        "insert into paging.promised values (1, 1, 1), (2, null, 1), (3, null, 2), (4, 5, 1)"
    )
    name = "promised"
    if of != "table":
        name = "seen"
        await admin.execute(f"create {of} paging.seen as select * from paging.promised")
    graph = graph_of(
        things=(
            connection_of(
                node_type(
                    "Thing",
                    PostgresTable(source="shop", name=name, schema="paging"),
                    it=(int, column("It.", sortable=True)),
                    other=(int, column("Another.", sortable=True)),
                )
            )
            | None,
            connection("All."),
        )
    )
    by = [{"field": "IT", "direction": direction}]
    by += [{"field": "OTHER", "direction": other}] if other else []
    query = "query ($by: [ThingSort!]!, $after: String) { things(orderBy: $by, first: 1, after:"
    query += " $after) { nodes { id } pageInfo { endCursor hasNextPage } } }"
    seen: list[str] = []
    async with GraphClient(graph, [PostgresSource("shop", addresses.postgres)]) as client:
        cursor, more = None, True
        while more:
            response = await client.execute(query, {"by": by, "after": cursor})
            page = response.data["things"]
            seen += [node["id"] for node in page["nodes"]]
            cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            assert len(seen) <= 4

    assert len(set(seen)) == len(seen) == 4


async def test_a_key_that_is_not_unique_loses_no_row_in_silence(
    addresses: Addresses, admin: asyncpg.Connection[Any]
) -> None:
    await admin.execute(
        "drop table if exists paging.film_actor;"
        "create table paging.film_actor"
        " (actor_id int, film_id int, primary key (actor_id, film_id));"
        "insert into paging.film_actor select n / 3, n from generate_series(0, 8) n"
    )
    table = PostgresTable(source="shop", name="film_actor", schema="paging", key="actor_id")
    role = node_type("Role", table, film_id=(int, column("Its film.", sortable=True)))
    graph = graph_of(roles=(connection_of(role) | None, connection("All.")))
    async with GraphClient(graph, [PostgresSource("shop", addresses.postgres)]) as client:
        with quiet():
            lost = await client.execute("{ roles(first: 1) { nodes { filmId } } }")
        whole = await client.execute(
            "{ roles(first: 5, orderBy: [{field: FILM_ID}]) { nodes { filmId } } }"
        )

    assert (lost.data, lost.codes) == ({"roles": None}, ["UPSTREAM_BAD_RESPONSE"])
    assert "its type needs a key that is unique" in lost.errors[0]["message"]
    assert whole.data["roles"]["nodes"] == [{"filmId": number} for number in range(5)]


async def test_a_cursor_of_another_schema_is_refused(
    addresses: Addresses, admin: asyncpg.Connection[Any]
) -> None:
    graphs = []
    for schema in ("tenant_a", "tenant_b"):
        await admin.execute(
            f"drop schema if exists {schema} cascade; create schema {schema};"
            f"create table {schema}.orders (id bigint primary key);"
            f"insert into {schema}.orders values (1), (2)"
        )
        order = node_type("Order", PostgresTable(source="shop", name="orders", schema=schema))
        graphs.append(graph_of(orders=(connection_of(order) | None, connection("All."))))
    cursors = []
    for graph in graphs:
        async with GraphClient(graph, [PostgresSource("shop", addresses.postgres)]) as client:
            first = await client.execute("{ orders(first: 1) { edges { cursor } } }")
            cursors.append(first.data["orders"]["edges"][0]["cursor"])
            answers = [
                await client.execute(f'{{ orders(after: "{each}") {{ nodes {{ id }} }} }}')
                for each in cursors
            ]
    for schema in ("tenant_a", "tenant_b"):
        await admin.execute(f"drop schema {schema} cascade")

    assert [each.codes for each in answers] == [["BAD_USER_INPUT"], []]
    assert len(answers[1].data["orders"]["nodes"]) == 1
