"""Documents and plans that are kept, and those that are too large to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphql import GraphQLError

from gateway.documents import DECISIONS_KEPT, LARGEST_KEPT, MOST_TOKENS, PLANS_KEPT, Documents
from gateway.identity import ANONYMOUS, Identity
from schema.build import schema


@pytest.fixture
def documents() -> Documents:
    return Documents(schema, size=2, suggest=True, enforced=True)


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


SUPPORT = Identity(scopes=frozenset({"support"}), credential="test")


def test_a_decision_is_made_once_for_each_standing(documents: Documents) -> None:
    planned = documents.plan(documents.get("{ product(sku: 1) { cost } }"), None, {})
    anonymous = documents.decision(planned, schema.rules.standing(ANONYMOUS))
    support = documents.decision(planned, schema.rules.standing(SUPPORT))

    assert support is not anonymous
    assert documents.decision(planned, schema.rules.standing(replace(SUPPORT))) is support


def test_scopes_that_no_rule_names_make_no_standing_of_their_own() -> None:
    more = replace(SUPPORT, scopes=SUPPORT.scopes | {"email", "profile"})

    assert schema.rules.standing(more) == schema.rules.standing(SUPPORT)


def test_a_plan_keeps_a_bounded_number_of_decisions(documents: Documents) -> None:
    planned = documents.plan(documents.get("{ product(sku: 1) { cost } }"), None, {})
    for count in range(2 ** len(schema.rules.scopes)):
        scopes = frozenset(
            name for bit, name in enumerate(sorted(schema.rules.scopes)) if count >> bit & 1
        )
        identity = Identity(scopes=scopes, credential="test")
        documents.decision(planned, schema.rules.standing(identity))

    assert len(planned.decisions) == DECISIONS_KEPT
