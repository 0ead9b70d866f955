"""Pages of a collection of MongoDB, sorted by a field of any type or of several at once, are its
list in MongoDB's own order (its manual, "Comparison/Sort Order")."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import pytest
import strawberry
from bson import ObjectId
from bson.binary import Binary
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.regex import Regex
from bson.timestamp import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.mongo import MongoCollection, MongoSource
from resolvers.scalars import SCALARS, URL, BigInt, LocalDateTime
from tests.values.paging import MOST_ROWS, OTHERS, SIZES, SORTS, Sort, check, graph_over
from tests.values.profiles import CELLS, quiet

DOCUMENTS = MongoCollection(source="catalog", name="paging")

MISSING = object()
"""In place of a value, where a document has no such field."""


def some(*samples: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(samples)


NAN, INFINITE = float("nan"), float("inf")
TEXTS = some("", "a", "A", "ab", "é", "e\u0301", "\U0001f600", "\uffff", "$a", "10", "9")
DOUBLES = some(NAN, INFINITE, -INFINITE, -0.0, 0.0, 0.5, 5e-324, 1.7976931348623157e308, 2.0**53)
INTS = some(0, 1, -1, 2**31 - 1, Int64(2**53), Int64(2**53 + 1), Int64(-(2**63)), Int64(2**63 - 1))
DECIMALS = some(
    *map(Decimal128, ("NaN", "Infinity", "-Infinity", "-0", "0.10", "0.5", "9007199254740993")),
    Decimal128("1E+6144"), Decimal128("1E-6176"),
)  # fmt: skip
DATES = some(
    datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, 9, 30, 0, 1000, UTC),
    datetime(2026, 1, 31, 9, 30, 0, 2000, UTC), datetime(9999, 12, 31, 23, 59, 59, 999000, UTC),
)  # fmt: skip
# The demo's server keeps no dates of other years, goes by no subtype of bytes, takes the double
# nearest to a tenth for a tenth, and in expressions what is missing for less than MinKey.
IDS = st.integers(0, 3).map(lambda n: ObjectId(f"{n:024x}"))
UUIDS = some(*(uuid.UUID(int=each) for each in (0, 1, 2**127, 2**128 - 1)))
BYTES = some(b"", b"\x00\xff", b"\xff", b"\xff\x00", Binary(b"abc", 5), b"\xff" * 17)
BOOLEANS = some(True, False)
OBJECTS = some({}, {"a": 1}, {"a": "x"}, {"b": 1}, {"a": 1, "b": Decimal128("2")})
OTHER_TYPES = some(Timestamp(1, 2), Timestamp(2, 1), MaxKey(), Regex("a"), Regex("b"))

ANY = st.one_of(
    TEXTS, DOUBLES, INTS, DECIMALS, DATES, IDS, UUIDS, BYTES, BOOLEANS, OBJECTS, OTHER_TYPES
)

KEYS = st.one_of(
    TEXTS, some(NAN, INFINITE, -INFINITE, 0.5), INTS, some(Decimal128("0.10"), Decimal128("-0.5")),
    DATES, IDS, UUIDS, BYTES, BOOLEANS, OBJECTS, OTHER_TYPES, some(MinKey()),
)  # fmt: skip
"""Without the largest and smallest numbers, whose keys the demo's server takes for one."""

FIELDS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS, URL: TEXTS, strawberry.ID: TEXTS | IDS | INTS, bool: BOOLEANS, int: INTS,
    float: DOUBLES | INTS, BigInt: INTS, Decimal: DOUBLES | INTS | DECIMALS, datetime: DATES,
    LocalDateTime: DATES | TEXTS, date: DATES | TEXTS, time: TEXTS, timedelta: TEXTS,
    uuid.UUID: UUIDS | BYTES,
}  # fmt: skip
"""What may be in a field of each type that may be sorted by."""


def test_every_scalar_that_is_sortable_is_tried() -> None:
    assert FIELDS.keys() == {type_ for type_, each in SCALARS.items() if each.is_sortable}


