"""The private names of Strawberry that operations can't do without, in one place.

``tests/gateway/test_compat.py`` has a test of each, which says what to mend where a new version
drops one.
"""

from __future__ import annotations

from graphql import GraphQLSchema, MiddlewareManager
from strawberry.extensions import SchemaExtension

from resolvers.graph import Graph


def schema_of(graph: Graph) -> GraphQLSchema:
    """graphql-core's schema of the graph."""
    return graph._schema


def middleware_of(graph: Graph, extensions: list[SchemaExtension]) -> MiddlewareManager:
    """What wraps the resolvers: the extensions that have a ``resolve``."""
    return graph._get_middleware_manager(extensions)
