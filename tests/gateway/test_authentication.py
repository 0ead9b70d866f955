"""Which credential of a request counts, what is no credential, and when one ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.stack import Addresses
from gateway.auth.api_keys import create, revoke
from gateway.auth.authentication import Authenticator
from gateway.auth.settings import AuthSettings
from gateway.errors import Unauthenticated
from gateway.settings import Settings
from loaders.identity import ANONYMOUS
from loaders.sql.postgres import PostgresSource
from tests import identities
from tests.bad_servers import unused_port
from tests.gateway.issuing import authenticating, issuer, signing_key, token
from tests.gateway.key_store import id_of

COMPANY = issuer(signing_key("EdDSA"))
KEY = f"slk_{'0' * 16}_{'A' * 43}"
ONE = "Send one credential, as 'Authorization: Bearer <it>'."
TWO = "There are two credentials, in Authorization and in X-API-Key. Send one."


@pytest.fixture
async def authenticator(
    database: PostgresSource, addresses: Addresses
) -> AsyncIterator[Authenticator]:
    """One that takes tokens and keys."""
    auth = {"issuers": {"company": COMPANY}, "keys": {"url": addresses.postgres}}
    authenticator = Authenticator(Settings.of(auth=auth).auth)
    await authenticator.open()
    yield authenticator
    await authenticator.close()


async def refusal(authenticator: Authenticator, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(Unauthenticated) as refused:
        await authenticator.identify(named)
    return str(refused.value)


async def test_without_a_credential_one_is_anonymous(authenticator: Authenticator) -> None:
    identity = await authenticator.identify({"accept": "*/*", "cookie": f"authorization={KEY}"})

    assert identity is ANONYMOUS


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
async def test_a_token_is_a_bearers(scheme: str, authenticator: Authenticator) -> None:
    identity = await authenticator.identify({"authorization": scheme + token()})

    assert identity.subject == "ada"


async def test_a_key_can_be_in_either_header(
    database: PostgresSource, authenticator: Authenticator
) -> None:
    key = await create(database, client="northwind")

    one = await authenticator.identify({"authorization": f"Bearer {key}"})
    other = await authenticator.identify({"x-api-key": key})
    both = await authenticator.identify({"authorization": f"Bearer {key}", "x-api-key": key})

    assert one == other == both
    assert one.client == "northwind"


async def test_two_credentials_that_differ_are_refused(
    database: PostgresSource, authenticator: Authenticator
) -> None:
    key = await create(database, client="northwind")
    other = await create(database, client="northwind")

    assert await refusal(authenticator, authorization=f"Bearer {key}", x_api_key=other) == TWO
    assert await refusal(authenticator, authorization=f"Bearer {token()}", x_api_key=key) == TWO
    assert await refusal(authenticator, authorization=f"Bearer {key}", x_api_key="") == TWO


async def test_a_header_that_was_sent_twice_is_refused(
    database: PostgresSource, authenticator: Authenticator
) -> None:
    key, text = await create(database, client="northwind"), token()

    for one, other in ((key, key), (text, text), (key, text), (text, "")):
        joined = f"Bearer {one}, Bearer {other}"
        assert await refusal(authenticator, authorization=joined) == ONE
    assert await refusal(authenticator, x_api_key=f"{key}, {key}") == "This is not an API key."


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer\ta",
        "Bearer a\x00",
        "Bearer \u00e4",
        "Basic YTpi",
        "Token a",
        "Bearer: a",
        'Bearer realm="a"',
        "null",
        "Bearer " + " " * 100_000 + "\x00",
        "Bearer " + "a" * 100_000 + "\x00",
    ],
    ids=[
        "empty",
        "space",
        "scheme",
        "nothing",
        "two",
        "tab",
        "nul",
        "umlaut",
        "basic",
        "token",
        "colon",
        "parameter",
        "null",
        "spaces",
        "long",
    ],
)
async def test_a_header_that_holds_no_one_credential_is_refused(
    header: str, authenticator: Authenticator
) -> None:
    assert await refusal(authenticator, authorization=header) == ONE


@pytest.mark.parametrize("key", ["", "null", "undefined", "slk_"])
async def test_a_bad_key_is_never_taken_for_none(key: str, authenticator: Authenticator) -> None:
    assert await refusal(authenticator, x_api_key=key) == "This is not an API key."


async def test_a_token_is_no_key(authenticator: Authenticator) -> None:
    assert await refusal(authenticator, x_api_key=token()) == "This is not an API key."


async def test_where_nothing_is_configured_every_credential_is_refused() -> None:
    authenticator = Authenticator(AuthSettings())

    assert await authenticator.identify({}) is ANONYMOUS
    assert await refusal(authenticator, authorization=f"Bearer {token()}") == (
        "Tokens are not accepted here."
    )
    assert await refusal(authenticator, authorization=f"Bearer {KEY}") == (
        "API keys are not accepted here."
    )
    assert await refusal(authenticator, x_api_key=KEY) == "API keys are not accepted here."


async def test_tokens_are_good_while_the_database_of_the_keys_is_down() -> None:
    url = f"postgresql://shop@127.0.0.1:{unused_port()}/shop"
    auth = {"issuers": {"company": COMPANY}, "keys": {"url": url}}
    authenticator = Authenticator(Settings.of(auth=auth).auth)
    await authenticator.open()
    identity = await authenticator.identify({"authorization": f"Bearer {token()}"})
    await authenticator.close()

    assert identity.subject == "ada"


async def never_ends(authenticator: Authenticator, identity: Any) -> bool:
    ended = asyncio.create_task(authenticator.ended(identity))
    done, _ = await asyncio.wait([ended], timeout=0.3)
    ended.cancel()
    await asyncio.gather(ended, return_exceptions=True)
    return not done


async def test_nothing_ends_for_the_anonymous(authenticator: Authenticator) -> None:
    assert await never_ends(authenticator, ANONYMOUS)


async def test_a_token_ends_when_it_expires() -> None:
    async with authenticating(company=COMPANY) as authenticator, asyncio.timeout(20):
        end = time.time() + 0.5
        identity = await authenticator.identify({"authorization": f"Bearer {token(exp=end + 0.5)}"})

        assert await authenticator.ended(identity) == "The token has expired."
        assert time.time() >= end


@pytest.mark.parametrize("end", [2**31, 253_402_300_799])
async def test_a_token_can_be_for_very_long(end: int) -> None:
    async with authenticating(company=COMPANY) as authenticator:
        identity = await authenticator.identify({"authorization": f"Bearer {token(exp=end)}"})

        assert await never_ends(authenticator, identity)


async def test_a_key_ends_when_it_expires(
    database: PostgresSource, authenticator: Authenticator
) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=1)
    key = await create(database, client="northwind", expires_at=ends)
    identity = await authenticator.identify({"x-api-key": key})

    async with asyncio.timeout(20):
        assert await authenticator.ended(identity) == "The API key has expired."


async def test_a_live_key_ends_within_thirty_seconds_of_its_revocation(
    database: PostgresSource, authenticator: Authenticator
) -> None:
    key, other = [await create(database, client="northwind") for _ in range(2)]
    identities = [await authenticator.identify({"x-api-key": each}) for each in (key, other)]
    ended, others = [asyncio.create_task(authenticator.ended(each)) for each in identities]
    await revoke(database, id_of(key))

    async with asyncio.timeout(30):
        assert await ended == "The API key was revoked."

    assert not others.done()
    others.cancel()
    await asyncio.gather(others, return_exceptions=True)


async def test_a_key_without_end_that_is_not_revoked_does_not_end(
    database: PostgresSource, authenticator: Authenticator
) -> None:
    key = await create(database, client="northwind")
    identity = await authenticator.identify({"x-api-key": key})

    assert await never_ends(authenticator, identity)


async def test_a_token_that_is_known_is_refused_once_it_has_expired() -> None:
    tokens = Authenticator(Settings.of(auth=identities.auth()).auth)
    headers = {"authorization": f"Bearer {identities.token(1.0, sub='someone')}"}

    first = await tokens.identify(headers)
    assert await tokens.identify(headers) is first

    await asyncio.sleep(1.1)
    with pytest.raises(Unauthenticated, match="has expired"):
        await tokens.identify(headers)
