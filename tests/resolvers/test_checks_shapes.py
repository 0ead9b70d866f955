"""A graph whose fields are of types that their kinds can't give is refused as it loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import strawberry

from loaders.query import Function
from loaders.rest.routes import Single
from resolvers.connections import connection
from resolvers.fields import Node, batched, column, computed
from resolvers.lookups import lookup, node, nodes
from resolvers.relations import aggregate, many, one
from tests.resolvers.declaring import (
    collection,
    connection_of,
    faults_of,
    list_of,
    node_type,
    plain_type,
    service,
    table,
)

LINES = table("order_lines")


def line() -> Any:
    return node_type("Line", LINES, number=(str, column("Its number.")))


def of_order(annotation: Any, declared: Any) -> list[str]:
    """The faults of a graph with such a field of an order."""
    order = node_type("Order", table(), found=(annotation, declared))
    return faults_of(order=(order | None, lookup("It.", by="id")), types=[line()])


KINDS: dict[str, tuple[Callable[[], Any], str]] = {
    "many": (
        lambda: many("They.", by="order_id"),
        "many() gives a list of objects of a type that a resource backs, and not",
    ),
    "one": (
        lambda: one("It.", by="line_id"),
        "one() gives one object of a type that a resource backs, and not",
    ),
    "connection": (
        lambda: connection("They.", by="order_id"),
        "connection() gives Connection[T] of a type that a resource backs, and not",
    ),
    "aggregate": (
        lambda: aggregate("All.", of=LINES, by="order_id", function=Function.COUNT),
        "aggregate() gives one value, and not",
    ),
}

SHAPES: dict[str, Callable[[Any], Any]] = {
    "Line!": lambda line: line,
    "Line": lambda line: line | None,
    "[Line!]!": lambda line: list_of(line),
    "[Line]": lambda line: list_of(line | None) | None,
    "[[Line!]!]!": lambda line: list_of(list_of(line)),
    "LineConnection!": lambda line: connection_of(line),
    "LineConnection": lambda line: connection_of(line) | None,
    "[LineConnection!]!": lambda line: list_of(connection_of(line)),
    "Node": lambda line: Node | None,
    "[Node!]!": lambda line: list_of(Node),
    "Int": lambda line: int | None,
    "[String!]!": lambda line: list_of(str),
}

FITTING = {
    "many": ("[Line!]!", "[Line]"),
    "one": ("Line!", "Line"),
    "connection": ("LineConnection!", "LineConnection"),
    "aggregate": ("Int",),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_field_is_of_a_type_that_its_kind_gives(kind: str, shape: str) -> None:
    make, misfit = KINDS[kind]
    fits = shape in FITTING[kind]

    found = of_order(SHAPES[shape](line()), make())

    assert found == ([] if fits else [f"Order.found: {misfit} {shape}"])


@pytest.mark.parametrize("shape", [each for each in SHAPES if not each.endswith("!")])
def test_a_lookup_is_of_one_object(shape: str) -> None:
    found = faults_of(line=(SHAPES[shape](line()), lookup("It.", by="id")), types=[line()])

    assert found == (
        []
        if shape == "Line"
        else [
            "Query.line: lookup() gives one object of a type that a resource backs, and not "
            f"{shape}"
        ]
    )


def test_a_connection_of_what_no_resource_backs() -> None:
    thing = plain_type("Thing", size=(int, strawberry.field(description="Its size.")))

    assert faults_of(things=(connection_of(thing) | None, connection("All."))) == [
        "Query.things: connection() gives Connection[T] of a type that a resource backs, and not "
        "ThingConnection"
    ]


def test_node_and_nodes_are_of_any_type() -> None:
    type_ = line()

    assert faults_of(node=(type_ | None, node("Any."))) == [
        "Query.node: node() gives any object: Node | None, and not Line"
    ]
    assert faults_of(nodes=(list_of(type_) | None, nodes("Any."))) == [
        "Query.nodes: nodes() gives any objects: list[Node | None], and not [Line!]"
    ]
    assert (
        faults_of(
            node=(Node | None, node("Any.")),
            nodes=(list[Node | None] | None, nodes("Any.")),
            types=[type_],
        )
        == []
    )


@pytest.mark.parametrize(
    ("annotation", "declared", "message"),
    [
        ("one", one("It.", by="line_id"), "it needs 'line_id' of a row, and Query has none"),
        ("many", many("They.", by="a"), "it needs a row, whose key it goes by, and Query has none"),
        (
            "connection",
            connection("They.", by="a"),
            "it needs a row, whose key it goes by, and Query has none",
        ),
        (
            "int",
            aggregate("Those.", of=LINES, by="a", function=Function.COUNT),
            "it needs a row, whose key it goes by, and Query has none",
        ),
        (
            "int",
            computed("It.", lambda: 1, needs=["a"]),
            "it needs 'a' of a row, and Query has none",
        ),
        (
            "int",
            batched("It.", lambda rows, info: [], needs=["a"]),
            "it needs 'a' of a row, and Query has none",
        ),
        (
            "int",
            column("It.", name="a"),
            "a name, filterable and sortable are of columns of a row, and Query has none",
        ),
        (
            "int",
            column("It.", filterable=True),
            "a name, filterable and sortable are of columns of a row, and Query has none",
        ),
    ],
)
def test_a_field_that_reads_a_row_stands_on_one(
    annotation: str, declared: Any, message: str
) -> None:
    type_ = line()
    annotations = {
        "one": type_ | None,
        "many": list_of(type_) | None,
        "connection": connection_of(type_) | None,
        "int": int | None,
    }

    assert faults_of(found=(annotations[annotation], declared)) == [f"Query.found: {message}"]


def test_a_field_of_no_row_stands_anywhere() -> None:
    embedded = plain_type("Size", width=(int | None, column("It.", authenticated=True)))

    assert (
        faults_of(
            size=(embedded | None, strawberry.field(resolver=lambda: None)),
            sizes=(int | None, batched("It.", lambda rows, info: [1 for _ in rows])),
        )
        == []
    )


def test_a_relation_is_declared_on_the_type_whose_rows_it_reads() -> None:
    type_ = line()
    order = node_type("Order", table(), line=(type_ | None, one("It.", by="line_id")))
    old = strawberry.type(type("OldOrder", (order,), {"resource": table("old_orders")}))
    same = strawberry.type(type("SameOrder", (order,), {}))

    assert faults_of(types=[order, old], hello=(str, "hello")) == [
        "OldOrder.line: it needs 'line_id' of a row, and it is declared on Order, whose rows are "
        "others: declare it here"
    ]
    assert faults_of(types=[order, same], hello=(str, "hello")) == []


ACROSS = "which can be down, and would take all around it along"


def crossing(kind: str, *, nullable: bool, target: Any) -> list[str]:
    type_ = node_type("Thing", target, order_id=(int, column("Whose.")))
    fields: dict[str, Any] = {
        "one": (type_, one("It.", by="thing_id", to="order_id")),
        "many": (list_of(type_), many("They.", by="order_id")),
        "connection": (connection_of(type_), connection("They.", by="order_id")),
        "aggregate": (int, aggregate("All.", of=target, by="order_id", function=Function.COUNT)),
    }
    annotation, declared = fields[kind]
    order = node_type(
        "Order", table(), thing=(annotation | None if nullable else annotation, declared)
    )
    return faults_of(order=(order | None, lookup("It.", by="id")), types=[type_])


@pytest.mark.parametrize("kind", ["one", "many", "connection", "aggregate"])
def test_a_field_that_crosses_sources_is_nullable(kind: str) -> None:
    others = [
        collection("things", key_type=int),
        table("things", "other"),
        service("things", key_type=int, by={"order_id": Single("/things/{key}")}),
    ]
    for target in others:
        assert crossing(kind, nullable=False, target=target) == [
            "Order.thing: it must be nullable: it leads from 'shop' into "
            f"'{target.source}', {ACROSS}"
        ]
        assert crossing(kind, nullable=True, target=target) == []
    assert crossing(kind, nullable=False, target=table("things")) == []


def test_a_field_of_the_root_is_nullable() -> None:
    type_ = line()
    had = f"it must be nullable: it is had from 'shop', {ACROSS}"

    assert faults_of(
        node=(Node, node("Any.")),
        nodes=(list[Node | None], nodes("Any.")),
        line=(type_, lookup("It.", by="id")),
        lines=(connection_of(type_), connection("All.")),
    ) == [
        f"Query.node: it must be nullable: it is had from any source, {ACROSS}",
        f"Query.nodes: it must be nullable: it is had from any source, {ACROSS}",
        f"Query.line: {had}",
        f"Query.lines: {had}",
    ]
