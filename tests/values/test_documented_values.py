"""docs/values.md is so: each line of its tables, over the sources that it is about."""

from __future__ import annotations

import enum
import json
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import strawberry
from aiohttp import web
from bson import ObjectId
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.regex import Regex
from bson.timestamp import Timestamp
from graphql import GraphQLObjectType
from pymongo import MongoClient
from strawberry.scalars import JSON
from strawberry.types.base import StrawberryList

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.memory import MemorySource
from loaders.mongo import MongoCollection, MongoSource
from loaders.resource import Resource
from loaders.rest.routes import RestResource, Single
from loaders.rest.source import RestSource
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers.checks.sources.types import ORDERED, uncompared
from resolvers.columns import given_type
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.filters import has_comparisons
from resolvers.graph import Graph
from resolvers.scalars import SCALARS, URL, BigInt, LocalDateTime
from tests.bad_servers import answering
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type, plain_type
from tests.snippets import importable

PAGE = Path(__file__).parent.parent.parent / "docs" / "values.md"

PART = plain_type("Part", a=(str | None, strawberry.field(description="Its text.")))


@strawberry.enum
class Mood(enum.Enum):
    OPEN = "open"


ANNOTATIONS: dict[str, Any] = {
    "`str`": str, "`strawberry.ID`": strawberry.ID, "`bool`": bool, "`int`": int, "`float`": float,
    "`BigInt`": BigInt, "`Decimal`": Decimal, "`datetime`": datetime, "`date`": date,
    "`LocalDateTime`": LocalDateTime, "`time`": time, "`timedelta`": timedelta,
    "`uuid.UUID`": uuid.UUID, "`bytes`": bytes, "`URL`": URL, "`JSON`": JSON, "a type": PART,
    "an enum": Mood, "`list[str]`": list_of(str),
}  # fmt: skip

Line = list[str]


def lines_of(heading: str) -> list[Line]:
    """The lines of the first table behind a heading, by their cells."""
    _, _, text = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    section, _, _ = text.partition("\n## ")
    rows = re.findall(r"^\|(.*)\|$", section, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


def code(cell: str) -> str:
    return cell.removeprefix("`").removesuffix("`")


def shown(cell: str) -> Any:
    return json.loads(code(cell))


def graph_over(resource: Resource, annotation: Any, where: bool, order: bool) -> Graph:
    it = column("It.", filterable=where, sortable=order)
    return graph_of(
        all=(
            connection_of(node_type("Thing", resource, it=(annotation | None, it))) | None,
            connection("All."),
        )
    )


async def hold(client: GraphClient, graph: Graph, line: Line, where: bool, order: bool) -> None:
    """The value is shown so; it is found by what is shown, and its cursor leads past it."""
    annotation, type_, expected = line
    thing = graph._schema.type_map["Thing"]
    assert isinstance(thing, GraphQLObjectType)
    if type_.startswith("`"):
        assert str(thing.fields["it"].type) == code(type_)
    it = "it { a }" if annotation == "a type" else "it"
    response = await client.execute(f"{{ all {{ nodes {{ {it} }} }} }}")
    assert (response.data, response.errors) == ({"all": {"nodes": [{"it": shown(expected)}]}}, [])
    if where:
        given = "OPEN" if annotation == "an enum" else json.dumps(shown(expected))
        operator = "hasEvery" if annotation.startswith("`list") else "eq"
        found = await client.execute(
            f"{{ all(where: {{it: {{{operator}: {given}}}}}) {{ totalCount }} }}"
        )
        assert (found.data, found.errors) == ({"all": {"totalCount": 1}}, [])
    if order:
        sorted_by = "orderBy: [{field: IT}]"
        page = await client.execute(f"{{ all({sorted_by}) {{ pageInfo {{ endCursor }} }} }}")
        cursor = page.data["all"]["pageInfo"]["endCursor"]
        for place in ("after", "before"):
            beyond = await client.execute(
                f'{{ all({sorted_by}, {place}: "{cursor}") {{ nodes {{ id }} }} }}'
            )
            assert (beyond.data, beyond.errors) == ({"all": {"nodes": []}}, [])


def test_every_scalar_is_in_the_table() -> None:
    lines = {ANNOTATIONS[line[0]]: line for line in lines_of("Scalars")}

    assert lines.keys() == SCALARS.keys()
    for annotation, (_, name, _, operators) in lines.items():
        scalar = SCALARS[annotation]
        assert code(name) == scalar.name
        if annotation is not strawberry.ID:
            assert re.findall(r"`(\w+)`", operators) == [str(each) for each in scalar.operators]
    assert [each.name for each in SCALARS.values() if not each.operators] == ["URL", "JSON"]
    assert [each.name for each in SCALARS.values() if not each.is_sortable] == ["Base64", "JSON"]


COLUMNS = [
    (type_, line) for line in lines_of("PostgreSQL") for type_ in re.findall(r"`([^`]+)`", line[0])
    or [{"an enum": "documented.mood", "a composite": "documented.part"}[line[0]]]
]  # fmt: skip


@pytest.fixture(scope="module")
async def admin(addresses: Addresses) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(addresses.postgres)
    try:
        await connection.execute(
            "drop schema if exists documented cascade; create schema documented;"
            "create type documented.mood as enum ('open');"
            "create type documented.part as (a text, b int)"
        )
        yield connection
        await connection.execute("drop schema documented cascade")
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("type_", "line"), COLUMNS, ids=[f"{type_} as {line[1]}" for type_, line in COLUMNS]
)
async def test_a_column_of_postgresql(
    addresses: Addresses, admin: asyncpg.Connection[Any], type_: str, line: Line
) -> None:
    annotation, where, order = ANNOTATIONS[line[1]], bool(line[5]), bool(line[6])
    name = f"{type_} as {line[1]}".replace("`", "")
    await admin.execute(f'create table documented."{name}" (id bigint primary key, it {type_})')
    await admin.execute(f"insert into documented.\"{name}\" values (1, '{code(line[3])}'::{type_})")
    table = PostgresTable(source="shop", name=name, schema="documented")
    graph = graph_over(table, annotation, where, order)
    source = PostgresSource("shop", addresses.postgres, pool_size=1)

    async with GraphClient(graph, [source]) as client:
        await hold(client, graph, [line[1], line[2], line[4]], where, order)
        described = await source.describe(table)

    # What gateway check says of it is the same.
    told = (described.columns or {})["it"]
    field = next(iter(graph.declarations.nodes.values())).__strawberry_definition__.fields[1]
    shown_type = given_type(field)
    assert where is (has_comparisons(shown_type) and not uncompared(shown_type, told))
    scalar = SCALARS.get(shown_type) if not isinstance(shown_type, StrawberryList) else None
    is_sortable = annotation is Mood or (scalar is not None and scalar.is_sortable)
    assert order is (is_sortable and told.family in ORDERED and not told.is_list)


