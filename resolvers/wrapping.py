"""Types of a schema that have the objects of another type: connections and edges, and the results
of mutations."""

from __future__ import annotations

from graphql import GraphQLNamedType, GraphQLObjectType, GraphQLUnionType, get_named_type

from resolvers.connections import Connection, Edge
from resolvers.directives import BACKREF
from resolvers.results import ResultUnion

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


def succeeded(type_: object) -> GraphQLNamedType | None:
    """The type that a mutation's result has if it succeeds; None for any other type."""
    union = result_union(type_)
    if union is None or not isinstance(type_, GraphQLUnionType):
        return None
    success: GraphQLNamedType = type_.types[0]
    return success


def result_union(type_: object) -> ResultUnion | None:
    """The declaration of a mutation's result; None for any other type."""
    definition = getattr(type_, "extensions", {}).get(BACKREF)
    return definition if isinstance(definition, ResultUnion) else None


def _origin(type_: object) -> object:
    """The generic class that a type of a schema was made of."""
    definition = getattr(type_, "extensions", {}).get(BACKREF)
    return getattr(getattr(definition, "concrete_of", None), "origin", None)
