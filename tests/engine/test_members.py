"""Members: fields of documents and of other objects, read for a whole breadth."""

from __future__ import annotations

from collections import OrderedDict
from itertools import permutations
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from gateway.engine.batched import MEMBER, member
from tests.engine.running import ENGINES, Breadth, answer


class Fails:
    """An object whose attribute can't be had."""

    @property
    def full_name(self) -> str:
        raise ValueError("it is broken")


class Empty:
    """An object without the attribute."""


class Counts:
    """An object that counts how often its attribute is read."""

    def __init__(self) -> None:
        self.read = 0

    @property
    def full_name(self) -> str:
        self.read += 1
        return "Ada"


ADA = {"full_name": "Ada"}

OBJECTS: dict[str, tuple[Any, str | None, str | None]] = {
    "dict": (ADA, "Ada", None),
    "ordered": (OrderedDict(ADA), "Ada", None),
    "proxy": (MappingProxyType(ADA), "Ada", None),
    "without the item": ({}, None, None),
    "object": (SimpleNamespace(**ADA), "Ada", None),
    "an item that is an error": ({"full_name": ValueError("no name")}, None, "no name"),
    "without the attribute": (Empty(), None, "'Empty' object has no attribute 'full_name'"),
    "failing": (Fails(), None, "it is broken"),
    "text": ("text", None, "str has no fields"),
    "bytes": (b"bytes", None, "bytes has no fields"),
    "int": (7, None, "int has no fields"),
    "bool": (True, None, "bool has no fields"),
    "float": (2.5, None, "float has no fields"),
    "list": ([1], None, "list has no fields"),
    "tuple": ((1, 2), None, "tuple has no fields"),
}
"""Objects, with the value that the field has there, or the message of its error."""


@pytest.fixture
def schema() -> GraphQLSchema:
    schema = build_schema("type Person { name: String } type Query { all: [Person] }")
    types: Any = schema.type_map
    field = types["Person"].fields["name"]
    field.extensions = {MEMBER: "full_name"}
    field.resolve = lambda person, _info: member(person, "full_name")
    return schema


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("names", [*permutations(OBJECTS, 2), tuple(OBJECTS)], ids=" and ".join)
def test_each_object_has_its_own_value_or_error(
    engine: str, schema: GraphQLSchema, names: tuple[str, ...]
) -> None:
    held = [OBJECTS[name] for name in names]

    response = answer(
        engine, schema, "{ all { name } }", root_value={"all": [each for each, _, _ in held]}
    )

    assert response["data"] == {"all": [{"name": value} for _, value, _ in held]}
    assert response.get("errors", []) == [
        (message, ["all", place, "name"])
        for place, (_, _, message) in enumerate(held)
        if message is not None
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_no_resolver_is_called(schema: GraphQLSchema, count: int) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("a member is read")

    types: Any = schema.type_map
    types["Person"].fields["name"].resolve = never
    people = [each for _ in range(count) for each in (ADA, SimpleNamespace(**ADA))]

    response = answer("breadth", schema, "{ all { name } }", root_value={"all": people})

    assert response == {"data": {"all": [{"name": "Ada"}] * 2 * count}}
    assert Breadth.last.engine == "breadth"


@pytest.mark.parametrize("others", [[], [ADA], ["text"]], ids=["alone", "document", "text"])
def test_an_attribute_is_read_once(schema: GraphQLSchema, others: list[Any]) -> None:
    counts = Counts()

    answer("breadth", schema, "{ all { name } }", root_value={"all": [counts, *others]})

    assert counts.read == 1
