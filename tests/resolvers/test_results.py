"""Results of mutations: what was written, or one of the errors that the mutation names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import strawberry
from graphql import GraphQLUnionType, print_type

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import Identity
from loaders.memory import MemorySource
from resolvers import InvalidInput, mutation
from resolvers.checks.faults import DeclarationError
from resolvers.graph import Graph
from tests.placing import graph as placing
from tests.resolvers.declaring import plain_type

STAFF = Identity(subject="anna", scopes=frozenset({"staff"}))

PLACE = """mutation($input: NewOrder!) { placeOrder(input: $input) {
  __typename
  ... on Order { number lines { quantity product { name stock } } }
  ... on Error { message }
  ... on OutOfStock { sku available error hint }
  ... on PriceChanged { price }
  ... on InvalidInput { problems { path message code } }
} }"""


@pytest.fixture(params=EXECUTORS)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def in_memory() -> list[MemorySource]:
    shop: dict[str, list[dict[str, Any]]] = {"orders": [], "order_lines": []}
    products = [
        {"sku": "PEN", "name": "Pen", "stock": 3, "price": Decimal("1.50")},
        {"sku": "INK", "name": "Ink", "stock": 9, "price": Decimal("4.00")},
        {"sku": "OLD", "name": "Old", "stock": 0, "price": Decimal("9.00")},
    ]
    return [MemorySource("shop", shop), MemorySource("catalog", {"products": products})]


@pytest.fixture
def client(engine: str) -> GraphClient:
    settings = Settings.of(engine=engine, environment="development")
    return GraphClient(placing.graph, in_memory(), settings=settings)


def lines(*lines: tuple[str, int]) -> dict[str, Any]:
    return {"input": {"lines": [{"sku": sku, "quantity": count} for sku, count in lines]}}


async def test_a_success_is_selected_across_sources_and_sees_what_was_written(
    client: GraphClient, engine: str
) -> None:
    response = await client.execute(PLACE, lines(("PEN", 2), ("INK", 1)))

    assert response.errors == []
    assert response.data == {
        "placeOrder": {
            "__typename": "Order",
            "number": "A-1",
            "lines": [
                {"quantity": 2, "product": {"name": "Pen", "stock": 1}},
                {"quantity": 1, "product": {"name": "Ink", "stock": 8}},
            ],
        }
    }
    assert response.explain is not None
    assert response.explain["engine"]["name"] == engine
    # One call for each resource, of the columns that are selected.
    assert len(response.calls) == 3


async def test_an_error_that_is_raised_deep_inside_is_a_value(client: GraphClient) -> None:
    response = await client.execute(PLACE, lines(("PEN", 4)))

    assert response.errors == []
    assert response.data == {
        "placeOrder": {
            "__typename": "OutOfStock",
            "message": "Not enough.",
            "sku": "PEN",
            "available": 3,
            "error": "stock",
            "hint": "Take 3 of PEN.",
        }
    }


async def test_a_kind_of_a_named_error_is_shown_as_that(client: GraphClient) -> None:
    response = await client.execute(PLACE, lines(("OLD", 1)))

    assert response.errors == []
    assert response.data["placeOrder"]["__typename"] == "OutOfStock"
    assert response.data["placeOrder"]["message"] == "There is none left."


async def test_each_root_field_has_an_outcome_of_its_own_in_order(client: GraphClient) -> None:
    response = await client.execute(
        """mutation {
          a: placeOrder(input: {lines: [{sku: "PEN", quantity: 2}]}) { ...R }
          b: placeOrder(input: {lines: [{sku: "PEN", quantity: 2}]}) { ...R }
          c: placeOrder(input: {lines: []}) { ...R }
          d: placeOrder(input: {lines: [{sku: "INK", quantity: 1, price: "3.99"}]}) { ...R }
          e: placeOrder(input: {lines: [{sku: "PEN", quantity: 1}]}) { ...R }
        }
        fragment R on PlaceOrderResult {
          __typename ... on Order { number lines { product { stock } } }
          ... on OutOfStock { available } ... on PriceChanged { price message }
        }"""
    )

    assert response.errors == []
    assert response.data == {
        "a": {"__typename": "Order", "number": "A-1", "lines": [{"product": {"stock": 1}}]},
        "b": {"__typename": "OutOfStock", "available": 1},
        "c": {"__typename": "InvalidInput"},
        "d": {
            "__typename": "PriceChanged",
            "price": "4.00",
            "message": "The price has changed.",
        },
        "e": {"__typename": "Order", "number": "A-2", "lines": [{"product": {"stock": 0}}]},
    }


async def test_thirty_in_one_operation_keep_their_order(engine: str) -> None:
    limits = {"root_fields": 30}
    settings = Settings.of(engine=engine, environment="development", limits=limits)
    client = GraphClient(placing.graph, settings=settings)
    placing.order.clear()
    fields = " ".join(
        f'a{i}: addReview(input: {{title: "{"" if i % 5 == 4 else i}"}}) {{ __typename }}'
        for i in range(30)
    )
    response = await client.execute(f"mutation {{ {fields} }}")

    assert placing.order == [str(i) for i in range(30) if i % 5 != 4]
    assert [each["__typename"] for each in response.data.values()] == [
        "InvalidInput" if i % 5 == 4 else "Review" for i in range(30)
    ]


async def test_whatever_else_is_raised_is_an_error_of_the_response(client: GraphClient) -> None:
    response = await client.execute(
        """mutation {
          fails: addReview(input: {title: "fails"}) { __typename }
          unnamed: addReview(input: {title: "unnamed"}) { __typename }
          nothing: addReview(input: {title: "nothing"}) { __typename }
          taken: addReview(input: {title: "taken"}) {
            ... on InvalidInput { message problems { path message code } }
          }
        }"""
    )

    assert response.data == {
        "fails": None,
        "unnamed": None,
        "nothing": None,
        "taken": {
            "message": "The arguments can't be used as they are.",
            "problems": [{"path": "input.title", "message": "It is taken.", "code": "TAKEN"}],
        },
    }
    assert [(each["path"], each["extensions"]["code"]) for each in response.errors] == [
        (["fails"], "INTERNAL_SERVER_ERROR"),
        (["unnamed"], "INTERNAL_SERVER_ERROR"),
    ]
    assert placing.SECRET not in str(response.errors)


@pytest.mark.parametrize("field", ["secretReview", "audit"])
async def test_who_is_denied_learns_nothing_of_the_input(client: GraphClient, field: str) -> None:
    """Neither by the field's own rule nor by that of the type which it gives if it succeeds."""
    before = dict(placing.ran)
    query = f'mutation {{ {field}(input: {{title: "", rating: 9}}) {{ __typename }} }}'
    denied = await client.execute(query)
    told = await client.execute(query, identity=STAFF)

    assert denied.data == {field: None}
    assert denied.codes == ["UNAUTHENTICATED"]
    assert "problems" not in str(denied.errors)
    assert told.errors == []
    assert told.data == {field: {"__typename": "InvalidInput"}}
    assert placing.ran == before