DOCUMENT_ID = ObjectId("0123456789abcdef01234567")
BSON: dict[str, Any] = {
    "String": "a", "Boolean": True, "32-bit integer": 5, "64-bit integer": Int64(2**53 + 1),
    "Double": 0.1, "Decimal128": Decimal128("0.10"),
    "Date": datetime(2026, 1, 31, 9, 30, 0, 500_000, tzinfo=UTC), "ObjectId": DOCUMENT_ID,
    "Binary": b"\x00\xff",
    "Binary of subtype 4": uuid.UUID("01234567-89ab-cdef-0123-456789abcdef"),
    "Object": {"a": "x", "b": DOCUMENT_ID}, "Array": ["a", "b"],
    "Regular expression": Regex("a", "i"), "Timestamp": Timestamp(1, 5),
}  # fmt: skip


@pytest.mark.parametrize("line", lines_of("MongoDB"), ids=lambda line: f"{line[0]} as {line[1]}")
async def test_a_type_of_mongodb(addresses: Addresses, line: Line) -> None:
    where, order = bool(line[4]), bool(line[5])
    resource = MongoCollection(source="catalog", name="documented", key="id", key_type=int)
    graph = graph_over(resource, ANNOTATIONS[line[1]], where, order)
    server: MongoClient[Any] = MongoClient(addresses.mongo, uuidRepresentation="standard")
    try:
        collection = server[addresses.mongo_database]["documented"]
        collection.drop()
        collection.insert_one({"id": 1, "it": BSON[line[0]]})
        source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
        async with GraphClient(graph, [source]) as client:
            await hold(client, graph, line[1:4], where, order)
        collection.drop()
    finally:
        server.close()


@pytest.mark.parametrize("line", lines_of("REST"), ids=lambda line: f"{line[0]} as {line[1]}")
async def test_a_value_of_a_service(line: Line) -> None:
    where = bool(line[4])
    resource = RestResource(
        source="lab", name="things", by={"id": Single("/things/{key}")}, all="/things"
    )
    graph = graph_over(resource, ANNOTATIONS[line[1]], where, False)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        text = f'{{"items": [{{"id": "1", "it": {code(line[0])}}}]}}'
        return web.Response(text=text, content_type="application/json")

    async with (
        answering(answer) as service,
        GraphClient(graph, [RestSource("lab", service.url)]) as client,
    ):
        await hold(client, graph, line[1:4], where, False)


async def test_a_scalar_of_ones_own(tmp_path: Path) -> None:
    rows = [{"id": 1, "colour": "#00ff00"}, {"id": 2, "colour": "#ff0000"}]
    with importable("docs/values.md", tmp_path):
        from acme.colours import graph  # type: ignore[import-not-found]

        client = GraphClient(graph, [MemorySource("billing", {"paints": rows})])
        response = await client.execute(
            '{ paints(where: {colour: {startsWith: "#F"}}, orderBy: [{field: COLOUR}])'
            " { nodes { colour } pageInfo { endCursor } } }"
        )
        cursor = response.data["paints"]["pageInfo"]["endCursor"]
        beyond = await client.execute(
            f'{{ paints(orderBy: [{{field: COLOUR}}], after: "{cursor}") {{ nodes {{ id }} }} }}'
        )
        refused = await client.execute('{ paints(where: {colour: {eq: "red"}}) { totalCount } }')

    assert response.data["paints"]["nodes"] == [{"colour": "#ff0000"}]
    assert beyond.data == {"paints": {"nodes": []}}
    assert refused.codes == ["GRAPHQL_VALIDATION_FAILED"]
