"""Credentials on HTTP requests, whatever they ask for and however."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from starlette.datastructures import Address

from gateway.auth.authentication import Authenticator
from gateway.errors import Unauthenticated
from gateway.settings import Settings
from loaders.identity import Identity
from tests.client import Answer, Gateway, serving
from tests.identities import headers, token
from tests.probe import PROBE

CALLER = "{ caller }"
BAD = {
    "no token": "Bearer x",
    "expired": f"Bearer {token(-60)}",
    "of another issuer": f"Bearer {token(iss='others')}",
    "another scheme": "Basic YTpi",
    "empty": "",
    "anonymous": "anonymous",
}


async def answer(gateway: Gateway, road: str, given: Mapping[str, str]) -> tuple[Answer, Any]:
    """The whole answer, and in it what the caller is called."""
    if road == "GET":
        one = await gateway.get(CALLER, headers=given)
        return one, one.body.get("data")
    if road == "batch":
        whole = await gateway.post(b'[{"query": "{ caller }"}]', headers=given)
        return whole, whole.body[0]["data"] if isinstance(whole.body, list) else None
    accept = {"SSE": "text/event-stream", "parts": "multipart/mixed"}.get(road, "application/json")
    async with gateway.session.post(
        f"{gateway.url}/graphql", json={"query": CALLER}, headers={"accept": accept, **given}
    ) as response:
        body = await response.read()
        if response.content_type == "text/event-stream":
            data = re.search(rb"data: ({.*})", body)
            assert data is not None
            return Answer(response.status, {}, response.headers), orjson.loads(data[1])["data"]
        one = Answer(response.status, orjson.loads(body), response.headers)
        return one, one.body.get("data")


ROADS = ["POST", "GET", "batch", "SSE", "parts"]


@pytest.mark.parametrize("road", ROADS)
async def test_whoever_has_no_credential_is_anonymous(probe: Gateway, road: str) -> None:
    got, data = await answer(probe, road, {})

    assert (got.status, data) == (200, {"caller": None})


@pytest.mark.parametrize("road", ROADS)
async def test_whoever_has_a_good_credential_is_known(probe: Gateway, road: str) -> None:
    got, data = await answer(probe, road, headers("support"))

    assert (got.status, data) == (200, {"caller": "support-1"})
    assert got.headers["vary"] == "accept, authorization, x-api-key"


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("road", ROADS)
async def test_whoever_has_a_bad_credential_is_refused(
    probe: Gateway, road: str, kind: str
) -> None:
    got, data = await answer(probe, road, {"authorization": BAD[kind]})

    assert (got.status, data, got.codes) == (401, None, ["UNAUTHENTICATED"])
    assert got.headers["www-authenticate"].startswith(
        'Bearer realm="sluice", error="invalid_token", error_description="'
    )
    assert got.headers["vary"] == "accept, authorization, x-api-key"


async def test_an_api_key_that_is_none_is_refused(probe: Gateway) -> None:
    got = await probe.ask(CALLER, headers={"x-api-key": "sluice_x"})

    assert (got.status, got.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_good_credential_beside_a_bad_one_is_refused(probe: Gateway) -> None:
    good = headers("support")["authorization"]
    pairs = [("authorization", good), ("authorization", "Bearer x")]
    for given in (pairs, pairs[::-1]):
        async with probe.session.post(
            f"{probe.url}/graphql", json={"query": CALLER}, headers=given
        ) as response:
            assert response.status == 401


async def test_a_bad_credential_is_refused_before_the_body_is_there(probe: Gateway) -> None:
    host = probe.url.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer x\r\n"
        "content-type: application/json\r\ncontent-length: 1000\r\n\r\n".encode()
    )
    status = await reader.readline()
    writer.close()

    assert status.split()[1] == b"401"


async def test_credentials_that_can_t_be_checked_now_are_not_refused_for_good(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    issuer = {"issuer": "a", "audience": "b", "jwks_url": "http://127.0.0.1:1/keys"}
    settings = Settings.of(sources=source_settings, graph=PROBE, auth={"issuers": {"a": issuer}})
    async with serving(settings) as gateway:
        known = await gateway.ask(CALLER, headers={"authorization": f"Bearer {token(iss='a')}"})
        anonymous = await gateway.ask(CALLER)

    assert (known.status, known.codes) == (503, ["UPSTREAM_UNAVAILABLE"])
    assert anonymous.status == 200


async def test_a_reason_of_any_characters_fits_into_a_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Odd(Authenticator):
        async def identify(
            self, headers: Mapping[str, str], client: Address | None = None
        ) -> Identity:
            raise Unauthenticated('Not "good"\r\nset-cookie: a=b \\ \u00e9')

    monkeypatch.setattr("gateway.app.Authenticator", Odd)
    async with serving(Settings.of(graph=PROBE)) as gateway:
        got = await gateway.ask(CALLER)

    assert got.headers["www-authenticate"] == (
        'Bearer realm="sluice", error="invalid_token", '
        "error_description=\"Not 'good'''set-cookie: a=b ' '\""
    )
    assert "set-cookie" not in got.headers
    assert got.errors[0]["message"] == 'Not "good"\r\nset-cookie: a=b \\ \u00e9'


async def test_without_issuers_every_credential_is_refused() -> None:
    async with serving(Settings.of(graph=PROBE)) as gateway:
        got = await gateway.ask(CALLER, headers=headers("support"))

    assert (got.status, got.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_bad_credential_is_refused_on_the_shop_s_gateway_too(
    callers: dict[str, Gateway],
) -> None:
    got = await callers["anonymous"].ask(
        "{ __typename }", headers={"authorization": f"Bearer {token(-1)}"}
    )

    assert (got.status, got.codes) == (401, ["UNAUTHENTICATED"])