async def test_a_success_runs_for_whom_its_type_lets(client: GraphClient) -> None:
    response = await client.execute(
        'mutation { audit(input: {title: "x"}) { ... on Audit { title } } }', identity=STAFF
    )

    assert (response.errors, response.data) == ([], {"audit": {"title": "x"}})


async def test_a_denied_field_of_a_success_is_denied_alone(client: GraphClient) -> None:
    query = """mutation {
      placeOrder(input: {lines: [{sku: "PEN", quantity: 1}], note: "n"}) {
        ... on Order { number note }
      }
    }"""
    denied = await client.execute(query)
    told = await client.execute(query, identity=STAFF)

    assert denied.data == {"placeOrder": {"number": "A-1", "note": None}}
    assert [each["path"] for each in denied.errors] == [["placeOrder", "note"]]
    assert told.data == {"placeOrder": {"number": "A-2", "note": "n"}}


SELECTIONS = [
    "__typename ... on Node { id } ... on Error { message }",
    "... on OutOfStock { x: sku y: sku __typename }",
    "... @include(if: false) { __typename } t: __typename",
    "... on Order { lines { product { name id } } }",
    "... on Order { note number }",
    "... on InvalidInput { problems { code path message } }",
]
LINES = [
    '{sku: "PEN", quantity: 1}',
    '{sku: "PEN", quantity: 9}',
    '{sku: "PEN", quantity: 1, price: "2"}',
    '{sku: "pen", quantity: 0}',
    '{sku: "PEN", quantity: 1}, {sku: "PEN", quantity: 1}',
    '{sku: "NEW", quantity: 1}',
    "",
]


@pytest.mark.parametrize("selection", SELECTIONS)
async def test_both_engines_say_the_same(selection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "an id")
    said: list[Any] = []
    for engine in EXECUTORS:
        client = GraphClient(
            placing.graph,
            in_memory(),
            settings=Settings.of(engine=engine, environment="development"),
        )
        said.append([])
        for each in LINES:
            query = f"mutation {{ placeOrder(input: {{lines: [{each}]}}) {{ {selection} }} }}"
            response = await client.execute(query)
            said[-1].append((response.data, response.errors, response.codes))

    assert said[0] == said[1]
    # Also what fails in a way that nobody expects.
    assert [codes for _, _, codes in said[0] if codes][-1] == ["INTERNAL_SERVER_ERROR"]


