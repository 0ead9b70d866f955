"""Whatever is written for a scalar, it is taken or it is its client's error."""

from __future__ import annotations

import asyncio
import math
import re
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal

import pytest
import strawberry
from graphql import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from resolvers.graph import Graph
from resolvers.scalars import URL

PYTHONS = re.compile(r"digits|sys\.|\bNone\b|Error\b|aborted")
"""Words that are none of a client's."""


@strawberry.input(description="Values of many types.")
class Values:
    floating: float | None = None
    floats: list[float] | None = None
    whole: int | None = None
    decimal: Decimal | None = None
    inner: Values | None = None


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field
    def floating(self, value: float) -> str | None:
        return _taken(value)

    @strawberry.field
    def floats(self, value: list[list[float]]) -> str | None:
        return _taken(*(each for some in value for each in some))

    @strawberry.field
    def whole(self, value: int) -> str | None:
        return _taken(value)

    @strawberry.field
    def text(self, value: str) -> str | None:
        return _taken(value)

    @strawberry.field
    def flag(self, value: bool) -> str | None:
        return _taken(value)

    @strawberry.field
    def id(self, value: strawberry.ID) -> str | None:
        return _taken(value)

    @strawberry.field
    def decimal(self, value: Decimal) -> str | None:
        return _taken(value)

    @strawberry.field
    def day(self, value: date) -> str | None:
        return _taken(value)

    @strawberry.field
    def moment(self, value: datetime) -> str | None:
        return _taken(value)

    @strawberry.field
    def address(self, value: URL) -> str | None:
        return _taken(value)

    @strawberry.field
    def values(self, value: Values) -> str | None:
        inner = value.inner or value
        floats = [value.floating, inner.floating, *(value.floats or ())]
        return _taken(*floats, value.decimal, inner.decimal)


def _taken(*values: object) -> str:
    for value in values:
        assert not isinstance(value, float) or math.isfinite(value)
        assert not isinstance(value, Decimal) or value.is_finite()
    return "taken"


graph = Graph(Query)
CLIENT = GraphClient(graph, settings=Settings.of(environment="development"))

TYPES = {
    "floating": "Float!",
    "floats": "[[Float!]!]!",
    "whole": "Int!",
    "text": "String!",
    "flag": "Boolean!",
    "id": "ID!",
    "decimal": "Decimal!",
    "day": "Date!",
    "moment": "DateTime!",
    "address": "URL!",
    "values": "Values!",
}

NUMBERS = {
    "beyond a double": "1e999",
    "below": "-1e999",
    "many digits": "9" * 5000,
    "many digits below zero": "-" + "9" * 5000,
    "many places": "0." + "1" * 5000,
    "an exponent of many digits": "1e" + "9" * 5000,
    "all of it": "9" * 4000 + "." + "9" * 4000 + "e" + "9" * 4000,
    "nearly nothing": "1e-999",
}

WITHIN = ("%s", "[%s]", "[[%s, 1]]", "{floating: %s}", "{floats: [1, %s]}", "{whole: %s}",
          "{inner: {floating: %s}}", "{inner: {decimal: %s}}", '"%s"')  # fmt: skip


def written(field: str, literal: str) -> list[str]:
    """The operations that give the field the literal."""
    return [
        f"{{ {field}(value: {literal}) }}",
        f"query ($value: {TYPES[field]} = {literal}) {{ {field}(value: $value) }}",
    ]


async def check(query: str) -> Response:
    response = await CLIENT.execute(query)
    if response.errors:
        assert set(response.codes) <= {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}, response
        for error in response.errors:
            assert not PYTHONS.search(error["message"]), error
            assert len(error["message"]) <= 501
    else:
        assert set(response.data.values()) == {"taken"}
    return response


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("field", TYPES)
async def test_no_number_is_an_error_of_ours(field: str, number: str) -> None:
    for within in WITHIN:
        for query in written(field, within % number):
            await check(query)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5000])
@pytest.mark.parametrize("within", ["floating(value: %s)", "floats(value: [[1], [%s]])",
                                    "floats(value: %s)", "values(value: {floats: [%s]})",
                                    "values(value: {inner: {floating: %s}})"])  # fmt: skip
async def test_a_float_is_finite(within: str, number: str) -> None:
    response = await check(f"{{ {within % number} }}")

    assert response.codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert response.errors[0]["message"].startswith(
        f"Float cannot represent non numeric value: {number[:400]}"
    )


async def test_an_int_of_many_digits_is_told_as_any_that_is_too_large() -> None:
    response = await check(f"{{ whole(value: {'9' * 5000}) }}")

    assert [error["message"][:60] for error in response.errors] == [
        "Int cannot represent non 32-bit signed integer value: 999999"
    ]


FIELDS = ("floating", "floats", "whole", "decimal", "inner")


def literals() -> st.SearchStrategy[str]:
    digits = st.text("0123456789", min_size=1, max_size=9)
    whole = st.builds(
        lambda sign, first, rest, times: sign + first + rest * times,
        st.sampled_from(["", "-"]),
        st.sampled_from("123456789"),
        digits,
        st.sampled_from([0, 1, 40, 900]),
    )
    exponent = st.builds("e{}".format, st.integers(-20_000, 20_000))
    number = st.builds(
        lambda whole, places, exponent: whole + places + exponent,
        whole,
        st.one_of(st.just(""), digits.map(".{}".format)),
        st.one_of(st.just(""), exponent),
    )
    leaf = st.one_of(number, number.map('"{}"'.format), st.sampled_from(["true", "RED", '""']))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
            st.dictionaries(
                st.sampled_from(["floating", "floats", "whole", "decimal", "inner"]),
                inner,
                max_size=3,
            ).map(lambda values: "{" + ", ".join(f"{k}: {v}" for k, v in values.items()) + "}"),
        ),
        max_leaves=6,
    )


@settings(max_examples=500, deadline=None, database=None, derandomize=True)
@given(literal=literals(), field=st.sampled_from(sorted(TYPES)))
def test_no_literal_is_an_error_of_ours(literal: str, field: str) -> None:
    async def run() -> None:
        for query in written(field, literal):
            parse(query)
            await check(query)

    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(run())
