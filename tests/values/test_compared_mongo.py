"""MongoDB compares, sorts and adds as the oracle does, whichever types the values of a field have.

The demo's server compares a double with a decimal as both are written; MongoDB's documentation has
it compare what they are exactly. What is asked of it is the same under both, but for its order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Context, Decimal
from typing import Any

import pytest
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from demo.stack import Addresses
from loaders.mongo import MongoCollection, MongoSource
from tests.values import operands, oracle
from tests.values.operands import Column
from tests.values.oracle import Asked, Cell
from tests.values.profiles import COMPARED

RESOURCE = MongoCollection(source="catalog", name="compared", key="id", key_type=int)
DIGITS = Context(prec=34, Emin=-6143, Emax=6144)


def decimal(text: str) -> str:
    """The nearest number that a Decimal128 has."""
    return str(DIGITS.create_decimal(text))


WHOLE = operands.whole(64)
MIXED = WHOLE | operands.DOUBLES | operands.NUMERICS.map(decimal)
SMALL = st.decimals(-9999, 9999, places=2).map(str)
MOMENTS = operands.moments.map(operands.milli)

SCALARS = [
    Column("long", WHOLE, operands.NUMBERS),
    Column("int", operands.whole(32), operands.NUMBERS, adds=True),
    Column("double", operands.DOUBLES, operands.NUMBERS),
    Column("double s", SMALL, operands.NUMBERS, adds=True, tolerance=Decimal("1e-14")),
    Column("decimal", operands.NUMERICS.map(decimal), operands.NUMBERS),
    Column("decimal s", SMALL, operands.NUMBERS, adds=True),
    Column("mixed", MIXED, operands.NUMBERS),
    Column("date", MOMENTS, operands.MOMENTS),
]
COLUMNS = [
    *SCALARS,
    *(replace(each, is_list=True, adds=False) for each in SCALARS if " " not in each.name),
]


@pytest.fixture(scope="module")
def collection(addresses: Addresses) -> Iterator[Collection[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](addresses.mongo) as client:
        collection = client[addresses.mongo_database]["compared"]
        collection.drop()
        yield collection
        collection.drop()


@pytest.fixture(scope="module")
async def source(addresses: Addresses) -> AsyncIterator[MongoSource]:
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    await source.open()
    yield source
    await source.close()


def stored(name: str, text: str) -> Any:
    """The value that is so written, of one of the types that the column may have."""
    if name.startswith("date"):
        return oracle.moment(text)
    if name.startswith("double"):
        return float(text)
    if name in ("int", "long"):
        return Int64(text) if name == "long" else int(text)
    if name == "mixed" and (text == repr(float(text)) or text in ("NaN", "Infinity", "-Infinity")):
        return float(text)
    if name == "mixed" and text.lstrip("-").isdigit() and -(2**63) <= int(text) < 2**63:
        return Int64(text)
    return Decimal128(text)


def document(id: int, name: str, cell: Cell) -> dict[str, Any]:
    if cell is None:
        return {"id": id} if id % 2 else {"id": id, "it": None}
    if isinstance(cell, list):
        return {"id": id, "it": [None if item is None else stored(name, item) for item in cell]}
    return {"id": id, "it": stored(name, cell)}


def close(place: tuple[int, Decimal]) -> tuple[int, float]:
    """Numbers that are one double may come in any order."""
    return place[0], float(place[1])


@COMPARED
@given(data=st.data())
async def test_everything_compares_as_it_is_written(
    collection: Collection[dict[str, Any]], source: MongoSource, data: st.DataObject
) -> None:
    column = data.draw(st.sampled_from(COLUMNS), "column")
    cells = data.draw(oracle.cells(column), "cells")
    collection.delete_many({})
    collection.insert_many([document(id, column.name, cell) for id, cell in enumerate(cells)])

    asked = Asked(source, RESOURCE, "it", oracle.text_of, close=close)
    await oracle.check(asked, column, cells, data)
