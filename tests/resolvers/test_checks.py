"""A graph is refused once, with everything that is wrong with it; what is doubtful is logged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import strawberry
from click.testing import CliRunner

from gateway.cli import main
from loaders.identity import Identity
from loaders.resource import Row
from loaders.rest.routes import Batch, Single
from loaders.row_filters import through
from resolvers.checks import columns, costs, encryption, inputs, roads, shapes
from resolvers.checks.all import CHECKS
from resolvers.checks.faults import DeclarationError, Fault
from resolvers.connections import connection
from resolvers.directives import Authenticated, RequiresScopes
from resolvers.fields import Node, column, computed
from resolvers.graph import Graph
from resolvers.lookups import lookup, node
from resolvers.mutations import mutation
from resolvers.policies import policy
from resolvers.relations import many, one
from tests.resolvers.declaring import (
    collection,
    connection_of,
    faults_of,
    graph_of,
    list_of,
    node_type,
    plain_type,
    service,
    table,
)


def rename() -> str | None:
    return None


MANY_FAULTS = [
    "Query.open: it is protected, so it must be nullable: a denial is a null",
    "Thing.phone: it is personal data, and nothing protects it",
    "Thing.secret: the graph has no policy 'onw'; did you mean 'own'?",
    "Mutation.rename: it says neither who may run it nor that everyone may: "
    "mutation(…, public=True)",
    "Parcel: shipping.parcels: its Batch by 'order_id': the path /p?x=1 has a query, which the "
    "keys are to be",
    "Query.node: an id can be of Parcel, and shipping.parcels can't be had by 'id': it has no "
    "route by 'id', only by 'order_id'",
    "Thing.parts: many() gives a list of objects of a type that a resource backs, and not Part",
    "Query.part: it must be nullable: it is had from 'catalog', which can be down, and would take "
    "all around it along",
    "Thing.part: it must be nullable: it leads from 'shop' into 'catalog', which can be down, and "
    "would take all around it along",
    "Thing.tags: filterable: a value of type list of ID has no comparisons",
    "Thing.tags: sortable: a value of type list of ID makes no cursor: take sortable away",
    "Query.things: order_by: no field of Thing shows the column 'hidden', and the cursors would",
    "Thing.shown: needs: 'part' is no column: Thing.part goes by the column 'part_id'",
    "Query.part: by: Part has no column field 'nmae'; did you mean 'name'?",
    "Thing.part: Thing's 'part_id' is int and Part's '_id' is ObjectId, so they never meet",
]


async def decide(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [True for _ in rows]


def graph_of_many_faults() -> Graph:
    part = node_type("Part", collection("parts"), name=(str, column("It.")))
    parcel = node_type("Parcel", service(by={"order_id": Batch("/p?x=1", "order")}))
    thing = node_type(
        "Thing",
        table("things"),
        phone=(str, column("It.", personal=True)),
        secret=(str | None, column("It.", policy=[["onw"]])),
        tags=(list_of(strawberry.ID), column("It.", filterable=True, sortable=True)),
        part_id=(int, column("Which.")),
        part=(part, one("It.", by="part_id")),
        parts=(part | None, many("They.", by="thing_id")),
        shown=(str, computed("It.", lambda: "", needs=["part"])),
    )
    query = plain_type(
        "Query",
        open=(str, strawberry.field(resolver=lambda: "", directives=[Authenticated()])),
        node=(Node | None, node("Any.")),
        part=(part, lookup("It.", by=("id", "nmae"))),
        things=(connection_of(thing) | None, connection("All.", order_by="hidden")),
    )
    changes = plain_type("Mutation", rename=(str | None, mutation("It.", rename)))
    return Graph(query, mutation=changes, types=[parcel], policies=[policy("own")(decide)])


def test_all_faults_are_in_one_message() -> None:
    with pytest.raises(DeclarationError) as refused:
        graph_of_many_faults()

    head, *lines = str(refused.value).splitlines()
    assert head == f"{len(MANY_FAULTS)} declarations of the graph can't be kept:"
    assert lines == [f"  {fault}" for fault in MANY_FAULTS]
    assert list(map(str, refused.value.faults)) == MANY_FAULTS
    assert refused.value.faults[1] == Fault(
        "Thing.phone", "it is personal data, and nothing protects it"
    )


@pytest.mark.parametrize("command", [["schema", "print"], ["serve"]], ids=" ".join)
def test_the_command_line_shows_the_lines(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "many_faults.py").write_text(
        "from tests.resolvers.test_checks import graph_of_many_faults\n"
        "graph = graph_of_many_faults()\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        patch.setenv("SLUICE_GRAPH", "")  # which serve sets for its workers
        result = CliRunner().invoke(main, [*command, "--graph", "many_faults:graph"])

    assert result.exit_code == 1
    assert "Traceback" not in result.output
    for fault in MANY_FAULTS:
        assert f"  {fault}\n" in result.output


def test_every_check_is_called() -> None:
    named = {
        name
        for module in (columns, costs, encryption, inputs, roads, shapes)
        for name, value in vars(module).items()
        if callable(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }

    assert named == {check.__name__ for check in CHECKS}


def customers(**more: Any) -> Any:
    return node_type("Customer", table("customers", **more), name=(str, column("It.")))


def warnings_of(caplog: pytest.LogCaptureFixture, **fields: Any) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.WARNING, "sluice.declarations"):
        graph_of(**fields)
    assert {record.name for record in caplog.records} <= {"sluice.declarations"}
    return [record.getMessage() for record in caplog.records]


def closed(**more: Any) -> Any:
    return connection("All.", requires_scopes=[["customers:read"]], **more)


def test_a_protected_connection_whose_objects_are_open_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    customer = customers()
    order = node_type("Order", table(), customer=(customer | None, one("Whose.", by="customer_id")))

    warned = warnings_of(
        caplog,
        node=(Node | None, node("Any.")),
        customer=(customer | None, lookup("It.", by="id")),
        customers=(connection_of(customer) | None, closed()),
        order=(order | None, lookup("It.", by="id")),
    )

    assert warned == [
        'Query.customers is protected by @requiresScopes(scopes: [["customers:read"]]), but its '
        "objects can be had without that, by Query.node, Query.customer, Order.customer: protect "
        "their type, or give shop.customers a row filter"
    ]


def test_a_connection_that_nothing_goes_around_is_not_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def warned(customer: Any, **fields: Any) -> list[str]:
        return warnings_of(caplog, customers=(connection_of(customer) | None, closed()), **fields)

    def found(customer: Any, **access: Any) -> Any:
        return customer | None, lookup("It.", by="id", **access)

    assert warned(customers()) == []
    open_one = customers()
    assert len(warned(open_one, found=found(open_one))) == 1
    kept = customers()
    assert warned(kept, found=found(kept, authenticated=True)) == []
    filtered = customers(row_filter=lambda identity: None)
    assert warned(filtered, found=found(filtered)) == []
    whole = node_type(
        "Customer",
        table("customers"),
        directives=[RequiresScopes.of([["customers:read"]])],
        name=(str, column("It.")),
    )
    assert warned(whole, node=(Node | None, node("Any."))) == []
    free = customers()
    assert (
        warnings_of(
            caplog,
            customers=(connection_of(free) | None, connection("All.")),
            found=found(free),
        )
        == []
    )


def test_a_graph_that_is_right_loads() -> None:
    orders = table(row_filter=lambda identity: None)
    parcel = node_type(
        "Parcel",
        service(
            key="order_id",
            key_type=int,
            by={"order_id": Single("/parcels/{key}")},
            row_filter=through("order_id", orders),
        ),
        code=(str, column("It.")),
    )
    order = node_type(
        "Order",
        orders,
        number=(str, column("It.", filterable=True, sortable=True)),
        parcel=(parcel | None, one("It.", by="id")),
    )

    assert (
        faults_of(
            node=(Node | None, node("Any.")),
            order=(order | None, lookup("It.", by=("id", "number"))),
            orders=(connection_of(order) | None, connection("All.", order_by=("-number", "id"))),
        )
        == []
    )
