"""What one may not see, one may not sort by either, nor filter by anywhere below the root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.authorization.checks import MESSAGE
from tests.client import Gateway
from tests.graph.truth import gid

NOTE = {"note": {"contains": "a"}}
BY_NOTE = [{"field": "NOTE"}]
BY_NUMBER_AND_NOTE = [{"field": "NUMBER"}, {"field": "NOTE", "direction": "DESC"}]

ARGUMENTS: Mapping[str, tuple[str, Any, str]] = {
    "where": ("where: PurchaseFilter", NOTE, "Purchase.note"),
    "where.or": ("where: PurchaseFilter", {"or": [{}, NOTE]}, "Purchase.note"),
    "where.not": ("where: PurchaseFilter", {"not": {"not": NOTE}}, "Purchase.note"),
    "a relation's id": (
        "where: PurchaseFilter",
        {"accountId": {"eq": gid("Account", 1)}},
        "Purchase.account",
    ),
    "orderBy": ("orderBy: [PurchaseSort!]", BY_NOTE, "Purchase.note"),
    "orderBy, second": ("orderBy: [PurchaseSort!]", BY_NUMBER_AND_NOTE, "Purchase.note"),
}

PLACES = {
    "root": "purchases(%s) { nodes { number } }",
    "nested": f'account(id: "{gid("Account", 1)}") {{ purchases(%s) {{ nodes {{ number }} }} }}',
}

CASES = [
    pytest.param(place, ARGUMENTS[name], id=f"{place}-{name}")
    for place in PLACES
    for name in ARGUMENTS
]


def query(place: str, argument: str) -> str:
    name, _, type_ = argument.partition(": ")
    return f"query($given: {type_}) {{ {PLACES[place] % f'first: 2, {name}: $given'} }}"


@pytest.mark.parametrize(("place", "given"), CASES)
@pytest.mark.parametrize("identity", ["anonymous", "finance"])
async def test_comparing_by_what_one_may_not_see_is_denied(
    probing: Mapping[str, Gateway], place: str, given: tuple[str, Any, str], identity: str
) -> None:
    argument, value, coordinate = given

    answer = await probing[identity].ask(query(place, argument), {"given": value})

    (error,) = answer.errors
    assert error["message"] == MESSAGE
    assert error["path"][-1] == "purchases"
    code = "UNAUTHENTICATED" if identity == "anonymous" else "UNAUTHORIZED_FIELD_OR_TYPE"
    assert error["extensions"] == {"code": code}
    (denied,) = answer.body["extensions"]["explain"]["denied"]
    assert denied["coordinate"] == coordinate
    assert denied["path"] == error["path"]
    assert [call for call in answer.calls if call["resource"] == "orders"] == []


@pytest.mark.parametrize(("place", "given"), CASES)
async def test_comparing_by_what_one_may_see_works(
    probing: Mapping[str, Gateway], place: str, given: tuple[str, Any, str]
) -> None:
    argument, value, _ = given

    answer = await probing["support"].ask(query(place, argument), {"given": value})

    assert any(call["resource"] == "orders" for call in answer.calls)
    assert answer.errors == []


async def test_sorting_by_ones_own_is_denied_where_others_stand_beside(
    probing: Mapping[str, Gateway],
) -> None:
    by_email = "{ accounts(orderBy: [{field: EMAIL}], first: 3) { nodes { name } } }"

    answer = await probing["customer"].ask(by_email)

    assert answer.partial == {"accounts": None}
    assert answer.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert answer.calls == []
    assert (await probing["support"].ask(by_email)).data["accounts"]["nodes"] != []


async def test_a_cursor_of_a_denied_order_is_of_no_use(probing: Mapping[str, Gateway]) -> None:
    page = "{ accounts(orderBy: [{field: BIRTHDAY}], first: 3) { pageInfo { endCursor } } }"
    cursor = (await probing["support"].ask(page)).data["accounts"]["pageInfo"]["endCursor"]
    text = "query($after: String) { accounts(%sfirst: 3, after: $after) { nodes { name } } }"

    same = await probing["finance"].ask(text % "orderBy: [{field: BIRTHDAY}], ", {"after": cursor})
    other = await probing["finance"].ask(text % "", {"after": cursor})

    assert same.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert other.codes == ["BAD_USER_INPUT"]
    assert same.calls == other.calls == []


async def test_an_order_by_a_denied_column_that_nobody_asked_for_is_not_shown(
    probing: Mapping[str, Gateway],
) -> None:
    # Cursors hold the values of their order's columns, so that of a denied one is never made.
    answer = await probing["finance"].ask(
        "{ accounts(orderBy: [{field: EMAIL}], first: 1) { edges { cursor } } }"
    )

    assert answer.partial == {"accounts": None}
