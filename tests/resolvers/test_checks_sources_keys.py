"""Keys that find one row, and the two ends of relations, against what sources say."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from loaders.descriptions import ColumnDescription, Description, Family
from loaders.query import Function
from loaders.resource import Resource
from loaders.rest.routes import Single
from loaders.row_filters import through
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.lookups import lookup
from resolvers.relations import aggregate, many, one
from tests.resolvers.declaring import (
    collection,
    connection_of,
    graph_of,
    list_of,
    node_type,
    service,
    table,
)
from tests.resolvers.describing import column as made
from tests.resolvers.describing import described, found, index

ID = made("bigint", Family.BIG_INTEGER)
TEXT = made("text", Family.TEXT)
NOT_UNIQUE = "is not unique, so it does not find one row: give it a unique index, or go by another"
IN_PART = "is unique by a partial index or one over an expression alone, so whether it finds one"


def of_key(resource: Resource, told: Description) -> list[str]:
    type_ = node_type("Order", resource)
    return found(graph_of(order=(type_ | None, lookup("It.", by="id"))), {resource: told})


@pytest.mark.parametrize(
    ("key_type", "column_", "do"),
    [
        (int, made("date", Family.DATE), "key_type=date"),
        (int, made("time", Family.TIME), "declare another key"),
        (uuid.UUID, ID, "key_type=int"),
        (str, made("timestamptz", Family.DATETIME), "key_type=datetime"),
    ],
)
def test_a_key_of_another_type_than_its_column(
    key_type: type, column_: ColumnDescription, do: str
) -> None:
    assert of_key(table(key_type=key_type), described({"id": column_})) == [
        f"fault Order: key: shop.orders's 'id' is {column_.type}, and key_type is "
        f"{key_type.__name__}, so no id finds a row: {do}"
    ]


@pytest.mark.parametrize(
    ("key_type", "column_", "do"),
    [
        (str, made("uuid", Family.UUID), "key_type=uuid.UUID"),
        (str, ID, "key_type=int"),
        (int, TEXT, "key_type=str"),
        (uuid.UUID, TEXT, "key_type=str"),
    ],
)
def test_a_key_that_is_read_as_its_column_has_it(
    key_type: type, column_: ColumnDescription, do: str
) -> None:
    assert of_key(table(key_type=key_type), described({"id": column_})) == [
        f"hint Order: key: shop.orders's 'id' is {column_.type}, and key_type is "
        f"{key_type.__name__}, so each key is read anew: {do}"
    ]


@pytest.mark.parametrize(
    ("key_type", "column_"),
    [
        (int, ID), (int, made("numeric", Family.DECIMAL)), (str, TEXT), (str, made("x")),
        (uuid.UUID, made("uuid", Family.UUID)), (Decimal, made("numeric", Family.DECIMAL)),
    ],
)  # fmt: skip
def test_a_key_of_its_columns_type(key_type: type, column_: ColumnDescription) -> None:
    assert of_key(table(key_type=key_type), described({"id": column_})) == []


def test_a_key_of_object_ids() -> None:
    resource = collection()
    told = described({"_id": made("objectId", Family.OBJECT_ID)}, key="_id")

    assert of_key(resource, told) == []
    (line,) = of_key(resource, described({"_id": made("string", Family.TEXT)}, key="_id"))
    assert line.startswith("hint")
    assert line.endswith("key_type is ObjectId, so each key is read anew: key_type=str")
    (line,) = of_key(resource, described({"_id": made("int", Family.INTEGER)}, key="_id"))
    assert line.startswith("fault")
    assert line.endswith("is int, and key_type is ObjectId, so no id finds a row: key_type=int")


def test_a_key_that_can_be_null_or_is_a_list_or_is_loose() -> None:
    nullable, listed = made("bigint", Family.BIG_INTEGER, nullable=True), made("x", is_list=True)
    loose = made("citext", Family.TEXT, is_exact=False)

    assert of_key(table(), described({"id": nullable})) == [
        "fault Order: key: shop.orders's 'id' can be null, and a row without a key has no id: have "
        "the source keep nulls out, or declare another key"
    ]
    assert of_key(table(), described({"id": listed})) == [
        "fault Order: key: shop.orders's 'id' is x, a list, which is no key: declare another"
    ]
    assert of_key(table(key_type=str), described({"id": loose})) == [
        "hint Order: key: shop.orders's 'id' is citext, whose values can be equal without being "
        "the same, and ids are compared exactly: declare another key, or give it an exact type"
    ]


@pytest.mark.parametrize(
    ("indexes", "line"),
    [
        ([index("id", unique=True)], None),
        ([index("other", "id", unique=True)],
         "fault Order: key: 'id' of shop.orders is not unique alone: together with others it is, "
         "so it does not find one row: give it a unique index, or go by another column"),
        ([index("id")], f"fault Order: key: 'id' of shop.orders {NOT_UNIQUE} column"),
        ([], f"fault Order: key: 'id' of shop.orders {NOT_UNIQUE} column"),
        ([index("id", unique=True, is_partial=True)],
         f"unknown Order: key: 'id' of shop.orders {IN_PART} row can't be told"),
        ([index("(…)", unique=True)],
         f"unknown Order: key: 'id' of shop.orders {IN_PART} row can't be told"),
    ],
)  # fmt: skip
def test_a_key_finds_one_row(indexes: list[Any], line: str | None) -> None:
    told = described({"id": ID, "other": ID}, indexes, key=None)

    assert of_key(table(), told) == ([] if line is None else [line])


def test_of_a_view_what_is_unique_is_not_missed() -> None:
    assert of_key(table(), described({"id": ID}, None)) == []


def test_a_lookup_by_what_is_not_unique() -> None:
    resource = table()
    type_ = node_type(
        "Order", resource, number=(str, column("It.", name="no")), name=(str, column("It."))
    )
    graph = graph_of(order=(type_ | None, lookup("It.", by=("id", "number", "name"))))
    told = described({"id": ID, "no": TEXT, "name": TEXT}, [index("name", unique=True)])

    assert found(graph, {resource: told}) == [
        f"fault Query.order: by: 'no' of shop.orders {NOT_UNIQUE} column"
    ]


def test_one_by_what_is_not_unique() -> None:
    orders, parts = table(), table("parts")
    part = node_type("Part", parts)
    order = node_type("Order", orders, part=(part | None, one("It.", by="sku", to="sku")))
    graph = graph_of(order=(order | None, lookup("It.", by="id")))
    told = {
        orders: described({"id": ID, "sku": TEXT}),
        parts: described({"id": ID, "sku": TEXT}, [index("sku")]),
    }

    assert found(graph, told) == [f"fault Order.part: to: 'sku' of shop.parts {NOT_UNIQUE} column"]


def test_one_that_is_never_null_by_a_column_that_can_be() -> None:
    orders, parts = table(), table("parts")
    part = node_type("Part", parts)
    order = node_type("Order", orders, part=(part, one("It.", by="part_id")))
    graph = graph_of(order=(order | None, lookup("It.", by="id")))
    by = made("bigint", Family.BIG_INTEGER, nullable=True)
    told = {orders: described({"id": ID, "part_id": by}), parts: described({"id": ID})}

    assert found(graph, told) == [
        "fault Order.part: by: it is never null, and shop.orders's 'part_id' can be: declare it "
        "nullable"
    ]


def related(
    field: str, own: ColumnDescription, others: ColumnDescription, *, key_type: type = int
) -> list[str]:
    """What is found of a relation whose ends are these columns; ``others`` is the key of the other
    side for ``one``, and a foreign key there for the rest."""
    orders, lines = table(), table("lines", key_type=key_type)
    line = node_type("Line", lines)
    fields: dict[str, Any] = {
        "one": (line | None, one("It.", by="line")),
        "many": (list_of(line), many("They.", by="order")),
        "connection": (connection_of(line), connection("They.", by="order")),
        "aggregate": (int, aggregate("It.", of=lines, by="order", function=Function.COUNT)),
    }
    order = node_type("Order", orders, it=fields[field])
    graph = graph_of(types=[line], order=(order | None, lookup("It.", by="id")))
    if field == "one":
        told = {orders: described({"id": ID, "line": own}), lines: described({"id": others})}
    else:
        foreign = [index("order", "id")]
        told = {
            orders: described({"id": own}),
            lines: described({"id": ID, "order": others}, foreign),
        }
    return found(graph, told)


MOMENT = made("timestamptz", Family.DATETIME)


@pytest.mark.parametrize("field", ["many", "connection", "aggregate"])
def test_ends_of_two_types_never_meet(field: str) -> None:
    assert related(field, ID, MOMENT) == [
        "fault Order.it: by: shop.orders's 'id' is bigint and shop.lines's 'order' is timestamptz, "
        "so they never meet: name columns of one type"
    ]
    assert related(field, ID, made("integer", Family.INTEGER)) == []
    assert related(field, ID, TEXT) == []
    assert related(field, ID, made("something")) == []


def test_ends_of_one_never_meet() -> None:
    assert related("one", MOMENT, ID) == [
        "fault Order.it: by: shop.orders's 'line' is timestamptz and shop.lines's 'id' is bigint, "
        "so they never meet: name columns of one type"
    ]


@pytest.mark.parametrize(
    "family", [Family.UUID, Family.OBJECT_ID, Family.DATE, Family.INTEGER, Family.LABEL]
)
def test_what_has_one_text_meets_texts(family: Family) -> None:
    ends = made("x", family), TEXT
    found = [*related("one", *ends, key_type=str), *related("many", *ends[::-1])]

    assert [line for line in found if "never meet" in line] == []


def test_keys_that_come_back_as_decimals() -> None:
    numeric = made("numeric", Family.DECIMAL)

    for key_type, key in ((int, ID), (str, TEXT)):
        assert related("one", numeric, key, key_type=key_type) == [
            "hint Order.it: by: shop.orders's 'line' is numeric and shop.lines's 'id' is "
            f"{key.type}: values that are not whole are errors there"
        ]
    assert related("one", ID, numeric) == []


def test_an_end_that_is_a_list_or_is_loose() -> None:
    listed = made("bigint[]", Family.BIG_INTEGER, is_list=True)
    loose = made("citext", Family.TEXT, is_exact=False)

    assert related("one", listed, ID) == [
        "fault Order.it: by: shop.orders's 'line' is bigint[], a list, which equals no single "
        "value: name another column"
    ]
    assert related("one", loose, TEXT, key_type=str) == [
        "hint Order.it: by: shop.orders's 'line' is citext, whose values can be equal without "
        "being the same, and shop.lines's 'id' is text, which compares them exactly: give both "
        "columns one type"
    ]
    assert related("many", TEXT, loose) == [
        "hint Order: key: shop.orders's 'id' is text, and key_type is int, so each key is read "
        "anew: key_type=str"
    ]


@pytest.mark.parametrize("field", ["many", "connection", "aggregate"])
def test_rows_belong_to_each_value_of_a_list(field: str) -> None:
    listed = made("bigint[]", Family.BIG_INTEGER, is_list=True)

    assert related(field, ID, listed) == []


def test_an_end_that_its_source_says_nothing_of_is_as_it_is_declared() -> None:
    orders, parcels = table(), service(by={"id": Single("/parcels/{key}")})
    parcel = node_type("Parcel", parcels)
    order = node_type("Order", orders, parcel=(parcel | None, one("It.", by="parcel_id")))
    graph = graph_of(order=(order | None, lookup("It.", by="id")))
    silent = Description(kind="service", is_open=True)

    told = {orders: described({"id": ID, "parcel_id": MOMENT}), parcels: silent}
    assert found(graph, told) == [
        "fault Order.parcel: by: shop.orders's 'parcel_id' is timestamptz and shipping.parcels's "
        "'id' is declared as str, so they never meet: name columns of one type"
    ]
    assert found(graph, {orders: described({"id": ID, "parcel_id": ID}), parcels: silent}) == []
    assert found(graph, {orders: described({"id": ID, "parcel_id": TEXT}), parcels: silent}) == []


def test_a_row_filter_whose_ends_never_meet() -> None:
    customers = table("customers")
    orders = table(row_filter=through("customer", customers))
    told = {
        orders: described({"id": ID, "customer": TEXT}),
        customers: described({"id": ID}),
    }
    order = node_type("Order", orders)

    assert found(graph_of(order=(order | None, lookup("It.", by="id"))), told) == [
        "fault Order: its row filter: shop.orders's 'customer' is text and shop.customers's 'id' "
        "is bigint, so they never meet: name columns of one type"
    ]
