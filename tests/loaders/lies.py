"""An inventory and a shipping service that say what a test tells them to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from gateway.settings import Settings
from tests.bad_servers import Service, answering
from tests.client import Answer, Gateway, serving
from tests.graph.truth import gid
from tests.identities import auth, headers

SECRET = "SECRET-9f31"
"""Stands in what the services say and must not be told to clients."""

SHIPMENT: dict[str, Any] = {
    "order_id": 1,
    "tracking_number": "NO1",
    "carrier_code": "NORDPOST",
    "status": "DELIVERED",
    "tracking_url": "https://nordpost.example/NO1",
    "shipped_at": "2025-01-02T10:00:00Z",
    "estimated_delivery": "2025-01-05",
    "delivered_at": None,
    "events": [
        {
            "at": "2025-01-02T10:00:00Z",
            "status": "IN_TRANSIT",
            "location": "Ghent",
            "description": "On its way",
        }
    ],
}

ORDER = f"""
{{
  order(id: "{gid("Order", 1)}") {{
    customer {{ name }}
    lines {{ lineNo sku product {{ stock {{ available warehouse }} }} }}
    shipment {{
      trackingNumber status trackingUrl shippedAt estimatedDelivery
      events {{ at status location }}
      carrier {{ code }}
    }}
  }}
}}
"""

SHOWN = {
    "trackingNumber": "NO1",
    "status": "DELIVERED",
    "trackingUrl": "https://nordpost.example/NO1",
    "shippedAt": "2025-01-02T10:00:00Z",
    "estimatedDelivery": "2025-01-05",
    "events": [{"at": "2025-01-02T10:00:00Z", "status": "IN_TRANSIT", "location": "Ghent"}],
    "carrier": {"code": "NORDPOST"},
}
"""The shipment as ORDER shows it."""

Tell = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def said(body: Any, status: int = 200, **headers: str) -> Tell:
    """A handler that always answers this: bytes as they are, anything else as JSON."""

    async def tell(request: web.BaseRequest) -> web.Response:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(
            body=data, status=status, headers={"content-type": "application/json", **named}
        )

    return tell


async def honest_stock(request: web.BaseRequest) -> web.StreamResponse:
    skus = request.query.getall("sku")
    items = [{"sku": sku, "available": 5, "warehouse": "GNT-1"} for sku in skus]
    return web.json_response({"items": items})


async def honest_shipping(request: web.BaseRequest) -> web.StreamResponse:
    if request.path.startswith("/shipments/"):
        key = int(request.path.rpartition("/")[2])
        return web.json_response({**SHIPMENT, "order_id": key})
    if request.path == "/carriers/NORDPOST":
        return web.json_response({"code": "NORDPOST", "name": "Nordpost"})
    return web.json_response({"error": "not_found"}, status=404)


@dataclass
class Liars:
    """A gateway over both services, and what each says. ``paths`` are what it was asked."""

    gateway: Gateway
    inventory: Service
    shipping: Service
    stock: Tell = honest_stock
    shipments: Tell = honest_shipping

    def be_honest(self) -> None:
        self.stock, self.shipments = honest_stock, honest_shipping
        for service in (self.inventory, self.shipping):
            service.paths.clear()
            service.busiest = 0

    def shipment(self, tell: Tell) -> None:
        """Lie about shipments alone, not about carriers."""

        async def shipments(request: web.BaseRequest) -> web.StreamResponse:
            about = request.path.startswith("/shipments/")
            return await (tell if about else honest_shipping)(request)

        self.shipments = shipments

    async def ask(self, query: str = ORDER, variables: dict[str, Any] | None = None) -> Answer:
        """The answer, in which nothing of what the services said to nobody stands."""
        answer = await self.gateway.ask(query, variables, explain=False)
        text = orjson.dumps(answer.body).decode()
        assert SECRET not in text
        assert self.inventory.url not in text
        assert self.shipping.url not in text
        assert answer.status == 200
        return answer


ASKED_ON: dict[str, Any] = {"breaker": False, "retry_budget": 100}
"""A service is asked as if it had never lied before."""


@asynccontextmanager
async def lying(source_settings: dict[str, dict[str, Any]], seconds: float) -> AsyncIterator[Liars]:
    """The gateway gives each service so many seconds."""
    liars: Liars

    async def inventory(request: web.BaseRequest) -> web.StreamResponse:
        return await liars.stock(request)

    async def shipping(request: web.BaseRequest) -> web.StreamResponse:
        return await liars.shipments(request)

    async with answering(inventory) as stock, answering(shipping) as shipments:
        sources = {
            **source_settings,
            "inventory": {"kind": "rest", "url": stock.url, "timeout": seconds, **ASKED_ON},
            "shipping": {"kind": "rest", "url": shipments.url, "timeout": seconds, **ASKED_ON},
        }
        async with serving(
            Settings.of(environment="development", sources=sources, auth=auth()), headers("staff")
        ) as gateway:
            liars = Liars(gateway, stock, shipments)
            yield liars
