"""A graph whose fields ask for rows by roads that are not there is refused as it loads."""

from __future__ import annotations

from typing import Any

import pytest

from loaders.query import Function
from loaders.resource import Resource
from loaders.rest.routes import Batch, Single
from loaders.row_filters import through
from resolvers.connections import connection
from resolvers.fields import Node, column
from resolvers.lookups import lookup, node, nodes
from resolvers.relations import aggregate, many, one
from tests.resolvers.declaring import (
    collection,
    connection_of,
    faults_of,
    list_of,
    node_type,
    service,
    table,
)

BY_ID = {"id": Single("/parcels/{key}")}
BY_ORDER = {"order_id": Batch("/parcels", "order")}


def parcel(resource: Resource) -> Any:
    return node_type(
        "Parcel", resource, code=(str, column("Its code.")), order=(int, column("Whose."))
    )


def asked(resource: Resource, how: str) -> list[str]:
    """The faults of a graph that asks for parcels in one way."""
    type_ = parcel(resource)
    relations: dict[str, Any] = {
        "one": (type_ | None, one("It.", by="parcel_id")),
        "one to": (type_ | None, one("It.", by="id", to="order_id")),
        "many": (list_of(type_) | None, many("They.", by="order_id")),
        "connection by": (connection_of(type_) | None, connection("They.", by="order_id")),
        "aggregate": (
            int | None,
            aggregate("How many.", of=resource, by="order_id", function=Function.COUNT),
        ),
    }
    if how in relations:
        order = node_type("Order", table(), parcel=relations[how])
        # An aggregate leads to no type, and the resource backs one all the same.
        return faults_of(order=(order | None, lookup("It.", by="id")), types=[type_])
    roots: dict[str, Any] = {
        "connection": (connection_of(type_) | None, connection("All.")),
        "lookup": (type_ | None, lookup("It.", by="id")),
        "lookup code": (type_ | None, lookup("It.", by="code")),
        "node": (Node | None, node("Any.")),
        "nodes": (list[Node | None] | None, nodes("Any.")),
    }
    return faults_of(found=roots[how], types=[type_])


WITHOUT_ROUTES = {
    "one": "Order.parcel: shipping.parcels can't be had by 'id': it has no route by 'id'",
    "one to": "Order.parcel: shipping.parcels can't be had by 'order_id': it has no route by "
    "'order_id'",
    "many": "Order.parcel: shipping.parcels can't be had by 'order_id': it has no route by "
    "'order_id'",
    "connection by": "Order.parcel: shipping.parcels can't be had by 'order_id': it has no route "
    "by 'order_id'",
    "aggregate": "Order.parcel: shipping.parcels can't be had by 'order_id': it has no route by "
    "'order_id'",
    "connection": "Query.found: shipping.parcels can't be had as a whole: it has no path that "
    "answers all of it (all=)",
    "lookup": "Query.found: shipping.parcels can't be had by 'id': it has no route by 'id'",
    "lookup code": "Query.found: shipping.parcels can't be had by 'code': it has no route by "
    "'code'",
    "node": "Query.found: an id can be of Parcel, and shipping.parcels can't be had by 'id': it "
    "has no route by 'id'",
    "nodes": "Query.found: an id can be of Parcel, and shipping.parcels can't be had by 'id': it "
    "has no route by 'id'",
}


@pytest.mark.parametrize("how", WITHOUT_ROUTES)
def test_a_service_without_the_road_that_is_asked_for(how: str) -> None:
    assert asked(service(key_type=int), how) == [WITHOUT_ROUTES[how]]


@pytest.mark.parametrize("how", WITHOUT_ROUTES)
def test_a_service_with_the_road(how: str) -> None:
    routes = {**BY_ID, **BY_ORDER, "code": Batch("/parcels", "code")}

    assert asked(service(key_type=int, by=routes, all="/parcels"), how) == []


def test_the_routes_that_there_are_are_named() -> None:
    assert asked(service(key_type=int, by=BY_ORDER), "one") == [
        "Order.parcel: shipping.parcels can't be had by 'id': it has no route by 'id', only by "
        "'order_id'"
    ]


@pytest.mark.parametrize("how", WITHOUT_ROUTES)
def test_a_database_has_every_road(how: str) -> None:
    assert asked(table("parcels", "other"), how) == []


@pytest.mark.parametrize(
    ("route", "mistake"),
    [
        (
            Batch("/p?x=1", "id"),
            "its Batch by 'id': the path /p?x=1 has a query, which the keys are to be",
        ),
        (Batch("p", "id"), "its Batch by 'id': the path p does not begin with /"),
        (
            Batch("/p/{key}", "id"),
            "its Batch by 'id': the path /p/{key} has a place for a key: that is what Single is "
            "for",
        ),
        (Batch("/p#a", "id"), "its Batch by 'id': the path /p#a has a character that no path has"),
        (Batch("/p", "a&b"), "its Batch by 'id': 'a&b' is no name of a parameter"),
        (Batch("/p", "a=b"), "its Batch by 'id': 'a=b' is no name of a parameter"),
        (Batch("/p", "id", size=0), "its Batch by 'id': its size is 0, so it takes no key"),
        (Batch("/p", "id", size=-5), "its Batch by 'id': its size is -5, so it takes no key"),
        (
            Single("/p/{id}"),
            "its Single by 'id': the path /p/{id} has no {key}, where the key stands",
        ),
        (Single("/p"), "its Single by 'id': the path /p has no {key}, where the key stands"),
        (
            Single("/p/{key}/{part}"),
            "its Single by 'id': the path /p/{key}/{part} has another place than {key}, which "
            "nothing fills",
        ),
        (Single("p/{key}"), "its Single by 'id': the path p/{key} does not begin with /"),
    ],
    ids=str,
)
def test_a_route_that_can_not_work(route: Batch | Single, mistake: str) -> None:
    assert asked(service(key_type=int, by={"id": route}), "lookup") == [
        f"Parcel: shipping.parcels: {mistake}"
    ]


