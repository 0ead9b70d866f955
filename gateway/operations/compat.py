"""The names of Strawberry and graphql-core that operations can't do without and that are private or
have no promise of staying.

``tests/gateway/test_compat.py`` has a test of each, and says what to mend where a new version
drops one.
"""

from __future__ import annotations

from graphql import GraphQLSchema, MiddlewareManager
from graphql.validation.validate import ValidationAbortedError
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from resolvers.graph import Graph

__all__ = [
    "MaybeNullValidationRule",
    "OneOfInputValidationRule",
    "StrawberryGraphQLCoreExecutionContext",
    "ValidationAbortedError",
    "middleware_of",
    "optimized_is_awaitable",
    "schema_of",
]


def schema_of(graph: Graph) -> GraphQLSchema:
    """graphql-core's schema of the graph."""
    return graph._schema


def middleware_of(graph: Graph, extensions: list[SchemaExtension]) -> MiddlewareManager:
    """What wraps the resolvers: the extensions that have a ``resolve``."""
    return graph._get_middleware_manager(extensions)
