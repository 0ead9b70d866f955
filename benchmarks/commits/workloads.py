"""What is asked of both commits: what peers are asked too, and what only the gateway answers."""

from __future__ import annotations

from benchmarks.workloads import WORKLOADS as PEERS
from benchmarks.workloads import Workload

TYPENAME = "{ __typename }"

IMAGES = "{ products(first: 100) { nodes { images { url alt width height } } } }"

EDGES = """
{
  orders(first: 50) {
    edges { cursor node { number } }
    pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
  }
}
"""

AGGREGATES = "{ customers(first: 50) { nodes { name orderCount lifetimeValue } } }"

ONLY_LATENCY = "order-page-64"
"""More clients wait longer for the sources, which costs the bench minutes and says no more of the
gateway."""

WORKLOADS = (
    Workload("typename", "{ __typename }, no source", "typename", TYPENAME),
    *(each for each in PEERS if each.name != ONLY_LATENCY),
    Workload("images", "100 embedded lists of images", "images", IMAGES),
    Workload("edges", "50 edges with cursors", "edges", EDGES),
    Workload("aggregates", "aggregates of 50 customers", "aggregates", AGGREGATES),
)
