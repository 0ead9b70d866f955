"""Parcels on their way, from the shipping service."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import TYPE_CHECKING

import strawberry

from loaders.rest.routes import RestResource, Single
from loaders.row_filters import through
from resolvers.costs import ListSize
from resolvers.fields import Node, column
from resolvers.relations import one
from resolvers.scalars import URL
from schema.types.order import orders_table

if TYPE_CHECKING:
    from schema.types.order import Order

shipments_api = RestResource(
    source="shipping",
    name="shipments",
    key="order_id",
    key_type=int,
    by={"order_id": Single("/shipments/{key}")},
    row_filter=through("order_id", orders_table),
)
carriers_api = RestResource(
    source="shipping",
    name="carriers",
    key="code",
    by={"code": Single("/carriers/{key}")},
    all="/carriers",
)


@strawberry.enum(description="Where a parcel is on its way.")
class ShipmentStatus(enum.Enum):
    LABEL_CREATED = strawberry.enum_value("LABEL_CREATED", description="Not handed over yet.")
    IN_TRANSIT = strawberry.enum_value("IN_TRANSIT", description="With the carrier.")
    OUT_FOR_DELIVERY = strawberry.enum_value(
        "OUT_FOR_DELIVERY", description="In the van to the door."
    )
    DELIVERED = strawberry.enum_value("DELIVERED", description="Handed over at the door.")
    EXCEPTION = strawberry.enum_value("EXCEPTION", description="Held up; its events say why.")


@strawberry.type(description="Something that happened to a parcel.")
class TrackingEvent:
    at: datetime = strawberry.field(description="When it happened.")
    status: ShipmentStatus = strawberry.field(description="Where the parcel was from then on.")
    location: str = strawberry.field(description="The place where it happened.")
    description: str = strawberry.field(description="What happened, in words.")


@strawberry.type(description="The parcel that an order left in.")
class Shipment(Node):
    resource = shipments_api

    tracking_number: str = column("The carrier's number for it.")
    status: ShipmentStatus = column("Where it is on its way.")
    tracking_url: URL = column("The carrier's page about it.")
    shipped_at: datetime | None = column("When it was handed to the carrier.")
    estimated_delivery: date | None = column("The day it is expected at the door.")
    delivered_at: datetime | None = column("When it was handed over at the door.")
    events: list[TrackingEvent] = column(
        "What happened to it, the oldest first.", directives=[ListSize(assumed_size=4)]
    )

    carrier: Carrier | None = one("Who carries it.", by="carrier_code")
    order: Order | None = one("What is in it.", by="order_id")


@strawberry.type(description="A company that carries parcels.")
class Carrier(Node):
    resource = carriers_api

    code: str = column("Its short name. Unique.", filterable=True, sortable=True)
    name: str = column("What it is called.", filterable=True, sortable=True)
    tracking_site: URL | None = column("Where its parcels can be followed.")
    phone: str | None = column("Its telephone number, with the country's code.")
