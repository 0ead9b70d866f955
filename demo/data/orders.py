"""Orders and their lines."""

from bisect import bisect_left
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import NamedTuple

from demo.data.common import FIRST_ORDER, REFERENCE, chance
from demo.data.people import People, people
from demo.data.products import FIRST_SKU, Product, catalog

ORDERS = 10_000
PARTNERS = ("northwind", "globex", "initech")
IMPORTED_AT_ONCE = 30
"""A partner sends its orders in bulk: they have one and the same `placed_at`."""
RATES = {"EUR": Decimal("1.00"), "USD": Decimal("1.08"), "GBP": Decimal("0.86")}
CENT = Decimal("0.01")

# An order's age in days, and how often each status is found among orders no older.
STATUSES = (
    (2, {"PENDING": 55, "PAID": 40, "CANCELLED": 5}),
    (7, {"PENDING": 20, "PAID": 50, "SHIPPED": 25, "CANCELLED": 5}),
    (16, {"PENDING": 5, "PAID": 15, "SHIPPED": 45, "DELIVERED": 30, "CANCELLED": 5}),
    (1000, {"DELIVERED": 880, "CANCELLED": 55, "RETURNED": 50, "SHIPPED": 12, "PENDING": 3}),
)
NOTES = (
    "Customer asked for delivery after 17:00.",
    "Called about the invoice address, corrected.",
    "Gift, do not put the invoice in the parcel.",
    "Second delivery, the first parcel was lost.",
    "Goodwill discount agreed by phone.",
    "Check the address, the last parcel came back.",
    "Paid by bank transfer, matched by hand.",
)


class Order(NamedTuple):
    id: int
    number: str
    customer_id: int
    partner_id: str | None
    status: str
    placed_at: datetime
    currency: str
    shipping_address_id: int
    internal_note: str | None


class OrderLine(NamedTuple):
    id: int
    order_id: int
    line_no: int
    sku: str
    product_name: str
    quantity: int
    unit_price: Decimal


def has_no_orders(customer_id: int) -> bool:
    """Some only ever looked. The first of them is customer 25."""
    return customer_id % 25 == 0


def placed_at_times(rng: Random) -> list[datetime]:
    """When the orders came: more every month, most before Christmas, few by night, some at once."""
    midnight = FIRST_ORDER.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (REFERENCE - midnight).days
    dates = [midnight + timedelta(day) for day in range(days)]
    weights = [
        (1 + day / days)
        * (1.6 if date.month in (11, 12) else 1)
        * (1.2 if date.weekday() > 4 else 1)
        for day, date in enumerate(dates)
    ]
    hours = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 11, 12, 11, 10, 10, 10, 11, 13, 15, 16, 13, 8, 4)
    times = [
        date.replace(
            hour=hour,
            minute=rng.randrange(60),
            second=rng.randrange(60),
            microsecond=rng.randrange(1000) * 1000,
        )
        for date, hour in zip(
            rng.choices(dates, weights, k=ORDERS),
            rng.choices(range(24), hours, k=ORDERS),
            strict=True,
        )
    ]
    times = sorted(max(time, FIRST_ORDER) for time in times)
    times[0] = FIRST_ORDER
    for index in range(1, ORDERS):
        luck = rng.random()
        if luck < 0.05:
            times[index] = times[index - 1]
        elif luck < 0.25:
            before = times[index - 1]
            times[index] = before.replace(second=rng.randint(before.second, 59))
    return sorted(times)


def bulk_imports(times: list[datetime], rng: Random) -> dict[int, str]:
    """Makes runs of orders simultaneous; returns the partner of each order in such a run."""
    partners: dict[int, str] = {}
    for run in range(9):
        start = 900 * (run + 1) + rng.randrange(100)
        for index in range(start, start + IMPORTED_AT_ONCE):
            times[index] = times[start]
            partners[index] = PARTNERS[run % len(PARTNERS)]
    times.sort()
    return partners


