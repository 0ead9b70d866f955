"""What the demo's data and the tests' own graph have."""

from __future__ import annotations

from typing import Any

KETTLE = {"name": "Fenn Electric Kettle, 1.5 l, oat", "price": "103.95", "cost": "66.53"}
UNCOSTED = {**KETTLE, "cost": None}

TICKS = [{"ticks": {"number": number}} for number in (1, 2, 3)]

MULTIPART = 'multipart/mixed; boundary="-"'
SUBSCRIPTION = 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
STRICT = "application/graphql-response+json"
EVENTS = "text/event-stream"


def plain(value: Any) -> Any:
    """The same without the type names that caches ask for."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name != "__typename"}
    return [plain(each) for each in value] if isinstance(value, list) else value


ORDERS = "{ orders(first: 2) { nodes { id number lines { id quantity } } } }"
"""What the clients ask for with ``lines`` deferred."""


def without_lines(orders: Any) -> Any:
    """An answer to ``ORDERS`` as it is before what is deferred."""
    nodes = [{name: node[name] for name in ("id", "number")} for node in orders["orders"]["nodes"]]
    return {"orders": {"nodes": nodes}}
