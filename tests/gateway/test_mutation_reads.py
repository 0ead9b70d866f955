"""Each root field of a mutation sees what those before it have written, whatever they have read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
import strawberry

from demo.stack import Addresses
from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import Identity
from loaders.query import Function
from loaders.resource import Row
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import Graph, Info, Node, aggregate, column, lookup, many, mutation, one, policy

OBJECTS = """
drop schema if exists renames cascade;
create schema renames;
create table renames.teams (id bigint primary key, name text not null);
create table renames.people (
    id bigint primary key, name text not null, team_id bigint,
    nickname text generated always as (name || '!') stored
);
insert into renames.teams values (1, 'red'), (2, 'blue');
insert into renames.people values (1, 'none', 1), (2, 'other', 1);
"""

people_table = PostgresTable(source="people", schema="renames", name="people")
teams_table = PostgresTable(source="people", schema="renames", name="teams")


@policy("renamed", needs=["name"])
async def renamed(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [row["name"] != "none" for row in rows]


@strawberry.type(description="A team.")
class Team(Node):
    resource = teams_table

    name: str = column("What it is called.")
    people: list[Person] = many("Who is in it.", by="team_id", order_by="id")
    size: int = aggregate(
        "How many are in it.", of=people_table, by="team_id", function=Function.COUNT
    )


@strawberry.type(description="A person.")
class Person(Node):
    resource = people_table

    name: str = column("What they are called.")
    nickname: str | None = column("What those may call them who know them.", policy=[["renamed"]])
    team: Team | None = one("Where they are.", by="team_id")


async def change(info: Info, id: int, name: str, team: int) -> Row | None:
    if name == "":
        raise ValueError("a name is needed")
    source = info.context.sources["people"]
    assert isinstance(source, PostgresSource)
    await source.run(
        "update renames.people set name = $2, team_id = $3 where id = $1", id, name, team
    )
    return await info.context.loaders.by_key(people_table).load(id)


@strawberry.type(description="What can be changed.")
class Mutation:
    change: Person | None = mutation("Changes a person.", change, public=True)


@strawberry.type(description="What can be asked.")
class Query:
    person: Person | None = lookup("A person.", by="id")


graph = Graph(Query, mutation=Mutation, policies=[renamed])


@pytest.fixture(params=EXECUTORS)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def client(addresses: Addresses, engine: str) -> AsyncIterator[GraphClient]:
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute(OBJECTS)
    source = PostgresSource("people", addresses.postgres, pool_size=2)
    settings = Settings.of(engine=engine, environment="development")
    async with GraphClient(graph, [source], settings=settings) as client:
        yield client
    await connection.execute("drop schema renames cascade")
    await connection.close()


async def test_a_second_field_does_not_read_what_was_before_it(
    client: GraphClient, engine: str
) -> None:
    response = await client.execute(
        """mutation {
          a: change(id: 1, name: "first", team: 1) { ...P }
          b: change(id: 1, name: "second", team: 2) { ...P }
        }
        fragment P on Person { name nickname team { name size people { name } } }""",
    )

    assert response.errors == []
    assert response.data == {
        "a": {
            "name": "first",
            "nickname": "first!",
            "team": {"name": "red", "size": 2, "people": [{"name": "first"}, {"name": "other"}]},
        },
        "b": {
            "name": "second",
            "nickname": "second!",
            "team": {"name": "blue", "size": 1, "people": [{"name": "second"}]},
        },
    }
    assert response.explain is not None
    assert response.explain["engine"]["name"] == engine
    # The calls of both are told: person, what is guarded of them, team, people and their count.
    assert len(response.calls) == 8


async def test_a_policy_looks_at_the_rows_as_they_are_now(client: GraphClient) -> None:
    response = await client.execute(
        """mutation {
          a: change(id: 1, name: "none", team: 1) { nickname }
          b: change(id: 1, name: "second", team: 1) { nickname }
          c: change(id: 1, name: "none", team: 1) { nickname }
        }""",
    )

    assert response.data == {
        "a": {"nickname": None}, "b": {"nickname": "second!"}, "c": {"nickname": None}
    }  # fmt: skip
    assert [error["path"] for error in response.errors] == [["a", "nickname"], ["c", "nickname"]]


async def test_a_field_that_fails_leaves_nothing_to_the_next(client: GraphClient) -> None:
    response = await client.execute(
        """mutation {
          a: change(id: 1, name: "first", team: 2) { team { size } }
          b: change(id: 1, name: "", team: 1) { team { size } }
          c: change(id: 2, name: "third", team: 2) { team { size people { name } } }
        }""",
    )

    assert response.data == {
        "a": {"team": {"size": 1}},
        "b": None,
        "c": {"team": {"size": 2, "people": [{"name": "first"}, {"name": "third"}]}},
    }
    assert [error["path"] for error in response.errors] == [["b"]]
