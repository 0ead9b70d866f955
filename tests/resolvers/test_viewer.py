"""``viewer``, over a source of the tests' own that says what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import pytest
import strawberry

from gateway.operations.executors import EXECUTORS
from loaders.identity import Identity
from loaders.sql.postgres import PostgresTable
from resolvers.fields import Node, column
from resolvers.graph import Graph
from resolvers.lookups import viewer
from tests.operations import result_of

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


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_a_caller_without_a_key_is_nobody_and_no_source_is_asked(engine: str) -> None:
    graph = graph_of(lambda _: None)

    result = await result_of(graph, "{ me { name } again: me { id } }", CALLER, engine=engine)

    # Its source is not configured: any call would be an error.
    assert result.errors is None
    assert result.data == {"me": None, "again": None}


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_the_key_is_what_the_function_says_of_the_identity(engine: str) -> None:
    seen: list[Identity] = []

    def key(identity: Identity) -> int:
        seen.append(identity)
        return int(identity.subject or 0)

    result = await result_of(graph_of(key), "{ me { name } }", CALLER, engine=engine)

    assert seen == [CALLER]
    (error,) = result.errors or []
    assert (error.extensions or {})["code"] == "UPSTREAM_UNAVAILABLE"
    assert (error.extensions or {})["source"] == "club"


def fails(_: Identity) -> int:
    raise ValueError("a secret of the owner's")


@pytest.mark.parametrize("key", [lambda each: each.subject, fails], ids=["no int", "raises"])
@pytest.mark.parametrize("engine", EXECUTORS)
async def test_a_key_that_is_the_owners_mistake_is_not_the_clients(
    key: Callable[[Identity], Hashable | None], engine: str
) -> None:
    result = await result_of(graph_of(key), "{ me { name } }", CALLER, engine=engine)

    assert result.data == {"me": None}
    (error,) = result.errors or []
    assert (error.extensions or {})["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in error.message
    assert "int" not in error.message.split()


async def test_a_denied_viewer_is_not_even_worked_out() -> None:
    seen: list[Identity] = []
    graph = graph_of(lambda each: seen.append(each), authenticated=True)

    result = await result_of(graph, "{ me { name } }")

    assert result.data == {"me": None}
    assert [error.extensions for error in result.errors or ()] == [{"code": "UNAUTHENTICATED"}]
    assert seen == []
