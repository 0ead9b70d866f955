"""The shop's graph, made once."""

from __future__ import annotations

from resolvers.graph import Graph
from schema.query import Query

schema = Graph(Query)