async def test_a_result_can_be_deferred(client: GraphClient) -> None:
    query = """mutation { placeOrder(input: {lines: [{sku: "PEN", quantity: %d}]}) {
      __typename
      ... on Order { ... @defer { lines { product { stock } } } }
      ... @defer { ... on OutOfStock { available } }
    } }"""
    success = [part async for part in client.execute_incrementally(query % 1)]
    error = [part async for part in client.execute_incrementally(query % 9)]

    assert success[0]["data"] == {"placeOrder": {"__typename": "Order"}}
    assert {"lines": [{"product": {"stock": 2}}]} in deferred(success)
    assert error[0]["data"] == {"placeOrder": {"__typename": "OutOfStock"}}
    assert {"available": 2} in deferred(error)


def deferred(parts: list[dict[str, Any]]) -> list[Any]:
    return [each["data"] for part in parts[1:] for each in part.get("incremental", [])]


async def test_the_results_of_what_is_denied_are_not_shown(client: GraphClient) -> None:
    query = "{ __schema { types { name } } }"
    anonymous = await client.execute(query)
    staff = await client.execute(query, identity=STAFF)

    hidden = {"AuditResult", "SecretReviewResult", "Audit"}
    assert hidden & {each["name"] for each in anonymous.data["__schema"]["types"]} == set()
    assert hidden <= {each["name"] for each in staff.data["__schema"]["types"]}


async def test_introspection_shows_the_union_and_the_constraints(client: GraphClient) -> None:
    response = await client.execute(
        """{
          result: __type(name: "PlaceOrderResult") { kind possibleTypes { name } }
          error: __type(name: "Error") { kind possibleTypes { name } fields { name } }
          input: __type(name: "NewReview") { inputFields { name description } }
        }"""
    )

    assert [each["name"] for each in response.data["result"]["possibleTypes"]] == [
        "Order", "InvalidInput", "OutOfStock", "PriceChanged"
    ]  # fmt: skip
    names = {each["name"] for each in response.data["error"]["possibleTypes"]}
    assert names == {"InvalidInput", "OutOfStock", "PriceChanged"}
    described = {
        each["name"]: each["description"] for each in response.data["input"]["inputFields"]
    }
    assert described["title"] == "Its title. 1 to 80 characters."
    assert described["rating"] == "How many stars. 1 to 5."
    assert described["tags"] == (
        "What it is about. 2 to 10 characters. At most 3 items. No item twice."
    )


def test_the_printed_schema_shows_the_constraints() -> None:
    printed = placing.graph.as_str()

    assert "interface Error {" in printed
    assert "union PlaceOrderResult = Order | InvalidInput | OutOfStock | PriceChanged" in printed
    assert '@constraint(minLength: 1, maxLength: 20, pattern: "[A-Z0-9-]+")' in printed
    assert "@constraint(min: 0, max: 9999999999.99, decimalPlaces: 2, maxDigits: 12)" in printed
    assert '@constraint(minItems: 1, maxItems: 50, uniqueBy: "sku")' in printed
    assert "directive @constraint(minLength: Int, maxLength: Int, pattern: String," in printed


def test_a_union_has_what_it_needs_alone() -> None:
    types = placing.graph._schema.type_map
    rate, result = types["Mutation"].fields["rate"].type, types["AddReviewResult"]  # type: ignore[attr-defined]

    assert str(rate) == "Int"
    assert isinstance(result, GraphQLUnionType)
    assert print_type(result).endswith("union AddReviewResult = Review | InvalidInput")


def test_errors_are_types_of_errors() -> None:
    @strawberry.type
    class NoError:
        message: str

    with pytest.raises(TypeError, match="NoError is none: @strawberry"):
        mutation("Does it.", lambda: None, errors=[NoError], public=True)
    with pytest.raises(TypeError, match="did you mean 'errors'"):
        mutation("Does it.", lambda: None, error=[NoError], public=True)  # type: ignore[call-arg]


def test_a_mutation_that_names_errors_says_who_may_run_it() -> None:
    def do() -> Any:
        return None

    field = mutation("Does it.", do, errors=[placing.PriceChanged])
    does = plain_type("Mutation", do=(placing.Review | None, field))

    with pytest.raises(DeclarationError, match=r"Mutation\.do: it says neither who may run it"):
        Graph(placing.Query, mutation=does)


def test_an_error_is_an_exception_like_any() -> None:
    error = placing.OutOfStock(message="None.", sku="A", available=0)

    assert (str(error), {error: 1}[error]) == ("None.", 1)
    assert InvalidInput(problems=[]).extensions == {"code": "BAD_USER_INPUT", "problems": []}
