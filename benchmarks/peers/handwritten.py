"""Endpoints written by hand for one answer each, with the gateway's fetches: how fast Python can
be here. They select the columns that they answer, build the answer in one pass, and check nothing.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.sources import Row, Sources, opened
from benchmarks.workloads import MONTHS


async def order_page(sources: Sources, given: Any) -> Any:
    return await _order_page(sources, given, shipments=True)


async def order_page_alone(sources: Sources, given: Any) -> Any:
    return await _order_page(sources, given, shipments=False)


async def _order_page(sources: Sources, given: Any, *, shipments: bool) -> Any:
    orders = await sources.rows(
        "select id, number, status, placed_at, total, customer_id from orders "
        "where placed_at < $1 order by placed_at desc, id desc limit 50",
        datetime.fromisoformat(given["before"]),
    )
    ids = [order["id"] for order in orders]
    customers, lines, parcels = await asyncio.gather(
        _by_id(
            sources.rows(
                "select id, name, currency from customers where id = any($1::bigint[])",
                list({order["customer_id"] for order in orders}),
            )
        ),
        _lines(sources, ids),
        sources.shipments(ids) if shipments else _nothing(ids),
    )
    nodes = []
    for order, parcel in zip(orders, parcels, strict=True):
        customer = customers[order["customer_id"]]
        node = {
            "number": order["number"],
            "status": order["status"],
            "placedAt": order["placed_at"],
            "total": order["total"],
            "customer": {"name": customer["name"], "currency": customer["currency"]},
            "lines": lines[order["id"]],
        }
        if shipments:
            node["shipment"] = parcel and {
                "status": parcel["status"],
                "trackingNumber": parcel["tracking_number"],
            }
        nodes.append(node)
    return {"orders": {"nodes": nodes}}


async def _lines(sources: Sources, orders: Sequence[int]) -> dict[int, list[Any]]:
    """What each order's answer has of its lines."""
    rows = await sources.rows(
        "select order_id, sku, quantity, unit_price from order_lines "
        "where order_id = any($1::bigint[]) order by line_no",
        orders,
    )
    skus = list({row["sku"] for row in rows})
    found = await sources.documents("products", {"sku": {"$in": skus}}, ("sku", "name", "price"))
    stock = {row["sku"]: row for row in await sources.stock([row["sku"] for row in found])}
    products = {
        row["sku"]: {
            "name": row["name"],
            "price": str(row["price"]),
            "stock": (record := stock.get(row["sku"])) and {"available": record["available"]},
        }
        for row in found
    }
    lines = defaultdict(list)
    for row in rows:
        lines[row["order_id"]].append(
            {
                "quantity": row["quantity"],
                "unitPrice": row["unit_price"],
                "product": products.get(row["sku"]),
            }
        )
    return lines


async def product(sources: Sources, given: Any) -> Any:
    columns = ("sku", "name", "price", "currency")
    row = (await sources.documents("products", {"sku": given["sku"]}, columns))[0]
    return {
        "product": {
            "sku": row["sku"],
            "name": row["name"],
            "price": str(row["price"]),
            "currency": row["currency"],
        }
    }


async def chain(sources: Sources, given: Any) -> Any:
    """Follows one object to the next, so all that it could gather is one row each."""
    customer = (
        await sources.rows("select id, name from customers where email = $1", given["email"])
    )[0]
    order, lines = await _newest(sources, customer["id"])
    skus = [line["sku"] for line in lines]
    products = await _products(sources, skus, ("sku", "name"))
    found = await sources.newest_reviews(
        [row["_id"] for row in products.values()], ("rating", "product_id", "customer_id"), 1
    )
    reviews = {row["product_id"]: row for row in found}
    authors = {id: await _author(sources, id) for id in {row["customer_id"] for row in found}}

    def shown(sku: str) -> Any:
        product = products.get(sku)
        if product is None:
            return None
        review = reviews.get(product["_id"])
        nodes = review and [{"rating": review["rating"], "author": authors[review["customer_id"]]}]
        return {"name": product["name"], "reviews": {"nodes": nodes or []}}

    return {
        "customer": {
            "name": customer["name"],
            "orders": _one_order(
                order,
                [{"quantity": line["quantity"], "product": shown(line["sku"])} for line in lines],
            ),
        }
    }


