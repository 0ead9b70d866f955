"""Documents and plans that are kept, and those that are too large to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphql import GraphQLError

from gateway.operations.documents import (
    DECISIONS_KEPT,
    LARGEST_KEPT,
    LONGEST_KEPT,
    MOST_LINES,
    MOST_TOKENS,
    PLANS_KEPT,
    USUAL_LENGTH,
    Documents,
)
from loaders.identity import ANONYMOUS, Identity
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


def test_large_plans_take_the_place_of_many(documents: Documents) -> None:
    conditions = ", ".join(f"$x{i}: Boolean!" for i in range(4))
    some = " ".join(f"x{i}: __typename @skip(if: $x{i})" for i in range(4))
    many = " ".join(f"a{i}: __typename" for i in range(400))
    document = documents.get(f"query ({conditions}) {{ {some} {many} }}")

    for choice in range(2**4):
        documents.plan(document, None, {f"x{i}": bool(choice >> i & 1) for i in range(4)})

    assert len(document.plans) == LARGEST_KEPT // 400


def test_long_documents_take_the_place_of_many() -> None:
    documents = Documents(schema, size=20, suggest=True, enforced=True)
    texts = [f"{{ a{i}: __typename }}".ljust(LONGEST_KEPT) for i in range(20)]
    read = [documents.get(text) for text in texts]

    kept = 20 * USUAL_LENGTH // LONGEST_KEPT
    assert [documents.get(text) for text in texts[-kept:]] == read[-kept:]
    assert documents.get(texts[0]) is not read[0]


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_an_error_says_where_it_is(documents: Documents, line_break: str) -> None:
    document = documents.get(f"{{{line_break}{line_break}  nothing{line_break}}}")

    (error,) = document.errors
    assert error.locations == [(3, 3)]


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_a_document_of_too_many_lines_is_none(documents: Documents, line_break: str) -> None:
    assert documents.get("{ __typename }" + line_break * (MOST_LINES - 1)).errors == []

    with pytest.raises(GraphQLError, match=f"more than {MOST_LINES} lines") as caught:
        documents.get("{ __typename }" + line_break * MOST_LINES)

    assert caught.value.extensions == {"code": "OPERATION_TOO_COMPLEX"}


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
