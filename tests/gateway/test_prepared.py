"""What is prepared of operations is made once and kept, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
from graphql import GraphQLError

from gateway.operations.prepared import (
    DECISIONS_KEPT,
    INVALID_KEPT,
    LARGEST_KEPT,
    LONGEST_KEPT,
    PLANS_KEPT,
    USUAL_LENGTH,
    By,
    Preparations,
    Prepared,
    Prepares,
)
from gateway.operations.road import ORDER
from gateway.operations.stages.parse import MOST_LINES
from gateway.settings import Settings
from loaders.identity import ANONYMOUS, Identity
from schema.build import schema

SETTINGS = Settings.of(
    environment="development",
    limits={"fields": 10_000, "root_fields": 1_000, "aliases": 10_000, "depth": 15},
)
SUPPORT = Identity(scopes=frozenset({"support"}), credential="test")


class Counted:
    """A stage that counts what it is asked to prepare."""

    def __init__(self, stage: Prepares) -> None:
        self.name, self.by = stage.name, stage.by
        self.stage = stage
        self.times = 0

    def prepare(self, known: Prepared) -> None:
        self.times += 1
        self.stage.prepare(known)


PREPARING = ["parse", "shape", "validate", "plan", "authorize", "cost"]


class Kept:
    """What the gateway keeps, and how often each stage has prepared something for it."""

    def __init__(self, size: int = 2) -> None:
        made = [stage(schema, SETTINGS) for stage in ORDER]
        self.stages = [Counted(stage) for stage in made if isinstance(stage, Prepares)]
        self.kept = Preparations(self.stages, size=size)

    def get(
        self,
        query: str,
        name: str | None = None,
        variables: Mapping[str, Any] | None = None,
        identity: Identity = ANONYMOUS,
    ) -> Prepared:
        return self.kept.get(query, name, variables or {}, schema.rules.standing(identity))

    @property
    def times(self) -> dict[str, int]:
        return {stage.name: stage.times for stage in self.stages}

    def made(self, stage: str, query: str, *asked: Any, **given: Any) -> bool:
        """Whether asking for this has the stage prepare something."""
        before = self.times[stage]
        self.get(query, *asked, **given)
        return self.times[stage] > before


def parsed(query: str) -> Prepared:
    return Kept().get(query)


def doubling(depth: int) -> str:
    """A short document with a plan of more than 2 ** depth fields."""
    fragments = " ".join(
        f"fragment F{i} on Category {{ a: parent {{ ...F{i + 1} }} b: parent {{ ...F{i + 1} }} }}"
        for i in range(depth)
    )
    end = f"fragment F{depth} on Category {{ name }}"
    return f'{{ category(slug: "x") {{ ...F0 }} }} {fragments} {end}'


def conditional(count: int, beside: str = "") -> tuple[str, list[dict[str, bool]]]:
    """A document with as many conditions, and all choices of them."""
    names = [f"x{i}" for i in range(count)]
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: __typename @skip(if: ${name})" for name in names)
    choices = [dict(zip(names, each, strict=True)) for each in product([True, False], repeat=count)]
    return f"query ({variables}) {{ __typename {fields} {beside} }}", choices


def standings(count: int) -> list[Identity]:
    """Callers of as many standings."""
    scopes = sorted(schema.rules.scopes)
    several = [
        Identity(scopes=frozenset(each), credential=credential)
        for credential in ("test", None)
        for size in range(len(scopes) + 1)
        for each in combinations(scopes, size)
    ]
    return several[:count]


def test_each_stage_prepares_once_what_is_asked_for_again() -> None:
    kept = Kept()

    first = kept.get('{ product(sku: "1") { cost } }')

    assert kept.get('{ product(sku: "1") { cost } }') is first
    assert kept.times == dict.fromkeys(PREPARING, 1)


def test_the_least_recently_used_document_goes() -> None:
    kept = Kept(size=2)
    for alias in "abc":
        kept.get(f"{{ {alias}: __typename }}")

    assert not kept.made("parse", "{ c: __typename }")
    assert kept.made("parse", "{ a: __typename }")


@pytest.mark.parametrize("query", ["{ nothing }", "{ a { b { c } } }", "fragment F on T { ...F }"])
def test_what_is_wrong_with_a_document_is_kept(query: str) -> None:
    kept = Kept()

    assert kept.get(query).errors
    assert not kept.made("parse", query)


@pytest.mark.parametrize("query", ["{ a", "{ " + "__typename " * 5_000 + "}", doubling(15)])
def test_why_a_text_is_none_is_kept(query: str) -> None:
    kept, told = Kept(), []

    for _ in range(3):
        with pytest.raises(GraphQLError) as refused:
            kept.get(query)
        told.append((refused.value.message, len(refused.traceback)))

    # What is raised again grows by nothing.
    assert len({*told[1:]}) == len({message for message, _ in told}) == 1
    assert kept.times["parse"] == (1 if len(query) <= LONGEST_KEPT else 3)


def test_documents_that_are_wrong_take_no_valid_one_s_place() -> None:
    kept = Kept(size=2)
    kept.get("{ __typename }")

    for number in range(INVALID_KEPT):
        kept.get(f"{{ nothing{number} }}")

    assert not kept.made("parse", "{ __typename }")
    assert kept.made("parse", "{ nothing0 }")
    assert not kept.made("parse", f"{{ nothing{INVALID_KEPT - 1} }}")


def test_a_plan_is_made_once_for_each_choice_of_conditions() -> None:
    kept = Kept()
    query, [*choices] = conditional(1)

    for _ in range(2):
        for choice in choices:
            kept.get(query, None, choice)

    once = dict.fromkeys(PREPARING[:3], 1)
    assert kept.times == once | dict.fromkeys(PREPARING[3:], 2)


def test_other_variables_make_no_difference() -> None:
    kept = Kept()
    query = "query ($sku: String!) { product(sku: $sku) { name } }"

    assert kept.get(query, None, {"sku": "1"}) is kept.get(query, None, {"sku": "2", "more": True})


def test_an_operation_that_is_not_there_is_not_kept() -> None:
    kept = Kept()
    query = "query A { __typename }"
    kept.get(query, "A")

    for each in range(PLANS_KEPT * 2):
        assert kept.get(query, f"B{each}").errors

    assert not kept.made("plan", query, "A")


def test_a_document_keeps_a_bounded_number_of_plans() -> None:
    kept = Kept()
    query, choices = conditional(8)
    for choice in choices:
        kept.get(query, None, choice)

    again = [kept.made("plan", query, None, choice) for choice in reversed(choices)]

    assert again.index(True) == PLANS_KEPT
    assert kept.times["parse"] == 1


def test_a_document_keeps_a_bounded_number_of_its_operations() -> None:
    kept = Kept()
    names = [f"A{each}" for each in range(PLANS_KEPT * 2)]
    query = " ".join(f"query {name} {{ __typename }}" for name in names)
    for name in names:
        kept.get(query, name)

    again = [kept.made("plan", query, name) for name in reversed(names)]

    assert again.index(True) == PLANS_KEPT


def test_a_plan_that_is_large_is_not_kept() -> None:
    kept = Kept()

    assert kept.get(doubling(10)).plan.size > LARGEST_KEPT
    assert kept.made("plan", doubling(10))
    assert kept.times["parse"] == 1


def test_large_plans_take_the_place_of_many() -> None:
    kept = Kept(size=20)
    query, choices = conditional(4, " ".join(f"a{i}: __typename" for i in range(400)))
    for choice in choices:
        kept.get(query, None, choice)

    again = [kept.made("plan", query, None, choice) for choice in reversed(choices)]

    assert again.index(True) == LARGEST_KEPT // 400


def test_long_documents_take_the_place_of_many() -> None:
    kept = Kept(size=20)
    texts = [f"{{ a{i}: __typename }}".ljust(LONGEST_KEPT) for i in range(20)]
    for text in texts:
        kept.get(text)

    again = [kept.made("parse", text) for text in reversed(texts)]

    assert again.index(True) == 20 * USUAL_LENGTH // LONGEST_KEPT


def test_a_document_that_is_too_long_is_not_kept() -> None:
    kept = Kept(size=20)
    text = "{ __typename }".ljust(LONGEST_KEPT + 1)
    kept.get(text)

    assert kept.made("parse", text)


def test_a_decision_is_made_once_for_each_standing() -> None:
    kept = Kept()
    query = '{ product(sku: "1") { cost } }'
    anonymous, support = kept.get(query), kept.get(query, identity=SUPPORT)

    assert support.decision is not anonymous.decision
    assert support.plan is anonymous.plan
    assert kept.get(query, identity=replace(SUPPORT)) is support


def test_scopes_that_no_rule_names_make_no_standing_of_their_own() -> None:
    more = replace(SUPPORT, scopes=SUPPORT.scopes | {"email", "profile"})

    assert schema.rules.standing(more) == schema.rules.standing(SUPPORT)


def test_a_plan_keeps_a_bounded_number_of_decisions() -> None:
    kept = Kept()
    query, callers = '{ product(sku: "1") { cost } }', standings(DECISIONS_KEPT * 2)
    for caller in callers:
        kept.get(query, identity=caller)

    again = [
        kept.made("authorize", query, None, None, identity=caller) for caller in reversed(callers)
    ]

    assert again.index(True) == DECISIONS_KEPT
    assert kept.times["plan"] == 1


def test_decisions_go_with_their_plan() -> None:
    kept = Kept()
    query, choices = conditional(8)
    for choice in choices[: PLANS_KEPT + 1]:
        for caller in standings(4):
            kept.get(query, None, choice, caller)

    assert kept.made("authorize", query, None, choices[0], standings(4)[3])


def test_a_stage_that_goes_by_less_stands_before_one_that_goes_by_more() -> None:
    stages = Kept().stages

    with pytest.raises(AssertionError, match="goes by less"):
        Preparations(stages[::-1], size=1)
    assert [stage.by for stage in stages] == [
        *[By.TEXT] * 3,
        By.CHOICE,
        *[By.STANDING] * 2,
    ]


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_an_error_says_where_it_is(line_break: str) -> None:
    known = parsed(f"{{{line_break}{line_break}  nothing{line_break}}}")

    (error,) = known.errors
    assert error.locations == [(3, 3)]


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_a_document_of_too_many_lines_is_none(line_break: str) -> None:
    assert parsed("{ __typename }" + line_break * (MOST_LINES - 1)).errors == []

    with pytest.raises(GraphQLError, match=f"more than {MOST_LINES:,} lines") as caught:
        parsed("{ __typename }" + line_break * MOST_LINES)

    assert caught.value.extensions == {"code": "OPERATION_TOO_COMPLEX"}


def test_a_document_of_too_many_tokens_is_none() -> None:
    with pytest.raises(GraphQLError, match="more than 5,000 tokens") as caught:
        parsed("{ " + "__typename " * 5_000 + "}")

    assert caught.value.extensions == {"code": "OPERATION_TOO_COMPLEX"}
