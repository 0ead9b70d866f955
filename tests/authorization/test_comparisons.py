"""What a caller may not see, they may not filter by, sort by or look up by: it could be found out
so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from schema.build import schema
from tests.authorization.checks import check_denials, is_for
from tests.authorization.matrix import IDENTITIES, MATRIX
from tests.authorization.samples import ADA
from tests.client import Gateway

EMAIL: Mapping[str, Any] = {"email": {"startsWith": "ada"}}
OPT_IN: Mapping[str, Any] = {"marketingOptIn": {"eq": True}}
NAMED: Mapping[str, Any] = {"name": {"startsWith": "A"}}

PLACES: Mapping[str, Any] = {
    "alone": lambda part: part,
    "beside another": lambda part: {**NAMED, **part},
    "in and": lambda part: {"and": [NAMED, part]},
    "in or": lambda part: {"or": [NAMED, part]},
    "in not": lambda part: {"not": part},
    "deep": lambda part: {"and": [{"or": [NAMED, {"not": {"and": [part]}}]}]},
}
"""Where in a ``where`` a comparison can stand."""

WRITTEN = {
    "Customer.name": NAMED,
    "Customer.email": EMAIL,
    "Customer.marketingOptIn": OPT_IN,
}

DENIED_TO = {
    "Customer.name": "anonymous",
    "Customer.email": "finance",
    "Customer.marketingOptIn": "finance",
}
"""Somebody who may not see it."""

BY_WHERE = "query($where: CustomerFilter) { customers(where: $where, first: 2) { %s } }"
SHOWN = ["nodes { id }", "edges { cursor }", "totalCount", "pageInfo { hasNextPage }"]

CASES = [
    pytest.param(coordinate, place(part), id=f"{coordinate}-{name}")
    for coordinate, part in WRITTEN.items()
    for name, place in PLACES.items()
]


def literal(value: Any) -> str:
    """The value as GraphQL writes it."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {literal(each)}' for name, each in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(literal, value))}]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def test_the_tests_know_everything_protected_that_can_be_compared() -> None:
    reachable = {
        coordinate
        for coordinate, places in schema.comparisons.items()
        if coordinate in MATRIX and places - {"AddressFilter.id"}
    }

    # No connection leads to addresses, so nothing takes an AddressFilter.
    assert "AddressFilter" not in schema._schema.type_map
    assert reachable == set(WRITTEN)


@pytest.mark.parametrize(("coordinate", "where"), CASES)
async def test_filtering_by_what_one_may_not_see_is_denied(
    callers: Mapping[str, Gateway], coordinate: str, where: Any
) -> None:
    by_variable = BY_WHERE % SHOWN[0]
    in_text = f"{{ customers(where: {literal(where)}, first: 2) {{ {SHOWN[0]} }} }}"

    for query, variables in ((by_variable, {"where": where}), (in_text, None)):
        answer = await callers[DENIED_TO[coordinate]].ask(query, variables)

        assert answer.partial == {"customers": None}
        check_denials(answer, {("customers",): coordinate}, DENIED_TO[coordinate])
        assert answer.calls == []


@pytest.mark.parametrize("shown", SHOWN)
async def test_filtering_is_denied_whatever_is_shown_of_the_connection(
    callers: Mapping[str, Gateway], shown: str
) -> None:
    answer = await callers["finance"].ask(BY_WHERE % shown, {"where": EMAIL})

    assert answer.partial == {"customers": None}
    assert answer.calls == []


@pytest.mark.parametrize(("coordinate", "where"), CASES)
async def test_filtering_by_what_one_may_see_works(
    callers: Mapping[str, Gateway], coordinate: str, where: Any
) -> None:
    query = BY_WHERE % SHOWN[0]

    answer = await callers["support"].ask(query, {"where": where})

    assert answer.data["customers"]["nodes"] != []
    assert answer.data == (await callers["staff"].ask(query, {"where": where})).data
    assert any(is_for(MATRIX[coordinate], call) for call in answer.calls)


@pytest.mark.parametrize("shown", SHOWN)
async def test_sorting_by_what_one_may_not_see_is_denied(
    callers: Mapping[str, Gateway], shown: str
) -> None:
    query = f"{{ customers(orderBy: [{{field: CREATED_AT}}, {{field: NAME}}]) {{ {shown} }} }}"

    denied = await callers["anonymous"].ask(query)
    allowed = await callers["partner"].ask(query)

    assert denied.partial == {"customers": None}
    check_denials(denied, {("customers",): "Customer.name"}, "anonymous")
    assert denied.calls == []
    assert allowed.data["customers"] is not None
    assert allowed.resources == ["shop.customers"]


async def test_a_filter_that_is_given_and_says_nothing_is_no_comparison(
    callers: Mapping[str, Gateway],
) -> None:
    query = BY_WHERE % SHOWN[0]

    nothing: list[Any] = [{}, {"email": None}, {"and": []}, None]
    for where in nothing:
        answer = await callers["finance"].ask(query, {"where": where})

        assert len(answer.data["customers"]["nodes"]) == 2


async def test_an_empty_comparison_is_one(callers: Mapping[str, Gateway]) -> None:
    answer = await callers["finance"].ask(BY_WHERE % SHOWN[0], {"where": {"email": {}}})

    check_denials(answer, {("customers",): "Customer.email"}, "finance")


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("email", ["ada.martin@example.com", "nobody@example.com"])
async def test_looking_up_by_what_one_may_not_see_is_denied(
    callers: Mapping[str, Gateway], identity: str, email: str
) -> None:
    by_variable = "query($email: String) { customer(email: $email) { id } }"
    in_text = f'{{ customer(email: "{email}") {{ id }} }}'

    for query, variables in ((by_variable, {"email": email}), (in_text, None)):
        answer = await callers[identity].ask(query, variables)

        if identity == "support":
            assert answer.data == {"customer": {"id": ADA} if email.startswith("ada") else None}
            assert len(answer.calls) == 1
        else:
            # Whether there is such a customer is not said either.
            assert answer.partial == {"customer": None}
            check_denials(answer, {("customer",): "Customer.email"}, identity)
            assert answer.calls == []


async def test_a_denied_lookup_takes_no_more_than_its_own_part(
    callers: Mapping[str, Gateway],
) -> None:
    query = '{ a: customer(email: "x") { name } b: carriers(first: 1) { nodes { name } } }'

    answer = await callers["partner"].ask(query)

    assert answer.partial["a"] is None
    assert answer.partial["b"]["nodes"] != []
    check_denials(answer, {("a",): "Customer.email"}, "partner")