def status_of(placed_at: datetime, rng: Random) -> str:
    age = (REFERENCE - placed_at).total_seconds() / 86_400
    shares = next(shares for days, shares in STATUSES if age < days)
    return rng.choices(tuple(shares), tuple(shares.values()))[0]


class Shelf:
    """What could be bought at a given moment."""

    def __init__(self, products: list[Product]) -> None:
        sold = sorted((p for p in products if p.status != "DRAFT"), key=lambda p: p.created_at)
        self.products = sold
        self.listed_at = [product.created_at for product in sold]
        early = sold[: bisect_left(self.listed_at, FIRST_ORDER)]
        self.bestsellers = [
            *(product for product in early if product.sku == FIRST_SKU),
            *chance("bestsellers").sample(early, 80),
        ]

    def pick(self, at: datetime, number: int, rng: Random) -> list[Product]:
        """As many different products, all listed before `at`."""
        picked: dict[str, Product] = {}
        listed = bisect_left(self.listed_at, at)
        while len(picked) < number:
            if rng.random() < 0.15:
                product = rng.choice(self.bestsellers)
            else:
                product = self.products[rng.randrange(listed)]
            picked[product.sku] = product
        return list(picked.values())


class Buyers:
    """Who could have ordered at a given moment; every tenth customer is a regular."""

    def __init__(self, people: People) -> None:
        self.signed_up = [customer.created_at for customer in people.customers]

    def pick(self, at: datetime, rng: Random) -> int:
        known = bisect_left(self.signed_up, at)
        while True:
            if rng.random() < 0.3:
                customer_id = 1 + 10 * rng.randrange((known + 9) // 10)
            else:
                customer_id = 1 + rng.randrange(known)
            if not has_no_orders(customer_id):
                return customer_id


@cache
def orders() -> list[Order]:
    """All orders by id, which is also the order they were placed in."""
    rng = chance("orders")
    everyone = people()
    buyers = Buyers(everyone)
    times = placed_at_times(rng)
    partners = bulk_imports(times, rng)
    result = []
    for id, placed_at in enumerate(times, start=1):
        first = id == 1
        customer_id = 1 if first else buyers.pick(placed_at, rng)
        partner_id = partners.get(id - 1)
        if partner_id is None and not first and rng.random() < 0.075:
            partner_id = rng.choice(PARTNERS)
        result.append(
            Order(
                id,
                f"SO-{placed_at.year}-{id:06}",
                customer_id,
                partner_id,
                "DELIVERED" if first else status_of(placed_at, rng),
                placed_at,
                everyone.customers[customer_id - 1].currency,
                rng.choice(everyone.shipping_addresses[customer_id]).id,
                rng.choice(NOTES) if rng.random() < 0.08 else None,
            )
        )
    return result


@cache
def shelf() -> Shelf:
    return Shelf(catalog().products)


def lines_of(order: Order) -> list[OrderLine]:
    """The lines of an order, in their order. The total of an order is the sum of its lines."""
    rng = chance(f"lines {order.id}")
    number_of_lines = 3 if order.id == 1 else rng.choice((1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 6))
    lines = []
    products = shelf().pick(order.placed_at, number_of_lines, rng)
    for line_no, product in enumerate(products, start=1):
        discount = rng.choice((1, 1, 1, 1, 1, 1, 1, Decimal("0.90"), Decimal("0.85")))
        unit_price = (product.price * RATES[order.currency] * discount).quantize(CENT)
        quantity = rng.choice((1, 1, 1, 1, 1, 2, 2, 3, 4))
        id = order.id * 10 + line_no
        lines.append(
            OrderLine(id, order.id, line_no, product.sku, product.name, quantity, unit_price)
        )
    return lines


@cache
def all_lines() -> list[OrderLine]:
    return [line for order in orders() for line in lines_of(order)]
