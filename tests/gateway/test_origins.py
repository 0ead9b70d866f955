"""Requests name a host that is served, and web pages of other origins ask where they may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from gateway.settings import Settings
from tests.client import Gateway, serving
from tests.gateway.test_hostile_requests import SMALL, assert_refused, send

SHOP = "https://shop.example.com"


def of(source_settings: dict[str, Any], **more: Any) -> Settings:
    return Settings.of(sources=source_settings, **more)


@pytest.fixture(scope="module")
async def named(source_settings: dict[str, Any]) -> AsyncIterator[Gateway]:
    server = {"allowed_hosts": ["api.example.com", "*.example.org"]}
    async with serving(of(source_settings, server=server)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
async def development(source_settings: dict[str, Any]) -> AsyncIterator[Gateway]:
    async with serving(of(source_settings, environment="development")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
async def crossing(source_settings: dict[str, Any]) -> AsyncIterator[Gateway]:
    async with serving(of(source_settings, cors={"origins": [SHOP]})) as gateway:
        yield gateway


@pytest.mark.parametrize(
    "host",
    ["api.example.com", "API.example.com:8000", "a.example.org", "a.b.example.org:1"],
)
async def test_a_host_that_is_named_is_served(named: Gateway, host: str) -> None:
    answer = await send(
        named, "POST", "/graphql", SMALL, content_type="application/json", host=host
    )

    assert answer.body == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "example.org", "api.example.com.evil.example", "xexample.org", "", "[::1]:1",
     "[", "api.example.com@evil.example"],
)  # fmt: skip
async def test_another_host_is_not(named: Gateway, host: str) -> None:
    answer = await send(
        named, "POST", "/graphql", SMALL, content_type="application/json", host=host
    )

    assert_refused(answer, 400)
    assert answer.errors[0]["message"].endswith("is none of server.allowed_hosts.")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_may_name_any_host(named: Gateway, path: str) -> None:
    assert (await send(named, "GET", path, host="10.0.0.7")).status == 200


async def test_in_development_a_name_that_leads_here_is_not_enough(development: Gateway) -> None:
    # Else any page could have a support token, by a name of its own for 127.0.0.1.
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        answer = await send(development, "GET", "/graphql?query={__typename}", host=host)
        assert answer.body == {"data": {"__typename": "Query"}}
    for path in ("/graphql?query={__typename}", "/graphiql/", "/graphiql/sign-in"):
        assert_refused(await send(development, "GET", path, host="rebound.example"), 400)


async def connect(gateway: Gateway, **headers: str) -> int:
    """The status of the handshake of a WebSocket; 101 where it is one."""
    try:
        async with gateway.session.ws_connect(
            f"{gateway.url}/graphql", protocols=["graphql-transport-ws"], headers=headers
        ):
            return 101
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status


async def test_no_other_host_has_a_websocket(named: Gateway) -> None:
    assert await connect(named, host="api.example.com") == 101
    assert await connect(named, host="evil.example") == 403


async def test_a_page_of_another_host_has_no_websocket(gateway: Gateway, crossing: Gateway) -> None:
    host = gateway.url.removeprefix("http://")

    assert await connect(gateway) == 101
    assert await connect(gateway, origin=gateway.url) == 101
    # Behind a proxy that ends TLS.
    assert await connect(gateway, origin=f"https://{host}") == 101
    for origin in (SHOP, "null", "http://127.0.0.1", "", "https://[", f"http://{host}.evil"):
        assert await connect(gateway, origin=origin) == 403
    assert await connect(crossing, origin=SHOP) == 101
    assert await connect(crossing, origin="https://evil.example") == 403


async def preflight(gateway: Gateway, origin: str) -> aiohttp.ClientResponse:
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, authorization",
    }
    async with gateway.session.options(f"{gateway.url}/graphql", headers=headers) as response:
        return response


async def test_a_page_of_an_origin_that_is_named_may_ask(crossing: Gateway) -> None:
    response = await preflight(crossing, SHOP)
    answer = await send(
        crossing, "POST", "/graphql", SMALL, content_type="application/json", origin=SHOP
    )

    assert response.status == 200
    assert response.headers["access-control-allow-origin"] == SHOP
    assert response.headers["access-control-max-age"] == "600"
    assert "access-control-allow-credentials" not in response.headers
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "origin" in answer.headers["vary"].lower()


async def test_a_page_of_another_origin_may_not(gateway: Gateway, crossing: Gateway) -> None:
    for each in (gateway, crossing):
        response = await preflight(each, "https://evil.example")

        assert response.status in (400, 405)
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "cors",
    [
        {"origins": ["shop.example.com"]},
        {"origins": ["https://shop.example.com/"]},
        {"origins": ["https://user@shop.example.com"]},
        {"origins": ["*"], "credentials": True},
    ],
)
def test_what_is_no_origin_is_refused(cors: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.of(cors=cors)


@pytest.mark.parametrize("path", ["/graphql/", "/healthz/", "//evil.example/graphql/"])
async def test_nothing_leads_to_the_host_of_a_request(crossing: Gateway, path: str) -> None:
    answer = await send(crossing, "GET", path, b"", host="evil.example")

    assert "location" not in answer.headers
    assert_refused(answer, 404)
