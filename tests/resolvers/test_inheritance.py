"""The directives that types inherit stand in the schema where composers of federated schemas take
them: on objects and their fields, each once."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from graphql import parse
from graphql.language import (
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    print_ast,
)

from loaders.identity import Identity
from loaders.resource import Row
from loaders.sql.postgres import PostgresTable
from resolvers.connections import Connection, connection
from resolvers.directives import Authenticated, Policies, RequiresScopes
from resolvers.fields import Node, column
from resolvers.graph import Graph
from resolvers.policies import policy


@strawberry.interface(
    description="What is kept.", directives=[RequiresScopes.of([["a"], ["b"]]), Authenticated()]
)
class Kept:
    label: str | None = strawberry.field(
        description="Its name.", directives=[RequiresScopes.of([["c"]])]
    )


@strawberry.interface(description="What is counted.", directives=[RequiresScopes.of([["d"]])])
class Counted:
    count: int | None = strawberry.field(
        description="How many.", directives=[Policies.of([["x", "y"], ["z"]])]
    )


@strawberry.type(description="A box.")
class Box(Kept):
    size: int | None = strawberry.field(description="Its size.")


@strawberry.type(description="A shelf.", directives=[RequiresScopes.of([["a"], ["e"]])])
class Shelf(Kept, Counted):
    label: str | None = strawberry.field(
        description="Its name.", directives=[RequiresScopes.of([["f"]])]
    )
    count: int | None = strawberry.field(description="How many.", directives=[Policies.of([["y"]])])


@strawberry.type(description="A thing in a table.")
class Thing(Node, Kept):
    resource = PostgresTable(source="shop", name="things")

    twice: str | None = column(
        "It.", requires_scopes=[["g"]], directives=[RequiresScopes.of([["h"]])]
    )


@strawberry.type(description="What can be asked.")
class Query:
    kept: Kept | None = strawberry.field(description="One.", resolver=lambda: None)
    counted: Counted | None = strawberry.field(description="One.", resolver=lambda: None)
    things: Connection[Thing] | None = connection("All.")


async def decide(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [True for _ in rows]


def made() -> Graph:
    return Graph(
        Query, types=[Box, Shelf, Thing], policies=[policy(name)(decide) for name in "xyz"]
    )


def directives(graph: Graph) -> dict[str, list[str]]:
    """The directives of each object, interface and field of them that has any."""
    found: dict[str, list[str]] = {}

    def add(
        place: str,
        node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | FieldDefinitionNode,
    ) -> None:
        if node.directives:
            found[place] = [print_ast(each) for each in node.directives]

    for type_ in parse(graph.as_str()).definitions:
        if isinstance(type_, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            add(type_.name.value, type_)
            for field in type_.fields or ():
                add(f"{type_.name.value}.{field.name.value}", field)
    return found


KEPT = ["@authenticated", '@requiresScopes(scopes: [["a"], ["b"]])']

SHOWN = {
    "Box": KEPT,
    "Box.label": ['@requiresScopes(scopes: [["c"]])'],
    "Shelf": [
        "@authenticated",
        '@requiresScopes(scopes: [["a", "d"], ["a", "b", "d"], ["e", "a", "d"], ["e", "b", "d"]])',
    ],
    "Shelf.label": ['@requiresScopes(scopes: [["f", "c"]])'],
    "Shelf.count": ['@policy(policies: [["y", "x"], ["y", "z"]])'],
    "Query.things": [
        '@listSize(assumedSize: 20, slicingArguments: ["first", "last"], '
        'sizedFields: ["nodes", "edges"], requireOneSlicingArgument: false)'
    ],
    "Thing": KEPT,
    "Thing.label": ['@requiresScopes(scopes: [["c"]])'],
    "Thing.twice": ['@requiresScopes(scopes: [["g", "h"]])'],
    "ThingConnection": KEPT,
    "ThingEdge": KEPT,
}


def test_directives_of_interfaces_stand_on_their_types_and_their_fields() -> None:
    assert directives(made()) == SHOWN


def test_another_graph_of_the_same_types_shows_the_same() -> None:
    made()

    assert directives(made()) == SHOWN


def test_the_rules_are_those_that_are_shown() -> None:
    rules = made().rules

    def kinds(coordinate: str) -> list[str]:
        return sorted(str(each) for each in rules.required(coordinate))

    assert kinds("Box.size") == KEPT
    assert kinds("Box.label") == [*KEPT, '@requiresScopes(scopes: [["c"]])']
    assert kinds("Query.kept") == KEPT
    assert kinds("Query.things") == KEPT
    assert kinds("ThingConnection.totalCount") == KEPT
    assert kinds("Shelf.count") == [
        "@authenticated",
        '@policy(policies: [["x", "y"], ["z"]])',
        '@policy(policies: [["y"]])',
        '@requiresScopes(scopes: [["a"], ["b"]])',
        '@requiresScopes(scopes: [["a"], ["e"]])',
        '@requiresScopes(scopes: [["d"]])',
    ]
