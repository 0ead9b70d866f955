"""Objects that a list of the operation has had are not fetched again by their ids."""

from __future__ import annotations

import pytest
import strawberry
from aiohttp import web

from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from resolvers import Connection, Graph, Node, column, connection, many, one
from tests.bad_servers import answering

USERS = [{"id": id, "name": f"user {id}"} for id in range(1, 6)]
REVIEWS = [{"id": id, "author_id": id % 5 + 1} for id in range(1, 11)]


@strawberry.type(description="Somebody.")
class User(Node):
    resource = RestResource(
        source="people", name="users", key_type=int, by={"id": Batch("/users", "id")}, all="/users"
    )
    name: str = column("The name.")
    reviews: list[Review] | None = many("What they wrote.", by="author_id")


@strawberry.type(description="A review.")
class Review(Node):
    resource = RestResource(
        source="people",
        name="reviews",
        key_type=int,
        by={"author_id": Batch("/reviews", "author_id")},
    )
    author: User | None = one("Who wrote it.", by="author_id")


@strawberry.type
class Query:
    users: Connection[User] | None = connection("Everybody.")


GRAPH = Graph(Query)


async def service(request: web.BaseRequest) -> web.StreamResponse:
    name = request.path.strip("/")
    rows = USERS if name == "users" else REVIEWS
    wanted = {(column, int(value)) for column, value in request.query.items()}
    found = [row for row in rows if not wanted or wanted & set(row.items())]
    return web.json_response({"items": found})


@pytest.mark.parametrize("engine", ["breadth", "graphql-core"])
async def test_the_authors_of_a_users_reviews_are_the_users_of_the_list(engine: str) -> None:
    async with answering(service) as people:
        source = RestSource("people", people.url)
        settings = Settings.of(engine=engine, environment="development")
        async with GraphClient(GRAPH, [source], settings=settings) as client:
            answer = await client.execute(
                "{ users { totalCount nodes { name reviews { id author { name } } } } }"
            )

    assert answer.errors == []
    users = answer.data["users"]
    assert users["totalCount"] == 5
    for user in users["nodes"]:
        assert [review["author"]["name"] for review in user["reviews"]] == [user["name"]] * 2
    # The list, with its count, and the reviews of all; nobody by id.
    assert [path.partition("?")[0] for path in people.paths] == ["/users", "/reviews"]
    assert people.paths[0] == "/users"
