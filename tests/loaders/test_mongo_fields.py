"""Of which types MongoDB's fields are, as far as documents tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from bson import Decimal128, Int64, ObjectId, Regex
from pymongo import MongoClient

from demo.stack import Addresses
from loaders import mongo_fields
from loaders.mongo import MongoSource
from loaders.mongo_fields import KINDS, Fields
from loaders.mongo_keys import are_usual, read

NAME = "of_types"
DAY = datetime(2026, 1, 1, tzinfo=UTC)
OBJECT = ObjectId("00000000000000000000000a")
EACH = sorted(set(KINDS.values()))


class Looking:
    """Fields of a collection, of which it is counted how often they are looked at."""

    def __init__(self, addresses: Addresses) -> None:
        self.client = MongoClient[Any](addresses.mongo, uuidRepresentation="standard")
        self.collection = self.client[addresses.mongo_database][NAME]
        self.source = MongoSource("mongo", addresses.mongo, database=addresses.mongo_database)
        self.looks = 0
        self.fields = Fields(self.aggregate)

    async def aggregate(self, name: str, pipeline: Any) -> Any:
        self.looks += 1
        return await self.source._sampled(name, pipeline)

    def put(self, *values: object) -> None:
        self.collection.drop()
        if values:
            self.collection.insert_many([{"a": value} for value in values])

    async def unlike(self, *kinds: str, field: str = "a") -> str | None:
        return await self.fields.unlike(NAME, field, frozenset(kinds))


@pytest.fixture
async def looking(addresses: Addresses) -> AsyncIterator[Looking]:
    looking = Looking(addresses)
    await looking.source.open()
    yield looking
    looking.put()
    looking.client.close()
    await looking.source.close()


@pytest.mark.parametrize("is_indexed", [False, True], ids=["", "indexed"])
@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ([1, 2], ["a number"]),
        ([Int64(1)], ["a number"]),
        ([1.5], ["a number"]),
        ([Decimal128("1.5")], ["a number"]),
        ([1, Int64(2**40), 2.5, Decimal128("3")], ["a number"]),
        (["1"], ["a text"]),
        ([UUID(int=1)], ["bytes"]),
        ([b"1"], ["bytes"]),
        ([OBJECT], ["an ObjectId"]),
        ([True], ["a boolean"]),
        ([DAY], ["a date"]),
        ([Regex("a")], []),
        ([None] * 1_000 + ["x"], ["a text"]),
        ([1] * 1_000 + ["x"], ["a text", "a number"]),
        ([["x", 1], [True]], ["a text", "a number", "a boolean"]),
        ([None], EACH),
        ([], EACH),
    ],
)
async def test_a_key_can_be_what_any_value_is(
    looking: Looking, values: Sequence[Any], kinds: list[str], is_indexed: bool
) -> None:
    looking.put(*values)
    if is_indexed:
        looking.collection.create_index("a")

    assert [each for each in EACH if await looking.unlike(each) is None] == sorted(kinds)


async def test_values_at_a_path_have_types_too(looking: Looking) -> None:
    looking.put({"b": 1}, [{"b": "x"}, {"b": True}])

    assert await looking.unlike("a text", field="a.b") is None
    assert await looking.unlike("a boolean", field="a.b") is None
    assert await looking.unlike("a date", field="a.b") == "a boolean or a number or a text"


async def test_what_they_told_holds_for_a_while(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking.put(1)
    for _ in range(3):
        assert await looking.unlike("a text") == "a number"
    assert looking.looks == 2

    monkeypatch.setattr(mongo_fields, "KNOWN_FOR", -1.0)
    looking.fields = Fields(looking.aggregate)
    assert await looking.unlike("a text") == "a number"
    looking.put("1")

    assert await looking.unlike("a text") is None


async def test_nothing_holds_of_what_is_not_there_yet(looking: Looking) -> None:
    looking.put()
    assert await looking.unlike("a text") is None
    looking.put(1)

    assert await looking.unlike("a text") == "a number"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([1, Int64(2), "a", UUID(int=1), OBJECT], True),
        ([2**53 + 1, Int64(-(2**60) - 1)], True),
        ([1, 2**60], False),
        ([2**64], False),
        ([1, 1.0], False),
        ([1, True], False),
        ([DAY], False),
    ],
)
def test_usual_keys_are_asked_as_they_are(keys: list[Any], expected: bool) -> None:
    assert are_usual([(key,) for key in keys]) is expected
    assert are_usual([("a", key) for key in keys]) is expected


@pytest.mark.parametrize(
    ("key", "others"),
    [
        (12, ["12"]),
        (Int64(12), ["12"]),
        (12.0, ["12"]),
        (12.5, []),
        (True, []),
        (DAY, []),
        (UUID(int=10), [str(UUID(int=10))]),
        (OBJECT, [str(OBJECT)]),
        ("12", [12]),
        ("-12", [-12]),
        ("012", []),
        ("1" * 24, [ObjectId("1" * 24), int("1" * 24)]),
        ("0" * 24, [ObjectId("0" * 24)]),
        (str(OBJECT), [OBJECT]),
        (str(OBJECT).upper(), []),
        (str(UUID(int=10)), [UUID(int=10)]),
        ("x" * 36, []),
        ("x" * 24, []),
        ("a", []),
        ("", []),
    ],
)
def test_a_key_has_a_reading_in_each_type(key: Any, others: list[Any]) -> None:
    assert [each for (each,) in read((key,))] == [key, *others]
    assert read((key, "a")) == [(each, "a") for each in (key, *others)]
