"""No setting of a role or a database changes what values of PostgreSQL are shown as."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from strawberry.scalars import JSON

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.sql.postgres import PostgresSource
from tests.values.tables import Tables, tables_in, things

SCHEMA = "settled"
OBJECTS = f"""
create type {SCHEMA}.odd as (
    f float8, r real, d date, t timestamp, i interval, b bytea, m timestamptz, words tsvector
);
"""
SETTINGS = {
    "extra_float_digits": ["0", "-15"],
    "DateStyle": ["'SQL, DMY'", "'German'", "'Postgres, MDY'"],
    "IntervalStyle": ["iso_8601", "sql_standard", "postgres_verbose"],
    "bytea_output": ["escape"],
}
CASES = [(name, value) for name, values in SETTINGS.items() for value in values]

ODD = (
    "(0.30000000000000004,15.2,2020-02-01,2020-02-01 09:30:00,1 mon 2 days 03:04:05,"
    "\\\\x00ff,2020-02-01 09:30:00+00,'a')"
)
SHOWN: dict[str, tuple[str, object]] = {
    "point": ("(0.30000000000000004,1)", "(0.30000000000000004,1)"),
    "box": ("(0.30000000000000004,1),(0,0)", "(0.30000000000000004,1),(0,0)"),
    "circle": ("<(0,0),0.30000000000000004>", "<(0,0),0.30000000000000004>"),
    "float8": ("0.30000000000000004", 0.30000000000000004),
    "real": ("15.2", 15.2),
    "date": ("2020-02-01", "2020-02-01"),
    "interval": ("1 mon 2 days 03:04:05", "P1M2DT3H4M5S"),
    "bytea": ("\\x00ff", "AP8="),
    "daterange": ("[2020-02-01,2020-02-02)", "[2020-02-01,2020-02-02)"),
    f"{SCHEMA}.odd": (
        ODD,
        {
            "f": "0.30000000000000004",
            "r": "15.2",
            "d": "2020-02-01",
            "t": "2020-02-01 09:30:00",
            "i": "1 mon 2 days 03:04:05",
            "b": "\\x00ff",
            "m": "2020-02-01 09:30:00+00",
            "words": "'a'",
        },
    ),
}


@pytest.fixture(scope="module")
async def tables(addresses: Addresses) -> AsyncIterator[Tables]:
    async with tables_in(addresses, SCHEMA, OBJECTS) as tables:
        # What one session has set is no other's.
        await tables.database.execute("set time zone 'UTC'")
        yield tables


async def shown(tables: Tables) -> list[Any]:
    found = []
    for place in range(len(SHOWN)):
        graph = things(tables.table(f"of_{place}"), JSON)
        source = PostgresSource("shop", tables.addresses.postgres, pool_size=1)
        async with GraphClient(graph, [source]) as client:
            response = await client.execute("{ things { nodes { it } } }")
            # A statement that failed has had the session be reset.
            with pytest.raises(Exception, match="refused"):
                await source.run("select 1/0")
            again = await client.execute("{ things { nodes { it } } }")
        assert response.errors == []
        assert again.data == response.data
        found.append(response.data["things"]["nodes"][0]["it"])
    return found


@pytest.mark.parametrize("of", ["role", "database"])
@pytest.mark.parametrize(("name", "value"), CASES)
async def test_nothing_is_shown_otherwise(tables: Tables, of: str, name: str, value: str) -> None:
    for place, (type_, (text, _)) in enumerate(SHOWN.items()):
        await tables.filled(f"of_{place}", type_, text)
    which = "role current_user" if of == "role" else "database shop"
    await tables.database.execute(f"alter {which} set {name} = {value}")
    await tables.database.execute(f"alter {which} set timezone = 'UTC'")
    try:
        found = await shown(tables)
    finally:
        await tables.database.execute(f"alter {which} reset {name}")
        await tables.database.execute(f"alter {which} reset timezone")

    assert found == [expected for _, expected in SHOWN.values()]
