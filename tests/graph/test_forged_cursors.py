"""Cursors that somebody made up, whose values their columns can't have, are the client's error."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.resource import Resource
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import BigInt, column, connection
from tests.resolvers.declaring import connection_of, graph_of, node_type
from tests.values.profiles import quiet

FORGED: list[Any] = [
    *(None, True, 5, 2**40, 1.5, "x", "\0"),
    *(
        ["i", "f" * 5000],
        ["i", hex(2**70)],
        ["n", "1.5"],
        ["n", "NaN"],
        ["f", "inf"],
        ["s", "d83d"],
    ),
    *(["t", "2020-01-01T00:00:00"], ["t", "2020-01-01T00:00:00+00:00"], ["d", "2020-01-01"]),
    *(["c", "10:00:00"], ["l", "P1D"], ["u", "01234567-89ab-cdef-0123-456789abcdef"]),
    *(["b", "00"], ["r", "1"], ["r", "infinity"], ["r", "\0"], ["k", "1"], ["k", []]),
]

COLUMNS = {
    "int": int,
    "bigint": BigInt,
    "real": float,
    "double precision": float,
    "numeric": Decimal,
    "text": str,
    "char(3)": str,
    "boolean": bool,
    "uuid": UUID,
    "date": date,
    "timestamptz": datetime,
    "time": time,
    "interval": timedelta,
}


def forged(resource: Resource, value: object, key: object) -> str:
    place = orjson.dumps([value, key])
    digest = hashlib.blake2b(orjson.dumps([resource.id, ["+it", "+id"]]), digest_size=9)
    digest.update(place)
    return urlsafe_b64encode(digest.digest() + place).rstrip(b"=").decode()


@pytest.fixture(scope="module")
async def database(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(addresses.postgres)
    yield connection
    await connection.execute("drop table if exists forged")
    await connection.close()


@pytest.mark.parametrize("argument", ["first: 1, after", "last: 1, before"])
@pytest.mark.parametrize("type_", COLUMNS)
async def test_a_value_of_another_type_is_no_cursor(
    addresses: Addresses, database: asyncpg.Connection, type_: str, argument: str
) -> None:
    await database.execute(
        f"drop table if exists forged; create table forged (id int primary key, it {type_});"
        "insert into forged values (1, null)"
    )
    resource = PostgresTable(source="shop", name="forged", key_type=int)
    thing = node_type("Thing", resource, it=(COLUMNS[type_] | None, column("It.", sortable=True)))
    graph = graph_of(things=(connection_of(thing) | None, connection("All.")))
    things = f"things(orderBy: [{{field: IT}}], {argument}: $c)"
    query = f"query ($c: String) {{ {things} {{ nodes {{ id }} }} }}"

    with quiet():
        async with GraphClient(graph, [PostgresSource("shop", addresses.postgres)]) as client:
            for value in FORGED:
                for key in (1, "x"):
                    cursor = forged(resource, value, key)
                    response = await client.execute(query, {"c": cursor})

                    assert response.codes in ([], ["BAD_USER_INPUT"]), (value, key, response.errors)
