"""What of headers that go on can be set, and what of it a check makes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import Settings
from loaders.descriptions import Description
from loaders.rest.source import RestSource
from tests.gateway.tenants import Thing, asked
from tests.identities import token

USED = "the url has a user, whose authorization is sent: forward_headers can't have it"


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["host"], "host is of the caller's request: those of the gateway have their own"),
        (["Content-Length"], "Content-Length is of the caller's request"),
        (["content-type"], "content-type is of the caller's request"),
        (["expect"], "expect is of the caller's request"),
        (["x-tenant", "Connection"], "Connection is of the caller's connection, and ends here"),
        (["keep-alive"], "keep-alive is of the caller's connection"),
        (["te"], "te is of the caller's connection"),
        (["transfer-encoding"], "transfer-encoding is of the caller's connection"),
        (["upgrade"], "upgrade is of the caller's connection"),
        (["proxy-authorization"], "proxy-authorization is of the caller's connection"),
        (["accept"], "accept asks for answers that a source can't take"),
        (["Accept-Encoding"], "Accept-Encoding asks for answers that a source can't take"),
        (["range"], "range asks for answers"),
        (["if-none-match"], "if-none-match asks for answers"),
        ([""], "'' is no name of a header"),
        (["*"], None),
        (["x tenant"], "'x tenant' is no name of a header"),
        (["x-tenant:"], "'x-tenant:' is no name of a header"),
        (["x-tenant\r\nhost"], "'x-tenant\\r\\nhost' is no name of a header"),
        (["x-t\u00e9nant"], "'x-t\u00e9nant' is no name of a header"),
        ("authorization", "Input should be a valid tuple"),
    ],
    ids=str,
)
def test_names_that_can_t_go_on_are_refused(names: Any, reason: str | None) -> None:
    source = {"kind": "rest", "url": "http://127.0.0.1:1", "forward_headers": names}
    if reason is None:
        assert Settings.of(sources={"a": source}).sources["a"]
        return
    with pytest.raises(ValidationError) as refused:
        Settings.of(sources={"a": source})

    (fault,) = refused.value.errors()
    assert fault["msg"].removeprefix("Value error, ").startswith(reason)


@pytest.mark.parametrize("user", ["ada:hunter2@", "ada@", ":hunter2@", "@"])
def test_a_source_with_an_authorization_of_its_own_keeps_it(user: str) -> None:
    source = {"kind": "rest", "url": f"http://{user}127.0.0.1:1"}
    Settings.of(sources={"a": {**source, "forward_headers": ["x-tenant"]}})

    with pytest.raises(ValidationError, match=USED) as refused:
        Settings.of(sources={"a": {**source, "forward_headers": ["Authorization"]}})

    assert "hunter2" not in str(refused.value)


async def test_a_source_s_own_authorization_goes_beside_what_is_named() -> None:
    async with asked("x-tenant", user="ada:hunter2@") as (gateway, services):
        sent = {"x-tenant": "a", "authorization": f"Bearer {token()}"}
        await gateway.ask("{ things { nodes { number } } }", headers=sent)

        assert services.headers["told"] == [
            {"authorization": "Basic YWRhOmh1bnRlcjI=", "x-tenant": "a"}
        ]


async def test_a_check_takes_no_answer_without_a_caller_for_a_fault() -> None:
    async with asked("x-tenant") as (_, services):
        services.status = 400
        found: list[Description] = []
        for names in ((), ("x-tenant",)):
            source = RestSource("told", services.told.url, forward_headers=names)
            await source.open()
            found.append(await source.describe(Thing.resource))
            await source.close()

    strict, lenient = found
    assert strict.mistakes == ("GET /all answers with status 400",)
    assert lenient.mistakes == ()
    assert lenient.unknown == (
        *strict.unknown,
        "GET /all answers with status 400, asked without a caller's headers",
    )
