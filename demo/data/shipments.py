"""What the shipping service knows: carriers, and a shipment of every order that was shipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from demo.data.common import REFERENCE, chance
from demo.data.orders import Order, orders
from demo.data.people import people


@dataclass(frozen=True, slots=True)
class Carrier:
    code: str
    name: str
    tracking_site: str
    phone: str


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    status: str
    location: str
    description: str


@dataclass(frozen=True, slots=True)
class Shipment:
    order_id: int
    tracking_number: str
    carrier_code: str
    status: str
    tracking_url: str
    shipped_at: datetime
    estimated_delivery: date
    delivered_at: datetime | None
    events: tuple[Event, ...]


CARRIERS = (
    Carrier("BLUEHERON", "Blue Heron Parcel", "https://blueheron.example.com", "+44 20 7946 0110"),
    Carrier("NORDPOST", "Nordpost Express", "https://nordpost.example.net", "+49 30 23125 220"),
    Carrier("TRANSALP", "Transalp Logistics", "https://transalp.example.org", "+33 1 99 00 33 30"),
    Carrier("QUICKFOX", "Quickfox Courier", "https://quickfox.example.com", "+1 212 555 0144"),
    Carrier(
        "HARBORLINE", "Harborline Freight", "https://harborline.example.net", "+1 415 555 0155"
    ),
)
HUBS = ("Venlo hub", "Leipzig hub", "Lyon hub", "Memphis hub", "Coventry hub")
SHIPPED = ("SHIPPED", "DELIVERED", "RETURNED")
DESCRIPTIONS = {
    "LABEL_CREATED": "The sender has announced the parcel.",
    "IN_TRANSIT": "The parcel has been sorted and is on its way.",
    "OUT_FOR_DELIVERY": "The parcel is in the delivery van.",
    "DELIVERED": "The parcel has been delivered.",
    "EXCEPTION": "The address could not be found. The parcel waits at the depot.",
}
# How long after being shipped, as a part of the time that a parcel takes.
STAGES = (
    ("LABEL_CREATED", 0.0),
    ("IN_TRANSIT", 0.3),
    ("OUT_FOR_DELIVERY", 0.9),
    ("DELIVERED", 1.0),
)


def reached(order: Order, rng: Random) -> str:
    """How far the parcel came."""
    if order.status != "SHIPPED":
        return "DELIVERED"
    if order.placed_at < REFERENCE - timedelta(days=16):
        return "EXCEPTION"
    return rng.choices(
        ("LABEL_CREATED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "EXCEPTION"), (15, 55, 25, 5)
    )[0]


def journey(
    status: str, shipped_at: datetime, travel: timedelta, city: str, rng: Random
) -> Iterator[Event]:
    hub = rng.choice(HUBS)
    for stage, part in STAGES:
        if status == "EXCEPTION" and stage == "OUT_FOR_DELIVERY":
            stage = status
        location = city if part > 0.5 else hub
        yield Event(shipped_at + travel * part, stage, location, DESCRIPTIONS[stage])
        if stage == status:
            return


class Shipments:
    """The shipments of all orders, each made up when it's asked for."""

    def __init__(self) -> None:
        self.orders = {order.id: order for order in orders()}
        self.cities = {address.id: address.city for address in people().addresses}

    def of(self, order_id: int) -> Shipment | None:
        """Nothing when there is no such order, or it hasn't been shipped."""
        order = self.orders.get(order_id)
        if order is None or order.status not in SHIPPED:
            return None
        return shipment(order, self.cities[order.shipping_address_id])


def shipment(order: Order, city: str) -> Shipment:
    rng = chance(f"shipment {order.id}")
    # However young the order is, nothing of its parcel's journey lies after the reference day.
    known = REFERENCE - order.placed_at
    seconds = min(rng.uniform(4, 30) * 3600, known.total_seconds() * 0.3)
    shipped_at = order.placed_at + timedelta(seconds=int(seconds))
    days = min(rng.uniform(1, 6), (REFERENCE - shipped_at).total_seconds() / 86_400 * 0.95)
    travel = timedelta(seconds=int(days * 86_400))
    carrier = rng.choice(CARRIERS)
    status = reached(order, rng)
    number = f"{carrier.code[:2]}{order.id:06}{rng.randrange(10**6):06}"
    return Shipment(
        order.id,
        number,
        carrier.code,
        status,
        f"{carrier.tracking_site}/track/{number}",
        shipped_at,
        (shipped_at + timedelta(days=rng.choice((3, 4, 5)))).date(),
        shipped_at + travel if status == "DELIVERED" else None,
        tuple(journey(status, shipped_at, travel, city, rng)),
    )
