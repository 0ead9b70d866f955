"""Reviews that are not published are seen by their author and by support alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.authorization.matrix import IDENTITIES
from tests.authorization.test_row_filters import seen_customers
from tests.client import Gateway
from tests.graph.truth import Document, Truth, gid

# Finance sees what a partner sees; reviews take their time in the demo's MongoDB.
identities = pytest.mark.parametrize("identity", [each for each in IDENTITIES if each != "finance"])

COUNT = 40


def is_visible(identity: str, review: Document) -> bool:
    own = identity == "customer" and review["customer_id"] == 1
    return own or identity == "support" or review["status"] == "PUBLISHED"


@pytest.fixture(scope="module")
def reviews(truth: Truth) -> Sequence[Document]:
    """All reviews, the newest first."""
    documents = truth.documents("reviews")
    return sorted(documents, key=lambda each: (each["created_at"], each["_id"]), reverse=True)


def visible(
    reviews: Sequence[Document], identity: str, passes: Callable[[Document], bool]
) -> list[Document]:
    return [each for each in reviews if is_visible(identity, each) and passes(each)]


def ids_of(reviews: Sequence[Document]) -> list[dict[str, str]]:
    return [{"id": gid("Review", each["_id"])} for each in reviews]


def waiting(reviews: Sequence[Document], *, of_ada: bool) -> Document:
    """A review that is not published."""
    return next(
        each
        for each in reviews
        if each["status"] != "PUBLISHED" and (each["customer_id"] == 1) == of_ada
    )


@identities
async def test_the_connection_has_the_visible_reviews(
    callers: Mapping[str, Gateway], reviews: Sequence[Document], identity: str
) -> None:
    query = f"{{ reviews(first: {COUNT}) {{ totalCount nodes {{ id }} }} }}"
    expected = visible(reviews, identity, lambda each: True)

    answer = await callers[identity].ask(query)

    assert answer.data["reviews"] == {
        "nodes": ids_of(expected[:COUNT]),
        "totalCount": len(expected),
    }


@identities
async def test_no_filter_shows_more_reviews(
    callers: Mapping[str, Gateway], reviews: Sequence[Document], identity: str
) -> None:
    query = f"""{{
      hidden: reviews(where: {{not: {{status: {{eq: PUBLISHED}}}}}}, first: {COUNT}) {{
        totalCount nodes {{ id }}
      }}
      either: reviews(
        where: {{or: [{{status: {{eq: REJECTED}}}}, {{productId: {{isNull: false}}}}]}}
        first: {COUNT}
      ) {{ nodes {{ id }} }}
    }}"""
    hidden = visible(reviews, identity, lambda each: each["status"] != "PUBLISHED")
    either = visible(reviews, identity, lambda each: True)

    answer = await callers[identity].ask(query)

    assert answer.data == {
        "hidden": {"nodes": ids_of(hidden[:COUNT]), "totalCount": len(hidden)},
        "either": {"nodes": ids_of(either[:COUNT])},
    }


def test_some_see_reviews_that_are_not_published(reviews: Sequence[Document]) -> None:
    hidden = {
        identity: visible(reviews, identity, lambda each: each["status"] != "PUBLISHED")
        for identity in IDENTITIES
    }

    assert {each["customer_id"] for each in hidden["customer"]} == {1}
    assert len(hidden["support"]) > len(hidden["customer"])
    assert hidden["anonymous"] == hidden["finance"] == hidden["partner"] == []


@identities
@pytest.mark.parametrize("of_ada", [True, False], ids=["her own", "another's"])
async def test_a_review_that_is_not_published_is_found_by_those_who_may_see_it(
    callers: Mapping[str, Gateway], reviews: Sequence[Document], identity: str, of_ada: bool
) -> None:
    review = waiting(reviews, of_ada=of_ada)
    query = """query($id: ID!) {
      a: review(id: $id) { id }
      b: node(id: $id) { ... on Review { id } }
      c: nodes(ids: [$id]) { ... on Review { id } }
      d: reviews(where: {id: {eq: $id}}) { nodes { id } }
    }"""
    id_ = gid("Review", review["_id"])
    shown = {"id": id_} if is_visible(identity, review) else None

    answer = await callers[identity].ask(query, {"id": id_})

    assert answer.data == {
        **{"a": shown, "b": shown, "c": [shown]},
        "d": {"nodes": [] if shown is None else [shown]},
    }


@identities
async def test_reviews_of_a_product_are_counted_and_rated_as_they_are_seen(
    callers: Mapping[str, Gateway], reviews: Sequence[Document], identity: str
) -> None:
    keys = [waiting(reviews, of_ada=of_ada)["product_id"] for of_ada in (True, False)]
    query = """query($ids: [ID!]!) {
      nodes(ids: $ids) {
        ... on Product { reviewCount averageRating reviews(first: 100) { totalCount nodes { id } } }
      }
    }"""

    answer = await callers[identity].ask(query, {"ids": [gid("Product", key) for key in keys]})

    for key, node in zip(keys, answer.data["nodes"], strict=True):
        expected = [
            each for each in reviews if each["product_id"] == key and is_visible(identity, each)
        ]
        ratings = [each["rating"] for each in expected]
        assert node["reviews"]["nodes"] == ids_of(expected[:100])
        assert node["reviewCount"] == node["reviews"]["totalCount"] == len(expected)
        assert node["averageRating"] == (
            pytest.approx(sum(ratings) / len(ratings)) if ratings else None
        )


@identities
async def test_reviews_of_a_customer_are_those_one_may_see(
    callers: Mapping[str, Gateway], truth: Truth, reviews: Sequence[Document], identity: str
) -> None:
    keys = [1, waiting(reviews, of_ada=False)["customer_id"]]
    customers = await seen_customers(truth, identity)
    query = """query($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Customer { reviews(first: 100) { totalCount nodes { id } } } }
    }"""

    answer = await callers[identity].ask(query, {"ids": [gid("Customer", key) for key in keys]})

    for key, node in zip(keys, answer.data["nodes"], strict=True):
        if key not in customers:
            assert node is None
            continue
        of_them = [each for each in reviews if each["customer_id"] == key]
        expected = visible(of_them, identity, lambda each: True)
        assert node["reviews"] == {"nodes": ids_of(expected[:100]), "totalCount": len(expected)}
