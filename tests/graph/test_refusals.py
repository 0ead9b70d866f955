"""What clients are told of values that do not fit: every argument of the shop with every kind of
wrong value, as a literal and as a variable."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from schema.build import schema
from tests.client import Answer, Gateway
from tests.graph.truth import gid

MOST_LEVELS = 3
"""How deep the places lie that are tried, counted in inputs."""

PYTHON = re.compile(
    r"\bNone\b|\bTrue\b|\bFalse\b|isoformat|GlobalID|Traceback|Undefined|UNSET|Error\b|<"
    r"|\bobject at\b|\bdict\b|\bstr\b|\bfloat\b|Decimal\(|datetime|ObjectId|invalid literal"
    r"|codec|base64|strawberry|graphql",
)
"""What no message for a client says. The values below have none of it."""

WRONG: tuple[Any, ...] = (
    None,
    True,
    7,
    2**63,
    -(10**30),
    1.5,
    "",
    "yesterday",
    "2026-13-45",
    "2026-02-30T25:00:00Z",
    "NaN",
    "1e999999",
    "[::1",
    "not an id !",
    "//4=",
    gid("Nothing", 1),
    gid("Customer", "one"),
    gid("Product", "KET-0001"),
    gid("Order", 2**64),
    [],
    [None],
    [[]],
    ["a", None, 3],
    {},
    {"a": None},
    {"eq": None},
    {"eq": {"b": [True]}},
    {"in": [None, True]},
    {"field": None},
    {"field": "NOTHING", "direction": True},
)


@dataclass(frozen=True)
class Place:
    """A place where clients give a value: an argument of a root field, and the names of the inputs'
    fields down from it."""

    field: str
    argument: str
    type: GraphQLInputType
    down: tuple[tuple[str, bool], ...]

    @property
    def id(self) -> str:
        return ".".join((self.field, self.argument, *(name for name, _ in self.down)))


def places() -> Iterator[Place]:
    query = schema._schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        for argument, definition in field.args.items():
            yield from within(Place(name, argument, definition.type, ()))


def within(place: Place) -> Iterator[Place]:
    yield place
    type_ = get_named_type(place.type)
    if isinstance(type_, GraphQLInputObjectType) and len(place.down) < MOST_LEVELS:
        for name, field in type_.fields.items():
            is_list = is_list_type(nullable(place.type))
            yield from within(
                Place(place.field, place.argument, field.type, (*place.down, (name, is_list)))
            )


def nullable(type_: GraphQLInputType) -> GraphQLInputType:
    inner: GraphQLInputType = type_.of_type if is_non_null_type(type_) else type_
    return inner


PLACES = list(places())


def test_the_places_are_of_every_type_that_clients_write() -> None:
    leaves = {get_named_type(place.type).name for place in PLACES if is_leaf(place)}

    assert leaves >= {"ID", "String", "Int", "Boolean", "Decimal", "DateTime", "OrderStatus"}
    assert len(PLACES) > 300


def is_leaf(place: Place) -> bool:
    return is_leaf_type(get_named_type(place.type))


def filled(place: Place, value: Any) -> Any:
    """The whole argument, with the value in its place."""
    for name, is_list in reversed(place.down):
        value = {name: value}
        value = [value] if is_list else value
    return value


def literal(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case _:
            return json.dumps(value)


def selection(field: str) -> str:
    query = schema._schema.query_type
    assert query is not None
    return "{ totalCount }" if "Connection" in str(query.fields[field].type) else "{ __typename }"


def argument_of(place: Place) -> GraphQLArgument:
    query = schema._schema.query_type
    assert query is not None
    argument: GraphQLArgument = query.fields[place.field].args[place.argument]
    return argument


async def sent(gateway: Gateway, place: Place, values: list[Any], *, by: str) -> list[Answer]:
    """The answers to each of the values, as literals or as variables."""
    operations: list[dict[str, Any]] = []
    for value in values:
        whole = filled(place, value)
        if by == "literal":
            query = (
                f"{{ {place.field}({place.argument}: {literal(whole)}) {selection(place.field)} }}"
            )
            operations.append({"query": query})
        else:
            type_ = argument_of(place).type
            query = (
                f"query ($v: {type_}) {{ {place.field}({place.argument}: $v)"
                f" {selection(place.field)} }}"
            )
            operations.append({"query": query, "variables": {"v": whole}})
    return [await gateway.post(json.dumps(each).encode()) for each in operations]


@pytest.mark.parametrize("by", ["literal", "variable"])
@pytest.mark.parametrize("field", sorted({place.field for place in PLACES}))
async def test_a_refusal_speaks_graphql(gateway: Gateway, field: str, by: str) -> None:
    refused = 0
    seen: set[tuple[str, str]] = set()
    for place in PLACES:
        # Deeper places of one type are as another's of that type.
        key = (str(place.type), place.argument if not place.down else "")
        if place.field != field or key in seen:
            continue
        seen.add(key)
        for answer in await sent(gateway, place, list(WRONG), by=by):
            for error in answer.errors:
                refused += 1
                assert PYTHON.search(error["message"]) is None, (place.id, error)
                assert error["extensions"]["code"] in (
                    "BAD_USER_INPUT",
                    "GRAPHQL_VALIDATION_FAILED",
                ), (place.id, error)
    assert refused > 10


IDS = {
    "unknown type": gid("Nothing", 1),
    "no base64": "not base64 !",
    "not UTF-8": "//4=",
    "empty": "",
    "no key": gid("Order", "one"),
    "too large a key": gid("Order", 2**64),
    "another type's, and no key of it": gid("Product", "KET-0001"),
}

ROADS = {
    "node": ("node", "($v: ID!) { node(id: $v) { __typename } }"),
    "nodes": ("nodes", "($v: ID!) { nodes(ids: [$v]) { __typename } }"),
    "lookup": ("order", "($v: ID) { order(id: $v) { __typename } }"),
    "eq": ("orders", "($v: ID) { orders(where: {id: {eq: $v}}) { totalCount } }"),
    "ne": ("orders", "($v: ID) { orders(where: {id: {ne: $v}}) { totalCount } }"),
    "in": ("orders", "($v: ID!) { orders(where: {id: {in: [$v]}}) { totalCount } }"),
    "notIn": ("orders", "($v: ID!) { orders(where: {not: {id: {notIn: [$v]}}}) { totalCount } }"),
    "relation": ("orders", "($v: ID) { orders(where: {customerId: {eq: $v}}) { totalCount } }"),
    "relation, in": ("products", "($v: ID!) { products(where: {categoryId: {in: [$v]}})"
                     " { totalCount } }"),
}  # fmt: skip


@pytest.mark.parametrize("by", ["literal", "variable"])
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("kind", IDS)
async def test_a_wrong_id_has_one_message_everywhere(
    gateway: Gateway, kind: str, road: str, by: str
) -> None:
    id_ = IDS[kind]
    field, query = ROADS[road]
    if by == "variable":
        answer = await gateway.ask(f"query {query}", {"v": id_})
    else:
        _, _, body = query.partition(") ")
        answer = await gateway.ask(body.replace("$v", json.dumps(id_)))

    assert [error["message"] for error in answer.errors] == [f"'{id_}' is not an id of this graph."]
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["path"][0] == field
    assert answer.calls == []


async def test_an_id_in_a_resolver_of_the_graphs_own_has_the_same_message(probe: Gateway) -> None:
    for query, variables in (
        ('mutation { touch(id: "not base64 !") { number } }', None),
        ("mutation ($v: ID!) { touch(id: $v) { number } }", {"v": "not base64 !"}),
    ):
        answer = await probe.ask(query, variables)

        assert [error["message"] for error in answer.errors] == [
            "'not base64 !' is not an id of this graph."
        ]
        assert answer.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (
            "OrderFilter",
            {"placedAt": {"gt": "yesterday"}},
            "Variable '$v' has invalid value at .placedAt.gt: Expected value of type 'DateTime',"
            " but encountered error 'not a date and time as RFC 3339 writes it, such as"
            ' 2026-01-31T09:30:00Z\'; found: "yesterday".',
        ),
        (
            "OrderFilter",
            {"number": {"eq": True}},
            "Variable '$v' has invalid value at .number.eq: String cannot represent a non string"
            " value: true",
        ),
        (
            "OrderFilter",
            {"number": {"in": ["a", None]}},
            "Variable '$v' has invalid value at .number.in[1]: Expected value of non-null type"
            " 'String!' not to be null.",
        ),
        (
            "OrderFilter",
            {"number": {"like": None}},
            "Variable '$v' has invalid value at .number: Expected value of type 'StringFilter' not"
            " to include unknown field 'like', found: {\"like\":null}.",
        ),
        (
            "OrderFilter",
            {"status": {"eq": False}},
            "Variable '$v' has invalid value at .status.eq: Enum 'OrderStatus' cannot represent"
            " non-string value: false.",
        ),
        (
            "OrderFilter",
            [None],
            "Variable '$v' has invalid value: Expected value of type 'OrderFilter' to be an object,"
            " found: [null].",
        ),
    ],
)
async def test_a_variable_is_shown_as_its_client_wrote_it(
    gateway: Gateway, type_: str, value: Any, message: str
) -> None:
    query = f"query ($v: {type_}) {{ orders(where: $v) {{ totalCount }} }}"

    answer = await gateway.ask(query, {"v": value})

    assert [error["message"] for error in answer.errors] == [message]
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_long_value_is_shown_in_part(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($v: OrderFilter) { orders(where: $v) { totalCount } }", {"v": ["x" * 5000]}
    )

    (error,) = answer.errors
    assert len(error["message"]) < 400


async def test_each_wrong_item_of_a_list_has_its_error_up_to_fifty(gateway: Gateway) -> None:
    answer = await gateway.ask("query ($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": [None] * 1000})

    assert len(answer.errors) == 50
    assert answer.errors[49]["message"] == (
        "Variable '$v' has invalid value at [49]: Expected value of non-null type 'ID!' not to be"
        " null."
    )


async def test_a_null_literal_is_null(gateway: Gateway) -> None:
    answer = await gateway.ask("{ node(id: null) { id } }")

    assert [error["message"] for error in answer.errors] == [
        "Expected value of non-null type 'ID!' not to be null."
    ]
    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


def test_an_enum_is_among_the_places() -> None:
    assert any(isinstance(get_named_type(place.type), GraphQLEnumType) for place in PLACES)
