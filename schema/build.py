"""The shop's graph, made once."""

from __future__ import annotations

from resolvers.graph import Graph
from schema.access import SCOPES, customers_pii
from schema.query import Query

schema = Graph(Query, policies=[customers_pii], scopes=SCOPES)
