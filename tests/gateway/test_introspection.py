"""What introspection shows to whom: only what they may query."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession
from graphql import GraphQLSchema, build_client_schema, get_introspection_query, validate_schema

from gateway.app import create_app
from gateway.settings import Settings
from schema.build import schema
from tests.client import Gateway, listening
from tests.identities import CALLERS, headers

INTROSPECTION = get_introspection_query(descriptions=False)

HIDDEN: dict[str, set[str]] = {
    "anonymous": {
        "Customer.email",
        "Customer.phone",
        "Customer.birthday",
        "Customer.marketingOptIn",
        "Customer.addresses",
        "Customer.lifetimeValue",
        "Order.shippingAddress",
        "Order.internalNote",
        "Product.cost",
        "Product.margin",
        "Reservation.orderNumber",
        "Query.customer(email:)",
        "Address",
        "Customer.name",
        "CustomerFilter.name",
        "CustomerFilter.email",
        "CustomerFilter.marketingOptIn",
    },
    "customer": {
        "Customer.lifetimeValue",
        "Order.internalNote",
        "Product.cost",
        "Product.margin",
        "Reservation.orderNumber",
        "Query.customer(email:)",
        "CustomerFilter.email",
        "CustomerFilter.marketingOptIn",
    },
    "support": {"Product.cost", "Product.margin"},
    "finance": {
        "Customer.email",
        "Customer.phone",
        "Customer.birthday",
        "Customer.marketingOptIn",
        "Order.internalNote",
        "Query.customer(email:)",
        "CustomerFilter.email",
        "CustomerFilter.marketingOptIn",
    },
    "partner": {
        "Customer.email",
        "Customer.phone",
        "Customer.birthday",
        "Customer.marketingOptIn",
        "Customer.lifetimeValue",
        "Order.internalNote",
        "Product.cost",
        "Product.margin",
        "Reservation.orderNumber",
        "Query.customer(email:)",
        "CustomerFilter.email",
        "CustomerFilter.marketingOptIn",
    },
    "staff": set(),
}
"""What each of the callers does not see, and with it of what the schema has."""

EVERYTHING = sorted(set().union(*HIDDEN.values()))


async def seen(gateway: Gateway) -> GraphQLSchema:
    answer = await gateway.ask(INTROSPECTION, explain=False)
    return build_client_schema(answer.data)


def has(shown: GraphQLSchema, place: str) -> bool:
    name, _, argument = place.rstrip(":)").partition("(")
    type_name, _, field = name.partition(".")
    type_: Any = shown.type_map.get(type_name)
    if type_ is None or not field:
        return type_ is not None
    found = type_.fields.get(field)
    return found is not None and (not argument or argument in found.args)


@pytest.mark.parametrize("place", EVERYTHING)
def test_the_schema_has_all_that_is_hidden_from_someone(place: str) -> None:
    assert has(schema._schema, place)


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_caller_sees_what_they_may_query(callers: dict[str, Gateway], caller: str) -> None:
    shown = await seen(callers[caller])

    missing = {place for place in EVERYTHING if not has(shown, place)}
    assert HIDDEN[caller] <= missing
    # What a hidden type takes along is named by whoever is shown least of it.
    assert {place for place in missing if has_parent(shown, place)} <= HIDDEN[caller]


def has_parent(shown: GraphQLSchema, place: str) -> bool:
    return "." in place and place.partition(".")[0] in shown.type_map


@pytest.mark.parametrize("caller", CALLERS)
async def test_what_is_shown_is_a_schema(callers: dict[str, Gateway], caller: str) -> None:
    assert validate_schema(await seen(callers[caller])) == []


@pytest.mark.parametrize("caller", CALLERS)
async def test_nothing_in_it_names_a_scope_or_a_policy(
    callers: dict[str, Gateway], caller: str
) -> None:
    answer = await callers[caller].ask(get_introspection_query(), explain=False)

    text = str(answer.data)
    for name in (*schema.rules.scopes - {"finance", "support"}, *schema.rules.policies):
        assert name not in text


async def test_a_hidden_type_is_not_found_by_name(callers: dict[str, Gateway]) -> None:
    query = '{ address: __type(name: "Address") { name } order: __type(name: "Order") { name } }'

    assert (await callers["anonymous"].ask(query)).data == {
        "address": None,
        "order": {"name": "Order"},
    }
    assert (await callers["partner"].ask(query)).data["address"] == {"name": "Address"}


async def test_introspection_stands_beside_data(callers: dict[str, Gateway]) -> None:
    query = """{
        product(sku: "KET-0001") { cost __typename }
        __type(name: "Product") { fields { name } }
    }"""
    answer = await callers["support"].ask(query)

    assert answer.partial["product"] == {"cost": None, "__typename": "Product"}
    assert answer.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert {"name": "cost"} not in answer.partial["__type"]["fields"]


async def test_a_hidden_field_can_be_asked_for_and_is_denied(callers: dict[str, Gateway]) -> None:
    # It is in schema.graphql; the gateway does not make a secret of what it denies.
    answer = await callers["anonymous"].ask('{ product(sku: "KET-0001") { cost } }')

    assert answer.partial == {"product": {"cost": None}}
    assert answer.codes == ["UNAUTHENTICATED"]


async def test_in_production_it_needs_a_credential(settings: Settings) -> None:
    production = settings.model_copy(update={"environment": "production"})
    async with listening(create_app(production)) as url, ClientSession() as session:
        answer = await Gateway(url, session).ask("{ __schema { queryType { name } } }")
        assert answer.status == 403
        assert answer.codes == ["UNAUTHENTICATED"]
        assert "data" not in answer.body

        answer = await Gateway(url, session).ask('{ x: __type(name: "Order") { name } }')
        assert answer.codes == ["UNAUTHENTICATED"]

        answer = await Gateway(url, session).ask('{ product(sku: "KET-0001") { __typename } }')
        assert answer.data == {"product": {"__typename": "Product"}}

    async with (
        listening(create_app(production)) as url,
        ClientSession(headers=headers("finance")) as session,
    ):
        shown = await seen(Gateway(url, session))
        assert has(shown, "Product.cost")
        assert not has(shown, "Customer.email")
