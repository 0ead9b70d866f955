"""The shipping service: the shipment of one order at a time, and the carriers."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo.data.shipments import CARRIERS, Shipments
from demo.service import Json, error, healthz, run


def create_app() -> Starlette:
    shipments = Shipments()
    by_code = {carrier.code: carrier for carrier in CARRIERS}

    async def read_shipment(request: Request) -> Response:
        shipment = shipments.of(request.path_params["order_id"])
        return Json(shipment) if shipment is not None else error(404, "not_found")

    async def list_carriers(request: Request) -> Response:
        return Json({"items": CARRIERS})

    async def read_carrier(request: Request) -> Response:
        carrier = by_code.get(request.path_params["code"])
        return Json(carrier) if carrier is not None else error(404, "not_found")

    return Starlette(
        routes=[
            Route("/shipments/{order_id:int}", read_shipment),
            Route("/carriers", list_carriers),
            Route("/carriers/{code}", read_carrier),
            Route("/healthz", healthz),
        ]
    )


if __name__ == "__main__":
    run(lambda _: create_app())
