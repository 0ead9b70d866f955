"""The shop's graph, made once."""

from __future__ import annotations

from resolvers.graph import Graph
from resolvers.shop.callers import SCOPES
from resolvers.shop.customers import customers_pii
from schema.query import Query

schema = Graph(
    Query,
    policies=[customers_pii],
    scopes=SCOPES,
    # As they were measured: python -m benchmarks.cost_correlation.
    call_costs={"catalog": 50, "inventory": 30, "shipping": 25},
)
