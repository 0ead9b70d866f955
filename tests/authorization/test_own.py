"""A policy that looks at rows: customers see their own data, in whatever company it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.authorization.checks import check_denials, is_for
from tests.authorization.matrix import MATRIX
from tests.authorization.samples import ADA
from tests.client import Answer, Gateway
from tests.graph.truth import Truth, gid
from tests.identities import token
from tests.places import Place

REVIEWS = """
query($reviews: [ID!]!) {
  nodes(ids: $reviews) { ... on Review { author { id name email phone } } }
}
"""
AUTHORS = [1, 2, 3, 4, 5, 6]

SELLER = {"authorization": f"Bearer {token(sub='x', customer_id=1, scope='customers:read')}"}
"""Ada, were she to work in the shop: she sees all customers, and what is personal of herself."""


@dataclass(frozen=True)
class Written:
    """Published reviews, of as many authors."""

    reviews: Sequence[str]
    authors: int


def written(truth: Truth, authors: Sequence[int]) -> Written:
    published = {"customer_id": {"$in": list(authors)}, "status": "PUBLISHED"}
    found = truth.documents("reviews", published, limit=100)
    return Written(
        [gid("Review", each["_id"]) for each in found],
        len({each["customer_id"] for each in found}),
    )


@pytest.fixture(scope="module")
def by_many(truth: Truth) -> Written:
    """Reviews of Ada and some others."""
    found = written(truth, AUTHORS)
    assert found.authors >= 3
    assert written(truth, [1]).authors == 1
    return found


async def asked(gateway: Gateway, reviews: Written) -> Answer:
    return await gateway.ask(REVIEWS, {"reviews": reviews.reviews}, headers=SELLER)


async def test_a_list_by_many_authors_shows_ones_own(
    callers: Mapping[str, Gateway], truth: Truth, by_many: Written
) -> None:
    answer = await asked(callers["anonymous"], by_many)

    shown = {
        (author["id"] == ADA, author["email"], author["phone"])
        for author in (node["author"] for node in answer.partial["nodes"])
    }
    ada = await truth.row("select email, phone from customers where id = 1")
    assert shown == {(True, ada["email"], ada["phone"]), (False, None, None)}


async def test_a_list_by_many_authors_has_an_error_for_each_that_is_anothers(
    callers: Mapping[str, Gateway], by_many: Written
) -> None:
    answer = await asked(callers["anonymous"], by_many)

    expected: dict[Place, str] = {}
    for index, node in enumerate(answer.partial["nodes"]):
        if node["author"]["id"] != ADA:
            place = ("nodes", index, "author")
            expected[*place, "email"] = "Customer.email"
            expected[*place, "phone"] = "Customer.phone"
    check_denials(answer, expected, "customer")


async def test_the_protected_columns_are_read_apart_for_the_one_row(
    callers: Mapping[str, Gateway], by_many: Written
) -> None:
    answer = await asked(callers["anonymous"], by_many)

    calls = [call for call in answer.calls if call["resource"] == "customers"]
    assert [(call["columns"], call["keys"]) for call in calls] == [
        (["id", "name"], by_many.authors),
        (["email", "id", "phone"], 1),
    ]


async def test_a_customer_sees_themself_alone_among_the_authors(
    callers: Mapping[str, Gateway], truth: Truth, by_many: Written
) -> None:
    answer = await callers["customer"].ask(REVIEWS, {"reviews": by_many.reviews})

    row = await truth.row("select name, email, phone from customers where id = 1")
    authors = [node["author"] for node in answer.data["nodes"]]
    assert [each for each in authors if each is not None] == [{"id": ADA, **row}] * (
        sum(each is not None for each in authors)
    )
    assert None in authors
    assert {"id": ADA, **row} in authors
    calls = [call for call in answer.calls if call["resource"] == "customers"]
    # The others' rows don't come, so there is nothing to decide about them.
    assert [(call["columns"], call["rows"]) for call in calls] == [
        (["id", "name"], 1),
        (["email", "id", "phone"], 1),
    ]


async def test_whoever_may_see_all_has_no_second_call(
    callers: Mapping[str, Gateway], by_many: Written
) -> None:
    answer = await callers["support"].ask(REVIEWS, {"reviews": by_many.reviews})

    calls = [call for call in answer.calls if call["resource"] == "customers"]
    assert [call["columns"] for call in calls] == [["email", "id", "name", "phone"]]
    assert all(node["author"]["email"] for node in answer.data["nodes"])


async def test_with_nobodys_own_among_them_the_columns_are_not_read(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    reviews = written(truth, AUTHORS[1:])

    answer = await asked(callers["anonymous"], reviews)

    assert len(answer.errors) == 2 * len(reviews.reviews)
    assert [call for call in answer.calls if is_for(MATRIX["Customer.email"], call)] == []
    assert [call for call in answer.calls if is_for(MATRIX["Customer.phone"], call)] == []


async def test_ones_own_are_read_once_for_all_places_of_the_operation(
    callers: Mapping[str, Gateway],
) -> None:
    query = """query($id: ID!) {
      customer(id: $id) { email birthday orders(first: 3) { nodes { customer { phone } } } }
      node(id: $id) { ... on Customer { marketingOptIn } }
    }"""

    answer = await callers["customer"].ask(query, {"id": ADA})

    assert answer.data["customer"]["email"] == "ada.martin@example.com"
    assert answer.data["node"] == {"marketingOptIn": True}
    read = [call for call in answer.calls if is_for(MATRIX["Customer.email"], call)]
    assert sum(call["keys"] for call in read) == len(read) == 1
