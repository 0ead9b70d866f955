"""The gateway's routes, and GraphQL over HTTP as the specification of that name has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.settings import Settings
from tests.client import Gateway, serving
from tests.identities import auth, headers

GRAPHQL_JSON = "application/graphql-response+json"
PRODUCT = '{ product(sku: "KET-0001") { sku } }'


@pytest.fixture(scope="module")
async def production(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    async with serving(
        Settings.of(sources=source_settings, auth=auth()), headers("staff")
    ) as gateway:
        yield gateway


async def get(gateway: Gateway, path: str, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
    async with gateway.session.get(
        gateway.url + path, headers=headers, allow_redirects=False
    ) as response:
        return response.status, await response.read(), response.headers


async def test_it_is_alive(gateway: Gateway) -> None:
    status, body, _ = await get(gateway, "/healthz")

    assert (status, orjson.loads(body)) == (200, {"status": "alive"})


async def test_it_says_the_state_of_each_source(gateway: Gateway) -> None:
    status, body, _ = await get(gateway, "/readyz")

    assert status == 200
    assert orjson.loads(body) == {
        "status": "ready",
        "sources": {"shop": "up", "catalog": "up", "inventory": "up", "shipping": "up"},
    }


async def test_it_is_not_ready_when_every_source_is_down() -> None:
    nowhere = {"kind": "rest", "url": "http://127.0.0.1:1"}
    async with serving(Settings.of(sources={"a": nowhere, "b": nowhere})) as gateway:
        status, body, _ = await get(gateway, "/readyz")

    assert status == 503
    assert orjson.loads(body) == {"status": "not ready", "sources": {"a": "down", "b": "down"}}


async def test_the_root_leads_to_graphiql(gateway: Gateway) -> None:
    status, _, headers = await get(gateway, "/")

    assert (status, headers["location"]) == (307, "graphiql/")


async def test_production_has_neither_graphiql_nor_explain(
    production: Gateway,
) -> None:
    pages = [(await get(production, path))[0] for path in ("/", "/graphiql/", "/graphiql")]
    explained = await production.ask(PRODUCT, explain=True)

    assert pages == [404, 404, 404]
    assert explained.body == {"data": {"product": {"sku": "KET-0001"}}}


async def test_production_suggests_no_names(production: Gateway, gateway: Gateway) -> None:
    wrong = "{ product(sku: 1) { nam } prodct { sku } }"

    hidden = await production.ask(wrong)
    shown = await gateway.ask(wrong)

    assert not any("Did you mean" in error["message"] for error in hidden.errors)
    assert any("Did you mean" in error["message"] for error in shown.errors)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        (f"{GRAPHQL_JSON}, application/json;q=0.9", GRAPHQL_JSON),
    ],
)
async def test_the_answer_has_the_media_type_that_is_accepted(
    gateway: Gateway, accept: str, answered: str
) -> None:
    answer = await gateway.ask(PRODUCT, accept=accept)

    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] == answered
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "query", ["{", "{ nothing }", "query ($x: Int!) { product(sku: $x) { sku } }"]
)
async def test_an_operation_that_can_t_run_is_a_bad_request_without_data(
    gateway: Gateway, query: str
) -> None:
    strict = await gateway.ask(query, accept=GRAPHQL_JSON)
    lenient = await gateway.ask(query, accept="application/json")

    assert (strict.status, lenient.status) == (400, 200)
    assert "data" not in strict.body
    assert strict.body == lenient.body


async def test_a_variable_of_a_wrong_type_is_bad_input(gateway: Gateway) -> None:
    query = "query ($sku: String!) { product(sku: $sku) { sku } }"

    answers = [await gateway.ask(query, variables) for variables in ({}, {"sku": 1}, {"sku": None})]

    assert [answer.codes for answer in answers] == [["BAD_USER_INPUT"]] * 3


async def test_a_query_can_be_sent_by_get(gateway: Gateway) -> None:
    query = "query One($sku: String!) { product(sku: $sku) { sku } } query Two { __typename }"
    parameters = urlencode(
        {"query": query, "operationName": "One", "variables": '{"sku": "KET-0001"}'}
    )

    status, body, _ = await get(gateway, f"/graphql?{parameters}")

    assert (status, orjson.loads(body)) == (200, {"data": {"product": {"sku": "KET-0001"}}})


async def test_other_methods_are_not_allowed(gateway: Gateway) -> None:
    async with gateway.session.put(f"{gateway.url}/graphql") as response:
        body = orjson.loads(await response.read())

    assert (response.status, response.headers["allow"]) == (405, "GET, POST")
    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_an_operation_is_chosen_by_name(gateway: Gateway) -> None:
    query = 'query A { product(sku: "KET-0001") { sku } } query B { __typename }'

    answer = await gateway.ask(query, operation_name="B")

    assert answer.data == {"__typename": "Query"}


async def test_a_document_is_planned_anew_for_each_choice_of_conditions(gateway: Gateway) -> None:
    query = """
        query ($name: Boolean!) {
          product(sku: "KET-0001") { sku name @include(if: $name) }
        }
    """

    with_name, without = [await gateway.ask(query, {"name": name}) for name in (True, False)]

    assert list(with_name.data["product"]) == ["sku", "name"]
    assert with_name.columns("catalog.products") == ["_id", "name", "sku"]
    assert without.data == {"product": {"sku": "KET-0001"}}
    assert without.columns("catalog.products") == ["_id", "sku"]


async def test_explain_is_given_only_where_it_is_asked_for(gateway: Gateway) -> None:
    assert "extensions" not in (await gateway.ask(PRODUCT, explain=False)).body


async def test_explain_tells_of_a_call_to_a_database(gateway: Gateway) -> None:
    answer = await gateway.ask('{ customer(email: "ada.martin@example.com") { name } }')

    (call,) = answer.calls
    assert call.pop("ms") > 0
    assert call == {
        "source": "shop",
        "resource": "customers",
        "statement": 'select "email", "id", "name" from "customers" where "email" = any($1)',
        "keys": 1,
        "rows": 1,
        "columns": ["email", "id", "name"],
    }


async def test_explain_tells_of_a_call_to_a_service(gateway: Gateway) -> None:
    answer = await gateway.ask("{ carriers { nodes { code } } }")

    (call,) = answer.calls
    assert call.pop("ms") > 0
    assert call.pop("url").endswith("/carriers")
    assert call == {
        "source": "shipping",
        "resource": "carriers",
        "keys": 0,
        "rows": 5,
        "columns": ["code", "name"],
    }


@pytest.mark.parametrize("query", ["{}", '{ product(sku: "KET-0001") {} }'])
async def test_a_selection_of_nothing_is_refused(gateway: Gateway, query: str) -> None:
    answer = await gateway.ask(query)

    assert set(answer.codes) <= {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert answer.codes
