"""Rows of services and in memory compare, sort and add up as the oracle has it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from loaders.json import number
from loaders.memory import MemorySource, MemoryTable
from loaders.rest.routes import RestResource
from loaders.rest.source import RestSource
from resolvers import coercion
from tests.bad_servers import answering
from tests.values import operands, oracle
from tests.values.operands import Column
from tests.values.oracle import Asked, Cell
from tests.values.profiles import COMPARED

IN_MEMORY = MemoryTable(source="memory", name="compared", key="id")
OF_SERVICE = RestResource(source="service", name="compared", key_type=int, all="/")

NUMBERS = Column("numbers", operands.numbers.map(operands.plain), operands.NUMBERS, adds=True)
TEXTS = [
    Column("moments", operands.moments, operands.MOMENTS),
    Column("locals", operands.locals_, operands.LOCALS),
    Column("days", operands.days, operands.DAYS),
    Column("clocks", operands.clocks, operands.CLOCKS),
]
READ = {
    "numbers": number,
    "doubles": float,
    "moments": coercion.datetime_input,
    "locals": coercion.local_datetime_input,
    "days": coercion.date_input,
    "clocks": coercion.time_input,
}
IN_ROWS = [
    NUMBERS,
    replace(NUMBERS, name="doubles", cells=operands.DOUBLES.filter("NaN".__ne__), adds=False),
    *TEXTS,
]


def with_lists(columns: Sequence[Column]) -> list[Column]:
    return [*columns, *(replace(each, is_list=True, adds=False) for each in columns)]


def made(cell: Cell, make: Any) -> Any:
    if isinstance(cell, list):
        return [None if item is None else make(item) for item in cell]
    return None if cell is None else make(cell)


@pytest.mark.long
@COMPARED
@given(data=st.data())
async def test_rows_in_memory_compare_as_they_are_written(data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(with_lists(IN_ROWS)), "column")
    cells = data.draw(oracle.cells(column), "cells")
    rows = [{"id": id, "it": made(cell, READ[column.name])} for id, cell in enumerate(cells)]

    source = MemorySource("memory", {"compared": rows})
    await oracle.check(Asked(source, IN_MEMORY, "it", oracle.text_of), column, cells, data)


class Compared:
    """A service that has the texts that it is given."""

    rows = ""

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=f'{{"items": [{self.rows}]}}')


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[tuple[Compared, RestSource]]:
    service = Compared()
    async with answering(service) as there:
        source = RestSource("service", there.url)
        await source.open()
        yield service, source
        await source.close()


@pytest.mark.long
@COMPARED
@given(data=st.data())
async def test_rows_of_a_service_compare_as_they_are_written(
    service: tuple[Compared, RestSource], data: st.DataObject
) -> None:
    column = data.draw(st.sampled_from(with_lists([NUMBERS, *TEXTS])), "column")
    cells = data.draw(oracle.cells(column), "cells")
    written = str if column.name == "numbers" else json.dumps
    has, source = service
    has.rows = ", ".join(
        f'{{"id": {id}, "it": {_json(made(cell, written))}}}' for id, cell in enumerate(cells)
    )

    # Its texts sort as the texts that they are.
    close: Any = (lambda place: place) if written is str else itemgetter(0)
    asked = Asked(source, OF_SERVICE, "it", oracle.text_of, close=close)
    await oracle.check(asked, column, cells, data)


def _json(value: Any) -> str:
    if value is None:
        return "null"
    return f"[{', '.join(map(_json, value))}]" if isinstance(value, list) else str(value)
