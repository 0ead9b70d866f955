"""A page of a service's objects and their count are one request, wherever the page stands."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from aiohttp import web

from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from resolvers import Connection, Graph, Node, column, connection
from tests.bad_servers import answering

SHELVES = [{"id": id, "name": f"shelf {id}"} for id in range(1, 4)]
BOOKS = [{"id": id, "shelf_id": id % 3 + 1, "pages": 100 * (id % 4)} for id in range(1, 25)]


@strawberry.type(description="A shelf.")
class Shelf(Node):
    resource = RestResource(source="library", name="shelves", key_type=int, all="/shelves")
    name: str = column("The name.", sortable=True)
    books: Connection[Book] | None = connection("What stands on it.", by="shelf_id")
    leaflets: Connection[Leaflet] | None = connection("What lies on it.", by="shelf_id")


@strawberry.type(description="A book.")
class Book(Node):
    resource = RestResource(
        source="library",
        name="books",
        key_type=int,
        by={"shelf_id": Batch("/books", "shelf_id")},
        all="/books",
    )
    pages: int = column("How long it is.", filterable=True, sortable=True)


@strawberry.type(description="A leaflet.")
class Leaflet(Node):
    resource = RestResource(
        source="library",
        name="leaflets",
        key_type=int,
        by={"shelf_id": Single("/shelves/{key}/leaflets")},
    )
    pages: int = column("How long it is.", filterable=True, sortable=True)


@strawberry.type
class Query:
    shelves: Connection[Shelf] | None = connection("All shelves.", order_by="name")
    books: Connection[Book] | None = connection("All books.")


GRAPH = Graph(Query)


async def library(request: web.BaseRequest) -> web.StreamResponse:
    rows: list[Any]
    match request.path.strip("/").split("/"):
        case ["shelves", shelf, "leaflets"]:
            rows = [book for book in BOOKS if book["shelf_id"] == int(shelf)]
        case ["shelves"]:
            rows = SHELVES
        case _:
            wanted = [int(each) for each in request.query.getall("shelf_id", [])]
            rows = [book for book in BOOKS if not wanted or book["shelf_id"] in wanted]
    return web.json_response({"items": rows})


ARGUMENTS = {
    "all": "",
    "some": "first: 2",
    "filtered": "first: 2, where: {pages: {gt: 100}}",
    "ordered": "last: 2, orderBy: [{field: PAGES, direction: DESC}]",
    "both": "first: 1, where: {pages: {lt: 300}}, orderBy: [{field: PAGES}]",
}

SELECTED = "totalCount nodes { pages } edges { cursor } pageInfo { hasNextPage hasPreviousPage }"


def counted(arguments: str, shelf: int | None = None) -> tuple[int, int]:
    """How many books there are, and how many are on the page."""
    pages = [book["pages"] for book in BOOKS if shelf is None or book["shelf_id"] == shelf]
    if "gt: 100" in arguments:
        pages = [each for each in pages if each > 100]
    if "lt: 300" in arguments:
        pages = [each for each in pages if each < 300]
    size = 20 if not arguments else 1 if "first: 1," in arguments else 2
    return len(pages), min(size, len(pages))


@pytest.mark.parametrize("engine", ["breadth", "graphql-core"])
@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("place", ["root", "batch", "single"])
async def test_a_page_with_its_count_asks_for_each_url_once(
    place: str, arguments: str, engine: str
) -> None:
    given = ARGUMENTS[arguments]
    field = f"books{f'({given})' if given else ''} {{ {SELECTED} }}"
    if place == "single":
        field = field.replace("books", "leaflets")
    within = f"shelves {{ totalCount nodes {{ {field} }} }}"
    query = f"{{ {field if place == 'root' else within} }}"
    async with answering(library) as service:
        source = RestSource("library", service.url)
        settings = Settings.of(engine=engine, environment="development")
        async with GraphClient(GRAPH, [source], settings=settings) as client:
            answer = await client.execute(query)

    assert answer.errors == []
    asked: dict[str, list[str]] = {
        "root": ["/books"],
        "batch": ["/shelves", "/books?shelf_id=1&shelf_id=2&shelf_id=3"],
        "single": ["/shelves", *(f"/shelves/{id}/leaflets" for id in (1, 2, 3))],
    }
    assert sorted(service.paths) == sorted(asked[place])
    pages: list[Any]
    shelves: list[int | None]
    if place == "root":
        pages, shelves = [answer.data["books"]], [None]
    else:
        nodes = answer.data["shelves"]["nodes"]
        pages, shelves = [next(iter(node.values())) for node in nodes], [1, 2, 3]
        assert answer.data["shelves"]["totalCount"] == 3
    assert [(page["totalCount"], len(page["nodes"])) for page in pages] == [
        counted(given, shelf) for shelf in shelves
    ]
