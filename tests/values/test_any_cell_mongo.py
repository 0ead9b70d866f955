"""Whatever MongoDB has in a field, declared as whatever there is: it is shown, or is that place's
error, and costs nothing else."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import bson
import pytest
from bson import ObjectId
from bson.binary import Binary
from bson.code import Code
from bson.datetime_ms import DatetimeMS
from bson.dbref import DBRef
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.regex import Regex
from bson.timestamp import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.errors import Unreadable
from loaders.memory import MemorySource
from loaders.mongo import MongoCollection, MongoSource
from tests.bad_servers import line_to
from tests.loaders.asking import page_of
from tests.values.cells import check, graph_over, shown
from tests.values.profiles import CELLS, quiet

CELLS_OF = MongoCollection(source="catalog", name="cells", key="id", key_type=int)
GRAPH = graph_over(CELLS_OF)
OPTIONS = MongoSource("catalog", "mongodb://nowhere", database="none")._codec_options
SOURCE = MemorySource("catalog", {})
CLIENT = GraphClient(GRAPH, [SOURCE])

NO_UNICODE = "not Unicode"
"""What is not, once it has been sent."""

LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
WIDE = st.integers(-(2**63), 2**63 - 1)

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    WIDE.map(Int64),
    st.floats(),
    st.text(),
    st.just(NO_UNICODE),
    st.binary(max_size=20),
    st.builds(Binary, st.binary(max_size=20), st.sampled_from([0, 2, 3, 5, 6, 128])),
    st.uuids(),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    WIDE.map(DatetimeMS),
    st.tuples(WIDE, WIDE).map(lambda bid: Decimal128.from_bid(_bid(*bid))),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.builds(Regex, st.text(LETTERS), st.integers(0, 63)),
    st.builds(Code, st.text()),
    st.builds(Code, st.text(), st.just({"a": 1})),
    st.builds(DBRef, st.text(LETTERS), st.integers(0, 9)),
    st.sampled_from([MinKey(), MaxKey()]),
)

NAMES = st.text(LETTERS, max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=6,
)


def _bid(low: int, high: int) -> bytes:
    return low.to_bytes(8, "little", signed=True) + high.to_bytes(8, "little", signed=True)


@pytest.mark.long
@CELLS
@given(values=st.lists(VALUES, min_size=1, max_size=5))
async def test_any_value_is_shown_or_an_error_of_its_own(values: list[Any]) -> None:
    raw = bson.encode({"cells": values}, codec_options=bson.CodecOptions(uuid_representation=4))
    read: Any = bson.decode(raw.replace(NO_UNICODE.encode(), b"\xff" * len(NO_UNICODE)), OPTIONS)
    rows = [{"id": place, "it": value} for place, value in enumerate(read["cells"])]
    SOURCE.rows = {"cells": rows}

    with quiet():
        response = await shown(CLIENT)

    check(response, [row["it"] is not None for row in rows], "catalog")


@pytest.fixture
async def line(addresses: Addresses) -> AsyncIterator[Any]:
    server = urlsplit(addresses.mongo)
    async with line_to(str(server.hostname), int(server.port or 0)) as line:
        yield line


async def test_what_the_driver_can_not_read_is_its_own_field(
    addresses: Addresses, line: Any
) -> None:
    # The demo's server keeps no such values, so they are made on the way.
    moment = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    raw = bson.encode({"a": moment})[7:15]
    client: MongoClient[dict[str, Any]] = MongoClient(addresses.mongo)
    collection = client[addresses.mongo_database]["unreadable"]
    collection.drop()
    collection.insert_one({"_id": 1, "text": "KETTLES", "at": moment, "other": [{"at": moment}]})
    url = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{line.port}", addresses.mongo)
    source = MongoSource("catalog", url, database=addresses.mongo_database)
    await source.open()
    line.garble = lambda data: data.replace(raw, b"\xff" * 7 + b"\x7f").replace(
        b"KETTLES", b"\xffETTLES"
    )
    try:
        of = MongoCollection(source="catalog", name="unreadable", key_type=int)
        (row,) = await page_of(source, of, {"_id", "text", "at", "other"})
    finally:
        await source.close()
        collection.drop()
        client.close()

    assert row["_id"] == 1
    assert row["text"] == "\udcffETTLES"
    assert isinstance(row["at"], Unreadable)
    assert isinstance(row["other"][0]["at"], Unreadable)


STORED = {
    "nothing": None,
    "infinite": Decimal128("Infinity"),
    "no number": float("nan"),
    "an id": ObjectId(),
    "a pattern": Regex("a", "i"),
    "a time": Timestamp(1, 2),
    "a UUID": uuid.UUID(int=5),
    "bytes": b"\x00\xff",
    "the least": MinKey(),
    "in lists": [ObjectId(), [Decimal128("NaN")], {"a": "x", "b": 1}],
    "in documents": {"a": ObjectId(), "b": Decimal128("1.5"), "c": {"d": datetime(2026, 1, 1)}},
}


async def test_what_the_server_keeps_is_shown_or_an_error_of_its_own(addresses: Addresses) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(
        addresses.mongo, uuidRepresentation="standard"
    )
    collection = client[addresses.mongo_database]["cells"]
    collection.drop()
    for place in range(0, len(STORED), 10):
        values = list(STORED.values())[place : place + 10]
        collection.drop()
        collection.insert_many({"id": number, "it": each} for number, each in enumerate(values))
        source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
        async with GraphClient(GRAPH, [source]) as graph:
            response = await shown(graph)
        check(response, [each is not None for each in values], "catalog")
    collection.drop()
    client.close()
