"""Which indexes serve what a graph asks for, and which are missed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from demo.stack import Addresses
from loaders.contexts import Operation
from loaders.descriptions import Description, Family
from loaders.query import Function, Order, Window
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers.checks.sources.indexes import Need, _serves
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.lookups import lookup
from resolvers.relations import aggregate, many
from tests.loaders.asking import page_of
from tests.resolvers.declaring import (
    collection,
    connection_of,
    graph_of,
    list_of,
    node_type,
    table,
)
from tests.resolvers.describing import column as made
from tests.resolvers.describing import described, found, index

ID = made("bigint", Family.BIG_INTEGER)


def of_relation(
    field: str, indexes: Sequence[Any] | None, *, is_list: bool = False, **more: Any
) -> list[str]:
    """What is found of a relation to rows with these indexes, which are sorted by "at"."""
    orders, lines = table(), table("lines")
    line = node_type("Line", lines, at=(int | None, column("It.")))
    fields: dict[str, Any] = {
        "many": (list_of(line), many("They.", by="order_id", order_by="at")),
        "connection": (connection_of(line), connection("They.", by="order_id", order_by="-at")),
        "aggregate": (
            int, aggregate("It.", of=lines, by="order_id", function=Function.COUNT)
        ),
    }  # fmt: skip
    order = node_type("Order", orders, it=fields[field])
    graph = graph_of(types=[line], order=(order | None, lookup("It.", by="id")))
    by = made("bigint", Family.BIG_INTEGER, is_list=is_list)
    columns = {"id": ID, "order_id": by, "at": made("integer", Family.INTEGER)}
    told = {orders: described({"id": ID}), lines: described(columns, indexes, **more)}
    return found(graph, told)


@pytest.mark.parametrize("field", ["many", "connection", "aggregate"])
def test_a_list_s_values_are_found_by_an_index_of_them(field: str) -> None:
    whole = index("order_id", "at nulls first", "id", of_items=False)
    items = index("at", "order_id", is_ordered=False, of_items=True)
    missed = [
        "hint Order.it: by: shop.lines has no index of the values in the lists of 'order_id': make "
        "one using gin (order_id)"
    ]

    assert of_relation(field, [whole], is_list=True) == missed
    assert of_relation(field, [items], is_list=True) == []
    assert of_relation(field, [items]) != []


def test_in_mongodb_every_index_has_the_values_of_lists() -> None:
    fitting = index("order_id", "at", "id")

    assert of_relation("connection", [fitting], is_list=True, places_nulls=False) == []
    assert of_relation("connection", [], is_list=True, places_nulls=False) != []


@pytest.mark.parametrize("field", ["many", "aggregate"])
def test_behind_a_foreign_key_there_is_an_index(field: str) -> None:
    missed = ["hint Order.it: by: shop.lines has no index on (order_id): make it"]

    assert of_relation(field, []) == missed
    assert of_relation(field, [index("at", "order_id")]) == missed
    assert of_relation(field, [index("order_id")]) == []
    assert of_relation(field, [index("order_id", is_ordered=False)]) == []
    assert of_relation(field, [index("order_id", "at", unique=True)]) == []


def test_behind_a_connection_of_one_there_is_an_index_in_its_order() -> None:
    missed = [
        "hint Order.it: by: shop.lines has no index on (order_id, at nulls first, id): make it"
    ]

    for indexes in ([], [index("order_id")], [index("order_id", "at", "id")]):
        assert of_relation("connection", indexes) == missed
    assert of_relation("connection", [index("order_id", "at nulls first", "id")]) == []


def test_where_an_index_is_partial_it_can_not_be_told() -> None:
    assert of_relation("many", [index("order_id", is_partial=True)]) == [
        "unknown Order.it: by: shop.lines has only the partial index 'order_id', and whether its "
        "condition holds can't be told: it may need one on (order_id)"
    ]


def test_of_a_view_no_index_is_missed() -> None:
    assert of_relation("many", None) == []


def test_behind_what_is_sortable_there_is_an_index_that_the_key_ends() -> None:
    orders = table()
    order = node_type(
        "Order",
        orders,
        at=(int, column("It.", sortable=True)),
        name=(str | None, column("It.", sortable=True)),
        note=(str | None, column("It.", sortable=True, requires_scopes=[["staff"]])),
    )
    graph = graph_of(orders=(connection_of(order) | None, connection("All.", order_by="-at")))
    at, text = made("integer", Family.INTEGER), made("text", Family.TEXT)
    told = described({"id": ID, "at": at, "name": text, "note": text}, [index("name", "id")])

    assert found(graph, {orders: told}) == [
        "hint Query.orders: order_by: shop.orders has no index on (at, id): make it",
        "hint Order.name: sortable: shop.orders has no index on (name nulls first, id): make it",
        "hint Order.note: sortable: shop.orders has no index on (note nulls first, id): make it",
    ]


def test_what_no_connection_sorts_by_needs_no_index() -> None:
    orders = table()
    order = node_type("Order", orders, at=(int, column("It.", sortable=True)))

    told = described({"id": ID, "at": made("integer", Family.INTEGER)})
    assert found(graph_of(order=(order | None, lookup("It.", by="id"))), {orders: told}) == []


def test_where_missing_values_have_one_place_the_index_says_nothing_of_them() -> None:
    products = collection(key="id", key_type=int)
    product = node_type("Product", products, name=(str | None, column("It.")))
    graph = graph_of(all=(connection_of(product) | None, connection("All.", order_by="name")))
    columns = {"id": ID, "name": made("string", Family.TEXT)}

    def lines(*indexes: Any) -> list[str]:
        return found(graph, {products: described(columns, indexes, places_nulls=False)})

    assert lines(index("name", "id")) == []
    assert lines() == [
        "hint Query.all: order_by: catalog.products has no index on (name, id): make it"
    ]


ORDERS = {
    "a": (Order("a"), Order("id")),
    "-a": (Order("a", True), Order("id", True)),
    "a?": (Order("a", nullable=True), Order("id")),
    "-a?": (Order("a", True, True), Order("id", True)),
    "a -b": (Order("a"), Order("b", True), Order("id", True)),
    "a? -b?": (Order("a", nullable=True), Order("b", True, True), Order("id", True)),
    "u": (Order("u"), Order("id")),
    "id": (Order("id"),),
    "-id": (Order("id", True),),
}

INDEXES = {
    "a, id": "(a, id)",
    "a nulls first, id": "(a nulls first, id)",
    "a desc, id": "(a desc, id)",
    "a desc nulls last, id desc": "(a desc nulls last, id desc)",
    "a, b desc, id desc": "(a, b desc, id desc)",
    "a nulls first, b desc nulls last, id desc": "(a nulls first, b desc nulls last, id desc)",
    "a": "(a)",
}


@pytest.fixture(scope="module")
async def source(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    source = PostgresSource("shop", addresses.postgres, pool_size=1, timeout=5.0)
    await source.open()
    try:
        for at, columns in enumerate(INDEXES.values()):
            name = f"sorted_{at}"
            await source.run(f"drop table if exists {name}")
            await source.run(
                f"create table {name} (id integer primary key, a integer, b integer, "
                "u integer not null unique)"
            )
            await source.run(
                f"insert into {name} select n, n % 500, n % 50, n from generate_series(1, 3000) n"
            )
            await source.run(f"create index on {name} {columns}")
            await source.run(f"analyze {name}")
        yield source
    finally:
        for at in range(len(INDEXES)):
            await source.run(f"drop table if exists sorted_{at}")
        await source.close()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("at", range(len(INDEXES)), ids=list(INDEXES))
async def test_an_index_serves_an_order_where_postgres_uses_it(
    source: PostgresSource, at: int, order: str
) -> None:
    resource = PostgresTable(source="shop", name=f"sorted_{at}")
    told: Description = await source.describe(resource)
    operation = Operation()
    window = Window(order=ORDERS[order], limit=3)
    await page_of(source, resource, {"id"}, None, window, operation)
    statement = str(operation.trace.calls[0].statement).replace("$1", "3")
    plan = "\n".join(row["QUERY PLAN"] for row in await source.run(f"explain {statement}"))

    need = Need(resource, None, ORDERS[order])
    served = any(_serves(each, need, told) for each in told.indexes or ())

    nodes = re.findall(r"(?:^|->  )(\w[\w ]*?)(?: using| on|  \()", plan, re.MULTILINE)
    if order == "u":
        # That equal values of a unique column are sorted by the key sorts nothing.
        nodes = ["" if each == "Incremental Sort" else each for each in nodes]
    assert served is not any(each.endswith(("Sort", "Seq Scan")) for each in nodes), plan
