"""Constraints of inputs: what keeps them, what breaks them, and that all of it is told at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from copy import deepcopy
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from strawberry import UNSET

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from resolvers.constraints import Constraints
from resolvers.inputs import MOST_PROBLEMS, InputChecks, problems_of
from resolvers.texts import is_suited
from tests.placing import graph as placing

RATE = "mutation($inputs: [NewReview!]!) { rate(inputs: $inputs) }"
ADD = """mutation($input: NewReview!) { addReview(input: $input) {
  __typename ... on Review { title rating } ... on InvalidInput { problems { path code } }
} }"""
SCALARS: Any = placing.graph._schema.type_map


@pytest.fixture(params=EXECUTORS)
def client(request: pytest.FixtureRequest) -> GraphClient:
    settings = Settings.of(engine=request.param, environment="development")
    return GraphClient(placing.graph, settings=settings)


def review(**fields: object) -> dict[str, object]:
    return {"title": "Well made", **fields}


def problems(response: Response) -> list[tuple[str, str]]:
    """The paths and codes that the response's only field tells, in a union or as its error."""
    (field,) = response.data.values()
    if field is None:
        (error,) = response.errors
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        told = error["extensions"]["problems"]
    else:
        assert response.errors == []
        told = field.get("problems", [])
    return [(each["path"], each["code"]) for each in told]


MATRIX: Sequence[tuple[str, Mapping[str, object], str | None]] = [
    ("shortest", {"title": "a"}, None),
    ("longest", {"title": "a" * 80}, None),
    ("longest outside of the basic plane", {"title": "\U0001f600" * 80}, None),
    ("longest decomposed", {"title": "e\u0301" * 80}, None),
    ("empty", {"title": ""}, "TOO_SHORT"),
    ("too long", {"title": "a" * 81}, "TOO_LONG"),
    ("too long composed", {"title": "é" * 81}, "TOO_LONG"),
    ("a megabyte", {"title": "x" * 900_000}, "TOO_LONG"),
    ("NUL", {"title": "a\0b"}, "NOT_SUITED"),
    ("control", {"title": "a\x1bb"}, "NOT_SUITED"),
    ("C1 control", {"title": "a\x85b"}, "NOT_SUITED"),
    ("line break", {"title": "a\nb"}, "NOT_SUITED"),
    ("line separator", {"title": "a\u2028b"}, "NOT_SUITED"),
    ("line break where it may be", {"body": "a\r\nb\u2029"}, None),
    ("NUL among lines", {"body": "a\n\0"}, "NOT_SUITED"),
    ("half a character", {"body": "a\ud83d"}, "NOT_SUITED"),
    ("many marks", {"title": "a" + "\u0301" * 31}, "NOT_SUITED"),
    ("as many marks as may be", {"title": "a" + "\u0301" * 30}, None),
    ("marks that are said to be none", {"body": "\u0f73" * 1000}, "NOT_SUITED"),
    ("least", {"rating": 1}, None),
    ("most", {"rating": 5}, None),
    ("too small", {"rating": 0}, "TOO_SMALL"),
    ("too large", {"rating": 6}, "TOO_LARGE"),
    ("least fraction", {"weight": 0.5}, None),
    ("too small a fraction", {"weight": 0.49}, "TOO_SMALL"),
    ("largest of all", {"votes": "1000000000000"}, None),
    ("larger", {"votes": "1000000000001"}, "TOO_LARGE"),
    ("no tags", {"tags": []}, None),
    ("as many tags", {"tags": ["ab", "cd", "ef"]}, None),
    ("too many tags", {"tags": ["ab", "cd", "ef", "gh"]}, "TOO_MANY"),
    ("one tag twice", {"tags": ["ab", "cd", "ab"]}, "DUPLICATE"),
    ("one tag twice, otherwise composed", {"tags": ["éa", "e\u0301a"]}, "DUPLICATE"),
    ("short tag", {"tags": ["a"]}, "TOO_SHORT"),
    ("null", {"body": None}, None),
    ("null that may not be", {"nickname": None}, "NULL"),
    ("what may be left out", {"nickname": "x"}, None),
    ("too long a nickname", {"nickname": "x" * 11}, "TOO_LONG"),
]


@pytest.mark.parametrize(
    ("fields", "code"), [(each[1], each[2]) for each in MATRIX], ids=[each[0] for each in MATRIX]
)
async def test_a_value_keeps_its_constraints_or_is_told(
    client: GraphClient, fields: Mapping[str, Any], code: str | None
) -> None:
    before = placing.ran["add review"]
    response = await client.execute(ADD, {"input": review(**fields)})

    assert response.data["addReview"]["__typename"] == ("InvalidInput" if code else "Review")
    assert [each for _, each in problems(response)] == ([code] if code else [])
    assert placing.ran["add review"] - before == (0 if code else 1)


