"""Plans: what of an operation runs, merged as the specification's chapter 6 says."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, build_schema, parse

from gateway.engine.plan import MOST_FIELDS, Plan, Selection, compile_plan, condition_variables

SCHEMA = build_schema(
    """
    interface Named { name: String }
    type Dog implements Named { name: String barks: Boolean owner: Person }
    type Cat implements Named { name: String meows: Boolean owner: Person }
    type Person implements Named { name: String pets(first: Int): [Pet] friend: Person }
    union Pet = Dog | Cat
    type Query { me(id: ID): Person named: [Named] pet: Pet }
    type Mutation { rename(name: String): Person }
    """
)


def plan(document: str, name: str | None = None, **conditions: bool) -> Plan:
    return compile_plan(SCHEMA, parse(document), name, conditions)


def shape(selection: Selection) -> Any:
    """The plan as nested dictionaries: response keys, then types, down to the leaves."""
    return {
        key: {name: shape(inner) for name, inner in planned.selections.items()} or planned.name
        for key, planned in selection.items()
    }


def test_fields_stand_in_the_order_of_the_answer_under_their_response_keys() -> None:
    assert shape(plan("{ me { b: name a: name __typename } }").selection) == {
        "me": {"Person": {"b": "name", "a": "name", "__typename": "__typename"}}
    }


def test_selections_of_one_response_key_are_merged() -> None:
    merged = plan("{ me { friend { name } friend { friend { name } } } ... { me { name } } }")

    assert shape(merged.selection) == {
        "me": {
            "Person": {
                "friend": {"Person": {"name": "name", "friend": {"Person": {"name": "name"}}}},
                "name": "name",
            }
        }
    }
    assert len(merged.selection["me"].nodes) == 2


def test_an_abstract_field_has_a_selection_for_each_type_it_can_have() -> None:
    assert shape(plan("{ pet { ...on Named { name } ...on Dog { barks } } }").selection) == {
        "pet": {"Dog": {"name": "name", "barks": "barks"}, "Cat": {"name": "name"}}
    }


def test_an_interface_s_own_fields_stand_in_each_of_its_types() -> None:
    assert shape(plan("{ named { name ...on Cat { meows } } }").selection) == {
        "named": {
            "Dog": {"name": "name"},
            "Cat": {"name": "name", "meows": "meows"},
            "Person": {"name": "name"},
        }
    }


def test_coordinates_are_of_the_object_type() -> None:
    fields = [each.coordinate for each in plan("{ pet { ...on Named { name } } }").walk()]

    assert fields == ["Query.pet", "Dog.name", "Cat.name"]


def test_a_fragment_is_collected_once_in_a_selection() -> None:
    document = "{ me { ...F ...F } } fragment F on Person { name }"

    assert len(plan(document).selection["me"].selections["Person"]["name"].nodes) == 1


@pytest.mark.parametrize(
    ("directive", "value", "present"),
    [
        ("@include(if: $x)", True, True),
        ("@include(if: $x)", False, False),
        ("@skip(if: $x)", True, False),
        ("@skip(if: $x)", False, True),
    ],
)
@pytest.mark.parametrize(
    "selection", ["name {}", "... {} {{ name }}", "...on Person {} {{ name }}", "...F {}"]
)
def test_conditions_leave_out_what_does_not_run(
    selection: str, directive: str, value: bool, present: bool
) -> None:
    document = (
        f"query ($x: Boolean!) {{ me {{ friend {{ name }} {selection.format(directive)} }} }}"
        " fragment F on Person { name }"
    )

    assert ("name" in plan(document, x=value).selection["me"].selections["Person"]) is present


def test_constant_conditions_hold_without_variables() -> None:
    document = "{ me { a: name @skip(if: true) b: name @include(if: true) } }"

    assert list(plan(document).selection["me"].selections["Person"]) == ["b"]


def test_skip_and_include_must_both_let_a_field_through() -> None:
    document = "query ($a: Boolean!, $b: Boolean!) { me { name @include(if: $a) @skip(if: $b) } }"

    def runs(a: bool, b: bool) -> bool:
        return "name" in plan(document, a=a, b=b).selection["me"].selections["Person"]

    assert [runs(a, b) for a in (True, False) for b in (True, False)] == [
        False,
        True,
        False,
        False,
    ]


def test_a_condition_variable_that_is_not_given_has_its_default() -> None:
    document = "query ($x: Boolean = true) { me { name @include(if: $x) } }"

    assert "name" in plan(document).selection["me"].selections["Person"]
    assert "name" not in plan(document, x=False).selection["me"].selections["Person"]


def test_a_spread_that_is_left_out_does_not_hide_a_later_one() -> None:
    document = "query ($x: Boolean!) { me { ...F @include(if: $x) ...F } } "
    document += "fragment F on Person { name }"

    assert "name" in plan(document, x=False).selection["me"].selections["Person"]


def test_the_condition_variables_of_a_document_are_those_of_skip_and_include() -> None:
    document = parse(
        "query ($a: Boolean!, $b: Boolean!, $id: ID) { me(id: $id) { ...F @skip(if: $a) } }"
        " fragment F on Person { name @include(if: $b) }"
    )

    assert condition_variables(document) == {"a", "b"}


def test_arguments_are_found_by_name() -> None:
    planned = plan("{ me(id: 7) { name } }").selection["me"]

    assert list(planned.arguments) == ["id"]


def test_a_path_is_followed_through_lists_and_abstract_types() -> None:
    steps = plan("{ me { pets(first: 2) { ...on Dog { owner { name } } ...on Cat { x: name } } } }")

    assert [
        [each.coordinate for each in step]
        for step in steps.along(["me", "pets", 1, "owner", "name"])
    ] == [["Query.me"], ["Person.pets"], ["Dog.owner"], ["Person.name"]]


def test_an_operation_is_chosen_by_name() -> None:
    document = "query A { pet { __typename } } mutation B { rename { name } }"

    assert list(plan(document, "B").selection) == ["rename"]
    assert plan(document, "B").root_type.name == "Mutation"


@pytest.mark.parametrize(
    ("document", "name", "message"),
    [
        ("query A { pet { __typename } }", "B", "Unknown operation 'B'."),
        ("query A { me { name } } query B { me { name } }", None, "several operations"),
        ("fragment F on Person { name }", None, "no operation"),
        ("subscription { me }", None, "no subscriptions"),
    ],
)
def test_an_operation_that_is_not_there_is_an_error(
    document: str, name: str | None, message: str
) -> None:
    with pytest.raises(GraphQLError, match=message):
        plan(document, name)


def test_fragments_that_multiply_are_stopped() -> None:
    bomb = " ".join(
        f"fragment F{i} on Person {{ a: friend {{ ...F{i + 1} }} b: friend {{ ...F{i + 1} }} }}"
        for i in range(30)
    )

    with pytest.raises(GraphQLError, match=f"more than {MOST_FIELDS} fields") as caught:
        plan("{ me { ...F0 } } " + bomb + " fragment F30 on Person { name }")

    assert caught.value.extensions == {"code": "OPERATION_TOO_COMPLEX"}
