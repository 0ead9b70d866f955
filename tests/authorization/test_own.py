"""A policy that looks at rows: customers see their own data, in whatever company it stands."""

from __future__ import annotations

from collections.abc import Mapping

from tests.authorization.checks import Expected, check_denials, is_for
from tests.authorization.matrix import MATRIX
from tests.authorization.samples import ADA
from tests.client import Gateway
from tests.graph.truth import Truth, gid

REVIEWS = """
query($authors: [ID!]) {
  reviews(where: {authorId: {in: $authors}, status: {eq: PUBLISHED}}, first: 100) {
    nodes { author { id name email phone } }
  }
}
"""
AUTHORS = [1, 2, 3, 4, 5, 6]


async def authors(truth: Truth) -> list[str]:
    """Ada, and some others who wrote reviews."""
    published = {"customer_id": {"$in": AUTHORS}, "status": "PUBLISHED"}
    found = {document["customer_id"] for document in truth.documents("reviews", published)}
    assert 1 in found
    assert len(found) >= 3
    return [gid("Customer", each) for each in found]


async def test_a_list_by_many_authors_shows_ones_own(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    answer = await callers["customer"].ask(REVIEWS, {"authors": await authors(truth)})

    shown = {
        (author["id"] == ADA, author["email"], author["phone"])
        for author in (node["author"] for node in answer.partial["reviews"]["nodes"])
    }
    ada = await truth.row("select email, phone from customers where id = 1")
    assert shown == {(True, ada["email"], ada["phone"]), (False, None, None)}


async def test_a_list_by_many_authors_has_one_error_for_each_field(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    answer = await callers["customer"].ask(REVIEWS, {"authors": await authors(truth)})

    path = ("reviews", "nodes", "@", "author")
    expected: Expected = {(*path, "email"): "Customer.email", (*path, "phone"): "Customer.phone"}
    check_denials(answer, expected, "customer")


async def test_the_protected_columns_are_read_apart_for_the_one_row(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    answer = await callers["customer"].ask(REVIEWS, {"authors": await authors(truth)})

    calls = [call for call in answer.calls if call["resource"] == "customers"]
    assert [(call["columns"], call["keys"]) for call in calls] == [
        (["id", "name"], len(await authors(truth))),
        (["email", "id", "phone"], 1),
    ]


async def test_whoever_may_see_all_has_no_second_call(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    answer = await callers["support"].ask(REVIEWS, {"authors": await authors(truth)})

    calls = [call for call in answer.calls if call["resource"] == "customers"]
    assert [call["columns"] for call in calls] == [["email", "id", "name", "phone"]]
    assert all(node["author"]["email"] for node in answer.data["reviews"]["nodes"])


async def test_with_nobodys_own_among_them_the_columns_are_not_read(
    callers: Mapping[str, Gateway], truth: Truth
) -> None:
    others = [each for each in await authors(truth) if each != ADA]

    answer = await callers["customer"].ask(REVIEWS, {"authors": others})

    assert len(answer.errors) == 2
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