PRICES: Sequence[tuple[object, str | None]] = [
    ("0", None),
    ("0.01", None),
    ("1.50000", None),
    ("9999999999.99", None),
    ("1e9", None),
    ("-0.01", "TOO_SMALL"),
    ("0.001", "TOO_PRECISE"),
    ("1e-20", "TOO_PRECISE"),
    ("10000000000", "TOO_LARGE"),
]


@pytest.mark.parametrize(("price", "code"), PRICES)
async def test_a_decimal_has_so_many_digits(
    client: GraphClient, price: object, code: str | None
) -> None:
    line = {"sku": "?" if code is None else "A", "quantity": 1, "price": price}
    response = await client.execute(
        """mutation($line: NewLine!) { placeOrder(input: {lines: [$line]}) {
          ... on InvalidInput { problems { path code } }
        } }""",
        {"line": line},
    )

    # Something else is wrong where the price is well, so that nothing is placed.
    assert problems(response) == [
        ("input.lines[0].sku", "NO_MATCH") if code is None else ("input.lines[0].price", code)
    ]


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity", "sNaN", "1e999999", "1e-999999"])
async def test_what_no_database_holds_costs_nothing(client: GraphClient, price: str) -> None:
    before, began = placing.ran["place order"], time.process_time()
    response = await client.execute(
        """mutation($price: Decimal) {
          placeOrder(input: {lines: [{sku: "A", quantity: 1, price: $price}]}) { __typename }
        }""",
        {"price": price},
    )

    assert response.codes == ["BAD_USER_INPUT"]
    assert placing.ran["place order"] == before
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_number_is_finite_whatever_it_came_by(value: str) -> None:
    check = InputChecks().of(SCALARS["Decimal"], Constraints(minimum=0))
    assert check is not None

    _, found = problems_of(check, "price", Decimal(value))

    assert [(each.path, each.code) for each in found] == [("price", "NOT_FINITE")]


async def test_all_of_it_is_told_at_once_by_path(client: GraphClient) -> None:
    before = placing.ran["rate"]
    inputs = [
        review(),
        review(title="", rating=9, tags=["ab", "a", "ab"]),
        review(answers=[review(), review(answers=[review(body="\0")])]),
    ]
    response = await client.execute(RATE, {"inputs": inputs})

    assert problems(response) == [
        ("inputs[1].title", "TOO_SHORT"),
        ("inputs[1].rating", "TOO_LARGE"),
        ("inputs[1].tags[1]", "TOO_SHORT"),
        ("inputs[1].tags[2]", "DUPLICATE"),
        ("inputs[2].answers[1].answers[0].body", "NOT_SUITED"),
    ]
    assert response.errors[0].get("path") == ["rate"]
    assert placing.ran["rate"] == before


async def test_literals_are_told_as_variables_are(client: GraphClient) -> None:
    response = await client.execute(
        """mutation($stars: Int! = 7) {
          rate(inputs: [{title: ""}, {title: "x", rating: $stars}, {title: "y", rating: 0}])
        }"""
    )

    assert problems(response) == [
        ("inputs[0].title", "TOO_SHORT"),
        ("inputs[1].rating", "TOO_LARGE"),
        ("inputs[2].rating", "TOO_SMALL"),
    ]


async def test_no_more_are_told_than_so_many(client: GraphClient) -> None:
    response = await client.execute(RATE, {"inputs": [review(rating=9)] * 500})

    told = problems(response)
    assert len(told) == MOST_PROBLEMS
    assert told[-1] == (f"inputs[{MOST_PROBLEMS - 1}].rating", "TOO_LARGE")


async def test_any_field_with_such_an_argument_checks_it(client: GraphClient) -> None:
    response = await client.execute('{ search(input: {title: ""}) }')
    assert problems(response) == [("input.title", "TOO_SHORT")]

    before = placing.ran["watch"]
    subscribed = client.subscribe('subscription { watch(input: {title: "", rating: 3}) }')
    async with aclosing(subscribed) as events:
        async for event in events:
            assert event.codes == ["BAD_USER_INPUT"]
            break
        else:
            pytest.fail("no event")
    assert placing.ran["watch"] == before


async def test_resolvers_have_texts_normalized_and_variables_stay(client: GraphClient) -> None:
    variables = {"input": review(title="Cafe\u0301", tags=["e\u0301a"])}
    response = await client.execute(ADD, variables)

    assert response.data["addReview"]["title"] == "Café"
    assert placing.given[-1].tags == ["éa"]  # type: ignore[attr-defined]
    assert variables == {"input": review(title="Cafe\u0301", tags=["e\u0301a"])}


