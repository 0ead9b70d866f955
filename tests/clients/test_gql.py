"""gql, for Python, asks the gateway as docs/clients.md sets it up."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from gql import GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from graphql import GraphQLError, GraphQLInterfaceType, print_schema

from tests.client import Gateway, until
from tests.clients.expected import KETTLE, TICKS, UNCOSTED
from tests.clients.running import HERE, snippets
from tests.identities import CALLERS, token
from tests.probe.graph import running

PRODUCT = "query Product($sku: String!) { product(sku: $sku) { name price cost } }"
KEY = {"sku": "KET-0001"}


def asking(gateway: Gateway) -> ModuleType:
    """The page's module, for this gateway."""
    module = ModuleType("asking")
    exec(snippets()["asking.py"].replace(HERE, gateway.url.removeprefix("http://")), vars(module))
    return module


def token_of(caller: str) -> str:
    claims: Mapping[str, Any] | None = CALLERS[caller]
    assert claims is not None
    return token(**claims)


async def test_a_query_has_variables(gateways: dict[str, Gateway]) -> None:
    client = asking(gateways["shop"]).client(token_of("staff"))

    async with client as session:
        assert await session.execute(GraphQLRequest(PRODUCT, variable_values=KEY)) == {
            "product": KETTLE
        }


async def test_a_denied_field_is_an_error_with_the_rest(gateways: dict[str, Gateway]) -> None:
    client = asking(gateways["shop"]).client(token_of("support"))

    async with client as session:
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(GraphQLRequest(PRODUCT, variable_values=KEY))

    assert refused.value.data == {"product": UNCOSTED}
    assert [each["path"] for each in refused.value.errors or ()] == [["product", "cost"]]


async def test_what_is_refused_is_told(gateways: dict[str, Gateway]) -> None:
    module = asking(gateways["shop"])

    async with module.client() as session:
        with pytest.raises(TransportQueryError, match="Cannot query field 'nothing'"):
            await session.execute(gql("{ nothing }"))
    async with module.client("nothing") as session:
        with pytest.raises(TransportQueryError, match="The token is malformed"):
            await session.execute(gql("{ __typename }"))


async def test_a_subscription_comes_by_websocket(gateways: dict[str, Gateway]) -> None:
    subscription = GraphQLRequest(
        "subscription Ticks($count: Int!) { ticks(count: $count, seconds: 0) { number } }",
        variable_values={"count": 3},
    )
    client = asking(gateways["probe"]).subscriber(token_of("staff"))

    async with client as session:
        ticks = [tick async for tick in session.subscribe(subscription)]
        caller = await session.execute(gql("{ caller }"))

    assert (ticks, caller) == (TICKS, {"caller": "staff-1"})


async def test_a_subscription_ends_when_its_client_leaves(gateways: dict[str, Gateway]) -> None:
    subscription = gql("subscription { ticks(count: 1000000, seconds: 0.01) { number } }")

    async with asking(gateways["probe"]).subscriber() as session:
        async for tick in session.subscribe(subscription):
            if tick["ticks"]["number"] == 3:
                break

    await until(lambda: running["ticks"] == 0)


async def test_the_schema_that_is_fetched_validates_queries(gateways: dict[str, Gateway]) -> None:
    client = asking(gateways["shop"]).client(token_of("staff"))
    client.fetch_schema_from_transport = True

    async with client as session:
        with pytest.raises(GraphQLError, match="Cannot query field 'nothing'"):
            await session.execute(gql("{ nothing }"))
        schema = client.schema

    assert schema is not None
    assert isinstance(schema.type_map["Node"], GraphQLInterfaceType)
    assert "cost: Decimal" in print_schema(schema)
