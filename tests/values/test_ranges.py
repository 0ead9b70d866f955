"""Ranges of PostgreSQL are shown as it writes them itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import column, connection
from tests.resolvers.declaring import connection_of, graph_of, node_type

SCHEMA = """
drop schema if exists ranged cascade;
create schema ranged;
create type ranged.floats as range (subtype = float8);
create type ranged.reals as range (subtype = float4);
create type ranged.flags as range (subtype = bool);
create type ranged.names as range (subtype = text);
create type ranged.ids as range (subtype = uuid);
create type ranged.clocks as range (subtype = time);
create domain ranged.share as numrange;
"""

RANGES = {
    "int4range": ["[1,5)", "(,5)", "[1,)", "(,)", "empty"],
    "int8range": ["[-9223372036854775808,9223372036854775807)"],
    "numrange": ["[0.50,1.5]", "[0.5,Infinity]", "(-Infinity,1]", "(0.5,NaN]", "[1,1]"],
    "daterange": ["[2026-01-01,2026-02-01)", "[-infinity,infinity]"],
    "ranged.floats": ["[1,2.5)", "[-Infinity,1]", "[1,NaN]", "[0.1,1e+300]", "[-0,1e-7]", "(,3)"],
    "ranged.reals": ["[15.2,16]", "[1,Infinity)"],
    "ranged.flags": ["[f,t]", "(f,)"],
    "ranged.names": ['[a,"b c")', '["",z]', '["a""b","c,d"]', '["x\\\\y",z)'],
    "ranged.ids": ["[01234567-89ab-cdef-0123-456789abcdef,)"],
    "ranged.clocks": ["[09:30:00,10:00:00)"],
    "ranged.share": ["[0.5,1)"],
}


@pytest.fixture(scope="module")
async def database(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute(SCHEMA)
    yield connection
    await connection.execute("drop schema ranged cascade")
    await connection.close()


@pytest.mark.parametrize("type_", RANGES)
async def test_a_range_is_shown_as_it_is_written(
    addresses: Addresses, database: asyncpg.Connection, type_: str
) -> None:
    await database.execute(
        "drop table if exists ranged.ranges;"
        f"create table ranged.ranges (id int primary key, it {type_})"
    )
    for number, text in enumerate(RANGES[type_]):
        value = text.replace("'", "''")
        await database.execute(f"insert into ranged.ranges values ({number}, '{value}')")
    written = await database.fetch("select it::text from ranged.ranges order by id")
    thing = node_type(
        "Thing",
        PostgresTable(source="shop", schema="ranged", name="ranges"),
        it=(str | None, column("It.")),
    )
    graph = graph_of(things=(connection_of(thing) | None, connection("All.")))

    async with GraphClient(graph, [PostgresSource("shop", addresses.postgres)]) as client:
        response = await client.execute("{ things { nodes { it } } }")

    assert [node["it"] for node in response.data["things"]["nodes"]] == [row[0] for row in written]
    assert not response.errors
