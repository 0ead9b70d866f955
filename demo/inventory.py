"""The inventory service: stock levels by SKU, and reservations that lower them.

`expires_at` is told, not enforced: whoever holds something back confirms it, or releases it.
"""

import re
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo.ledger import Insufficient, Ledger, Released, Reused
from demo.service import Json, error, healthz, run

SKUS_PER_CALL = 250
ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
"""Of a reservation: one is made where none is given."""


def create_app(file: Path | None = None) -> Starlette:
    """A service over the ledger in that file, which is made unless it is there."""
    ledger = Ledger(file)

    async def list_stock(request: Request) -> Response:
        skus = request.query_params.getlist("sku")
        if len(skus) > SKUS_PER_CALL:
            return error(400, "too_many_skus", limit=SKUS_PER_CALL)
        return Json({"items": ledger.stock(skus)})

    async def read_stock(request: Request) -> Response:
        found = ledger.stock([request.path_params["sku"]])
        return Json(found[0]) if found else error(404, "not_found")

    async def list_reservations(request: Request) -> Response:
        skus = request.query_params.getlist("sku")
        if len(skus) > SKUS_PER_CALL:
            return error(400, "too_many_skus", limit=SKUS_PER_CALL)
        return Json({"items": ledger.reservations(skus)})

    async def read_reservation(request: Request) -> Response:
        row = ledger.reservation(request.path_params["id"])
        if row is None:
            return error(404, "not_found")
        return Json(row) if row["status"] != "RELEASED" else error(404, "released")

    async def create_reservation(request: Request) -> Response:
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return error(422, "invalid_json")
        match body:
            case {"sku": str(sku), "quantity": int(quantity)} if type(quantity) is int:
                id, order_number = body.get("id"), body.get("order_number")
            case _:
                return error(422, "invalid_body", message="expected sku and quantity")
        if not 1 <= quantity <= 1_000_000:
            return error(422, "invalid_quantity", message="quantity must be at least 1")
        if id is not None and not (isinstance(id, str) and ID.fullmatch(id)):
            return error(422, "invalid_id", message="id must have 1 to 100 of A-Za-z0-9_.:-")
        if order_number is not None and not isinstance(order_number, str):
            return error(422, "invalid_order_number", message="order_number must be text")
        key = request.headers.get("idempotency-key")
        try:
            made = ledger.reserve(sku, quantity, id=id, key=key, order_number=order_number)
        except Reused:
            return error(422, "idempotency_key_reused")
        except Released:
            return error(409, "released")
        except Insufficient as refused:
            return error(409, "insufficient_stock", available=refused.available)
        return Json(made, 201)

    async def confirm_reservation(request: Request) -> Response:
        try:
            row = ledger.confirm(request.path_params["id"])
        except Released:
            return error(409, "released")
        return Json(row) if row is not None else error(404, "not_found")

    async def delete_reservation(request: Request) -> Response:
        try:
            was_there = ledger.release(request.path_params["id"])
        except Released:
            return error(404, "released")
        return Response(status_code=204) if was_there else error(404, "not_found")

    return Starlette(
        routes=[
            Route("/stock", list_stock),
            Route("/stock/{sku}", read_stock),
            Route("/reservations", list_reservations),
            Route("/reservations", create_reservation, methods=["POST"]),
            Route("/reservations/{id}", read_reservation),
            Route("/reservations/{id}", delete_reservation, methods=["DELETE"]),
            Route("/reservations/{id}/confirm", confirm_reservation, methods=["POST"]),
            Route("/healthz", healthz),
        ]
    )


if __name__ == "__main__":
    run(create_app)
