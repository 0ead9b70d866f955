"""What cursors hold, what they refuse, and rows that share a place."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson import ObjectId
from bson.binary import Binary
from bson.code import Code
from bson.datetime_ms import DatetimeMS
from bson.dbref import DBRef
from bson.decimal128 import Decimal128
from bson.errors import InvalidDocument
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.regex import Regex
from bson.timestamp import Timestamp

from gateway.errors import BadUserInput
from gateway.testing import GraphClient, Response
from loaders.durations import Duration
from loaders.errors import Unreadable
from loaders.memory import MemorySource
from loaders.mongo import MongoSource
from loaders.places import CODECS, Stored
from loaders.query import Order
from loaders.resource import Row
from resolvers.connections import connection
from resolvers.cursors import Cursors
from resolvers.fields import column
from tests.resolvers.declaring import collection, connection_of, graph_of, node_type, table

ORDER = (Order("it"), Order("id"))

PLACES: list[Any] = [
    None, True, 5, 0.1, -0.0, "é\0", 2**64, -(10**5000), "\ud800", "a\udfff\U0001f600",
    float("inf"), -float("inf"), Decimal("1.10"), Decimal("-Infinity"), Decimal("1E+6000"),
    datetime(2026, 1, 31, 9, 30, 0, 1, UTC), datetime(2026, 1, 31, 9, 30), date(1, 1, 1),
    time(9, 30, 0, 1, timezone(timedelta(hours=1))), Duration(1, 2, -3), uuid.UUID(int=1),
    b"\x00\xff",
]  # fmt: skip


@pytest.mark.parametrize("value", PLACES, ids=[type(each).__name__ for each in PLACES])
def test_a_place_is_read_as_it_was_written(value: Any) -> None:
    cursors = Cursors(table(), ORDER)

    it, id = cursors.place(cursors.of({"it": value, "id": 1}), "after")

    assert (it, type(it), id) == (value, type(value), 1)


@pytest.mark.parametrize("value", [float("nan"), Decimal("NaN")])
def test_no_number_is_read_as_it_was_written(value: Any) -> None:
    cursors = Cursors(table(), ORDER)

    it, _ = cursors.place(cursors.of({"it": value, "id": 1}), "after")

    assert it != it
    assert type(it) is type(value)


def test_every_codec_has_a_tag_of_its_own() -> None:
    tags = [codec.tag for codec in CODECS.values()]
    assert len(set(tags)) == len(tags)


OF_BSON: list[Any] = [
    ObjectId("0123456789abcdef01234567"), Timestamp(1, 2), Regex("a", "i"), MinKey(), MaxKey(),
    Binary(b"a", 5), Code("f()"), DBRef("a", 1), Int64(2**53 + 1), {}, DatetimeMS(-(2**63)),
    {"b": 1, "a": [None, {"at": datetime(2026, 1, 31, tzinfo=UTC), "id": ObjectId()}]},
    {"price": Decimal128("1.50"), "of": uuid.UUID(int=5)},
]  # fmt: skip


@pytest.mark.parametrize("value", OF_BSON, ids=lambda value: type(value).__name__)
def test_a_value_of_mongodb_is_sent_as_it_came(value: Any) -> None:
    options = MongoSource("catalog", "mongodb://nowhere", database="none")._codec_options
    raw = bson.encode({"it": value}, codec_options=options)
    cursors = Cursors(collection(), ORDER)

    row = bson.decode(raw, codec_options=options)
    it, _ = cursors.place(cursors.of({**row, "id": 1}), "after")

    assert bson.encode({"it": it}, codec_options=options) == raw
    assert isinstance(hash(it), int)


def test_what_a_source_can_make_again_is_held_as_it_is_stored() -> None:
    cursors = Cursors(table(), ORDER)
    infinity = Unreadable("shop", "a date that is infinity", stored="2147483647")

    assert cursors.place(cursors.of({"it": infinity, "id": 1}), "after") == (
        Stored("2147483647"),
        1,
    )


def test_a_cursor_is_of_one_schema() -> None:
    row = {"it": 1, "id": 1}
    cursor = Cursors(table(schema="tenant_a"), ORDER).of(row)

    for other in (table(schema="tenant_b"), table(), table(source="tenant_a.shop")):
        with pytest.raises(BadUserInput, match="after is not a cursor of this connection"):
            Cursors(other, ORDER).place(cursor, "after")
    assert Cursors(table(schema="tenant_a"), ORDER).place(cursor, "after") == (1, 1)


THING = node_type(
    "Thing",
    table("things"),
    size=(int, column("Its size.", sortable=True)),
    it=(str | None, column("It.", sortable=True)),
)
GRAPH = graph_of(things=(connection_of(THING) | None, connection("All.")))


async def answer(rows: Sequence[Row], arguments: str, selection: str) -> Response:
    client = GraphClient(GRAPH, [MemorySource("shop", {"things": rows})])
    return await client.execute(f"{{ things({arguments}) {{ {selection} }} }}")


async def test_a_value_that_no_cursor_holds_is_its_own_error() -> None:
    rows: list[Row] = [{"id": 1, "size": 1, "it": ["a"]}, {"id": 2, "size": 2, "it": ["b"]}]

    response = await answer(rows, "orderBy: [{field: IT}]", "nodes { size } pageInfo { endCursor }")

    assert response.data["things"]["nodes"] == [{"size": 1}, {"size": 2}]
    (error,) = response.errors
    assert error["path"] == ["things", "pageInfo", "endCursor"]
    assert error["message"] == (
        "The source 'shop' sent a value that no cursor can hold: sort by something else."
    )
    assert error["extensions"] == {"code": "UPSTREAM_BAD_RESPONSE", "source": "shop"}


FILM_ACTORS: list[Row] = [
    {"id": 1, "size": 1, "it": "a"},
    {"id": 2, "size": 1, "it": "b"},
    {"id": 2, "size": 2, "it": "b"},
    {"id": 3, "size": 5, "it": None},
]
SHARED = (
    "The source 'shop' sent several rows in one place of this order, which pages would lose: its "
    "type needs a key that is unique."
)


@pytest.mark.parametrize(
    "arguments",
    ["", "first: 3", "first: 2", "last: 3", "orderBy: [{field: IT}]"],
)
async def test_rows_that_share_a_place_are_an_error(
    arguments: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = await answer(FILM_ACTORS, arguments or "first: 9", "nodes { size }")

    assert response.data == {"things": None}
    (error,) = response.errors
    assert error["message"] == SHARED
    assert error["extensions"] == {"code": "UPSTREAM_BAD_RESPONSE", "source": "shop"}
    assert "'id', the key of shop.things, is not unique: declare one that is" in caplog.text


@pytest.mark.parametrize("arguments", ["first: 1", "last: 1", "orderBy: [{field: SIZE}]"])
async def test_rows_of_one_key_in_several_places_are_not(arguments: str) -> None:
    response = await answer(FILM_ACTORS, arguments, "nodes { size }")

    assert response.errors == []


@pytest.mark.parametrize(
    ("key_type", "keys", "shared"),
    [
        (int, [1, True], False),
        (float, [float("nan"), float("nan")], True),
        (float, [1.0, float("nan")], False),
        (Decimal, [Decimal("1.0"), Decimal("1.00")], True),
        (date, [Unreadable("shop", "infinity", stored=text) for text in "12"], False),
        (date, [Unreadable("shop", "infinity", stored="1") for _ in "12"], True),
        (date, [Unreadable("shop", "infinity"), date(1, 1, 1)], False),
        (dict, [{"a": 1}, {"a": 1}], True),
        (dict, [{"a": 1}, {"a": 2}], False),
    ],
)
async def test_keys_are_equal_as_they_are_for_their_source(
    key_type: type, keys: list[Any], shared: bool
) -> None:
    class Sorted(MemorySource):
        """Has its rows in order, whatever their keys are."""

        async def fetch(self, ask: Any, keys: Any, attempt: Any) -> Any:
            rows = ask.rows._replace(window=type(ask.rows.window)())
            return await super().fetch(ask._replace(rows=rows), keys, attempt)

    thing = node_type("Thing", table("things", key_type=key_type), size=(int, column("Its size.")))
    graph = graph_of(things=(connection_of(thing) | None, connection("All.")))
    rows = [{"id": key, "size": number} for number, key in enumerate(keys)]
    client = GraphClient(graph, [Sorted("shop", {"things": rows})])

    response = await client.execute("{ things { nodes { size } } }")

    assert [error["message"] for error in response.errors] == [SHARED] * shared


@pytest.mark.parametrize(
    "text",
    ["", "x", "00", bson.encode({"a": 1}).hex(), (b"\x09\x00\x00\x00\x03\x00" * 50_000).hex()],
    ids=["nothing", "no digits", "no document", "another name", "deep"],
)
def test_a_forged_value_of_mongodb_is_none(text: str) -> None:
    options = MongoSource("catalog", "mongodb://nowhere", database="none")._codec_options

    with pytest.raises(InvalidDocument):
        bson.encode({"it": Stored(text)}, codec_options=options)


@pytest.mark.parametrize("depth", [10, 5_000])
def test_a_document_in_documents_is_a_place_or_none(depth: int) -> None:
    options = MongoSource("catalog", "mongodb://nowhere", database="none")._codec_options
    raw = b"\x05\x00\x00\x00\x00"
    for _ in range(depth):
        raw = (len(raw) + 7).to_bytes(4, "little") + b"\x03\x00" + raw + b"\x00"

    try:
        sent = bson.encode({"": Stored(raw.hex())}, codec_options=options)
    except InvalidDocument:
        assert depth > 10
    else:
        assert raw[7:-1] in sent
