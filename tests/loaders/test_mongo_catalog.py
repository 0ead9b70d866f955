"""What MongoDB says of a collection: its indexes and its validator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from demo.stack import Addresses
from loaders.descriptions import Description, Family, IndexColumn
from loaders.mongo import MongoCollection, MongoSource
from loaders.mongo_catalog import NO_VALIDATOR, described

NAME = "Of others"


@pytest.fixture(scope="module")
def database(addresses: Addresses) -> Iterator[Database[Any]]:
    with MongoClient[Any](addresses.mongo) as client:
        database = client[addresses.mongo_database]
        database.drop_collection(NAME)
        yield database
        database.drop_collection(NAME)


@pytest.fixture(scope="module")
async def source(addresses: Addresses) -> AsyncIterator[MongoSource]:
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    await source.open()
    try:
        yield source
    finally:
        await source.close()


async def told(source: MongoSource, name: str = NAME) -> Description:
    return await source.describe(MongoCollection(source="catalog", name=name))


@pytest.fixture
def collection(database: Database[Any]) -> Iterator[Any]:
    """A collection, anew for each test."""
    yield database[NAME]
    database.drop_collection(NAME)


async def test_without_a_validator_its_fields_are_unknown(
    source: MongoSource, collection: Any
) -> None:
    collection.insert_one({"_id": 1, "name": "a"})

    found = await told(source)

    assert (found.kind, found.columns, found.unknown) == ("collection", None, (NO_VALIDATOR,))
    assert found.unique == frozenset({frozenset({"_id"})})


async def test_indexes_are_told_apart(source: MongoSource, collection: Any) -> None:
    collection.insert_one({"_id": 1})
    collection.create_index([("a", 1), ("b", -1)])
    collection.create_index("sku", unique=True)
    collection.create_index("some", partialFilterExpression={"a": {"$gt": 1}}, unique=True)
    collection.create_index("sparse", sparse=True, unique=True)
    collection.create_index("blind", collation={"locale": "en", "strength": 2}, unique=True)

    found = await told(source)

    indexes = {index.name: index for index in found.indexes or ()}
    assert indexes["a_1_b_-1"].columns == (IndexColumn("a"), IndexColumn("b", descending=True))
    assert {name for name, index in indexes.items() if index.is_partial} == {"some_1", "sparse_1"}
    assert indexes["blind_1"].columns == (IndexColumn(None),)
    assert found.unique == frozenset({frozenset({"_id"}), frozenset({"sku"})})
    assert not found.places_nulls


SCHEMA = {
    "bsonType": "object",
    "required": ["a", "c", "texts", "either"],
    "properties": {
        "a": {"bsonType": "int"},
        "b": {"bsonType": "date"},
        "c": {"bsonType": ["string", "null"]},
        "texts": {"bsonType": "array", "items": {"bsonType": "string"}},
        "either": {"bsonType": ["int", "string"]},
        "status": {"enum": ["open", "paid"]},
        "number": {"type": "number"},
    },
}


async def test_a_validator_tells_of_fields(
    source: MongoSource, database: Database[Any], collection: Any
) -> None:
    database.create_collection(NAME, validator={"$jsonSchema": SCHEMA})

    found = await told(source)

    columns = {
        name: (each.type, each.family, each.is_list, each.nullable)
        for name, each in (found.columns or {}).items()
    }
    assert columns == {
        "_id": ("anything", None, False, False),
        "a": ("int", Family.INTEGER, False, False),
        "b": ("date", Family.DATETIME, False, True),
        "c": ("string or null", Family.TEXT, False, True),
        "texts": ("array", Family.TEXT, True, False),
        "either": ("int or string", None, False, False),
        "status": ("enum", Family.TEXT, False, True),
        "number": ("number", None, False, True),
    }
    assert (found.columns or {})["status"].labels == ("open", "paid")
    assert found.is_open
    assert found.unknown == ()


async def test_a_validator_tells_of_paths(
    source: MongoSource, database: Database[Any], collection: Any
) -> None:
    inner = {"bsonType": "object", "required": ["x"], "properties": {
        "x": {"bsonType": "int"}, "y": {"bsonType": "string"},
    }}  # fmt: skip
    properties = {
        "there": {**inner, "properties": {**inner["properties"], "in": inner}},  # type: ignore[dict-item]
        "perhaps": inner,
        "several": {"bsonType": "array", "items": inner},
    }
    schema = {"required": ["there", "several"], "properties": properties}
    database.create_collection(NAME, validator={"$jsonSchema": schema})

    found = await told(source)

    columns = {
        name: (each.family, each.is_list, each.nullable)
        for name, each in (found.columns or {}).items()
        if "." in name
    }
    assert columns == {
        "there.x": (Family.INTEGER, False, False),
        "there.y": (Family.TEXT, False, True),
        "there.in": (Family.DOCUMENT, False, True),
        "there.in.x": (Family.INTEGER, False, True),
        "there.in.y": (Family.TEXT, False, True),
        "perhaps.x": (Family.INTEGER, False, True),
        "perhaps.y": (Family.TEXT, False, True),
        "several.x": (Family.INTEGER, True, None),
        "several.y": (Family.TEXT, True, None),
    }


async def test_a_closed_validator_closes_the_collection(
    source: MongoSource, database: Database[Any], collection: Any
) -> None:
    closed = {**SCHEMA, "additionalProperties": False}
    database.create_collection(NAME, validator={"$jsonSchema": closed})

    assert not (await told(source)).is_open


@pytest.mark.parametrize(
    "option", [{"validationAction": "warn"}, {"validationLevel": "moderate"}], ids=str
)
async def test_a_validator_that_lets_others_in_tells_nothing(option: dict[str, str]) -> None:
    # As MongoDB answers: the demo's server knows no such option.
    async def run(command: dict[str, Any]) -> dict[str, Any]:
        options = {"validator": {"$jsonSchema": SCHEMA}, **option}
        collections = [{"name": NAME, "type": "collection", "options": options}]
        batch = collections if "listCollections" in command else []
        return {"cursor": {"id": 0, "firstBatch": batch}}

    assert (await described(run, NAME)).columns is None


async def test_of_a_view_nothing_is_told(
    source: MongoSource, database: Database[Any], collection: Any
) -> None:
    database.create_collection(NAME, viewOn="products", pipeline=[])

    found = await told(source)

    assert (found.kind, found.columns, found.unique, found.indexes) == ("view", None, None, None)
    assert found.unknown[0].startswith("it is a view, so")


async def test_of_a_collection_that_is_not_there_the_others_are_told(source: MongoSource) -> None:
    found = await told(source, "prodcts")

    assert found.kind is None
    assert {"products", "categories", "reviews"} <= set(found.others)
