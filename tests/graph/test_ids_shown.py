"""An id that is shown can be asked for, whatever a source has as a key: else it is an error of its
own place."""

from __future__ import annotations

import base64
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from bson import Decimal128, Int64, ObjectId
from pymongo import MongoClient
from yarl import URL

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.json import write
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from resolvers import Graph, Node, column, connection, node
from tests.bad_servers import answering
from tests.resolvers.declaring import connection_of, graph_of, node_type

NAME = "shown_ids"
UPPER = "ABCDEF01-2345-6789-ABCD-EF0123456789"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

TYPES: list[type] = [int, str, float, Decimal, uuid.UUID, ObjectId, date, datetime, bytes, bool]
"""What keys may be declared as."""

IN_MONGO: dict[str, Any] = {
    "int": 5, "long": Int64(2**40), "double": 1.0, "fraction": 1.5, "decimal": Decimal128("2.50"),
    "exponent": Decimal128("1E+3"), "text": "a:b/é", "digits": "12", "zero": "012", "empty": "",
    "UUID": uuid.UUID(UPPER), "its text": UPPER.lower(), "upper": UPPER,
    "ObjectId": ObjectId("a" * 24), "hexadecimal": "a" * 24, "moment": NOON, "day": "2026-01-01",
    "bytes": b"\x00\xff", "true": True, "document": {"a": 1},
}  # fmt: skip
IN_JSON: dict[str, Any] = {
    "int": 5, "large": 2**64, "whole": 5.0, "fraction": 1.5, "text": "a:b/é", "digits": "12",
    "zero": "012", "amount": "2.50", "exponent": "1E+3", "no number": "NaN", "empty": "",
    "lower": UPPER.lower(), "upper": UPPER, "hexadecimal": "a" * 24, "day": "2026-01-01",
    "moment": "2026-01-01T13:00:00+01:00", "fine": "2026-01-01T12:00:00.1234567Z",
    "local": "2026-01-01T12:00:00", "Base64": "AP8=", "true": True, "object": {"a": 1}, "list": [1],
}  # fmt: skip
IN_MEMORY: dict[str, Any] = {
    **{name: each for name, each in IN_MONGO.items() if not isinstance(each, (dict, Decimal128))},
    "large": 2**64, "Decimal": Decimal("2.50"), "day": date(2026, 1, 1),
}  # fmt: skip


def graph_over(resource: Resource) -> Graph:
    thing = node_type("Thing", resource, it=(int, column("It.")))
    return graph_of(
        things=(connection_of(thing) | None, connection("All.")), node=(Node | None, node("It."))
    )


async def check(client: GraphClient, source: str) -> bool:
    """Whether the one row's id is shown. Then it is found by it, in that form."""
    shown = await client.execute("{ things { nodes { id } } }")
    if shown.errors:
        assert shown.data == {"things": None}
        assert [error["path"] for error in shown.errors] == [["things", "nodes", 0, "id"]]
        assert [error["extensions"] for error in shown.errors] == [
            {"code": "UPSTREAM_BAD_RESPONSE", "source": source}
        ]
        return False
    [row] = shown.data["things"]["nodes"]
    query = "query ($id: ID!) { node(id: $id) { id ... on Thing { it } } }"
    again = await client.execute(query, {"id": row["id"]})
    assert again.errors == [], base64.b64decode(row["id"])
    assert again.data == {"node": {"id": row["id"], "it": 1}}, base64.b64decode(row["id"])
    return True


SHOWN_IN_MONGO = {
    int: {"int", "long", "double", "exponent", "digits"},
    str: {"int", "long", "double", "text", "digits", "zero", "empty", "UUID", "its text", "upper",
          "ObjectId", "hexadecimal", "day", "exponent"},
    float: {"int", "long", "double", "fraction", "exponent", "digits"},
    Decimal: {"int", "long", "double", "decimal", "exponent", "digits"},
    uuid.UUID: {"UUID", "its text"},
    ObjectId: {"ObjectId", "hexadecimal"},
    date: {"day"},
    datetime: {"moment"},
    bytes: {"bytes"},
    bool: {"true"},
}  # fmt: skip


@pytest.fixture
async def mongo(addresses: Addresses) -> AsyncIterator[MongoSource]:
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    await source.open()
    yield source
    await source.close()


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
async def test_of_mongodb(addresses: Addresses, mongo: MongoSource, type_: type) -> None:
    shown: set[str] = set()
    with MongoClient[Any](addresses.mongo, uuidRepresentation="standard") as client:
        database = client[addresses.mongo_database]
        for number, (case, key) in enumerate(IN_MONGO.items()):
            name = f"{NAME}_{type_.__name__}_{number}"
            database[name].drop()
            database[name].insert_one({"_id": key, "it": 1})
            resource = MongoCollection(source="catalog", name=name, key_type=type_)
            if await check(GraphClient(graph_over(resource), [mongo]), "catalog"):
                shown.add(case)
            database[name].drop()

    assert shown == SHOWN_IN_MONGO[type_]


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
async def test_of_rows_in_memory(type_: type) -> None:
    for key in IN_MEMORY.values():
        resource = MemoryTable(source="rows", name="rows", key_type=type_)
        source = MemorySource("rows", {"rows": [{"id": key, "it": 1}]})
        await check(GraphClient(graph_over(resource), [source]), "rows")


@asynccontextmanager
async def serving(key: Any, type_: type, *, batch: bool) -> AsyncIterator[GraphClient]:
    """A client over a service with one thing, which it has whatever it is asked by."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        thing = {"id": key, "it": 1}
        one = URL(request.raw_path, encoded=True).path.startswith("/one")
        body = write(thing if one else {"items": [thing]})
        return web.Response(body=body, content_type="application/json")

    route = Batch("/t", "id") if batch else Single("/one?id={key}")
    resource = RestResource(source="told", name="t", key_type=type_, all="/t", by={"id": route})
    async with (
        answering(answer) as service,
        GraphClient(graph_over(resource), [RestSource("told", service.url)]) as client,
    ):
        yield client


NUMBERS = {"int", "large", "whole", "fraction"}
DIGITS = {"digits", "zero"}

SHOWN_IN_JSON = {
    int: {"int", "whole"},
    str: IN_JSON.keys() - NUMBERS - {"true", "object", "list"},
    float: {"int", "whole", "fraction"},
    Decimal: {"int", "large", "whole", "digits", "zero", "amount", "exponent"},
    uuid.UUID: {"lower", "upper"},
    date: {"day"},
    datetime: {"moment", "local"},
    bytes: {"Base64", "hexadecimal", "empty", "exponent"},
}  # fmt: skip


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("type_", SHOWN_IN_JSON, ids=lambda type_: type_.__name__)
async def test_of_a_service(type_: type, batch: bool) -> None:
    for case in SHOWN_IN_JSON[type_]:
        async with serving(IN_JSON[case], type_, batch=batch) as client:
            assert await check(client, "told"), case
    if type_ is not str:
        for case in IN_JSON.keys() - SHOWN_IN_JSON[type_] - {"digits"}:
            async with serving(IN_JSON[case], type_, batch=batch) as client:
                assert not await check(client, "told"), case
