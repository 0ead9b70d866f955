"""The inventory service: stock levels by SKU, and reservations that lower them.

Everything is kept in memory and starts over with the process. `expires_at` is told, not enforced.
"""

import uuid
from datetime import timedelta

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo.data.stock import Reservation, Stock, reservations, stock
from demo.service import Json, error, healthz, now, run

SKUS_PER_CALL = 250
HELD_FOR = timedelta(hours=2)


class Inventory:
    """The service's state. No method awaits, so each is one step for the event loop."""

    def __init__(self) -> None:
        self.stock = {record.sku: record for record in stock()}
        self.reservations = {row.id: row for row in reservations(list(self.stock))}
        for row in self.reservations.values():
            self.stock[row.sku].reserved += row.quantity
        self.answered: dict[str, Reservation] = {}
        """The reservation that each Idempotency-Key made, also when it is released since."""

    def reserve(self, sku: str, quantity: int) -> Reservation:
        """The caller has made sure that there is enough."""
        at = now()
        made = Reservation(f"res_{uuid.uuid4().hex[:16]}", sku, quantity, None, at, at + HELD_FOR)
        self.reservations[made.id] = made
        self.move(made.sku, quantity)
        return made

    def release(self, id: str) -> bool:
        """Whether there was such a reservation."""
        row = self.reservations.pop(id, None)
        if row is None:
            return False
        self.move(row.sku, -row.quantity)
        return True

    def move(self, sku: str, quantity: int) -> None:
        record = self.stock[sku]
        record.available -= quantity
        record.reserved += quantity
        record.updated_at = now()


def create_app() -> Starlette:
    """A service with a state of its own."""
    inventory = Inventory()

    async def list_stock(request: Request) -> Response:
        skus = request.query_params.getlist("sku")
        if len(skus) > SKUS_PER_CALL:
            return error(400, "too_many_skus", limit=SKUS_PER_CALL)
        found = (inventory.stock.get(sku) for sku in dict.fromkeys(skus))
        return Json({"items": [record for record in found if record is not None]})

    async def read_stock(request: Request) -> Response:
        record: Stock | None = inventory.stock.get(request.path_params["sku"])
        return Json(record) if record is not None else error(404, "not_found")

    async def list_reservations(request: Request) -> Response:
        skus = set(request.query_params.getlist("sku"))
        if len(skus) > SKUS_PER_CALL:
            return error(400, "too_many_skus", limit=SKUS_PER_CALL)
        return Json({"items": [row for row in inventory.reservations.values() if row.sku in skus]})

    async def read_reservation(request: Request) -> Response:
        row = inventory.reservations.get(request.path_params["id"])
        return Json(row) if row is not None else error(404, "not_found")

    async def create_reservation(request: Request) -> Response:
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return error(422, "invalid_json")
        match body:
            case {"sku": str(sku), "quantity": int(quantity)} if type(quantity) is int:
                pass
            case _:
                return error(422, "invalid_body", message="expected sku and quantity")
        if quantity < 1:
            return error(422, "invalid_quantity", message="quantity must be at least 1")
        key = request.headers.get("idempotency-key")
        if key is not None and (earlier := inventory.answered.get(key)) is not None:
            if (earlier.sku, earlier.quantity) != (sku, quantity):
                return error(422, "idempotency_key_reused")
            return Json(earlier, 201)
        record = inventory.stock.get(sku)
        available = record.available if record is not None else 0
        if available < quantity:
            return error(409, "insufficient_stock", available=available)
        made = inventory.reserve(sku, quantity)
        if key is not None:
            inventory.answered[key] = made
        return Json(made, 201)

    async def delete_reservation(request: Request) -> Response:
        if not inventory.release(request.path_params["id"]):
            return error(404, "not_found")
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/stock", list_stock),
            Route("/stock/{sku}", read_stock),
            Route("/reservations", list_reservations),
            Route("/reservations", create_reservation, methods=["POST"]),
            Route("/reservations/{id}", read_reservation),
            Route("/reservations/{id}", delete_reservation, methods=["DELETE"]),
            Route("/healthz", healthz),
        ]
    )


if __name__ == "__main__":
    run(create_app())
