"""PostgreSQL compares, sorts and adds as the oracle does, whatever its column and the operand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.stack import Addresses
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.values import operands, oracle
from tests.values.operands import Column
from tests.values.oracle import Asked, Cell
from tests.values.profiles import COMPARED

TABLE = PostgresTable(source="shop", name="compared", key="id")

SCALARS = [
    Column("int2", operands.whole(16), operands.NUMBERS, adds=True),
    Column("int4", operands.whole(32), operands.NUMBERS, adds=True),
    Column("int8", operands.whole(64), operands.NUMBERS, adds=True),
    Column("oid", st.integers(0, 2**32 - 1).map(str), operands.NUMBERS),
    Column("float4", operands.REALS, operands.NUMBERS),
    Column("float8", operands.DOUBLES, operands.NUMBERS),
    Column("numeric", operands.NUMERICS, operands.NUMBERS, adds=True),
    Column("timestamptz", operands.moments.map(operands.micro), operands.MOMENTS),
    Column("timestamp", operands.locals_.map(operands.micro), operands.LOCALS),
    Column("date", operands.days, operands.DAYS),
    Column("date s", operands.days, operands.TIMES_OF_DAYS),
    Column("time", operands.clocks.map(operands.micro), operands.CLOCKS),
]
SMALL = st.decimals(-9999, 9999, places=2).map(str)
"""Floats whose sums are no more than what their type holds."""

COLUMNS = [
    *SCALARS,
    replace(SCALARS[4], name="float4 s", cells=SMALL.map(operands.nearest_real), adds=True,
            tolerance=Decimal("1e-5")),
    replace(SCALARS[5], name="float8 s", cells=SMALL, adds=True, tolerance=Decimal("1e-14")),
    *(
        replace(each, name=f"{each.name}[]", is_list=True, adds=False)
        for each in SCALARS
        if " " not in each.name
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
async def database(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(addresses.postgres)
    columns = ", ".join(f'"{each.name}" {each.name.removesuffix(" s")}' for each in COLUMNS)
    await connection.execute(
        f"drop table if exists compared; create table compared (id int primary key, {columns})"
    )
    yield connection
    await connection.execute("drop table compared")
    await connection.close()


@pytest.fixture(scope="module")
async def source(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    await source.open()
    yield source
    await source.close()


def literal(cell: Cell) -> str:
    if cell is None:
        return "null"
    if isinstance(cell, str):
        return f"'{cell}'"
    items = ", ".join("null" if item is None else f'"{item}"' for item in cell)
    return f"'{{{items}}}'"


@COMPARED
@given(data=st.data())
async def test_everything_compares_as_it_is_written(
    database: asyncpg.Connection, source: PostgresSource, data: st.DataObject
) -> None:
    column = data.draw(st.sampled_from(COLUMNS), "column")
    cells = data.draw(oracle.cells(column), "cells")
    values = ", ".join(f"({id}, {literal(cell)})" for id, cell in enumerate(cells))
    await database.execute(
        f'delete from compared; insert into compared (id, "{column.name}") values {values}'
    )

    asked = Asked(source, TABLE, column.name, oracle.text_of, nan_is_highest=True)
    await oracle.check(asked, column, cells, data)
