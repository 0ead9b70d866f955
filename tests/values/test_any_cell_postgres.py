"""Whatever PostgreSQL has in a cell, declared as whatever there is: it is shown, or is that place's
error, and costs nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.values.cells import check, graph_over, shown

SCHEMA = """
drop schema if exists cells cascade;
create schema cells;
create type cells.mood as enum ('fine', 'so "so"');
create domain cells.day as date;
create domain cells.days as date[];
create type cells.part as (a text, b int);
create type cells.wide as (
    a text, b int, day date, at timestamptz, real real, doc jsonb, r int4range
);
create type cells.odd as (a text, b int, words tsvector, price money);
create type cells.outer_part as (a cells.part, b int, odd cells.odd);
create type cells.nothing as ();
create type cells.words as range (subtype = text);
create type cells.odd_range as range (subtype = cells.odd);
"""

CELLS: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    "int2": ("-32768",),
    "int4": ("2147483647", "0"),
    "int8": ("-9223372036854775808", "1"),
    "oid": ("4294967295",),
    "float4": ("15.2", "NaN", "Infinity", "-Infinity", "1e-45", "3.4028235e38", "-0"),
    "float8": ("0.1", "NaN", "Infinity", "-Infinity", "5e-324", "1.7976931348623157e308"),
    "numeric": ("0.10", "NaN", "Infinity", "1e131071", "1e-16383", "12345678901234567890.12"),
    "money": ("1234.56",),
    "text": ("", "é\U0001f600", "2026-01-01", "12"),
    "varchar": ("a",),
    "char(4)": ("a",),
    '"char"': ("a", "\\377"),
    "name": ("a",),
    "bytea": ("", "\\x00ff"),
    "date": ("2026-01-31", "infinity", "-infinity", "0044-03-15 BC", "5874897-12-31", "9999-12-31"),
    "timestamp": ("2026-01-31 09:30", "infinity", "4713-01-01 BC", "294276-12-31 23:59:59.999999"),
    "timestamptz": ("2026-01-31 09:30Z", "infinity", "-infinity", "4713-01-01 BC", "10000-01-01"),
    "time": ("09:30:00.000001", "24:00"),
    "timetz": ("09:30+01", "09:30+15:59:59", "24:00-15:59:59"),
    "interval": ("1 year 2 mons -3 days 04:05:06.7", "178000000 years", "-178000000 years", "0"),
    "uuid": ("01234567-89ab-cdef-0123-456789abcdef",),
    "json": ("1e400", '"\\ud800"', "12345678901234567890123", '{"a": [null, 1.50]}'),
    "jsonb": ("1e400", "0.10", "12345678901234567890123", '{"a": "x", "b": 1}', "[[]]"),
    "inet": ("10.0.0.1/24", "::1"),
    "cidr": ("10.0.0.0/8",),
    "macaddr": ("08:00:2b:01:02:03",),
    "macaddr8": ("08:00:2b:01:02:03:04:05",),
    "bit(5)": ("10110",),
    "varbit": ("", "1"),
    "point": ("(1,2)", "(NaN,Infinity)"),
    "line": ("{1,2,3}",),
    "lseg": ("[(1,2),(3,4)]",),
    "box": ("(3,4),(1,2)",),
    "path": ("((1,2),(3,4))",),
    "polygon": ("((1,2),(3,4))",),
    "circle": ("<(1,2),3>",),
    "tsvector": ("a b",),
    "tsquery": ("a & b",),
    "jsonpath": ("$.a",),
    "pg_lsn": ("16/B374D848", "FFFFFFFF/FFFFFFFF"),
    "tid": ("(0,1)",),
    "xid": ("1",),
    "xid8": ("18446744073709551615",),
    "cid": ("1",),
    "pg_snapshot": ("10:20:10,14",),
    "txid_snapshot": ("10:20:10,14",),
    "regclass": ("pg_class",),
    "regtype": ("integer",),
    "regproc": ("now",),
    "aclitem": ("=r/pg_read_all_data",),
    "refcursor": ("a",),
    "oidvector": ("1 2",),
    "int2vector": ("1 2",),
    "int4range": ("[1,5)", "empty", "(,)"),
    "int8range": ("[1,5)",),
    "numrange": ("(0.5,1.5]",),
    "daterange": ("[2026-01-01,infinity]", "[-infinity,0001-01-01 BC]", "(,2026-01-01)"),
    "tsrange": ("[2026-01-01 09:30,infinity)",),
    "tstzrange": ("[2026-01-01 09:30Z,)", "[4713-01-01 BC,]"),
    "int4multirange": ("{[1,3),[5,8)}", "{}"),
    "datemultirange": ("{[2026-01-01,infinity)}",),
    "cells.mood": ("fine", 'so "so"'),
    "cells.day": ("2026-01-01", "infinity"),
    "cells.days": ("{2026-01-01,infinity,NULL}",),
    "cells.part": ("(x,5)", "(,)", '("a,""b\\\\ c (x)",)'),
    "cells.wide": ("(x,5,infinity,4713-01-01 BC,15.2,1e400,\"[1,2)\")",),
    "cells.odd": ("(x,5,a b,1)", '("",,,)'),
    "cells.outer_part": ('("(x,5)",5,"(x,5,a b,1)")', '("(x,5)",5,)'),
    "cells.nothing": ("()",),
    "cells.words": ('[a,"b c")', '["",]'),
    "cells.odd_range": ("(,)",),
    "text[]": ("{}", "{a,NULL}", "{{a},{b}}"),
    "date[]": ("{2026-01-01,infinity,0044-03-15 BC}",),
    "float4[]": ("{15.2,NaN}",),
    "jsonb[]": ('{"{\\"a\\": 1}"}',),
    "interval[]": ("{1 month}",),
    "point[]": ('{"(1,2)"}',),
    "box[]": ("{(3,4),(1,2);(3,4),(1,2)}",),
    "inet[]": ("{10.0.0.1}",),
    "tsvector[]": ("{a}",),
    "int4range[]": ('{"[1,2)"}',),
    "cells.mood[]": ("{fine}",),
    "cells.part[]": ('{"(x,5)","(,)",NULL}',),
    "cells.odd[]": ('{"(x,5,a b,1)"}',),
    "cells.day[]": ("{infinity}",),
}  # fmt: skip
"""Of each type, values that are easy, and those that are not."""


@pytest.fixture(scope="module")
async def admin(addresses: Addresses) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute(SCHEMA)
    yield connection
    await connection.execute("drop schema cells cascade")
    await connection.close()


def over(addresses: Addresses, name: str) -> GraphClient:
    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    return GraphClient(
        graph_over(PostgresTable(source="shop", name=name, schema="cells")), [source]
    )


@pytest.mark.parametrize("type_", CELLS)
async def test_a_cell_is_shown_or_an_error_of_its_own(
    addresses: Addresses, admin: asyncpg.Connection[Any], type_: str
) -> None:
    table = f"of {type_}".replace('"', "")
    await admin.execute(f'create table cells."{table}" (id bigint primary key, it {type_})')
    for number, value in enumerate((None, *CELLS[type_])):
        text = "null" if value is None else f"'{value}'"
        await admin.execute(f'insert into cells."{table}" values ({number}, {text}::{type_})')

    async with over(addresses, table) as client:
        response = await shown(client)

    check(response, [False, *(True for _ in CELLS[type_])], "shop")
