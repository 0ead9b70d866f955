"""A graph whose declarations name columns that can't do what is asked of them is refused as it
loads."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from bson import ObjectId
from strawberry.scalars import JSON

from loaders.durations import Duration
from loaders.identity import Identity
from loaders.query import Function, Order
from loaders.resource import Resource, Row
from loaders.row_filters import through
from resolvers.connections import connection
from resolvers.cursors import Cursors
from resolvers.fields import batched, column, computed
from resolvers.lookups import lookup
from resolvers.policies import policy
from resolvers.relations import aggregate, many, one
from resolvers.scalars import SCALARS, URL
from tests.resolvers.declaring import (
    collection,
    connection_of,
    faults_of,
    list_of,
    node_type,
    plain_type,
    table,
)


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"


SIZE = plain_type("Size", width=(int, strawberry.field(description="It.")))


def of_thing(resource: Resource | None = None, **fields: Any) -> list[str]:
    """The faults of a graph whose things have these fields."""
    thing = node_type("Thing", resource or table("things"), **fields)
    return faults_of(things=(connection_of(thing) | None, connection("All.")))


@pytest.mark.parametrize(
    ("type_", "shown"),
    [
        (URL, "URL"),
        (JSON, "JSON"),
        (strawberry.ID, "ID"),
        (list_of(list_of(int)), "list of list of int"),
        (list_of(strawberry.ID), "list of ID"),
        (SIZE, "Size"),
        (list_of(SIZE), "list of Size"),
    ],
    ids=str,
)
def test_what_has_no_comparisons_is_not_filterable(type_: Any, shown: str) -> None:
    for annotation in (type_, type_ | None):
        assert of_thing(it=(annotation, column("It.", filterable=True))) == [
            f"Thing.it: filterable: a value of type {shown} has no comparisons"
        ]
        assert of_thing(it=(annotation, column("It."))) == []


COMPARED = [type_ for type_, each in SCALARS.items() if each.operators and each.is_sortable]


@pytest.mark.parametrize(
    "type_", [*(each for each in COMPARED if each is not strawberry.ID), Colour], ids=str
)
def test_what_has_comparisons_is_filterable_and_sortable(type_: Any) -> None:
    for annotation in (type_, type_ | None):
        it = (annotation, column("It.", filterable=True, sortable=True))
        assert of_thing(it=it) == []


@pytest.mark.parametrize("type_", [str, int, float, bool, Decimal, datetime, date, Colour])
def test_a_list_of_what_has_comparisons_is_filterable(type_: Any) -> None:
    for annotation in (list_of(type_), list_of(type_) | None, list_of(type_ | None)):
        assert of_thing(it=(annotation, column("It.", filterable=True))) == []


@pytest.mark.parametrize(
    ("type_", "shown"),
    [
        (JSON, "JSON"),
        (bytes, "bytes"),
        (list_of(str), "list of str"),
        (SIZE, "Size"),
    ],
    ids=str,
)
def test_what_makes_no_cursor_is_sorted_by_nowhere(type_: Any, shown: str) -> None:
    assert of_thing(it=(type_, column("It.", sortable=True))) == [
        f"Thing.it: sortable: a value of type {shown} makes no cursor: take sortable away"
    ]
    thing = node_type("Thing", table("things"), it=(type_ | None, column("It.")))
    assert faults_of(things=(connection_of(thing) | None, connection("All.", order_by="-it"))) == [
        f"Query.things: order_by: Thing.it is of type {shown}, which makes no cursor: sort by "
        "another column"
    ]
    # A list that is not paged has no cursors.
    listed = many("They.", by="a", order_by="it")
    shelf = node_type("Shelf", table("shelves"), things=(list_of(thing), listed))
    assert faults_of(shelf=(shelf | None, lookup("It.", by="id"))) == []


@pytest.mark.parametrize("type_", [URL, strawberry.ID], ids=str)
def test_what_makes_a_cursor_without_comparisons_is_sortable(type_: Any) -> None:
    assert of_thing(it=(type_, column("It.", sortable=True))) == []


def test_a_value_of_the_keys_type_makes_a_cursor() -> None:
    keyed = table("things", key_type=uuid.UUID)

    assert of_thing(keyed, it=(uuid.UUID | None, column("It.", sortable=True))) == []


SAMPLES: dict[type, Any] = {
    str: "é\0",
    int: -(2**53),
    float: 0.1,
    bool: True,
    Decimal: Decimal("1.10"),
    datetime: datetime.fromisoformat("2026-01-31T09:30:00.123456+01:00"),
    date: date(2026, 1, 31),
    time: time(9, 30, 0, 123456, timezone(timedelta(hours=1))),
    timedelta: Duration(1, 2, 3),
    uuid.UUID: uuid.UUID(int=1),
}


def test_every_type_that_is_sortable_has_a_sample() -> None:
    sortable = {type_ for type_, each in SCALARS.items() if each.is_sortable}
    assert SAMPLES.keys() == {type_ for type_ in sortable if isinstance(type_, type)}


@pytest.mark.parametrize("type_", SAMPLES)
def test_a_cursor_gives_back_what_is_sortable(type_: type) -> None:
    cursors = Cursors(table("things"), (Order("it"),))

    read = cursors.place(cursors.of({"it": SAMPLES[type_]}), "after")

    assert read == (SAMPLES[type_],)
    assert type(read[0]) is type(SAMPLES[type_])


def test_two_fields_of_one_name_in_where() -> None:
    owner = node_type("Owner", table("owners"), name=(str, column("It.")))

    assert of_thing(
        owner_id=(int, column("Whose.", filterable=True)),
        owner=(owner | None, one("Whose.", by="owner_id", filterable=True)),
    ) == ["Thing: its where has 'ownerId' of more than one field"]
    assert of_thing(not_=(bool, column("It.", filterable=True))) == [
        "Thing: its where has 'not' of more than one field"
    ]
    assert of_thing(owner_id=(int, column("Whose.", filterable=True))) == []


def test_two_fields_that_sort_by_one_column() -> None:
    assert of_thing(
        old=(str, column("It.", name="name", sortable=True)),
        new=(str, column("It.", name="name", sortable=True)),
    ) == ["Thing: Thing.old and Thing.new both sort by the column 'name'"]
    assert (
        of_thing(
            old=(str, column("It.", name="name", deprecation_reason="Use new.")),
            new=(str, column("It.", name="name", sortable=True)),
        )
        == []
    )


def test_a_column_that_is_protected_here_and_open_there() -> None:
    secret = column("It.", name="salary", requires_scopes=[["hr"]])

    assert of_thing(pay=(int | None, secret), wage=(int | None, column("It.", name="salary"))) == [
        "Thing.wage: it shows the column 'salary' to everyone, which Thing.pay protects"
    ]
    assert (
        of_thing(
            pay=(int | None, column("It.", name="salary", requires_scopes=[["hr"]])),
            wage=(int | None, column("It.", name="salary", authenticated=True)),
        )
        == []
    )


def ordered(order_by: str | tuple[str, ...], **fields: Any) -> list[str]:
    thing = node_type("Thing", table("things"), **fields)
    things = connection("All.", order_by=order_by)
    return faults_of(things=(connection_of(thing) | None, things))


def test_a_connection_is_sorted_by_what_fields_show() -> None:
    name = column("It.", name="title")

    assert ordered("-secret", name=(str, name)) == [
        "Query.things: order_by: no field of Thing shows the column 'secret', and the cursors would"
    ]
    assert ordered("name", name=(str, column("It.", name="title"))) == [
        "Query.things: order_by: no field of Thing shows the column 'name', and the cursors would: "
        "Thing.name is the column 'title'"
    ]
    assert ordered(("-title", "id"), name=(str, column("It.", name="title"))) == []
    assert ordered("-id", name=(str, column("It."))) == []


def test_a_list_that_is_not_paged_may_be_sorted_by_what_no_field_shows() -> None:
    thing = node_type("Thing", table("things"), name=(str, column("It.")))
    things = many("They.", by="shelf_id", order_by="position")
    shelf = node_type("Shelf", table("shelves"), things=(list_of(thing), things))

    assert faults_of(shelf=(shelf | None, lookup("It.", by="id"))) == []


def test_a_column_that_only_a_relation_goes_by_is_not_shown() -> None:
    owner = node_type("Owner", table("owners"), name=(str, column("It.")))

    assert ordered("owner_id", owner=(owner | None, one("Whose.", by="owner_id"))) == [
        "Query.things: order_by: no field of Thing shows the column 'owner_id', and the cursors "
        "would"
    ]


@pytest.mark.parametrize("kind", ["many", "connection"])
def test_nothing_is_sorted_by_what_is_protected(kind: str) -> None:
    def shelf(**access: Any) -> list[str]:
        pay = (int | None, column("It.", requires_scopes=[["hr"]]))
        thing = node_type("Thing", table("things"), pay=pay)
        things = {
            "many": (
                list_of(thing) | None,
                many("They.", by="shelf_id", order_by="pay", **access),
            ),
            "connection": (
                connection_of(thing) | None,
                connection("They.", by="shelf_id", order_by="pay", **access),
            ),
        }
        found = node_type("Shelf", table("shelves"), things=things[kind])
        return faults_of(shelf=(found | None, lookup("It.", by="id")))

    refusal = ["Shelf.things: it sorts by Thing.pay, which is protected"]
    assert shelf() == refusal
    assert shelf(authenticated=True) == refusal
    assert shelf(requires_scopes=[["hr"]]) == []
    assert shelf(requires_scopes=[["hr"]], authenticated=True) == []


async def decide(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [True for _ in rows]


def test_a_policy_here_is_no_leave_to_sort_by_what_it_protects_there() -> None:
    pay = (int | None, column("It.", policy=[["own"]]))
    thing = node_type("Thing", table("things"), pay=pay)
    things = connection("All.", order_by="pay", policy=[["own"]])

    assert faults_of(
        things=(connection_of(thing) | None, things), policies=[policy("own")(decide)]
    ) == ["Query.things: it sorts by Thing.pay, which is protected"]


def test_needs_and_orders_name_columns() -> None:
    owner = node_type("Owner", table("owners"), name=(str, column("It.")))
    fields: dict[str, Callable[[Sequence[str]], Any]] = {
        "computed": lambda needs: (str | None, computed("It.", lambda: "", needs=needs)),
        "batched": lambda needs: (str | None, batched("It.", lambda rows, info: [], needs=needs)),
    }
    for make in fields.values():

        def thing(needs: Sequence[str], make: Any = make) -> list[str]:
            return of_thing(
                made_at=(datetime, column("When.", name="created")),
                owner=(owner | None, one("Whose.", by="owner_id")),
                found=make(needs),
            )

        assert thing(["made_at"]) == [
            "Thing.found: needs: 'made_at' is no column: Thing.madeAt is the column 'created'"
        ]
        assert thing(["madeAt"]) == [
            "Thing.found: needs: 'madeAt' is no column: Thing.madeAt is the column 'created'"
        ]
        assert thing(["owner"]) == [
            "Thing.found: needs: 'owner' is no column: Thing.owner goes by the column 'owner_id'"
        ]
        assert thing(["found"]) == ["Thing.found: needs: 'found' is no column"]
        assert thing(["created", "created"]) == ["Thing.found: needs: it names 'created' twice"]
        # What no field shows can be a column all the same.
        assert thing(["created", "owner_id", "id", "hidden"]) == []


def test_a_list_is_sorted_by_columns() -> None:
    def shelf(order_by: str | tuple[str, ...]) -> list[str]:
        thing = node_type(
            "Thing", table("things"), made_at=(datetime, column("When.", name="created"))
        )
        things = many("They.", by="shelf_id", order_by=order_by)
        found = node_type("Shelf", table("shelves"), things=(list_of(thing), things))
        return faults_of(shelf=(found | None, lookup("It.", by="id")))

    assert shelf("-made_at") == [
        "Shelf.things: order_by: 'made_at' is no column: Thing.madeAt is the column 'created'"
    ]
    assert shelf(("created", "-created")) == ["Shelf.things: order_by: it names 'created' twice"]
    assert shelf("-") == ["Shelf.things: order_by: '-' names no column"]
    assert shelf(("-created", "id")) == []


def test_what_a_policy_needs_is_a_column_where_it_stands() -> None:
    for needs, faults in (
        (["owner"], ["Thing.it: policy 'own' needs: 'owner' is no column: Thing.owner goes by the "
                     "column 'owner_id'"]),
        (["owner_id"], []),
    ):  # fmt: skip
        owner = node_type("Owner", table("owners"), name=(str, column("It.")))
        thing = node_type(
            "Thing",
            table("things"),
            owner=(owner | None, one("Whose.", by="owner_id")),
            it=(str | None, column("It.", policy=[["own"]])),
        )
        own = policy("own", needs=needs)(decide)
        assert faults_of(types=[thing], hello=(str, "hello"), policies=[own]) == faults


def test_a_lookup_names_fields_of_its_type() -> None:
    def thing(by: str | tuple[str, ...]) -> list[str]:
        type_ = node_type("Thing", table("things"), sku=(str, column("It.", name="code")))
        return faults_of(thing=(type_ | None, lookup("It.", by=by)))

    assert thing("code") == ["Query.thing: by: Thing has no column field 'code'"]
    assert thing(("id", "skv")) == [
        "Query.thing: by: Thing has no column field 'skv'; did you mean 'sku'?"
    ]
    assert thing(("id", "id")) == ["Query.thing: by: it names 'id' twice"]
    assert thing(("id", "sku")) == []


def related(column_type: Any, key_type: type, relation: str, cast: type | None = None) -> list[str]:
    """The faults of a relation between a column that is declared with this type, and a key."""
    keyed = node_type("Keyed", table("keyed", key_type=key_type), name=(str, column("It.")))
    code = (column_type, column("It.", name="code"))
    if relation == "one":
        found = (keyed | None, one("It.", by="code"))
        thing = node_type("Thing", table("things"), code=code, it=found)
        return faults_of(types=[thing], hello=(str, "hello"))
    things = table("things")
    thing = node_type("Thing", things, code=code)
    count = aggregate("All.", of=things, by="code", cast=cast, function=Function.COUNT)
    relations = {
        "many": (list_of(thing), many("They.", by="code", cast=cast)),
        "connection": (connection_of(thing), connection("They.", by="code", cast=cast)),
        "aggregate": (int, count),
    }
    owner = node_type("Owner", table("owners", key_type=key_type), it=relations[relation])
    return faults_of(types=[owner, thing], hello=(str, "hello"))


APART = [
    (uuid.UUID, int, "UUID", "int"),
    (uuid.UUID, ObjectId, "UUID", "ObjectId"),
    (int, ObjectId, "int", "ObjectId"),
    (bool, int, "bool", "int"),
    (bool, str, "bool", "str"),
    (datetime, int, "datetime", "int"),
    (datetime, str, "datetime", "str"),
    (datetime, date, "datetime", "date"),
    (date, int, "date", "int"),
    (list_of(uuid.UUID), int, "UUID", "int"),
]
CAST = "; if its source has another type there, say it by cast="


@pytest.mark.parametrize("relation", ["one", "many", "connection", "aggregate"])
@pytest.mark.parametrize(("column_type", "key_type", "shown", "key"), APART, ids=str)
def test_keys_that_never_meet(
    column_type: Any, key_type: type, shown: str, key: str, relation: str
) -> None:
    for annotation in (column_type, column_type | None):
        said = (
            f"Thing.it: Thing's 'code' is {shown} and Keyed's 'id' is {key}, so they never meet"
            if relation == "one"
            else f"Owner.it: Owner's 'id' is {key} and Thing's 'code' is {shown}, so they never "
            f"meet{CAST}"
        )
        assert related(annotation, key_type, relation) == [said]


@pytest.mark.parametrize("relation", ["many", "connection", "aggregate"])
def test_a_cast_says_what_the_column_holds(relation: str) -> None:
    assert related(datetime, int, relation, cast=str) == []
    assert related(str, uuid.UUID, relation, cast=int) == [
        "Owner.it: Owner's 'id' is UUID and cast is int, so they never meet"
    ]


def test_a_cast_is_for_a_column_that_is_no_key() -> None:
    with pytest.raises(TypeError, match="'cast' is for 'to'"):
        one("It.", by="a", cast=str)
    with pytest.raises(TypeError, match="'cast' is for 'by'"):
        connection("All.", cast=str)
    with pytest.raises(TypeError, match="cast"):
        many("They.", by="a", cast="str")  # type: ignore[arg-type]


@pytest.mark.parametrize("relation", ["one", "many", "connection", "aggregate"])
@pytest.mark.parametrize(
    ("column_type", "key_type"),
    [
        (int, int),
        (str, str),
        (uuid.UUID, uuid.UUID),
        (Decimal, int),
        (URL, str),
        (list_of(int), int),
        # One reading each.
        (str, int),
        (int, str),
        (Decimal, str),
        (str, uuid.UUID),
        (uuid.UUID, str),
        (str, ObjectId),
        (str, date),
        (URL, int),
        # Nothing says what is behind an ID or an enum.
        (strawberry.ID, ObjectId),
        (strawberry.ID, int),
        (Colour, int),
    ],
    ids=str,
)
def test_keys_that_can_meet(column_type: Any, key_type: type, relation: str) -> None:
    for annotation in (column_type, column_type | None):
        assert related(annotation, key_type, relation) == []


def test_a_column_that_is_not_declared_meets_everything() -> None:
    keyed = node_type("Keyed", table("keyed", key_type=uuid.UUID), name=(str, column("It.")))
    thing = node_type("Thing", table("things"), it=(keyed | None, one("It.", by="code")))

    assert faults_of(types=[thing], hello=(str, "hello")) == []


def test_a_relation_to_another_column_than_the_key() -> None:
    def thing(code: Any) -> list[str]:
        named = node_type("Named", table("named"), name=(str, column("It.")))
        type_ = node_type(
            "Thing",
            table("things"),
            code=(code, column("It.")),
            it=(named | None, one("It.", by="code", to="name")),
        )
        return faults_of(types=[type_], hello=(str, "hello"))

    assert thing(bool) == [
        f"Thing.it: Thing's 'code' is bool and Named's 'name' is str, so they never meet{CAST}"
    ]
    assert thing(int) == thing(str) == []


def test_the_key_of_one_type_to_the_key_of_another() -> None:
    def order(key_type: type) -> list[str]:
        shipment = node_type("Shipment", table("shipments", key_type=key_type))
        type_ = node_type("Order", table(), shipment=(shipment | None, one("It.", by="id")))
        return faults_of(types=[type_], hello=(str, "hello"))

    assert order(uuid.UUID) == [
        "Order.shipment: Order's 'id' is int and Shipment's 'id' is UUID, so they never meet"
    ]
    assert order(int) == order(str) == []


def test_a_row_filter_through_keys_that_never_meet() -> None:
    def lines(order_id: Any, key_type: type = ObjectId) -> list[str]:
        orders = collection("orders", key_type=key_type)
        order = node_type("Order", orders, number=(str, column("It.")))
        filtered = collection("lines", row_filter=through("order_id", orders))
        line = node_type("Line", filtered, order_id=(order_id, column("Whose.")))
        return faults_of(types=[order, line], hello=(str, "hello"))

    assert lines(str) == [
        "Line: its row filter: Line's 'order_id' is str and Order's '_id' is ObjectId, so they "
        "never meet"
    ]
    assert lines(int, str) != []
    assert lines(strawberry.ID) == lines(int, Decimal) == []