async def _author(sources: Sources, id: int) -> Any:
    author = (await sources.rows("select name from customers where id = $1", id))[0]
    order, lines = await _newest(sources, id)
    skus = [line["sku"] for line in lines]
    products = await _products(sources, skus, ("sku", "name", "category_id"))
    ids = list({row["category_id"] for row in products.values()})
    found = await sources.documents("categories", {"_id": {"$in": ids}}, ("name",))
    categories = {row["_id"]: {"name": row["name"]} for row in found}

    def shown(sku: str) -> Any:
        product = products.get(sku)
        return product and {
            "name": product["name"],
            "category": categories.get(product["category_id"]),
        }

    return {
        "name": author["name"],
        "orders": _one_order(
            order,
            [{"quantity": line["quantity"], "product": shown(line["sku"])} for line in lines],
        ),
    }


async def _newest(sources: Sources, customer: int) -> tuple[Row, Sequence[Row]]:
    """A customer's newest order, and its lines."""
    order = (
        await sources.rows(
            "select id, number from orders where customer_id = $1 "
            "order by placed_at desc, id desc limit 1",
            customer,
        )
    )[0]
    lines = await sources.rows(
        "select sku, quantity from order_lines where order_id = $1 order by line_no", order["id"]
    )
    return order, lines


async def _products(
    sources: Sources, skus: Sequence[str], columns: Sequence[str]
) -> dict[str, Row]:
    found = await sources.documents("products", {"sku": {"$in": skus}}, columns)
    return {row["sku"]: row for row in found}


def _one_order(order: Row, lines: list[Any]) -> Any:
    return {"nodes": [{"number": order["number"], "lines": lines}]}


async def wide(sources: Sources, given: Any) -> Any:
    statement = (
        "select number, status, placed_at, currency, total, partner_id from orders "
        "where placed_at >= $1 and placed_at < $2 order by placed_at desc, id desc limit 100"
    )
    starts = [datetime.fromisoformat(month) for month in MONTHS]
    pages = await asyncio.gather(
        *(sources.rows(statement, start, end) for start, end in pairwise(starts))
    )
    return {
        f"m{number}": {
            "nodes": [
                {
                    "number": row["number"],
                    "status": row["status"],
                    "placedAt": row["placed_at"],
                    "currency": row["currency"],
                    "total": row["total"],
                    "partnerId": row["partner_id"],
                }
                for row in rows
            ]
        }
        for number, rows in enumerate(pages)
    }


async def connection(sources: Sources, given: Any) -> Any:
    where = "where status = any($1::order_status[]) and total >= $2"
    parameters = (["SHIPPED", "DELIVERED"], Decimal(100))
    rows, counted = await asyncio.gather(
        sources.rows(
            f"select id, number, status, placed_at, total, customer_id from orders {where} "
            "order by total desc, id desc limit 21",
            *parameters,
        ),
        sources.rows(f"select count(*) as n from orders {where}", *parameters),
    )
    shown = rows[:20]
    customers = await _by_id(
        sources.rows(
            "select id, name from customers where id = any($1::bigint[])",
            list({row["customer_id"] for row in shown}),
        )
    )
    place = orjson.dumps([str(shown[-1]["total"]), shown[-1]["id"]])
    return {
        "orders": {
            "totalCount": counted[0]["n"],
            "nodes": [
                {
                    "number": row["number"],
                    "status": row["status"],
                    "placedAt": row["placed_at"],
                    "total": row["total"],
                    "customer": {"name": customers[row["customer_id"]]["name"]},
                }
                for row in shown
            ],
            "pageInfo": {
                "hasNextPage": len(rows) > len(shown),
                "endCursor": base64.urlsafe_b64encode(place).decode(),
            },
        }
    }


async def _by_id(rows: Any) -> dict[int, Row]:
    return {row["id"]: row for row in await rows}


async def _nothing(keys: Iterable[int]) -> list[Row | None]:
    return [None for _ in keys]


OPERATIONS = {
    "order-page": order_page,
    "order-page-alone": order_page_alone,
    "product": product,
    "chain": chain,
    "wide": wide,
    "connection": connection,
}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with opened() as sources:
        app.state.sources = sources
        yield


async def answer(request: Request) -> Response:
    given = orjson.loads(await request.body())["variables"]
    operation = OPERATIONS[request.path_params["operation"]]
    data = await operation(request.app.state.sources, given)
    body = orjson.dumps({"data": data}, default=str)
    return Response(body, media_type="application/json")


def create_app() -> Starlette:
    return Starlette(routes=[Route("/{operation}", answer, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(create_app(), port=int(os.environ["PORT"]), access_log=False)
