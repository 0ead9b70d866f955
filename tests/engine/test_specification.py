"""Chapter 6 of the GraphQL specification ("Execution"), case by case, by both engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, subscribe

from tests.engine.running import ENGINES, answer, run


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


PETS = build_schema(
    """
    interface Named { name: String }
    type Dog implements Named { name: String barks: Boolean owner: Person }
    type Cat implements Named { name: String meows: Boolean }
    type Person implements Named { name: String pets: [Pet] friend: Person }
    union Pet = Dog | Cat
    type Query { me: Person named: [Named] pet: Pet number: Int other: Int }
    """
)

REX = {"__typename": "Dog", "name": "Rex", "barks": True, "owner": {"name": "Ada"}}
TOM = {"__typename": "Cat", "name": "Tom", "meows": False}
ADA = {"__typename": "Person", "name": "Ada", "pets": [REX, TOM], "friend": {"name": "Bob"}}


# 6.1 Executing Requests


def test_the_named_operation_runs(engine: str) -> None:
    document = "query A { number } query B { other }"

    result = run(
        engine, PETS, parse(document), root_value={"number": 1, "other": 2}, operation_name="B"
    )

    assert result.data == {"other": 2}


def test_of_several_operations_one_must_be_named(engine: str) -> None:
    result = run(engine, PETS, parse("query A { number } query B { other }"))

    assert result.data is None
    assert result.errors is not None
    assert [error.message for error in result.errors] == [
        "Must provide operation name if query contains multiple operations."
    ]


# 6.1.2 Coercing Variable Values

ARGUMENTS = build_schema(
    """
    input Point { x: Int! = 1, y: Int }
    type Query {
      echo(a: Int = 10, b: Int! = 20, c: [Int], p: Point): String
      must(a: Int!): String
    }
    """
)
assert ARGUMENTS.query_type is not None
for _field in ARGUMENTS.query_type.fields.values():
    _field.resolve = lambda _root, _info, **arguments: repr(sorted(arguments.items()))


def echo(engine: str, selection: str, definitions: str = "", **variables: Any) -> Any:
    document = f"query {definitions} {{ {selection} }}"
    response = answer(engine, ARGUMENTS, document, variable_values=variables)
    return response["data"] and response["data"]["echo"]


def test_a_variable_without_a_value_has_its_default(engine: str) -> None:
    assert echo(engine, "echo(a: $v)", "($v: Int = 3)") == "[('a', 3), ('b', 20)]"


def test_a_variable_given_as_null_does_not_have_its_default(engine: str) -> None:
    assert echo(engine, "echo(a: $v)", "($v: Int = 3)", v=None) == "[('a', None), ('b', 20)]"


def test_a_value_of_one_is_coerced_to_a_list(engine: str) -> None:
    assert echo(engine, "echo(c: $v)", "($v: [Int])", v=4) == "[('a', 10), ('b', 20), ('c', [4])]"


def test_a_required_variable_without_a_value_fails_the_request(engine: str) -> None:
    response = answer(engine, ARGUMENTS, "query ($v: Int!) { must(a: $v) }")

    assert response == {
        "data": None,
        "errors": [
            (
                "Variable '$v' has invalid value: Expected a value of non-null type 'Int!' to be"
                " provided.",
                None,
            )
        ],
    }


def test_a_variable_of_the_wrong_type_fails_the_request(engine: str) -> None:
    response = answer(
        engine, ARGUMENTS, "query ($v: Int) { echo(a: $v) }", variable_values={"v": "1"}
    )

    assert response["data"] is None
    assert len(response["errors"]) == 1


# 6.2.2 Mutation, 6.3.1 Normal and Serial Execution

WRITES = build_schema(
    """
    type Change { at: Int, later: Int }
    type Query { number: Int }
    type Mutation { first: Change, second: Change, must: Int!, third: Int }
    """
)


def test_a_mutations_fields_run_one_after_another_each_with_its_subtree(engine: str) -> None:
    happened: list[str] = []

    def slow(name: str, value: Any) -> Any:
        async def resolve(_info: Any) -> Any:
            happened.append(f"{name} begins")
            await asyncio.sleep(0)
            happened.append(f"{name} ends")
            return value

        return resolve

    root = {
        "first": slow("first", {"later": slow("first.later", 1)}),
        "second": slow("second", {"later": slow("second.later", 2)}),
    }
    response = answer(
        engine, WRITES, "mutation { first { later } second { later } }", root_value=root
    )

    assert response == {"data": {"first": {"later": 1}, "second": {"later": 2}}}
    names = ("first", "first.later", "second", "second.later")
    assert happened == [f"{name} {what}" for name in names for what in ("begins", "ends")]


def test_a_mutation_ends_with_a_required_field_that_failed(engine: str) -> None:
    happened: list[str] = []

    def fail(_info: Any) -> None:
        happened.append("must")
        raise ValueError("no")

    root = {"must": fail, "third": lambda _info: happened.append("third")}
    response = answer(engine, WRITES, "mutation { must third }", root_value=root)

    assert response == {"data": None, "errors": [("no", ["must"])]}
    assert happened == ["must"]


def test_a_mutation_goes_on_after_a_nullable_field_that_failed(engine: str) -> None:
    async def fail(_info: Any) -> None:
        raise ValueError("no")

    response = answer(
        engine,
        WRITES,
        "mutation { first { at } third }",
        root_value={"first": fail, "third": lambda _info: 3},
    )

    assert response == {"data": {"first": None, "third": 3}, "errors": [("no", ["first"])]}


# 6.2.3 Subscription

EVENTS = build_schema(
    """
    type Query { number: Int }
    type Event { number: Int, must: Int! }
    type Subscription { event: Event, numbers(upTo: Int): Int }
    """
)


async def events(engine: str, document: str, **options: Any) -> Any:
    stream: Any = subscribe(EVENTS, parse(document), executor_class=ENGINES[engine], **options)
    if not hasattr(stream, "__aiter__"):
        return stream
    return [
        (result.data, [error.message for error in result.errors or ()]) async for result in stream
    ]


async def test_each_event_is_executed_with_its_payload_as_root(engine: str) -> None:
    async def stream(_info: Any, **arguments: Any) -> AsyncIterator[Any]:
        for number in range(arguments["upTo"]):
            yield {"numbers": number}

    document = "subscription { numbers(upTo: 3) }"

    assert await events(engine, document, root_value={"numbers": stream}) == [
        ({"numbers": 0}, []),
        ({"numbers": 1}, []),
        ({"numbers": 2}, []),
    ]


async def test_an_event_that_fails_does_not_end_the_stream(engine: str) -> None:
    async def stream(_info: Any) -> AsyncIterator[Any]:
        for must in (1, None, 2):
            yield {"event": {"must": must}}

    assert await events(
        engine, "subscription { event { must } }", root_value={"event": stream}
    ) == [
        ({"event": {"must": 1}}, []),
        ({"event": None}, ["Cannot return null for non-nullable field Event.must."]),
        ({"event": {"must": 2}}, []),
    ]


async def test_a_stream_that_can_not_be_had_is_one_response_without_data(engine: str) -> None:
    def fail(_info: Any) -> None:
        raise ValueError("no stream")

    result = await events(engine, "subscription { event { must } }", root_value={"event": fail})

    assert result.data is None
    assert [(error.message, error.path) for error in result.errors] == [("no stream", ["event"])]


# 6.3 Executing Selection Sets, 6.3.2 Field Collection


def pets(engine: str, document: str, **options: Any) -> dict[str, Any]:
    root = {"me": ADA, "named": [REX, ADA], "pet": TOM, "number": 1, "other": 2}
    return answer(engine, PETS, document, root_value=root, **options)


def test_response_keys_stand_in_the_order_in_which_they_are_met(engine: str) -> None:
    response = pets(
        engine,
        "{ z: number ...F a: other z: number } fragment F on Query { other me { name } number }",
    )

    assert list(response["data"]) == ["z", "other", "me", "number", "a"]


def test_keys_are_in_order_even_if_values_come_in_another(engine: str) -> None:
    async def late(_info: Any) -> int:
        await asyncio.sleep(0.001)
        return 1

    async def early(_info: Any) -> int:
        return 2

    response = answer(
        engine, PETS, "{ number other me { name } }", root_value={"number": late, "other": early}
    )

    assert list(response["data"].items()) == [("number", 1), ("other", 2), ("me", None)]


def test_selections_of_the_same_key_are_merged(engine: str) -> None:
    response = pets(engine, "{ me { name } me { friend { name } } ... { me { n: name } } }")

    assert response["data"] == {"me": {"name": "Ada", "friend": {"name": "Bob"}, "n": "Ada"}}


@pytest.mark.parametrize(
    ("condition", "there"),
    [
        ("@skip(if: true)", False),
        ("@skip(if: false)", True),
        ("@include(if: true)", True),
        ("@include(if: false)", False),
        ("@skip(if: true) @include(if: true)", False),
        ("@skip(if: false) @include(if: false)", False),
        ("@skip(if: $yes)", False),
        ("@include(if: $yes)", True),
    ],
)
@pytest.mark.parametrize("place", ["other %s", "... %s { other }", "...F %s"])
def test_conditions_decide_on_fields_and_fragments(
    engine: str, place: str, condition: str, there: bool
) -> None:
    definitions = "($yes: Boolean!)" if "$yes" in condition else ""
    fragment = "fragment F on Query { other }" if "...F" in place else ""
    document = f"query {definitions} {{ number {place % condition} }} {fragment}"

    response = pets(engine, document, variable_values={"yes": True})

    assert response == {"data": {"number": 1, "other": 2} if there else {"number": 1}}


def test_a_fragment_applies_to_its_object_type_interface_or_union(engine: str) -> None:
    response = pets(
        engine,
        """{ me { pets {
            __typename ... on Dog { barks } ... on Cat { meows } ... on Named { name }
            ... on Pet { again: __typename }
        } } }""",
    )

    assert response["data"]["me"]["pets"] == [
        {"__typename": "Dog", "barks": True, "name": "Rex", "again": "Dog"},
        {"__typename": "Cat", "meows": False, "name": "Tom", "again": "Cat"},
    ]


# 6.4.1 Coercing Field Arguments


def test_an_argument_that_is_not_given_has_its_default(engine: str) -> None:
    assert echo(engine, "echo") == "[('a', 10), ('b', 20)]"


def test_an_argument_that_is_null_is_null(engine: str) -> None:
    assert echo(engine, "echo(a: null, c: null)") == "[('a', None), ('b', 20), ('c', None)]"


def test_an_argument_whose_variable_has_no_value_has_its_default(engine: str) -> None:
    assert echo(engine, "echo(a: $v, b: $w, c: $x)", "($v: Int, $w: Int, $x: [Int])") == (
        "[('a', 10), ('b', 20)]"
    )


def test_a_required_argument_whose_variable_is_null_fails_its_field(engine: str) -> None:
    response = answer(
        engine, ARGUMENTS, "query ($v: Int) { echo(b: $v) }", variable_values={"v": None}
    )

    assert response["data"] == {"echo": None}
    [(message, path)] = response["errors"]
    assert message.startswith("Argument 'b' has invalid value")
    assert path == ["echo"]


def test_input_objects_have_their_fields_defaults_and_variables(engine: str) -> None:
    assert echo(engine, "echo(p: {y: $v})", "($v: Int)", v=5) == (
        "[('a', 10), ('b', 20), ('p', {'x': 1, 'y': 5})]"
    )
    assert echo(engine, "echo(p: {y: $v})", "($v: Int)") == (
        "[('a', 10), ('b', 20), ('p', {'x': 1})]"
    )


# 6.4.3 Value Completion

VALUES = build_schema(
    """
    enum Color { RED GREEN }
    interface Named { name: String }
    type Thing implements Named { name: String }
    type Other { name: String }
    type Query {
      int: Int float: Float string: String boolean: Boolean id: ID color: Color
      ints: [Int] grid: [[Int]] named: Named thing: Thing things: [Thing]
    }
    """
)


@pytest.mark.parametrize(
    ("field", "value", "completed"),
    [
        ("int", 2**31 - 1, 2**31 - 1),
        ("int", True, 1),
        ("int", 3.0, 3),
        ("int", "4", 4),
        ("float", 1, 1.0),
        ("string", 5, "5"),
        ("string", True, "true"),
        ("boolean", 1, True),
        ("id", 7, "7"),
        ("color", "RED", "RED"),
        ("ints", (1, None, 2), [1, None, 2]),
        ("ints", {3}, [3]),
        ("grid", [[1], None, []], [[1], None, []]),
        ("int", None, None),
    ],
)
def test_values_are_coerced_to_their_type(
    engine: str, field: str, value: Any, completed: Any
) -> None:
    response = answer(engine, VALUES, f"{{ {field} }}", root_value={field: value})

    assert response == {"data": {field: completed}}
    assert type(response["data"][field]) is type(completed)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("int", 2**31, "Int cannot represent non 32-bit signed integer value: 2147483648"),
        ("int", 1.5, "Int cannot represent non-integer value: 1.5"),
        ("float", float("inf"), "Float cannot represent non numeric value: inf"),
        ("boolean", "yes", "Boolean cannot represent a non boolean value: 'yes'"),
        ("string", {}, "String cannot represent value: {}"),
        ("color", "PINK", "Enum 'Color' cannot represent value: 'PINK'"),
        ("ints", 5, "Expected Iterable, but did not find one for field 'Query.ints'."),
        ("ints", "ab", "Expected Iterable, but did not find one for field 'Query.ints'."),
        ("int", ValueError("returned"), "returned"),
    ],
)
def test_a_value_that_does_not_fit_is_null_and_an_error(
    engine: str, field: str, value: Any, message: str
) -> None:
    response = answer(engine, VALUES, f"{{ {field} }}", root_value={field: value})

    assert response == {"data": {field: None}, "errors": [(message, [field])]}


def test_an_abstract_value_whose_type_is_unknown_is_an_error(engine: str) -> None:
    response = answer(
        engine, VALUES, "{ named { name } }", root_value={"named": {"__typename": "Nothing"}}
    )

    assert response["data"] == {"named": None}
    assert response["errors"] == [
        (
            "Abstract type 'Named' was resolved to a type 'Nothing' that does not exist inside"
            " the schema.",
            ["named"],
        )
    ]


def test_an_abstract_value_must_be_one_of_its_possible_types(engine: str) -> None:
    response = answer(
        engine, VALUES, "{ named { name } }", root_value={"named": {"__typename": "Other"}}
    )

    assert response["errors"] == [
        ("Runtime Object type 'Other' is not a possible type for 'Named'.", ["named"])
    ]


# 6.4.4 Handling Field Errors


def nested(types: str) -> GraphQLSchema:
    return build_schema(f"type Query {{ {types} }} type Inner {{ {types} good: Int }}")


def test_an_error_in_a_nullable_field_is_null_there(engine: str) -> None:
    def fail(_info: Any) -> None:
        raise ValueError("no")

    response = answer(
        engine,
        nested("inner: Inner, bad: Int"),
        "{ inner { bad good } }",
        root_value={"inner": {"bad": fail, "good": 1}},
    )

    assert response == {
        "data": {"inner": {"bad": None, "good": 1}},
        "errors": [("no", ["inner", "bad"])],
    }


def test_an_error_in_a_required_field_makes_its_parent_null(engine: str) -> None:
    response = answer(
        engine,
        nested("inner: Inner, bad: Int!"),
        "{ inner { inner { bad } good } }",
        root_value={"inner": {"inner": {"bad": None}, "good": 1}},
    )

    assert response == {
        "data": {"inner": {"inner": None, "good": 1}},
        "errors": [
            ("Cannot return null for non-nullable field Inner.bad.", ["inner", "inner", "bad"])
        ],
    }


def test_an_error_that_nothing_nullable_is_above_makes_data_null(engine: str) -> None:
    response = answer(
        engine,
        nested("inner: Inner!, bad: Int!"),
        "{ inner { inner { bad } } }",
        root_value={"inner": {"inner": {"bad": None}}},
    )

    assert response["data"] is None
    assert [path for _, path in response["errors"]] == [["inner", "inner", "bad"]]


def test_one_error_is_told_of_two_that_make_the_same_place_null(engine: str) -> None:
    response = answer(
        engine,
        nested("inner: Inner, bad: Int!, worse: Int!"),
        "{ inner { bad worse } }",
        root_value={"inner": {}},
    )

    assert response == {
        "data": {"inner": None},
        "errors": [("Cannot return null for non-nullable field Inner.bad.", ["inner", "bad"])],
    }


@pytest.mark.parametrize(
    ("type_", "value", "completed"),
    [
        ("[Int]", [1, None], [1, None]),
        ("[Int]!", [1, None], [1, None]),
        ("[Int!]", [1, None], None),
        ("[[Int!]]", [[1], [None]], [[1], None]),
        ("[[Int!]!]", [[1], [None]], None),
        ("[[Int]!]", [[1], None], None),
    ],
)
def test_null_in_a_list_goes_as_far_up_as_it_must(
    engine: str, type_: str, value: Any, completed: Any
) -> None:
    schema = build_schema(f"type Query {{ list: {type_} }}")

    response = answer(engine, schema, "{ list }", root_value={"list": value})

    assert response["data"] == {"list": completed}
    assert bool(response.get("errors")) is (completed != value)


def test_a_required_list_whose_items_must_be_there_makes_its_parent_null(engine: str) -> None:
    schema = build_schema("type Inner { list: [Int!]! } type Query { inner: Inner }")

    response = answer(
        engine, schema, "{ inner { list } }", root_value={"inner": {"list": [1, None]}}
    )

    assert response == {
        "data": {"inner": None},
        "errors": [("Cannot return null for non-nullable field Inner.list.", ["inner", "list", 1])],
    }


def test_paths_have_aliases_and_list_indices(engine: str) -> None:
    response = answer(
        engine,
        VALUES,
        "{ all: things { its: name } }",
        root_value={"things": [{"name": "a"}, None, {"name": ValueError("no")}]},
    )

    assert response == {
        "data": {"all": [{"its": "a"}, None, {"its": None}]},
        "errors": [("no", ["all", 2, "its"])],
    }


def test_errors_are_located_at_all_of_their_fields_selections(engine: str) -> None:
    document = parse("{\n  thing { name }\n  thing { name }\n}")

    result = run(engine, VALUES, document, root_value={"thing": {"name": ValueError("no")}})

    assert result.errors is not None
    [error] = result.errors
    assert [(each.line, each.column) for each in error.locations or ()] == [(2, 11), (3, 11)]
    assert isinstance(error.original_error, ValueError)
