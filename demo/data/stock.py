"""What the inventory service starts with: stock levels and reservations."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.data.common import REFERENCE, chance
from demo.data.orders import lines_of, orders
from demo.data.products import SETTLED, SKU_WITHOUT_STOCK, catalog

WAREHOUSES = ("AMS-1", "LYS-1", "PDX-1")
CARTS = 60
"""Reservations that belong to a cart, not yet to an order."""


@dataclass(slots=True)
class Stock:
    sku: str
    available: int
    """What can still be reserved: what is reserved already is not part of it."""
    reserved: int
    incoming: int
    warehouse: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    id: str
    sku: str
    quantity: int
    order_number: str | None
    created_at: datetime
    expires_at: datetime


def stock() -> list[Stock]:
    """The stock of every product that is kept in stock: about 2 % are not. Nothing is reserved."""
    rng = chance("stock")
    result = []
    for product in catalog().products:
        kept = rng.random() >= 0.02 or product.sku in SETTLED
        sold_out = rng.random() < (0.7 if product.status == "DISCONTINUED" else 0.04)
        available = 0 if sold_out else 5 + int(rng.expovariate(1 / 60))
        record = Stock(
            product.sku,
            120 if product.sku in SETTLED else available,
            0,
            rng.choice((0, 0, 0, 20, 50, 100)) if product.status == "ACTIVE" else 0,
            rng.choice(WAREHOUSES),
            REFERENCE - timedelta(seconds=rng.randrange(3 * 86_400)),
        )
        if kept and product.sku != SKU_WITHOUT_STOCK:
            result.append(record)
    return result


def reservation(
    sku: str, quantity: int, order_number: str | None, at: datetime, number: int
) -> Reservation:
    digest = hashlib.sha256(f"reservation {sku} {order_number} {number}".encode()).hexdigest()
    lasts = timedelta(days=14) if order_number else timedelta(hours=2)
    return Reservation(f"res_{digest[:16]}", sku, quantity, order_number, at, at + lasts)


def reservations(kept: list[str]) -> list[Reservation]:
    """One for each line of the orders that wait to be shipped, and some for carts; oldest first.
    Only of the given SKUs, which are those that are kept in stock. Nothing that is not on sale is
    in a cart.
    """
    rng = chance("reservations")
    on_sale = {product.sku for product in catalog().products if product.status == "ACTIVE"}
    sold = [sku for sku in kept if sku in on_sale]
    result = [
        reservation(line.sku, line.quantity, order.number, order.placed_at, line.line_no)
        for order in orders()
        if order.status in ("PENDING", "PAID")
        for line in lines_of(order)
    ]
    for number in range(CARTS):
        at = REFERENCE - timedelta(seconds=rng.randrange(2 * 3600))
        result.append(reservation(rng.choice(sold), rng.randint(1, 3), None, at, number))
    stocked = set(kept)
    return sorted(
        (reservation for reservation in result if reservation.sku in stocked),
        key=lambda reservation: (reservation.created_at, reservation.id),
    )
