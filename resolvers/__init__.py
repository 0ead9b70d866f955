"""What a graph is declared with, by one import.

The resources stand in their drivers' modules, ``loaders.sql.postgres``, ``loaders.mongo``
and ``loaders.rest.routes``, so that a graph needs the drivers of its own sources alone.
"""

from strawberry.scalars import JSON

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
from resolvers.constraints import input_field
from resolvers.costs import Cost, ListSize
from resolvers.directives import Access, Authenticated, Policies, Public, RequiresScopes
from resolvers.fields import Info, Node, ResolveInfo, batched, column, computed
from resolvers.graph import Graph
from resolvers.lookups import lookup, node, nodes, viewer
from resolvers.mutations import mutation
from resolvers.policies import policy
from resolvers.relations import aggregate, many, one
from resolvers.results import InputProblem, InvalidInput, MutationError
from resolvers.scalars import URL, BigInt, LocalDateTime, comparable

__all__ = [
    "JSON",
    "NOTHING",
    "URL",
    "Access",
    "And",
    "Authenticated",
    "BigInt",
    "Comparison",
    "Connection",
    "Cost",
    "Filter",
    "Function",
    "Graph",
    "Identity",
    "Info",
    "InputProblem",
    "InvalidInput",
    "ListSize",
    "LocalDateTime",
    "MutationError",
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
    "comparable",
    "computed",
    "connection",
    "equals",
    "input_field",
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
