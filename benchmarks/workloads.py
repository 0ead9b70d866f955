"""What is asked of every server: operations on the shop's graph, and how many clients send them.

Ids and cursors are each server's own, so no operation takes any; `endCursor` is asked for, as a
client of a paged list would, and left out where answers are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

CLIENTS = 16


@dataclass(frozen=True, slots=True)
class Workload:
    """An operation, sent by so many clients at a time, each over one connection.

    ``name`` is also the path under which the hand-written endpoint answers it: workloads that
    differ in ``clients`` alone share their ``operation``.
    """

    name: str
    title: str
    operation: str
    document: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    clients: int = CLIENTS

    def body(self) -> dict[str, Any]:
        """The operation as GraphQL over HTTP sends it."""
        return {"query": self.document, "variables": dict(self.variables)}


ORDER_PAGE = """
query OrderPage($before: DateTime!) {
  orders(first: 50, where: { placedAt: { lt: $before } }) {
    nodes {
      number
      status
      placedAt
      total
      customer { name currency }
      lines {
        quantity
        unitPrice
        product {
          name
          price
          stock { available }
        }
      }
      shipment { status trackingNumber }
    }
  }
}
"""

ORDER_PAGE_ALONE = ORDER_PAGE.replace("      shipment { status trackingNumber }\n", "").replace(
    "OrderPage", "OrderPageWithoutShipments"
)

PRODUCT = """
query Product($sku: String!) {
  product(sku: $sku) { sku name price currency }
}
"""

CHAIN = """
query Chain($email: String!) {
  customer(email: $email) {
    name
    orders(first: 1) {
      nodes {
        number
        lines {
          quantity
          product {
            name
            reviews(first: 1) {
              nodes {
                rating
                author {
                  name
                  orders(first: 1) {
                    nodes {
                      number
                      lines {
                        quantity
                        product {
                          name
                          category { name }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
"""

MONTHS = tuple(f"2025-{month:02}-01T00:00:00Z" for month in range(1, 12))

WIDE = "query WideList {\n{}}\n".replace(
    "{}",
    "".join(
        f'  m{number}: orders(first: 100, where: {{ placedAt: {{ gte: "{start}", lt: "{end}" }} }})'
        " { nodes { number status placedAt currency total partnerId } }\n"
        for number, (start, end) in enumerate(pairwise(MONTHS))
    ),
)
"""1,000 orders, as ten pages: the gateway gives at most 100 on one."""

CONNECTION = """
query Connection {
  orders(
    first: 20
    where: { status: { in: [SHIPPED, DELIVERED] }, total: { gte: "100" } }
    orderBy: [{ field: TOTAL, direction: DESC }]
  ) {
    totalCount
    nodes { number status placedAt total customer { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

BEFORE = {"before": "2026-09-01T00:00:00Z"}

WORKLOADS = (
    Workload("order-page", "50-order page, 3 sources", "order-page", ORDER_PAGE, BEFORE),
    Workload(
        "order-page-1",
        "50-order page, 3 sources, 1 client",
        "order-page",
        ORDER_PAGE,
        BEFORE,
        clients=1,
    ),
    Workload(
        "order-page-64",
        "50-order page, 3 sources, 64 clients",
        "order-page",
        ORDER_PAGE,
        BEFORE,
        clients=64,
    ),
    Workload(
        "order-page-alone",
        "50-order page without shipments",
        "order-page-alone",
        ORDER_PAGE_ALONE,
        BEFORE,
    ),
    Workload("product", "one product by SKU", "product", PRODUCT, {"sku": "KET-0001"}),
    Workload("chain", "deep narrow chain", "chain", CHAIN, {"email": "ewan.whitmore@example.net"}),
    Workload("wide", "1,000 orders x 6 fields", "wide", WIDE),
    Workload("connection", "filtered, sorted, counted page", "connection", CONNECTION),
)
