"""Connections and edges among the types of a schema: they have the objects of another type."""

from __future__ import annotations

from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type

from resolvers.connections import Connection, Edge
from resolvers.directives import BACKREF

NODES: dict[object, str] = {Connection: "nodes", Edge: "node"}
"""The field of each that leads to the objects."""

TELLING = frozenset({"totalCount", "pageInfo", "cursor"})
"""The fields that tell of all objects at once, or of one's place among the others."""


def is_connection(type_: object) -> bool:
    """Whether a type of a schema is a connection."""
    return _origin(type_) is Connection


def connected(type_: object) -> GraphQLNamedType | None:
    """The type whose objects a connection or an edge has; None for any other type."""
    name = NODES.get(_origin(type_))
    if name is None or not isinstance(type_, GraphQLObjectType):
        return None
    node: GraphQLNamedType = get_named_type(type_.fields[name].type)
    return node


def _origin(type_: object) -> object:
    """The generic class that a type of a schema was made of."""
    definition = getattr(type_, "extensions", {}).get(BACKREF)
    return getattr(getattr(definition, "concrete_of", None), "origin", None)
