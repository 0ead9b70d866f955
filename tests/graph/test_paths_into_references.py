"""A path leads into a reference (DBRef) as into any other document of MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from bson import DBRef, ObjectId
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.mongo import MongoCollection, MongoSource
from loaders.paths import spread, value_at
from resolvers import column, connection
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type, plain_type

NAME = "paths_references"
KEY = ObjectId("a" * 24)

REFERENCE = DBRef("users", KEY, "crm", name="Ada", of={"city": "Ghent"}, tags=[{"no": 1}])

VALUES: dict[str, Any] = {
    "author.name": "Ada",
    "author.of.city": "Ghent",
    "author.tags.no": [1],
    "author.$id": KEY,
    "author.$ref": "users",
    "author.$db": "crm",
    "author.other": None,
    "author.name.first": None,
    "authors.name": ["Ada", "Eve"],
    "authors.of.city": ["Ghent"],
    "authors.$id": [KEY, 5],
}


@pytest.mark.parametrize("path", VALUES)
def test_what_stands_in_a_reference(path: str) -> None:
    row = {"author": REFERENCE, "authors": [REFERENCE, DBRef("users", 5, name="Eve"), 5, None]}

    assert value_at(row, path) == VALUES[path]
    spread([row], [path])
    assert row[path] == VALUES[path]


@pytest.fixture
async def mongo(addresses: Addresses) -> AsyncIterator[MongoSource]:
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    with MongoClient[Any](addresses.mongo) as client:
        collection = client[addresses.mongo_database][NAME]
        collection.drop()
        collection.insert_many(
            [
                {"_id": 1, "author": REFERENCE, "authors": [REFERENCE]},
                {"_id": 2, "author": {"name": "Bo"}, "authors": [{"name": "Cy"}, REFERENCE]},
                {"_id": 3},
            ]
        )
        await source.open()
        yield source
        await source.close()
        collection.drop()


async def test_it_is_shown_beside_the_whole(mongo: MongoSource) -> None:
    author = plain_type("Author", name=(str | None, column("It.")))
    book = node_type(
        "Book",
        MongoCollection(source="catalog", name=NAME, key_type=int),
        author=(author | None, column("Who.")),
        authors=(list_of(author) | None, column("All of them.")),
        name=(str | None, column("Whose.", name="author.name")),
        city=(str | None, column("Where.", name="author.of.city")),
        names=(list_of(str) | None, column("Whose.", name="authors.name")),
    )
    graph = graph_of(books=(connection_of(book) | None, connection("All.", order_by="_id")))

    response = await GraphClient(graph, [mongo]).execute(
        "{ books { nodes { name city names author { name } authors { name } } } }"
    )

    ada, cy = {"name": "Ada"}, {"name": "Cy"}
    assert response.errors == []
    assert response.data["books"]["nodes"] == [
        {"name": "Ada", "city": "Ghent", "names": ["Ada"], "author": ada, "authors": [ada]},
        {"name": "Bo", "city": None, "names": ["Cy", "Ada"], "author": {"name": "Bo"},
         "authors": [cy, ada]},
        {"name": None, "city": None, "names": None, "author": None, "authors": None},
    ]  # fmt: skip
