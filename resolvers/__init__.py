"""What a graph is declared with, by one import.

The resources stand in their drivers' modules, ``loaders.sql.postgres``, ``loaders.mongo``
and ``loaders.rest.routes``, so that a graph needs the drivers of its own sources alone.
"""

from loaders.identity import Identity
from loaders.query import (
    NOTHING,
    And,
    Comparison,
    Filter,
    Function,
    Not,
    Operator,
    Or,
    SemiJoin,
    all_of,
    equals,
)
from loaders.reads import reads
from loaders.resource import Resource, Row, RowFilter
from loaders.row_filters import through
from resolvers.connections import Connection, connection
from resolvers.directives import Access, Authenticated, Policies, Public, RequiresScopes
from resolvers.fields import Info, Node, ResolveInfo, batched, column, computed
from resolvers.graph import Graph
from resolvers.lookups import lookup, node, nodes, viewer
from resolvers.mutations import mutation
from resolvers.policies import policy
from resolvers.relations import aggregate, many, one
from resolvers.scalars import URL

__all__ = [
    "NOTHING",
    "URL",
    "Access",
    "And",
    "Authenticated",
    "Comparison",
    "Connection",
    "Filter",
    "Function",
    "Graph",
    "Identity",
    "Info",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Policies",
    "Public",
    "RequiresScopes",
    "ResolveInfo",
    "Resource",
    "Row",
    "RowFilter",
    "SemiJoin",
    "aggregate",
    "all_of",
    "batched",
    "column",
    "computed",
    "connection",
    "equals",
    "lookup",
    "many",
    "mutation",
    "node",
    "nodes",
    "one",
    "policy",
    "reads",
    "through",
    "viewer",
]
