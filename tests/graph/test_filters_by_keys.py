"""The filter by a relation's id finds the rows whose relation leads there, whichever types the two
ends are of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from bson import Int64, ObjectId

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from resolvers import column, connection, one
from tests.graph.relating import stored
from tests.resolvers.declaring import connection_of, graph_of, node_type

UUIDS = [uuid.UUID(int=number) for number in (7, 8)]
OBJECTS = [ObjectId(f"{number:024x}") for number in (7, 8)]

HELD: Mapping[str, tuple[type, list[Any], list[Any], str]] = {
    "UUIDs as texts": (uuid.UUID, UUIDS, list(map(str, UUIDS)), "text"),
    "texts as UUIDs": (str, list(map(str, UUIDS)), UUIDS, "uuid"),
    "ints as texts": (int, [7, 8], ["7", "8"], "text"),
    "texts as ints": (str, ["7", "8"], [7, 8], "integer"),
    "texts as numerics": (str, ["7", "8"], [Decimal("7.0"), Decimal(8)], "numeric(4, 1)"),
    "ints as doubles": (int, [7, 8], [7.0, 8.0], "double precision"),
    "decimals as ints": (Decimal, [Decimal(7), Decimal(8)], [7, Int64(8)], "bigint"),
    "ObjectIds as texts": (ObjectId, OBJECTS, list(map(str, OBJECTS)), "text"),
    "texts as ObjectIds": (str, list(map(str, OBJECTS)), OBJECTS, ""),
    "ints": (int, [7, 8], [7, 8], "smallint"),
    "texts": (str, ["a", "b"], ["a", "b"], "text"),
}
"""The type of two keys, the keys, how those have them that refer to them, and of which type of
PostgreSQL's that is."""

IN_JSON = ("UUIDs as texts", "ints as texts", "texts as ints", "ints", "texts")

FILTERED = """query ($one: ID!, $other: ID!) {
    eq: rows(where: {targetId: {eq: $one}}) { ...found }
    ne: rows(where: {targetId: {ne: $one}}) { ...found }
    in: rows(where: {targetId: {in: [$one, $other]}}) { ...found }
    notIn: rows(where: {targetId: {notIn: [$one]}}) { ...found }
    none: rows(where: {targetId: {in: []}}) { ...found }
    isNull: rows(where: {targetId: {isNull: true}}) { ...found }
}
fragment found on RowConnection { totalCount nodes { no } }"""


def found(*numbers: int) -> Any:
    return {"totalCount": len(numbers), "nodes": [{"no": number} for number in numbers]}


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (kind, held)
        for kind in ("mongo", "postgres", "memory", "rest")
        for held, (*_, type_) in HELD.items()
        # JSON, and some databases, have no such type.
        if (kind != "rest" or held in IN_JSON) and (kind != "postgres" or type_)
    ],
)
async def test_the_filter_finds_what_the_relation_does(
    addresses: Addresses, kind: str, held: str
) -> None:
    key_type, keys, refs, type_ = HELD[held]
    rows = [{"id": no, "no": no, "ref": ref} for no, ref in enumerate([*refs, refs[0]], 1)]
    rows += [] if kind == "rest" else [{"id": 4, "no": 4, "ref": None}]
    targets = MemoryTable(source="targets", name="targets", key_type=key_type)
    target = node_type("Target", targets, no=(int, column("Its number.")))
    held_by = MemorySource("targets", {"targets": [{"id": k, "no": n} for n, k in enumerate(keys)]})
    types = {"id": "integer", "no": "integer", "ref": type_}
    async with stored(
        kind, "rows", rows, addresses=addresses, types=types, key="id", key_type=int
    ) as (source, resource):
        row = node_type(
            "Row",
            resource,
            no=(int, column("Its number.")),
            target=(target | None, one("It.", by="ref", filterable=True)),
        )
        graph = graph_of(rows=(connection_of(row) | None, connection("All.", order_by="no")))
        client = GraphClient(graph, [source, held_by])
        shown = await client.execute("{ rows { nodes { target { id no } } } }")
        assert shown.errors == []
        targets_ = [each["target"] for each in shown.data["rows"]["nodes"]]
        assert [each and each["no"] for each in targets_[:3]] == [0, 1, 0]
        ids = {"one": targets_[0]["id"], "other": targets_[1]["id"]}

        response = await client.execute(FILTERED, ids)

    missing = [] if kind == "rest" else [4]
    assert response.errors == []
    assert response.data == {
        "eq": found(1, 3),
        "ne": found(2, *missing),
        "in": found(1, 2, 3),
        "notIn": found(2, *missing),
        "none": found(),
        "isNull": found(*missing),
    }


@pytest.mark.parametrize("kind", ["mongo", "postgres", "memory"])
async def test_own_ids_are_read_as_the_key_s_column_has_them(
    addresses: Addresses, kind: str
) -> None:
    rows = [{"id": key, "no": no} for no, key in enumerate(UUIDS)]
    types = {"id": "uuid", "no": "integer"}
    async with stored(
        kind, "rows", rows, addresses=addresses, types=types, key="id", key_type=str
    ) as (source, resource):
        row = node_type("Row", resource, no=(int, column("Its number.")))
        graph = graph_of(rows=(connection_of(row) | None, connection("All.", order_by="no")))
        client = GraphClient(graph, [source])
        shown = await client.execute("{ rows { nodes { id } } }")
        id = shown.data["rows"]["nodes"][1]["id"]

        query = "query ($id: ID!) { rows(where: {id: {eq: $id}}) { totalCount nodes { no } } }"
        response = await client.execute(query, {"id": id})

    assert response.errors == []
    assert response.data == {"rows": found(1)}
