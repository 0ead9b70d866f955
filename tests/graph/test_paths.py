"""Columns whose names are paths into documents, by every road, in every kind of source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from typing import Any

import pytest
import strawberry
from aiohttp import web
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.paths import spread, value_at
from loaders.query import Function
from loaders.resource import Resource, Row
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from loaders.sources import Source
from loaders.sql.postgres import PostgresTable
from resolvers import Graph, aggregate, column, computed, connection, lookup, many, one
from tests.bad_servers import answering
from tests.resolvers.declaring import (
    collection,
    connection_of,
    faults_of,
    list_of,
    node_type,
    plain_type,
    service,
    table,
)

NAME = "paths_books"


def book(
    id: int, city: str | None = None, studio: int | None = None, skus: str = "", **more: Any
) -> dict[str, Any]:
    author = {"name": f"A{id}", "address": {"city": city}, "age": 30 + id}
    lines = [{"sku": sku, "parts": [{"no": id}]} for sku in skus]
    return {"id": id, "author": author, "studio": {"id": studio}, "lines": lines, **more}


BOOKS = [
    book(1, "Ghent", 1, "ab"),
    book(2, "Ghent", 2, "b"),
    book(3, "Bruges", 1, "bb"),
    book(4, None, 1),
    {"id": 5, "author": None, "lines": [{"other": 1}, 5, None]},
    {"id": 6, "author": "nobody", "studio": 0, "lines": {"sku": "a"}},
    book(7, "Aalst", 3, "a"),
]
STUDIOS = [
    {"id": 1, "code": "a", "in": {"code": "x1"}},
    {"id": 2, "code": "b", "in": {"code": "x2"}},
]

CITIES = {1: "Ghent", 2: "Ghent", 3: "Bruges", 7: "Aalst"}
BY_CITY = [4, 5, 6, 7, 3, 1, 2]
OF_STUDIO = [[1, 3, 4], [2]]
OF_SKU = {"a": [1, 6, 7], "b": [1, 2, 3]}

SOURCES = ("mongo", "memory", "rest")


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    rows = BOOKS if request.path.startswith("/books") else STUDIOS
    wanted = [(name, value) for name, value in request.query.items()]
    if not wanted:
        return web.json_response({"items": rows})

    def has(row: Any, path: str, value: str) -> bool:
        for step in path.split("."):
            row = row.get(step) if isinstance(row, dict) else None
        return str(row) == value

    found = [row for row in rows if any(has(row, *each) for each in wanted)]
    return web.json_response({"items": found})


@pytest.fixture(scope="module")
async def sources(addresses: Addresses) -> AsyncIterator[Sequence[Source]]:
    mongo: MongoClient[Any] = MongoClient(addresses.mongo)
    database = mongo[addresses.mongo_database]
    rows = {NAME: BOOKS, f"{NAME}_studios": STUDIOS}
    for name, each in rows.items():
        database[name].drop()
        database[name].insert_many(deepcopy(each))
    async with answering(answer) as service:
        sources: Sequence[Source] = (
            MongoSource("mongo", addresses.mongo, database=addresses.mongo_database),
            MemorySource("memory", rows),
            RestSource("rest", service.url),
        )
        for source in sources:
            await source.open()
        yield sources
        for source in sources:
            await source.close()
    for name in rows:
        database[name].drop()
    mongo.close()


def resource(source: str, name: str) -> Resource:
    match source:
        case "mongo":
            return MongoCollection(source=source, name=name, key="id", key_type=int)
        case "memory":
            return MemoryTable(source=source, name=name)
        case _:
            path = "/studios" if name.endswith("studios") else "/books"
            by = {each: Batch(path, each) for each in ("id", "in.code", "code")}
            if path == "/books":
                by = {each: Batch(path, each) for each in ("id", "studio.id", "author.name")}
            return RestResource(source=source, name=name, key_type=int, by=by, all=path)


def shouted(row: strawberry.Parent[Row]) -> str | None:
    city: str | None = row["author.address.city"]
    return city and city.upper()


@strawberry.type(description="Where someone lives.")
class Address:
    city: str | None = strawberry.field(description="The city.")


def graph_of(source: str) -> Graph:
    books, studios = resource(source, NAME), resource(source, f"{NAME}_studios")
    title = node_type("Title", books, number=(int, column("Its number.", name="id")))
    fields: dict[str, Any] = {
        "code": (str, column("Its code.")),
        "inner": (str | None, column("Another code.", name="in.code")),
        "books": (list_of(title), many("All.", by="studio.id", order_by="id")),
        "page": (connection_of(title), connection("Pages.", by="studio.id", order_by="id")),
        "count": (int, aggregate("How many.", of=books, by="studio.id", function=Function.COUNT)),
        "ages": (
            int | None,
            aggregate(
                "Together.", of=books, by="studio.id", function=Function.SUM, column="author.age"
            ),
        ),
    }
    studio = node_type("Studio", studios, **fields)
    book = node_type(
        "Book",
        books,
        number=(int, column("Its number.", name="id")),
        city=(
            str | None,
            column("The city.", name="author.address.city", filterable=True, sortable=True),
        ),
        address=(Address | None, column("The document.", name="author.address")),
        author=(str | None, column("Its author.", name="author.name")),
        shouted=(str | None, computed("Loud.", shouted, needs=["author.address.city"])),
        skus=(list_of(str | None) | None, column("All of them.", name="lines.sku")),
        parts=(list_of(int | None) | None, column("All of them.", name="lines.parts.no")),
        studio=(studio | None, one("The studio.", by="studio.id")),
    )
    return Graph(
        plain_type(
            "Query",
            books=(connection_of(book) | None, connection("All.", order_by="id")),
            by_city=(
                connection_of(book) | None,
                connection("All.", order_by="author.address.city"),
            ),
            book=(book | None, lookup("One.", by=("id", "author"))),
            studios=(connection_of(studio) | None, connection("All.", order_by="id")),
        )
    )  # fmt: skip


@pytest.fixture(params=SOURCES)
def client(request: pytest.FixtureRequest, sources: Sequence[Source]) -> GraphClient:
    return GraphClient(graph_of(request.param), sources)


async def ask(client: GraphClient, query: str, **variables: Any) -> Any:
    response = await client.execute(query, variables)
    assert not response.errors, response.errors
    return response.data


def numbers(nodes: list[Any]) -> list[int]:
    return [each["number"] for each in nodes]


async def test_columns(client: GraphClient) -> None:
    data = await ask(client, "{ books { nodes { number city author shouted } } }")

    names = {1: "A1", 2: "A2", 3: "A3", 4: "A4", 7: "A7"}
    assert data["books"]["nodes"] == [
        {
            "number": number,
            "city": CITIES.get(number),
            "author": names.get(number),
            "shouted": CITIES[number].upper() if number in CITIES else None,
        }
        for number in range(1, 8)
    ]


async def test_a_path_beside_the_document_that_it_leads_into(client: GraphClient) -> None:
    data = await ask(client, "{ books(first: 1) { nodes { city address { city } author } } }")

    assert data["books"]["nodes"] == [
        {"city": "Ghent", "address": {"city": "Ghent"}, "author": "A1"}
    ]


async def test_through_lists(client: GraphClient) -> None:
    data = await ask(client, "{ books(first: 5) { nodes { skus parts } } }")

    assert data["books"]["nodes"] == [
        {"skus": ["a", "b"], "parts": [1, 1]},
        {"skus": ["b"], "parts": [2]},
        {"skus": ["b", "b"], "parts": [3, 3]},
        {"skus": [], "parts": []},
        {"skus": [], "parts": []},
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"eq": "Ghent"}, [1, 2]),
        ({"ne": "Ghent"}, [3, 4, 5, 6, 7]),
        ({"in": ["Bruges", "Aalst"]}, [3, 7]),
        ({"startsWith": "g"}, [1, 2]),
        ({"isNull": True}, [4, 5, 6]),
        ({"isNull": False}, [1, 2, 3, 7]),
    ],
)
async def test_filters(client: GraphClient, where: Any, found: list[int]) -> None:
    data = await ask(
        client,
        "query ($where: BookFilter!) { books(where: $where) { totalCount nodes { number } } }",
        where={"city": where},
    )

    assert numbers(data["books"]["nodes"]) == found
    assert data["books"]["totalCount"] == len(found)


@pytest.mark.parametrize("root", ["byCity", "books"])
@pytest.mark.parametrize("size", [1, 2, 3])
async def test_sorts_and_cursors(client: GraphClient, root: str, size: int) -> None:
    order = "" if root == "byCity" else ", orderBy: [{field: CITY}]"
    seen: list[int] = []
    cursor, more = None, True
    while more:
        data = await ask(
            client,
            f"query ($size: Int, $cursor: String) {{ {root}(first: $size, after: $cursor{order}) {{"
            " nodes { number } pageInfo { endCursor hasNextPage } } }",
            size=size,
            cursor=cursor,
        )
        seen += numbers(data[root]["nodes"])
        cursor, more = data[root]["pageInfo"].values()

    assert seen == BY_CITY


async def test_one(client: GraphClient) -> None:
    data = await ask(client, "{ books { nodes { studio { code inner } } } }")

    studios = {1: {"code": "a", "inner": "x1"}, 2: {"code": "b", "inner": "x2"}}
    assert data["books"]["nodes"] == [
        {"studio": studios.get(of) if of else None} for of in (1, 2, 1, 1, None, None, 3)
    ]


async def test_many_connection_and_aggregates(client: GraphClient) -> None:
    data = await ask(
        client,
        "{ studios { nodes { books { number } page(first: 2) { totalCount nodes { number } }"
        " count ages } } }",
    )

    assert data["studios"]["nodes"] == [
        {
            "books": [{"number": number} for number in each],
            "page": {"totalCount": len(each), "nodes": [{"number": n} for n in each[:2]]},
            "count": len(each),
            "ages": sum(30 + number for number in each),
        }
        for each in OF_STUDIO
    ]


async def test_a_lookup(client: GraphClient) -> None:
    data = await ask(
        client, '{ book(author: "A3") { number city } none: book(author: "A5") { number } }'
    )

    assert data == {"book": {"number": 3, "city": "Bruges"}, "none": None}


@pytest.mark.parametrize("source", ["mongo", "memory"])
async def test_relations_through_lists(sources: Sequence[Source], source: str) -> None:
    books = resource(source, NAME)
    title = node_type("Title", books, number=(int, column("Its number.", name="id")))
    parts = MemoryTable(source="parts", name="parts", key_type=str)
    part = node_type(
        "Part",
        parts,
        books=(list_of(title) | None, many("All.", by="lines.sku", order_by="id")),
        page=(connection_of(title) | None, connection("Pages.", by="lines.sku", order_by="-id")),
        count=(
            int | None, aggregate("All.", of=books, by="lines.sku", function=Function.COUNT)
        ),
    )  # fmt: skip
    graph = Graph(
        plain_type("Query", parts=(connection_of(part) | None, connection("All.", order_by="id")))
    )
    rows = MemorySource("parts", {"parts": [{"id": sku} for sku in "abc"]})

    data = await ask(
        GraphClient(graph, [*sources, rows]),
        "{ parts { nodes { books { number } page(first: 1) { totalCount nodes { number } }"
        " count } } }",
    )

    assert data["parts"]["nodes"] == [
        {
            "books": [{"number": number} for number in each],
            "page": {"totalCount": len(each), "nodes": [{"number": n} for n in each[:-2:-1]]},
            "count": len(each),
        }
        for each in (OF_SKU["a"], OF_SKU["b"], [])
    ]


async def test_rows_in_memory_are_left_as_they_are(sources: Sequence[Source]) -> None:
    before = deepcopy(BOOKS)

    await ask(
        GraphClient(graph_of("memory"), sources), "{ byCity(first: 2) { nodes { city skus } } }"
    )

    assert before == BOOKS


def test_a_service_s_own_name_with_a_dot_stays_its_own() -> None:
    rows: list[dict[str, Any]] = [{"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}}]

    spread(rows, ["a.b"])

    assert [row["a.b"] for row in rows] == [1, 2] == [value_at(row, "a.b") for row in rows]


@pytest.mark.parametrize("path", ["a..b", ".a", "a.", "a.$b", "a.0.b"])
@pytest.mark.parametrize("of", [collection(), service(all="/x", by={"id": Single("/x/{key}")})])
def test_a_path_with_a_step_that_is_no_name_is_refused(of: Resource, path: str) -> None:
    product = node_type("Product", of, it=(str | None, column("It.", name=path)))
    step = next(each for each in path.split(".") if not each.isalpha())

    assert faults_of(products=(connection_of(product) | None, connection("All."))) == [
        f"Product.it: '{path}' is no path: each step is a field's name, and '{step}' is none"
    ]


def test_a_table_s_columns_may_have_any_name() -> None:
    order = node_type("Order", table(), it=(str | None, column("It.", name="a..b")))

    assert faults_of(orders=(connection_of(order) | None, connection("All."))) == []
    assert isinstance(table(), PostgresTable)
