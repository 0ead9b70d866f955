"""A graph held against its settings and against real sources."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, ClassVar

import asyncpg
import pytest
from aiohttp import web
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.checks.report import Report
from gateway.checks.sources import check
from gateway.settings import Settings
from loaders.errors import BadResponse
from loaders.identity import Identity
from loaders.kinds import Kind
from loaders.query import Filter, Function, equals
from loaders.resource import Resource
from loaders.rest.routes import RestResource, Single
from loaders.rest.source import RestSource
from loaders.sources import Source
from resolvers.checks.sources.findings import Severity
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.graph import Graph
from resolvers.lookups import lookup
from resolvers.relations import aggregate, many, one
from schema.build import schema
from tests.acme.graph import graph as acme
from tests.bad_servers import answering, silent, unused_port
from tests.resolvers.declaring import (
    collection,
    connection_of,
    graph_of,
    list_of,
    node_type,
    service,
    table,
)

SECONDS = 20.0
PASSWORD = "hunter2"

WRONG = """
create schema wrong;
create table wrong.customers (
    id bigint primary key,
    name text,
    joined timestamp not null,
    visits bigint not null
);
create table wrong.orders (
    id bigint,
    number text not null,
    customer text not null
);
create view wrong.loud as select id, upper(name) as name from wrong.customers;
"""

FAULTS = [
    "fault Ghost: the source 'shop' has nothing called 'wrong.customer'; did you mean 'customers'?",
    "fault Wrong.mail: shop.customers has no column 'mail': correct its name",
    "fault Wrong.name: it is never null, and shop.customers's 'name' can be: declare it nullable, "
    "or have the source keep nulls out",
    "fault Wrong.joined: shop.customers's 'joined' is timestamp without time zone, and holds times "
    "without a zone, which DateTime can't show: declare LocalDateTime, or datetime with a "
    "time_zone",
    "fault Order: key: 'id' of shop.orders is not unique, so it does not find one row: give it a "
    "unique index, or go by another column",
    "fault Query.order: by: 'number' of shop.orders is not unique, so it does not find one row: "
    "give it a unique index, or go by another column",
    "fault Order: key: shop.orders's 'id' can be null, and a row without a key has no id: have the "
    "source keep nulls out, or declare another key",
    "hint Wrong.visits: shop.customers's 'visits' is bigint: values beyond 2,147,483,647 are "
    "errors: declare BigInt",
    "hint Query.all: order_by: shop.customers has no index on (visits, id): make it",
    "hint Wrong.orders: by: shop.orders has no index on (customer): make it",
    "unknown Loud: shop.loud: it is a view, so what is unique, indexed or never null can't be told",
]


def wrong_graph() -> Graph:
    customers, orders = table("customers", schema="wrong"), table("orders", schema="wrong")
    order = node_type("Order", orders, number=(str, column("It.")))
    customer = node_type(
        "Wrong",
        customers,
        name=(str, column("It.")),
        mail=(str | None, column("It.")),
        joined=(datetime, column("It.")),
        visits=(int, column("It.")),
        orders=(list_of(order), many("They.", by="customer")),
    )
    loud = node_type("Loud", table("loud", schema="wrong"), name=(str, column("It.")))
    ghost = node_type("Ghost", table("customer", schema="wrong"), name=(str, column("It.")))
    return graph_of(
        types=[loud, ghost],
        all=(connection_of(customer) | None, connection("All.", order_by="visits")),
        order=(order | None, lookup("It.", by=("id", "number"))),
    )


def lines(report: Report) -> list[str]:
    return [f"{each.severity} {each}" for each in report.findings]


async def checked(
    graph: Graph, sources: dict[str, dict[str, Any]], seconds: float = SECONDS
) -> Report:
    return await check(graph, Settings.of(sources=sources), seconds=seconds)


@pytest.fixture
async def wrong(addresses: Addresses) -> AsyncIterator[None]:
    """A schema in which little is as it is declared."""
    connection = await asyncpg.connect(addresses.postgres)
    try:
        await connection.execute(f"drop schema if exists wrong cascade; {WRONG}")
        yield
    finally:
        await connection.execute("drop schema wrong cascade")
        await connection.close()


async def test_the_shop_is_clean(source_settings: dict[str, dict[str, Any]]) -> None:
    report = await checked(schema, source_settings)

    assert report.count(Severity.FAULT) == report.count(Severity.HINT) == 0
    # What the check can't tell of documents and of services; every route has been tried.
    assert {each.message.partition(": ")[2][:30] for each in report.findings} == {
        "it has no validator with a $js",
        "a service says nothing of the ",
    }
    assert report.unreached == frozenset()


async def test_every_fault_is_told_faults_first(
    wrong: None, source_settings: dict[str, dict[str, Any]]
) -> None:
    report = await checked(wrong_graph(), {"shop": source_settings["shop"]})

    assert lines(report) == FAULTS
    assert report.summary == "7 faults, 3 hints, 1 unknown"


async def test_a_check_reads_and_changes_nothing(
    source_settings: dict[str, dict[str, Any]], addresses: Addresses
) -> None:
    connection = await asyncpg.connect(addresses.postgres)
    try:
        async with connection.transaction():
            # Whoever waited for a lock on a table would now wait for longer than the check has.
            await connection.execute("lock table orders, customers in access exclusive mode")
            began = time.monotonic()
            report = await checked(acme, source_settings, 5.0)
            took = time.monotonic() - began
    finally:
        await connection.close()

    assert report.faults == []
    assert "shop" not in report.unreached
    assert took < 8


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["shop", "catalog", "shipping"], []),
        (["shop", "catalog", "shiping"],
         ["fault Parcel: the settings have no source 'shipping'; did you mean 'shiping'? Write "
          "[sources.shipping] in gateway.toml, or correct source=",
          "hint source 'shiping': no type of the graph uses it: take it out of the settings"]),
        (["shop", "shipping"],
         ["fault Article: the settings have no source 'catalog': Write [sources.catalog] in "
          "gateway.toml, or correct source="]),
    ],
)  # fmt: skip
async def test_the_sources_of_a_graph_are_configured(
    source_settings: dict[str, dict[str, Any]], names: list[str], expected: list[str]
) -> None:
    sources = {name: source_settings[name.replace("shiping", "shipping")] for name in names}

    report = await checked(acme, sources)

    assert [each for each in lines(report) if not each.startswith("unknown")] == expected


async def test_a_source_that_is_missing_is_told_once(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    report = await checked(schema, {"shop": source_settings["shop"]})

    missing = [each.source for each in report.faults]
    assert sorted(missing, key=str) == ["catalog", "inventory", "shipping"]
    assert all(each.message.startswith("the settings have no source") for each in report.faults)


async def test_a_resource_of_another_kind_than_its_source(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    report = await checked(acme, {**source_settings, "shop": source_settings["catalog"]})

    assert [str(each) for each in report.faults] == [
        "Invoice: shop.orders is a PostgresTable, and the source 'shop' is of kind 'mongo', which "
        "has MongoCollections: declare that, or correct source=",
        "Position: shop.order_lines is a PostgresTable, and the source 'shop' is of kind 'mongo', "
        "which has MongoCollections: declare that, or correct source=",
    ]
    assert report.unreached == frozenset()


def refusing(kind: str, port: int) -> dict[str, Any]:
    at = f"user:{PASSWORD}@127.0.0.1:{port}"
    urls = {"postgres": f"postgresql://{at}/d", "mongo": f"mongodb://{at}", "rest": f"http://{at}"}
    more = {"mongo": {"database": "d"}}.get(kind, {})
    return {"kind": kind, "url": urls[kind], "timeout": 2.0, **more}


KINDS = {"shop": "postgres", "catalog": "mongo", "shipping": "rest"}


@pytest.mark.parametrize("name", KINDS)
async def test_a_source_that_is_down_is_unknown_and_the_others_are_checked(
    source_settings: dict[str, dict[str, Any]], name: str
) -> None:
    down = refusing(KINDS[name], unused_port())

    report = await checked(acme, {**source_settings, name: down})

    assert report.faults == []
    assert report.unreached == {name}
    (said,) = [each for each in report.findings if each.coordinate is None and each.source == name]
    assert said.severity is Severity.UNKNOWN
    assert said.message.startswith(f"it could not be asked about {name}.")
    assert PASSWORD not in "".join(lines(report))
    told = {each.source for each in report.findings if each.coordinate is not None}
    assert told == {"catalog", "shipping"} - {name}


async def test_what_is_declared_twice_is_named_once_where_its_source_is_down() -> None:
    def own(identity: Identity) -> Filter | None:
        return equals("owner", identity.subject)

    thing = node_type("Thing", table("things", source="billing"))
    mine = table("things", source="billing", row_filter=own)
    counted = aggregate("How many.", of=mine, by="parent", function=Function.COUNT)
    parent = node_type("Parent", table("parents", source="billing"), count=(int | None, counted))
    graph = graph_of(
        thing=(thing | None, lookup("It.", by="id")),
        parent=(parent | None, lookup("It.", by="id")),
    )

    report = await checked(graph, {"billing": refusing("postgres", unused_port())})

    assert ["billing.parents" in each for each in lines(report)] == [True]
    assert lines(report)[0].count("billing.things") == 1


@pytest.mark.parametrize("name", KINDS)
async def test_a_source_that_says_nothing_is_not_waited_for(
    source_settings: dict[str, dict[str, Any]], name: str
) -> None:
    async with silent() as port:
        silence = {**refusing(KINDS[name], port), "timeout": 60.0}
        began = time.monotonic()
        report = await checked(acme, {**source_settings, name: silence}, 1.0)

    assert time.monotonic() - began < 30
    assert report.unreached == {name}
    assert f"unknown source '{name}': it could not be asked about " in "\n".join(lines(report))


async def test_a_password_that_is_wrong_is_an_unknown_without_it(
    source_settings: dict[str, dict[str, Any]], addresses: Addresses
) -> None:
    _, _, place = addresses.postgres.rpartition("@")
    wrong = {"kind": "postgres", "url": f"postgresql://shop:{PASSWORD}@{place}"}

    report = await checked(acme, {**source_settings, "shop": wrong})

    assert report.unreached == {"shop"}
    assert PASSWORD not in "".join(lines(report))
    assert "28P01" in "".join(lines(report))


async def test_documents_are_held_against_their_validator(
    source_settings: dict[str, dict[str, Any]], addresses: Addresses
) -> None:
    things = collection("things_with_a_validator")
    thing = node_type(
        "Thing",
        things,
        name=(int, column("It.", sortable=True)),
        note=(str, column("It.")),
        colour=(str, column("It.")),
    )
    graph = graph_of(
        thing=(thing | None, lookup("It.", by=("id", "name"))),
        things=(connection_of(thing) | None, connection("All.", order_by="name")),
    )
    text = {"bsonType": "string"}
    schema = {
        "bsonType": "object",
        "required": ["name", "color"],
        "properties": {"_id": {"bsonType": "string"}, "name": text, "note": text, "color": text},
        "additionalProperties": False,
    }
    with MongoClient[Any](addresses.mongo) as client:
        database = client[addresses.mongo_database]
        database.drop_collection(things.name)
        database.create_collection(things.name, validator={"$jsonSchema": schema})
        try:
            report = await checked(graph, {"catalog": source_settings["catalog"]})
        finally:
            database.drop_collection(things.name)

    assert lines(report) == [
        f"fault Thing.colour: {things} has no column 'colour'; did you mean 'color'?",
        f"fault Thing.name: {things}'s 'name' is string, and holds texts, which Int can't show: "
        "declare str",
        f"fault Thing.note: it is never null, and {things}'s 'note' can be: declare it nullable, "
        "or have the source keep nulls out",
        f"fault Query.thing: by: 'name' of {things} is not unique, so it does not find one row: "
        "give it a unique index, or go by another column",
        f"hint Thing: key: {things}'s '_id' is string, and key_type is ObjectId, so each key is "
        "read anew: key_type=str",
        f"hint Query.things: order_by: {things} has no index on (name, _id): make it",
    ]


async def test_services_are_asked_by_the_keys_of_other_sources(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    parcels = service(key="order_id", key_type=int, by={"order_id": Single("/parcels/{key}")})
    events = service("events", by={"parcel": Single("/parcels/{key}/events")})
    event = node_type("Event", events, what=(str | None, column("It.")))
    parcel = node_type(
        "Parcel",
        parcels,
        trackingNo=(str | None, column("It.")),
        count=(int | None, aggregate("It.", of=events, by="parcel", function=Function.COUNT)),
    )
    order = node_type("Order", table(), parcel=(parcel | None, one("It.", by="id")))
    graph = graph_of(types=[event], order=(order | None, lookup("It.", by="id")))

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.endswith("/events"):
            return web.json_response({"rows": []})
        key = int(request.path.rpartition("/")[2])
        return web.json_response({"order_id": key, "tracking_no": "SECRET"})

    async with answering(answer) as served:
        report = await checked(
            graph,
            {"shop": source_settings["shop"], "shipping": {"kind": "rest", "url": served.url}},
        )

    (first, second) = served.paths
    assert second == f"{first}/events"
    assert "SECRET" not in "".join(lines(report))
    assert [each for each in lines(report) if not each.startswith("unknown")] == [
        "fault Event: shipping.events: GET /parcels/{key}/events answers with an object that has "
        "no 'parcel': correct its routes",
        "hint Parcel.trackingNo: no object that shipping.parcels answered has 'trackingNo'; did "
        "you mean 'tracking_no'?",
    ]


class Stubborn(RestSource):
    """A source of an owner's own, which refuses to say anything of one resource."""

    async def describe(self, resource: Resource, samples: Any = None) -> Any:
        if resource.name == "secret":
            raise BadResponse(self.name, "no", reason="SQLSTATE 42501: permission denied")
        raise ZeroDivisionError


class StubbornKind(Kind):
    resources: ClassVar[type[Resource]] = RestResource

    def source(self, name: str) -> Source:
        return Stubborn(name, "http://127.0.0.1")


async def test_what_a_source_refuses_to_tell_is_unknown() -> None:
    secret = node_type("Secret", service("secret", by={"id": Single("/s/{key}")}))
    broken = node_type("Broken", service("broken", by={"id": Single("/b/{key}")}))
    graph = graph_of(
        secret=(secret | None, lookup("It.", by="id")),
        broken=(broken | None, lookup("It.", by="id")),
    )

    report = await checked(graph, {"shipping": {"kind": f"{__name__}:StubbornKind"}})

    assert lines(report) == [
        "unknown Secret: shipping.secret could not be asked about: SQLSTATE 42501: permission "
        "denied",
        "unknown Broken: shipping.broken could not be asked about: describing it failed with "
        "ZeroDivisionError",
    ]
    assert report.unreached == {"shipping"}
