"""Documents and plans that are kept, and those that are too large to be."""

from __future__ import annotations

import pytest
from graphql import GraphQLError

from gateway.documents import LARGEST_KEPT, MOST_TOKENS, PLANS_KEPT, Documents
from schema.build import schema


@pytest.fixture
def documents() -> Documents:
    return Documents(schema, size=2, open_schema=True)


def doubling(depth: int) -> str:
    """A short document with a plan of more than 2 ** depth fields."""
    fragments = " ".join(
        f"fragment F{i} on Category {{ a: parent {{ ...F{i + 1} }} b: parent {{ ...F{i + 1} }} }}"
        for i in range(depth)
    )
    end = f"fragment F{depth} on Category {{ name }}"
    return f'{{ category(slug: "x") {{ ...F0 }} }} {fragments} {end}'


def test_a_document_is_read_once(documents: Documents) -> None:
    assert documents.get("{ __typename }") is documents.get("{ __typename }")


def test_the_least_recently_used_document_goes(documents: Documents) -> None:
    first = documents.get("{ a: __typename }")
    documents.get("{ b: __typename }")
    documents.get("{ c: __typename }")

    assert documents.get("{ a: __typename }") is not first


def test_a_document_that_is_not_valid_is_not_kept(documents: Documents) -> None:
    assert documents.get("{ nothing }").errors
    assert documents.get("{ nothing }") is not documents.get("{ nothing }")


def test_a_plan_is_made_once_for_each_choice_of_conditions(documents: Documents) -> None:
    document = documents.get("query ($x: Boolean!) { __typename @include(if: $x) a: __typename }")

    with_it = documents.plan(document, None, {"x": True})

    assert documents.plan(document, None, {"x": True}) is with_it
    assert documents.plan(document, None, {"x": False}) is not with_it


def test_a_document_keeps_a_bounded_number_of_plans(documents: Documents) -> None:
    names = [f"x{i}" for i in range(8)]
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: __typename @skip(if: ${name})" for name in names)
    document = documents.get(f"query ({variables}) {{ __typename {fields} }}")

    for choice in range(2 ** len(names)):
        given = {name: bool(choice >> i & 1) for i, name in enumerate(names)}
        documents.plan(document, None, given)

    assert len(document.plans) == PLANS_KEPT


def test_a_plan_that_is_large_is_not_kept(documents: Documents) -> None:
    document = documents.get(doubling(10))

    planned = documents.plan(document, None, {})

    assert planned.plan.size > LARGEST_KEPT
    assert len(document.plans) == 0


def test_a_document_of_too_many_tokens_is_none(documents: Documents) -> None:
    with pytest.raises(GraphQLError, match=f"more than {MOST_TOKENS} tokens") as caught:
        documents.get("{ " + "__typename " * MOST_TOKENS + "}")

    assert caught.value.extensions == {"code": "OPERATION_TOO_COMPLEX"}