async def test_null_and_absence_are_told_apart(client: GraphClient) -> None:
    await client.execute(ADD, {"input": review()})
    left_out: Any = placing.given[-1]
    await client.execute(ADD, {"input": review(body=None, tags=None)})
    null: Any = placing.given[-1]

    assert (left_out.body, left_out.tags, left_out.nickname) == (UNSET, UNSET, None)
    assert (null.body, null.tags) == (None, None)


async def test_one_variable_of_many_fields_is_looked_at_once(client: GraphClient) -> None:
    fields = " ".join(f"a{i}: addReview(input: $input) {{ __typename }}" for i in range(20))
    body = ("é" * 30 + "\n") * 12_000
    variables = {"input": review(body=body)}
    began = time.process_time()
    response = await client.execute(f"mutation($input: NewReview!) {{ {fields} }}", variables)

    assert len(response.data) == 20
    assert {each["__typename"] for each in response.data.values()} == {"Review"}
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("depth", "code"),
    [
        (50, "BAD_USER_INPUT"),
        (400, "BAD_USER_INPUT"),
        (900, "BAD_USER_INPUT"),
        (5_000, "OPERATION_TOO_COMPLEX"),
    ],
)
async def test_deep_inputs_end(client: GraphClient, depth: int, code: str) -> None:
    before = placing.ran["rate"]
    deep = review(title="")
    for _ in range(depth):
        deep = review(answers=[deep])
    response = await client.execute(RATE, {"inputs": [deep]})

    assert placing.ran["rate"] == before
    assert response.codes == [code]


reviews = st.recursive(
    st.fixed_dictionaries(
        {"title": st.sampled_from(["", "ab", "x" * 81])}, optional={"rating": st.integers(0, 6)}
    ),
    lambda inner: st.fixed_dictionaries(
        {"title": st.just("ab"), "answers": st.lists(inner, max_size=3)}
    ),
    max_leaves=12,
)


def places_of_faults(review: Any, path: str) -> set[str]:
    wrong = set()
    if not 1 <= len(review["title"]) <= 80:
        wrong.add(f"{path}.title")
    if not 1 <= review.get("rating", 1) <= 5:
        wrong.add(f"{path}.rating")
    for index, each in enumerate(review.get("answers", [])):
        wrong |= places_of_faults(each, f"{path}.answers[{index}]")
    return wrong


@examples(reviews)
def test_what_is_told_is_what_is_wrong(review: dict[str, Any]) -> None:
    check = InputChecks().of(SCALARS["NewReview"], None)
    assert check is not None
    before = deepcopy(review)

    kept, found = problems_of(check, "input", review)

    assert {each.path for each in found} == places_of_faults(review, "input")
    assert kept == review == before


@examples(st.text(max_size=60), st.integers(0, 20), st.integers(0, 20))
def test_a_text_is_measured_as_resolvers_have_it(text: str, least: int, more: int) -> None:
    constraints = Constraints(min_length=least, max_length=least + more, multiline=True)
    check = InputChecks().of(SCALARS["String"], constraints)
    assert check is not None

    kept, found = problems_of(check, "text", text)

    if found:
        assert len(found) == 1
        assert found[0].code != "NOT_SUITED" or not is_suited(text, multiline=True)
        composed = normalize("NFC", text)
        assert found[0].code != "TOO_LONG" or len(composed) > least + more
        assert found[0].code != "TOO_SHORT" or len(composed) < least
    else:
        assert kept == normalize("NFC", text)
        assert isinstance(kept, str)
        assert least <= len(kept) <= least + more


@examples(
    st.decimals(allow_nan=False, allow_infinity=False), st.integers(0, 12), st.integers(1, 30)
)
def test_a_decimal_is_measured_by_its_value(value: Decimal, places: int, digits: int) -> None:
    check = InputChecks().of(
        SCALARS["Decimal"], Constraints(decimal_places=places, max_digits=digits)
    )
    assert check is not None

    kept, found = problems_of(check, "price", value)

    assert kept is value
    if abs(value.adjusted()) < 1_000:
        whole, _, fraction = format(value.copy_abs(), "f").partition(".")
        fraction = fraction.rstrip("0")
        count = len((whole + fraction).lstrip("0") or "0")
        # Zeros behind the point count, as in a numeric(12, 2).
        fits = len(fraction) <= places and max(count, len(fraction)) <= digits
        assert (not found) == fits
