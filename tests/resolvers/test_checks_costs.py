"""What is said of costs that can't be reckoned with is refused as the graph loads."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry

from resolvers import Graph
from resolvers.checks.faults import DeclarationError
from resolvers.costs import Cost, ListSize
from resolvers.shop.customers import customers_pii
from schema.query import Query
from tests.resolvers.declaring import faults_of, list_of, plain_type


@strawberry.input
class Page:
    size: int | None = None
    name: str | None = None


def page(page: Page | None = None, name: str | None = None, sizes: list[int] | None = None) -> None:
    """Some."""


ITEM = plain_type("Item", name=(str, strawberry.field(description="A name.")))
PAGE = plain_type(
    "Items",
    items=(list_of(ITEM), strawberry.field(description="Them.")),
    count=(int, strawberry.field(description="How many.")),
)

FITTING = [
    (list_of(ITEM), ListSize(assumed_size=0)),
    (list_of(ITEM), ListSize(slicing_arguments=["page.size"])),
    (list_of(list_of(ITEM)), ListSize(assumed_size=3)),
    (PAGE, ListSize(slicing_arguments=["page.size"], sized_fields=["items"])),
    (ITEM, Cost(weight=0)),
]

NO_ARGUMENT = "slicing_arguments has '{}', and the field has no such argument of type Int"

MISFITS = [
    (ITEM, Cost(weight=-1), "a weight of -1: nothing costs less than 0"),
    (
        list_of(ITEM),
        ListSize(assumed_size=-1),
        "an assumed size of -1: no list has less than 0 items",
    ),
    (
        ITEM,
        ListSize(assumed_size=3),
        "listSize is of a list, or of the lists that sized_fields names",
    ),
    *(
        (list_of(ITEM), ListSize(slicing_arguments=[name]), NO_ARGUMENT.format(name))
        for name in ("first", "name", "page", "page.name", "page.first", "sizes", "page.size.a", "")
    ),
    *(
        (
            PAGE,
            ListSize(sized_fields=[name]),
            f"sized_fields has '{name}', and Items has no such list",
        )
        for name in ("nodes", "count", "items.name")
    ),
]


def field(type_: Any, directive: object) -> Any:
    return (type_, strawberry.field(description="A.", resolver=page, directives=[directive]))


@pytest.mark.parametrize("declared", range(len(FITTING)))
def test_what_can_be_told_is_taken(declared: int) -> None:
    assert faults_of(some=field(*FITTING[declared])) == []


@pytest.mark.parametrize("declared", range(len(MISFITS)))
def test_what_can_not_be_told_is_refused(declared: int) -> None:
    type_, directive, message = MISFITS[declared]

    assert faults_of(some=field(type_, directive)) == [f"Query.some: {message}"]


def test_the_weight_of_a_type_is_a_number_too() -> None:
    dear = plain_type("Dear", name=(str, strawberry.field(description="A name.")))
    type_ = strawberry.type(dear, directives=[Cost(weight=-2)])

    assert faults_of(some=(type_ | None, strawberry.field(description="A."))) == [
        "Dear: a weight of -2: nothing costs less than 0"
    ]


def test_calls_cost_something_and_are_to_sources_that_there_are() -> None:
    with pytest.raises(DeclarationError) as refused:
        Graph(Query, policies=[customers_pii], call_costs={"shop": -1, "catalog": 0, "shed": 3})

    assert [str(fault) for fault in refused.value.faults] == [
        "call_costs: a call of -1: nothing costs less than 0",
        "call_costs: has 'shed', and no type is of such a source",
    ]
