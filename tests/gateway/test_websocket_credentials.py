"""Credentials over WebSocket: in the handshake, in the greeting, and when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.datastructures import Address

from gateway.auth.authentication import Authenticator
from gateway.settings import Settings
from loaders.errors import SourceUnavailable
from loaders.identity import Identity
from tests.client import Gateway, serving, until
from tests.gateway.test_websocket import FOREVER, TICKS
from tests.identities import auth, headers, token
from tests.probe import PROBE
from tests.probe.graph import running

CALLER = "{ caller }"
SUPPORT = headers("support")["authorization"]


async def caller(gateway: Gateway, payload: Any, given: Mapping[str, str]) -> Any:
    async with gateway.connected(payload, headers=given) as socket:
        return (await socket.ask(CALLER)).data["caller"]


@pytest.mark.parametrize(
    ("payload", "given", "name"),
    [
        ({}, {}, None),
        ({"other": 5, "Authorization": None}, {}, None),
        ({"Authorization": SUPPORT}, {}, "support-1"),
        ({"authorization": SUPPORT}, {}, "support-1"),
        ({"AUTHORIZATION": SUPPORT}, {}, "support-1"),
        ({}, {"Authorization": SUPPORT}, "support-1"),
        ({"authorization": SUPPORT}, headers("finance"), "support-1"),
    ],
    ids=[
        "none",
        "null",
        "in the greeting",
        "in lower case",
        "in upper case",
        "in the handshake",
        "the greeting's before the handshake's",
    ],
)
async def test_the_caller_is_known_by_the_credential(
    probe: Gateway, payload: Any, given: Mapping[str, str], name: str | None
) -> None:
    assert await caller(probe, payload, given) == name


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": "Bearer x"},
        {"Authorization": f"Bearer {token(-60)}"},
        {"Authorization": ""},
        {"Authorization": 5},
        {"Authorization": [SUPPORT]},
        {"Authorization": SUPPORT, "authorization": SUPPORT},
        {"X-API-Key": "sluice_x"},
        {"x-api-key": {}},
        {"Authorization": SUPPORT, "X-API-Key": "sluice_x"},
        {"Authorization": "Bearer \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
    ],
    ids=[
        "no token",
        "expired",
        "empty",
        "a number",
        "a list",
        "two",
        "no key",
        "a key of a wrong type",
        "a token and a key",
        "unicode",
    ],
)
async def test_a_bad_credential_in_the_greeting_ends_the_connection(
    probe: Gateway, payload: Any
) -> None:
    async with probe.socket() as socket:
        await socket.send(type="connection_init", payload=payload)
        await socket.subscribe("a", CALLER)
        code, reason = await socket.closed()

    assert code == 4403
    assert reason.startswith("Forbidden: ")
    assert len(reason) > len("Forbidden: ")


@pytest.mark.parametrize("payload", [{}, {"Authorization": SUPPORT}], ids=["alone", "with a good"])
async def test_a_bad_credential_in_the_handshake_ends_the_connection(
    probe: Gateway, payload: Any
) -> None:
    async with probe.socket(headers={"authorization": "Bearer x"}) as socket:
        await socket.send(type="connection_init", payload=payload)
        code, reason = await socket.closed()

    assert code == 4403
    assert reason.startswith("Forbidden: ")


@pytest.mark.parametrize("given", ["handshake", "greeting"])
async def test_credentials_that_can_t_be_checked_now_end_the_connection(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    class Down(Authenticator):
        async def identify(
            self, headers: Mapping[str, str], client: Address | None = None
        ) -> Identity:
            if headers:
                raise SourceUnavailable("issuer")
            return await super().identify(headers, client)

    monkeypatch.setattr("gateway.app.Authenticator", Down)
    credential = {"authorization": SUPPORT}
    async with (
        serving(Settings.of(graph=PROBE)) as gateway,
        gateway.socket(headers=credential if given == "handshake" else {}) as socket,
    ):
        await socket.send(type="connection_init", payload=credential)
        assert await socket.closed() == (4503, "The source 'issuer' is unavailable.")


@pytest.mark.parametrize("given", ["handshake", "greeting"])
async def test_a_connection_ends_with_its_token(probe: Gateway, given: str) -> None:
    credential = {"authorization": f"Bearer {token(2)}"}
    in_handshake = given == "handshake"
    async with probe.connected(
        {} if in_handshake else credential, headers=credential if in_handshake else {}
    ) as socket:
        await socket.subscribe("a", TICKS + "{ number } }", FOREVER)
        await socket.subscribe("b", "{ slow(seconds: 60) }")
        await until(lambda: (running["ticks"], running["slow"]) == (1, 1))
        code, reason = await socket.closed()

    assert code == 4403
    assert "expired" in reason
    await until(lambda: (running["ticks"], running["slow"]) == (0, 0))


async def test_a_connection_ends_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    revoked = asyncio.Event()

    class Revoking(Authenticator):
        async def identify(
            self, headers: Mapping[str, str], client: Address | None = None
        ) -> Identity:
            return Identity(client="northwind", credential="key:1")

        async def ended(self, identity: Identity) -> str:
            assert identity.credential == "key:1"
            await revoked.wait()
            return "The API key was revoked."

    monkeypatch.setattr("gateway.app.Authenticator", Revoking)
    async with (
        serving(Settings.of(graph=PROBE)) as gateway,
        gateway.connected({"x-api-key": "any"}) as socket,
    ):
        await socket.subscribe("a", TICKS + "{ number } }", {"count": 2, "seconds": 60})
        await socket.receive()
        revoked.set()
        assert await socket.closed() == (4403, "The API key was revoked.")
        # Not when the client has hung up, but at once.
        assert running["ticks"] == 0


async def test_a_watch_that_fails_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Authenticator):
        async def ended(self, identity: Identity) -> str:
            raise RuntimeError("SECRET")

    monkeypatch.setattr("gateway.app.Authenticator", Failing)
    settings = Settings.of(graph=PROBE, auth=auth())
    async with serving(settings, headers("support")) as gateway, gateway.connected() as socket:
        code, reason = await socket.closed()

    assert code == 4500
    assert "SECRET" not in reason
    assert "SECRET" in caplog.text


async def test_each_connection_has_its_own_caller(probe: Gateway) -> None:
    names: Any = await asyncio.gather(
        caller(probe, {"authorization": SUPPORT}, {}),
        caller(probe, {}, {}),
        caller(probe, {}, headers("finance")),
    )

    assert names == ["support-1", None, "finance-1"]