def rank(value: Any) -> tuple[int, Any]:
    """The place of the value's type among all, and what it compares by within the type."""
    match value:
        case MinKey():
            return 0, 0
        case None:
            return 1, 0
        case bool():
            return 8, value
        case float() | int() | Decimal128():
            return 2, _number(value)
        case str():
            return 3, value.encode()
        case dict():
            held = ((rank(each), name) for name, each in value.items())
            return 4, tuple((type_, name, within) for (type_, within), name in held)
        case bytes() | uuid.UUID():
            subtype = 4 if isinstance(value, uuid.UUID) else getattr(value, "subtype", 0)
            content = value.bytes if isinstance(value, uuid.UUID) else bytes(value)
            return 6, (len(content), subtype, content)
        case ObjectId():
            return 7, value.binary
        case datetime():
            return 9, (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        case Timestamp():
            return 10, (value.time, value.inc)
        case Regex():
            return 11, (value.pattern, value.flags)
        case MaxKey():
            return 14, 0
    raise AssertionError(value)


def _number(value: float | Decimal128) -> tuple[int, Fraction]:
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    if number != number:
        return 0, Fraction()
    if number in (INFINITE, -INFINITE):
        return (3 if number > 0 else 1), Fraction()
    return 2, Fraction(number)


def in_order(sort: Sort, documents: Sequence[dict[str, Any]]) -> list[int]:
    def compare(one: dict[str, Any], other: dict[str, Any]) -> int:
        for name, descending in [*sort.parts, ("_id", sort.key_descends)]:
            left, right = rank(one.get(name)), rank(other.get(name))
            if left != right:
                return -1 if (left < right) is not descending else 1
        return 0

    return [each["number"] for each in sorted(documents, key=cmp_to_key(compare))]


@pytest.fixture(scope="module")
async def collection(addresses: Addresses) -> AsyncIterator[Collection[dict[str, Any]]]:
    client: MongoClient[dict[str, Any]] = MongoClient(
        addresses.mongo, uuidRepresentation="standard"
    )
    yield client[addresses.mongo_database]["paging"]
    client[addresses.mongo_database]["paging"].drop()
    client.close()


@pytest.fixture(scope="module")
async def clients(addresses: Addresses) -> AsyncIterator[dict[Any, GraphClient]]:
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    made = {each: GraphClient(graph_over(DOCUMENTS, each), [source]) for each in FIELDS}
    async with made[str]:
        yield made


async def hold(
    collection: Collection[dict[str, Any]],
    client: GraphClient,
    rows: Sequence[tuple[Any, Any, Any]],
    sort: Sort,
    size: int,
) -> None:
    documents = [
        {
            "_id": key,
            "number": number,
            **({} if other is None else {"other": other}),
            **({} if value is MISSING else {"it": value}),
        }
        for number, (key, value, other) in enumerate(rows)
    ]
    collection.delete_many({})
    if documents:
        collection.insert_many(documents)

    with quiet():
        await check(client, sort, size, in_order(sort, documents))


def rows_of(keys: st.SearchStrategy[Any], values: st.SearchStrategy[Any]) -> Any:
    nothing = st.just(None) | st.just(MISSING)
    return st.lists(
        st.tuples(keys, nothing | values, OTHERS),
        max_size=MOST_ROWS,
        unique_by=lambda row: rank(row[0]),
    )


@CELLS
@given(data=st.data(), annotation=st.sampled_from([*FIELDS]), sort=SORTS, size=SIZES)
async def test_the_pages_are_the_list(
    collection: Collection[dict[str, Any]],
    clients: dict[Any, GraphClient],
    data: st.DataObject,
    annotation: Any,
    sort: Sort,
    size: int,
) -> None:
    rows = data.draw(rows_of(IDS | INTS, FIELDS[annotation]))

    await hold(collection, clients[annotation], rows, sort, size)


@CELLS
@given(rows=rows_of(KEYS, ANY), sort=SORTS, size=SIZES)
async def test_the_pages_of_mixed_types_are_the_list(
    collection: Collection[dict[str, Any]],
    clients: dict[Any, GraphClient],
    rows: list[tuple[Any, Any, Any]],
    sort: Sort,
    size: int,
) -> None:
    await hold(collection, clients[str], rows, sort, size)