@pytest.mark.parametrize(
    "route",
    [
        Batch("/p", "id"),
        Batch("/p", "ids[]", size=1),
        Single("/p/{key}"),
        Single("/p/{key}/part"),
        Single("/p?id={key}"),
    ],
    ids=str,
)
def test_a_route_that_can_work(route: Batch | Single) -> None:
    assert asked(service(key_type=int, by={"id": route}), "lookup") == []


def test_a_path_of_everything() -> None:
    assert asked(service(all="parcels"), "connection") == [
        "Parcel: shipping.parcels: its all: the path parcels does not begin with /"
    ]
    assert asked(service(all="/p/{key}"), "connection") == [
        "Parcel: shipping.parcels: its all: the path /p/{key} has a place, which nothing fills"
    ]
    assert asked(service(all="/parcels?state=open"), "connection") == []


def test_a_resource_is_looked_at_wherever_it_is_used() -> None:
    counted = service("visits", by={"order_id": Batch("/visits?a=b", "order")})
    hidden = service("keys", by={"id": Single("/keys")})
    order = node_type(
        "Order",
        table(row_filter=through("key_id", hidden)),
        visits=(
            int | None,
            aggregate("How many.", of=counted, by="order_id", function=Function.COUNT),
        ),
    )

    assert faults_of(types=[order], hello=(str, "hello")) == [
        "Order.visits: shipping.visits: its Batch by 'order_id': the path /visits?a=b has a "
        "query, which the keys are to be",
        "Order: shipping.keys: its Single by 'id': the path /keys has no {key}, where the key "
        "stands",
    ]


ELSEWHERE = collection("allowed", key_type=int)
ALONE = (
    "its row filter asks catalog.allowed which values of 'order_id' may be seen, so rows can be "
    "had by that column alone"
)


@pytest.mark.parametrize(
    ("how", "where", "road"),
    [
        ("one", "Order.parcel", "by 'id'"),
        ("connection", "Query.found", "as a whole"),
        ("lookup", "Query.found", "by 'id'"),
        ("lookup code", "Query.found", "by 'code'"),
    ],
)
def test_a_row_filter_through_another_source_leaves_one_road(
    how: str, where: str, road: str
) -> None:
    filtered = table("parcels", "other", row_filter=through("order_id", ELSEWHERE))

    assert asked(filtered, how) == [f"{where}: other.parcels can't be had {road}: {ALONE}"]


@pytest.mark.parametrize("how", ["node", "nodes"])
def test_an_id_of_rows_behind_another_source_is_no_road(how: str) -> None:
    filtered = table("parcels", "other", row_filter=through("order_id", ELSEWHERE))

    assert asked(filtered, how) == [
        f"Query.found: an id can be of Parcel, and other.parcels can't be had by 'id': {ALONE}"
    ]


@pytest.mark.parametrize("how", ["one to", "many", "connection by", "aggregate"])
def test_the_one_road_that_is_left(how: str) -> None:
    assert asked(table("parcels", "other", row_filter=through("order_id", ELSEWHERE)), how) == []


@pytest.mark.parametrize("how", WITHOUT_ROUTES)
def test_a_row_filter_within_one_database_leaves_every_road(how: str) -> None:
    customers = table("customers", "other")
    orders = table("orders", "other", row_filter=through("customer_id", customers))

    assert asked(table("parcels", "other", row_filter=through("order_id", orders)), how) == []


def test_a_row_filter_through_one_that_leads_elsewhere_is_elsewhere() -> None:
    orders = table("orders", "other", row_filter=through("id", ELSEWHERE))

    assert asked(table("parcels", "other", row_filter=through("order_id", orders)), "one") == [
        "Order.parcel: other.parcels can't be had by 'id': its row filter asks other.orders which "
        "values of 'order_id' may be seen, so rows can be had by that column alone"
    ]


def test_documents_of_one_database_are_not_joined() -> None:
    orders = collection("orders", key_type=int)
    filtered = collection("parcels", key="id", key_type=int, row_filter=through("order_id", orders))

    assert asked(filtered, "connection") == [
        "Query.found: catalog.parcels can't be had as a whole: its row filter asks catalog.orders "
        "which values of 'order_id' may be seen, so rows can be had by that column alone"
    ]


def test_a_row_filter_asks_by_a_road_that_is_there() -> None:
    orders = service("orders", key_type=int, by={"number": Single("/orders/{key}")})
    filtered = table("parcels", "other", row_filter=through("order_id", orders))

    assert asked(filtered, "many") == [
        "Order.parcel: other.parcels can't be had by 'order_id': its row filter asks "
        "shipping.orders by 'id', and it has no route by 'id', only by 'number'"
    ]


def test_a_node_has_a_resource() -> None:
    lost = node_type("Lost", None, code=(str, column("Its code.")))

    assert faults_of(types=[lost], hello=(str, "hello")) == [
        "Lost: it is a Node, so it needs a resource: resource = PostgresTable(…)"
    ]
