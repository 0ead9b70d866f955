"""``viewer``, over a source of the tests' own that says what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import pytest
import strawberry

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.identity import Identity
from loaders.sql.postgres import PostgresTable
from resolvers.fields import Node, column
from resolvers.graph import Graph
from resolvers.lookups import viewer

CALLER = Identity(subject="7", credential="test")


@strawberry.type(description="A member.")
class Member(Node):
    resource = PostgresTable(source="club", name="members")

    name: str = column("Their name.")


def graph_of(key: Callable[[Identity], Hashable | None], **access: Any) -> Graph:
    @strawberry.type(description="What can be asked.")
    class Query:
        me: Member | None = viewer("Who asks.", key=key, **access)

    return Graph(Query)


async def asked(graph: Graph, engine: str, query: str = "{ me { name } }") -> Response:
    """The response to the caller. Its source is not there: any call would be an error."""
    client = GraphClient(graph, settings=Settings.of(engine=engine))
    return await client.execute(query, identity=CALLER)


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_a_caller_without_a_key_is_nobody_and_no_source_is_asked(engine: str) -> None:
    graph = graph_of(lambda _: None)

    response = await asked(graph, engine, "{ me { name } again: me { id } }")

    assert response.errors == []
    assert response.data == {"me": None, "again": None}


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_the_key_is_what_the_function_says_of_the_identity(engine: str) -> None:
    seen: list[Identity] = []

    def key(identity: Identity) -> int:
        seen.append(identity)
        return int(identity.subject or 0)

    response = await asked(graph_of(key), engine)

    assert seen == [CALLER]
    assert [error["extensions"] for error in response.errors] == [
        {"code": "UPSTREAM_UNAVAILABLE", "source": "club"}
    ]


def fails(_: Identity) -> int:
    raise ValueError("a secret of the owner's")


@pytest.mark.parametrize("key", [lambda each: each.subject, fails], ids=["no int", "raises"])
@pytest.mark.parametrize("engine", EXECUTORS)
async def test_a_key_that_is_the_owners_mistake_is_not_the_clients(
    key: Callable[[Identity], Hashable | None], engine: str
) -> None:
    response = await asked(graph_of(key), engine)

    assert response.data == {"me": None}
    (error,) = response.errors
    assert response.codes == ["INTERNAL_SERVER_ERROR"]
    assert "secret" not in error["message"]
    assert "int" not in error["message"].split()


async def test_a_denied_viewer_is_not_even_worked_out() -> None:
    seen: list[Identity] = []
    graph = graph_of(lambda each: seen.append(each), authenticated=True)

    response = await GraphClient(graph).execute("{ me { name } }")

    assert response.data == {"me": None}
    assert response.codes == ["UNAUTHENTICATED"]
    assert seen == []
