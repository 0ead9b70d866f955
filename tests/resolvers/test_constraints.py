"""Declarations of constraints that mean nothing are refused, with their type and field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import strawberry

from resolvers import input_field
from resolvers.checks.faults import DeclarationError
from tests.resolvers.declaring import graph_of, list_of


def faults(annotation: Any, field: Any) -> list[str]:
    """What is wrong with an input's only field."""
    namespace = {"__annotations__": {"value": annotation}, "value": field}
    asked: Any = strawberry.input(type("Asked", (), namespace))

    def resolve(input: Any) -> int | None:
        return 1

    # As the module's names are not those of the test.
    resolve.__annotations__ = {"input": asked, "return": int | None}
    try:
        graph_of(ask=(int | None, strawberry.field(resolver=resolve)))
    except DeclarationError as error:
        return [str(fault) for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("annotation", "field", "message"),
    [
        (int, input_field("A value.", minimum=5, maximum=1), "'minimum' is 5, which is more than"),
        (str, input_field("A value.", min_length=5, max_length=1), "'min_length' is 5, which is"),
        (list_of(int), input_field("A value.", min_items=2, max_items=1), "'min_items' is 2, whic"),
        (int, input_field("A value.", pattern="a"), "'pattern' is of texts, and Int! is none"),
        (int, input_field("A value.", max_length=3), "'max_length' is of texts, and Int! is none"),
        (bool, input_field("A value.", multiline=True), "'multiline' is of texts, and Boolean! is"),
        (str, input_field("A value.", minimum=1), "'minimum' is of numbers, and String! is none"),
        (int, input_field("A value.", decimal_places=1), "'decimal_places' is of decimals, and I"),
        (str, input_field("A value.", max_items=1), "'max_items' is of lists, and String! is none"),
        (int, input_field("A value.", unique=True), "'unique' is of lists, and Int! is none"),
        (list_of(int), input_field("A value.", unique="a"), "'unique' names 'a', and Int has no f"),
        (str, input_field("A value.", max_length=-1), "'max_length' must be 0 or more, not -1"),
        (Decimal, input_field("A value.", max_digits=0), "'max_digits' must be 1 or more, not 0"),
        (
            Decimal,
            input_field("A value.", max_digits=2, decimal_places=3),
            "'decimal_places' is 3, which is more than 'max_digits', 2",
        ),
        (float, input_field("A value.", minimum=float("nan")), "'minimum' must be a finite number"),
        (Decimal, input_field("A value.", maximum=Decimal("Infinity")), "'maximum' must be a fini"),
        (str, input_field("A value.", pattern="("), "'pattern' is no regular expression that tak"),
        (str, input_field("A value.", pattern=r"(a)\1"), "'pattern' is no regular expression th"),
        (int, input_field("A value.", maximum=3, default=4), "'default' breaks its own constrain"),
    ],
    ids=range(19),
)
def test_a_constraint_that_means_nothing_is_refused(
    annotation: Any, field: Any, message: str
) -> None:
    (fault,) = faults(annotation, field)

    assert fault.startswith(f"Asked.value: {message}")


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (input_field("It."), "It."),
        (input_field("It.", min_length=1), "It. At least 1 character."),
        (input_field("It.", max_length=20, multiline=True), "It. At most 20 characters. May have"),
        (input_field("It.", min_length=3, max_length=3, pattern="a+"), "It. Exactly 3 characters."),
        (input_field("It.", pattern="a+"), "It. Matches `a+`."),
        (input_field("It.", minimum=0, decimal_places=1), "It. At least 0. At most 1 decimal pla"),
        (input_field("It.", min_items=0, max_items=1), "It. 0 to 1 items."),
        (input_field("It.", unique="sku"), "It. No two items with the same `sku`."),
    ],
    ids=range(8),
)
def test_a_description_says_what_may_be(field: Any, said: str) -> None:
    assert field.description.startswith(said)


def test_a_bound_that_no_double_is_stands_in_the_description_alone() -> None:
    field = input_field("It.", minimum=0, maximum=Decimal("99999999999999999.99"))
    (directive,) = field.directives

    assert (directive.min, directive.max) == (0.0, strawberry.UNSET)
    assert field.description == "It. 0 to 99999999999999999.99."


def test_all_of_it_is_told() -> None:
    field = input_field("A value.", pattern="a", min_items=1, minimum=5, maximum=1)

    assert len(faults(int, field)) == 3


def test_what_means_something_is_taken() -> None:
    assert faults(list_of(Decimal), input_field("A value.", max_items=1, minimum=0)) == []
    assert faults(strawberry.ID, input_field("A value.", max_length=9)) == []
    assert faults(str | None, input_field("A value.", max_length=3, default=None)) == []


def test_an_argument_that_it_has_not_is_refused_as_it_is_written() -> None:
    with pytest.raises(TypeError, match="no argument 'max_lenght'; did you mean 'max_length'"):
        input_field("A value.", max_lenght=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'max_length' must be a whole number"):
        input_field("A value.", max_length="3")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'minimum' must be"):
        input_field("A value.", minimum="3")  # type: ignore[arg-type]


def test_it_is_for_input_types() -> None:
    with pytest.raises(DeclarationError, match=r"Query.value: input_field\(\) is for fields of in"):
        graph_of(value=(int | None, input_field("A value.", maximum=1)))
