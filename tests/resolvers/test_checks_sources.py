"""What is found when declarations are held against what sources say, one mistake at a time."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from strawberry.scalars import JSON

from loaders.descriptions import ColumnDescription, Description, Family
from loaders.identity import Identity
from loaders.query import Comparison, Filter, Function, Operator, Or, equals
from loaders.resource import Resource, Row
from loaders.rest.routes import Batch
from loaders.row_filters import through
from resolvers.checks.sources import columns, indexes, keys
from resolvers.checks.sources.all import CHECKS
from resolvers.connections import connection
from resolvers.fields import batched, column, computed
from resolvers.graph import Graph
from resolvers.lookups import lookup
from resolvers.policies import policy
from resolvers.relations import aggregate, many, one
from tests.resolvers.declaring import (
    collection,
    connection_of,
    graph_of,
    list_of,
    node_type,
    plain_type,
    service,
    table,
)
from tests.resolvers.describing import column as made
from tests.resolvers.describing import described, found, index

ID = made("bigint", Family.BIG_INTEGER)
TEXT = made("text", Family.TEXT)


@strawberry.enum
class Status(enum.Enum):
    OPEN = "open"
    PAID = "paid"


def over(
    columns: dict[str, ColumnDescription], resource: Resource | None = None, **fields: Any
) -> list[str]:
    """What is found of a type with these fields over a table with these columns."""
    resource = resource or table()
    return found(graph_over(resource, **fields), {resource: described({"id": ID, **columns})})


def graph_over(resource: Resource, policies: Sequence[Any] = (), **fields: Any) -> Graph:
    type_ = node_type("Order", resource, **fields)
    return graph_of(policies=policies, order=(type_ | None, lookup("It.", by="id")))


def test_every_check_is_called() -> None:
    named = {
        name
        for module in (columns, indexes, keys)
        for name, value in vars(module).items()
        if callable(value) and value.__module__ == module.__name__ and name[0].islower()
    }

    assert named == {check.__name__ for check in CHECKS}


def test_declarations_that_fit_are_let_be() -> None:
    assert over({"name": TEXT}, name=(str, column("It.", filterable=True, sortable=True))) == []


@pytest.mark.parametrize(
    ("others", "meant"),
    [
        (("Orders", "pairs"), "; did you mean 'Orders'?"),
        (("sales.orders",), "; did you mean 'sales.orders'?"),
        (("zebra",), ": correct its name"),
        ((), ": correct its name"),
    ],
)
def test_a_table_that_is_not_there_is_the_one_thing_told_of_it(
    others: tuple[str, ...], meant: str
) -> None:
    resource = table()
    graph = graph_over(resource, name=(str, column("It.")))

    assert found(graph, {resource: Description(kind=None, others=others)}) == [
        f"fault Order: the source 'shop' has nothing called 'orders'{meant}"
    ]


@policy("paid", needs=["paid_at"])
async def is_paid(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [True for _ in rows]


async def nothing(rows: Sequence[Row], info: Any) -> list[None]:
    return [None for _ in rows]


def own(identity: Identity) -> Filter | None:
    return Or((equals("custmer_id", 1), Comparison("name", Operator.NE, "x")))


def closed(identity: Identity) -> Filter | None:
    raise KeyError(identity.claims["customer_id"])


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ((str, column("It.", name="nmae")),
         "shop.orders has no column 'nmae'; did you mean 'name'?"),
        ((str, column("It.", name="zebra")), "shop.orders has no column 'zebra': correct its name"),
        ((str, computed("It.", lambda: "", needs=["Name"])),
         "needs: shop.orders has no column 'Name'; did you mean 'name'?"),
        ((str | None, batched("It.", nothing, needs=["named"])),
         "needs: shop.orders has no column 'named'; did you mean 'name'?"),
        ((str | None, column("It.", name="name", policy=[["paid"]])),
         "policy 'paid' needs: shop.orders has no column 'paid_at': correct its name"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_told_with_the_nearest(field: Any, said: str) -> None:
    resource = table()
    graph = graph_over(resource, policies=[is_paid], it=field)

    lines = found(graph, {resource: described({"id": ID, "name": TEXT})})

    assert lines == [f"fault Order.it: {said}"]


@pytest.mark.parametrize(
    ("row_filter", "lines"),
    [
        (own, ["fault Order: its row filter: shop.orders has no column 'custmer_id'; did you mean "
               "'customer_id'?"]),
        (closed, []),
        (lambda identity: None, []),
        (through("customr_id", table("customers")),
         ["fault Order: its row filter: shop.orders has no column 'customr_id'; did you mean "
          "'customer_id'?"]),
    ],
)  # fmt: skip
def test_a_row_filters_columns_are_told_as_far_as_it_says_them(
    row_filter: Any, lines: list[str]
) -> None:
    resource = table(row_filter=row_filter)
    graph = graph_over(resource, name=(str, column("It.")))

    told = described({"id": ID, "name": TEXT, "customer_id": ID})

    assert found(graph, {resource: told}) == lines


def test_a_column_that_we_may_not_read_is_a_fault() -> None:
    told = made("text", Family.TEXT, is_readable=False)

    assert over({"name": told}, name=(str, column("It."))) == [
        "fault Order.name: the source does not let us read 'name' of shop.orders: grant it to the "
        "user of the source's url"
    ]


def test_of_rows_that_may_have_other_columns_none_is_missing() -> None:
    resource = collection("products", key="id", key_type=int)
    graph = graph_over(resource, name=(str, column("It.")))

    assert found(graph, {resource: described({"id": ID}, is_open=True)}) == []


def test_what_no_object_of_a_service_has_is_a_hint() -> None:
    resource = service(by={"id": Batch("/p", "id")})
    graph = graph_over(
        resource, trackingNumber=(str | None, column("It.")), at=(str, column("It."))
    )
    seen = [{"id": "1", "tracking_number": "a", "at": "b"}, {"id": "2"}]

    assert found(graph, {resource: Description(kind="service", is_open=True, seen=seen)}) == [
        "hint Order.trackingNumber: no object that shipping.parcels answered has 'trackingNumber'; "
        "did you mean 'tracking_number'?"
    ]


@pytest.mark.parametrize(
    ("annotation", "column_", "line"),
    [
        (int, made("text", Family.TEXT),
         "fault {}: is text, and holds texts, which Int can't show: declare str"),
        (float, made("text", Family.TEXT),
         "fault {}: is text, and holds texts, which Float can't show: declare str"),
        (bool, made("uuid", Family.UUID),
         "fault {}: is uuid, and holds UUIDs, which Boolean can't show: declare uuid.UUID"),
        (datetime, made("timestamp", Family.LOCAL_DATETIME),
         "fault {}: is timestamp, and holds times without a zone, which DateTime can't show: "
         "declare LocalDateTime, or datetime with a time_zone"),
        (str, made("addr", Family.RECORD),
         "fault {}: is addr, and holds records, which String can't show: declare a type with its "
         "fields, or JSON"),
        (int, made("bigint", Family.BIG_INTEGER),
         "hint {}: is bigint: values beyond 2,147,483,647 are errors: declare BigInt"),
        (datetime, made("text", Family.TEXT),
         "hint {}: is text: texts that are no ISO 8601 time with its zone are errors"),
        (str, made("text[]", Family.TEXT, is_list=True),
         "fault {}: is text[], a list: declare list[…]"),
        (list_of(str), made("text", Family.TEXT),
         "fault {}: is text, no list: declare a single value"),
        (list_of(int), made("text[]", Family.TEXT, is_list=True),
         "fault {}: is text[], and holds texts, which Int can't show: declare str"),
        (Status, made("uuid", Family.UUID),
         "fault {}: is uuid, and holds nothing that Status has: declare uuid.UUID"),
    ],
)  # fmt: skip
def test_a_type_that_can_not_show_a_column_says_which_can(
    annotation: Any, column_: ColumnDescription, line: str
) -> None:
    expected = line.format("Order.it").replace(": is", ": shop.orders's 'it' is", 1)

    assert over({"it": column_}, it=(annotation, column("It."))) == [expected]


PART = plain_type("Part", size=(int, strawberry.field(description="It.")))
OWN = strawberry.scalar(name="Own", serialize=str)


@pytest.mark.parametrize(
    ("annotation", "column_"),
    [
        (str, made("jsonb", Family.DOCUMENT)), (list_of(str), made("jsonb", Family.DOCUMENT)),
        (PART, made("jsonb", Family.DOCUMENT)), (PART, made("addr", Family.RECORD)),
        (JSON, made("addr", Family.RECORD)), (str, made("bytea", Family.BYTES)),
        (list_of(PART), made("json", Family.DOCUMENT)),
        (int, made("xid")), (PART, made("something")), (list_of(str), made("something")),
        (list_of(Status), made("status[]", Family.LABEL, is_list=True, labels=("open", "paid"))),
        (strawberry.ID, made("uuid", Family.UUID)), (str, made("status", Family.LABEL)),
    ],
)  # fmt: skip
def test_of_what_can_hold_the_type_nothing_is_said(
    annotation: Any, column_: ColumnDescription
) -> None:
    assert over({"it": column_}, it=(annotation, column("It."))) == []


@pytest.mark.parametrize("family", [Family.TEXT, Family.OTHER, Family.INTEGER])
def test_a_document_comes_from_documents_alone(family: Family) -> None:
    (line,) = over({"it": made("x", family)}, it=(PART, column("It.")))

    assert line.startswith(
        "fault Order.it: shop.orders's 'it' is x, and holds no documents with the fields of Part: "
    )


@pytest.mark.parametrize("nullable", [True, False, None])
def test_a_field_that_is_never_null_over_a_column_that_can_be(nullable: bool | None) -> None:
    lines = over({"name": made("text", Family.TEXT, nullable=nullable)}, name=(str, column("It.")))

    assert lines == [
        "fault Order.name: it is never null, and shop.orders's 'name' can be: declare it nullable, "
        "or have the source keep nulls out"
    ] * (nullable is True)


@pytest.mark.parametrize(
    ("labels", "filterable", "lines"),
    [
        (("open", "paid"), True, []),
        (("open", "paid", "lost", "late"), True,
         ["fault Order.it: shop.orders's 'it' (status) can be 'lost' or 'late', which the enum "
          "does not have: add it"]),
        (("open",), True,
         ["fault Order.it: shop.orders's 'it' (status) is never 'paid', which the enum has, and "
          "whoever filters by it gets an error: take it out"]),
        (("open",), False,
         ["hint Order.it: shop.orders's 'it' (status) is never 'paid', which the enum has: take it "
          "out"]),
        (None, True, []),
    ],
)  # fmt: skip
def test_the_labels_of_an_enum_are_those_of_the_source(
    labels: tuple[str, ...] | None, filterable: bool, lines: list[str]
) -> None:
    told = made("status", Family.LABEL, labels=labels)

    assert over({"it": told}, it=(Status, column("It.", filterable=filterable))) == lines


@pytest.mark.parametrize(
    ("annotation", "column_", "options", "line"),
    [
        (str, made("uuid", Family.UUID), {"filterable": True},
         "fault Order.it: filterable: shop.orders's 'it' is uuid, and values of String can't be "
         "compared with that: declare uuid.UUID, or take filterable away"),
        (str, made("status", Family.LABEL), {"filterable": True},
         "fault Order.it: filterable: shop.orders's 'it' is status, and values of String can't be "
         "compared with that: declare an enum, or str, or take filterable away"),
        (list[str], made("jsonb", Family.DOCUMENT), {"filterable": True},
         "fault Order.it: filterable: shop.orders's 'it' is jsonb, and values of String can't be "
         "compared with that: make it an array, or take filterable away"),
        (list[str], made("uuid[]", Family.UUID, is_list=True), {"filterable": True},
         "fault Order.it: filterable: shop.orders's 'it' is uuid[], and values of String can't be "
         "compared with that: declare uuid.UUID, or take filterable away"),
        (str, made("int4range", Family.OTHER), {"sortable": True},
         "fault Order.it: sortable: shop.orders's 'it' is int4range, whose values make no cursor: "
         "take sortable away"),
        (str, made("json", Family.DOCUMENT), {"sortable": True},
         "fault Order.it: sortable: shop.orders's 'it' is json, whose values make no cursor: take "
         "sortable away"),
    ],
)  # fmt: skip
def test_what_can_not_be_compared_or_sorted_by(
    annotation: Any, column_: ColumnDescription, options: Any, line: str
) -> None:
    assert over({"it": column_}, it=(annotation, column("It.", **options))) == [line]


@pytest.mark.parametrize("family", [Family.TEXT, None])
def test_arrays_can_be_compared(family: Family | None) -> None:
    it = made("an array", family, is_list=True)

    assert over({"it": it}, it=(list[str], column("It.", filterable=True))) == []


def test_an_order_that_makes_no_cursor() -> None:
    resource = table()
    type_ = node_type("Order", resource, token=(str | None, column("It.")))
    graph = graph_of(orders=(connection_of(type_) | None, connection("All.", order_by="token")))
    told = described(
        {"id": ID, "token": made("inet", Family.OTHER)}, [index("token nulls first", "id")]
    )

    assert found(graph, {resource: told}) == [
        "fault Query.orders: order_by: shop.orders's 'token' is inet, whose values make no cursor: "
        "sort by another column"
    ]


@pytest.mark.parametrize(
    ("function", "column_", "line"),
    [
        (Function.SUM, TEXT, "is text, which has no sum: name a number"),
        (Function.AVG, made("date", Family.DATE), "is date, which has no avg: name a number"),
        (Function.SUM, made("int[]", Family.INTEGER, is_list=True),
         "is int[], which has no sum: name a number"),
        (Function.MIN, made("boolean", Family.BOOLEAN), "is boolean, which has no min"),
        (Function.MAX, made("date", Family.DATE),
         "is date, and holds dates, which Decimal can't show: declare date"),
        (Function.MAX, made("numeric", Family.DECIMAL), None),
        (Function.SUM, made("something"), None),
    ],
)  # fmt: skip
def test_an_aggregate_is_over_what_has_it(
    function: Function, column_: ColumnDescription, line: str | None
) -> None:
    resource, lines = table(), table("lines")
    field = aggregate("It.", of=lines, by="order_id", function=function, column="it")
    graph = graph_over(resource, it=(Decimal | None, field))
    told = described({"id": ID, "order_id": ID, "it": column_}, [index("order_id")])

    expected = [] if line is None else [f"fault Order.it: column: shop.lines's 'it' {line}"]
    assert found(graph, {resource: described({"id": ID}), lines: told}) == expected


def test_the_columns_of_an_aggregate_are_there() -> None:
    resource, lines = table(), table("lines")
    field = aggregate(
        "It.", of=lines, by="ordr", function=Function.SUM, column="prise", where=equals("knd", 1)
    )
    graph = graph_over(resource, it=(Decimal | None, field))
    told = described(dict.fromkeys(("id", "order", "price", "kind"), ID))

    assert found(graph, {resource: described({"id": ID}), lines: told}) == [
        "fault Order.it: by: shop.lines has no column 'ordr'; did you mean 'order'?",
        "fault Order.it: column: shop.lines has no column 'prise'; did you mean 'price'?",
        "fault Order.it: where: shop.lines has no column 'knd'; did you mean 'kind'?",
    ]


def test_what_a_source_proves_wrong_and_what_it_can_not_tell() -> None:
    resource = service(by={"id": Batch("/p", "id")})
    graph = graph_over(resource)
    told = Description(
        kind="service", is_open=True, mistakes=("GET /p answers with status 404",), unknown=("why",)
    )

    assert found(graph, {resource: told}) == [
        "fault Order: shipping.parcels: GET /p answers with status 404: correct its routes",
        "unknown Order: shipping.parcels: why",
    ]


def test_of_what_was_not_asked_about_nothing_is_said() -> None:
    line, part = node_type("Line", table("lines")), node_type("Part", table("parts"))
    graph = graph_over(
        table(),
        name=(str, column("It.", filterable=True, sortable=True)),
        lines=(list_of(line), many("They.", by="order_id")),
        part=(part | None, one("It.", by="part_id", to="sku")),
    )

    assert found(graph, {}) == []
