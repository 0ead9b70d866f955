"""Keys that an issuer publishes: which are used, when they are fetched, and what if not."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.auth.jwks import PUBLIC_KEY_ALGORITHMS, PublishedKeys, published_keys
from gateway.errors import Unauthenticated
from loaders.errors import SourceUnavailable
from tests.gateway.issuing import (
    authenticating,
    encoded,
    identity_of,
    issuer,
    jwk,
    token,
)


class Issuer:
    """A real HTTP service that publishes keys, and can be stopped, be slow or answer anything."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.body = json.dumps({"keys": keys})
        self.status = 200
        self.asked = 0
        self.arrived = asyncio.Condition()
        self.answers = asyncio.Event()
        self.answers.set()
        self._port = 0
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/realms/shop/keys.json?version=1"

    def publish(self, *keys: dict[str, Any]) -> None:
        self.body = json.dumps({"keys": keys})

    async def start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        assert request.raw_path == "/realms/shop/keys.json?version=1"
        self.asked += 1
        async with self.arrived:
            self.arrived.notify_all()
        await self.answers.wait()
        return web.Response(body=self.body.encode(), status=self.status)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def company() -> AsyncIterator[Issuer]:
    """An issuer with one key."""
    company = Issuer(jwk("EdDSA", 1, kid="one"))
    await company.start()
    yield company
    await company.stop()


@asynccontextmanager
async def keys_of(
    company: Issuer, clock: Clock | None = None, **options: Any
) -> AsyncIterator[PublishedKeys]:
    """Its keys as a gateway has them, in a time that goes by when the test says so."""
    settings = {"refresh_seconds": 3600.0, "stale_seconds": 600.0, "attempt_seconds": 10.0}
    keys = PublishedKeys(
        "company",
        company.url,
        PUBLIC_KEY_ALGORITHMS,
        clock=clock or Clock(),
        **{**settings, **options},
    )
    await keys.open()
    try:
        yield keys
    finally:
        await keys.close()


async def until_asked(company: Issuer, times: int) -> None:
    async with company.arrived, asyncio.timeout(20):
        await company.arrived.wait_for(lambda: company.asked >= times)


@pytest.mark.parametrize("algorithm", PUBLIC_KEY_ALGORITHMS)
@pytest.mark.parametrize("says", ["its-algorithm", "nothing"])
async def test_a_token_is_good_that_a_published_key_signed(
    company: Issuer, algorithm: str, says: str
) -> None:
    more = {"alg": algorithm, "use": "sig"} if says == "its-algorithm" else {}
    company.publish(jwk(algorithm, 1, kid="one", **more))

    text = token(algorithm, 1, {"kid": "one"})

    assert (await identity_of(text, **issuer(jwks_url=company.url))).subject == "ada"


@pytest.mark.parametrize("kids", [("one", None), (None, "one"), (None, None)], ids=str)
async def test_an_only_key_is_found_without_its_name(company: Issuer, kids: Any) -> None:
    published, named = kids
    company.publish(jwk("EdDSA", 1) if published is None else jwk("EdDSA", 1, kid=published))

    text = token("EdDSA", 1, None if named is None else {"kid": named})

    assert (await identity_of(text, **issuer(jwks_url=company.url))).subject == "ada"


UNUSABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "for-encryption": ("EdDSA", {"use": "enc"}),
    "not-to-verify": ("EdDSA", {"key_ops": ["encrypt"]}),
    "no-operations": ("EdDSA", {"key_ops": []}),
    "operations-of-no-sense": ("EdDSA", {"key_ops": 5}),
    "another-algorithm": ("RS256", {"alg": "PS256"}),
    "algorithm-of-another-type": ("ES256", {"alg": "RS256"}),
    "hash-as-if-secret": ("RS256", {"alg": "HS256"}),
    "encryption-algorithm": ("RS256", {"alg": "RSA-OAEP"}),
    "none": ("EdDSA", {"alg": "none"}),
    "private": ("EdDSA", {"d": "AAAA"}),
    "another-curve": ("ES256", {"crv": "P-384"}),
    "secp256k1": ("ES256", {"crv": "secp256k1"}),
    "type-of-no-sense": ("EdDSA", {"kty": ["OKP"]}),
    "name-of-no-sense": ("EdDSA", {"kid": 5}),
    "not-on-the-curve": ("ES256", {"x": "A" * 43}),
    "not-base64": ("EdDSA", {"x": "!"}),
    "number": ("RS256", {"n": 5}),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_a_key_that_is_not_for_this_is_left_out(case: str) -> None:
    algorithm, more = UNUSABLE[case]
    document = {"keys": [5, jwk(algorithm, **{"kid": "bad", **more}), jwk("ES384", kid="good")]}

    keys = published_keys(document, PUBLIC_KEY_ALGORITHMS)

    assert keys.find("bad", algorithm) is None
    assert keys.find("good", "ES384") is not None


def test_a_short_rsa_key_is_left_out() -> None:
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    modulus = encoded(numbers.public_numbers().n.to_bytes(128, "big"))
    short = {"kty": "RSA", "kid": "a", "n": modulus, "e": "AQAB"}

    assert not published_keys({"keys": [short]}, PUBLIC_KEY_ALGORITHMS)


def test_a_published_secret_is_left_out() -> None:
    secret = {"kty": "oct", "kid": "a", "k": encoded(b"x" * 64), "alg": "HS256"}

    assert not published_keys({"keys": [secret]}, [*PUBLIC_KEY_ALGORITHMS, "HS256"])


def test_only_the_issuers_algorithms_are_used() -> None:
    keys = published_keys({"keys": [jwk("RS256", kid="a")]}, ["RS256"])

    assert keys.find("a", "RS256") is not None
    assert keys.find("a", "RS384") is None


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": {}}, {"keys": None}, "keys", 5], ids=str
)
def test_what_is_no_key_set_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="no JSON Web Key Set"):
        published_keys(document, PUBLIC_KEY_ALGORITHMS)


async def test_keys_are_fetched_once_for_all_who_wait(company: Issuer) -> None:
    company.answers.clear()
    async with keys_of(company) as keys:
        waiting = [asyncio.create_task(keys.find("one", "EdDSA")) for _ in range(50)]
        await until_asked(company, 1)
        # One that gives up takes nothing from the others.
        waiting.pop().cancel()
        company.answers.set()
        found = await asyncio.gather(*waiting)

    assert all(key is not None for key in found)
    assert company.asked == 1


async def test_a_new_key_is_found_at_once(company: Issuer) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        company.publish(jwk("EdDSA", 2, kid="two"))
        clock.now += 11

        assert await keys.find("two", "EdDSA")
        assert await keys.find("one", "EdDSA") is None


async def test_unknown_names_can_not_make_us_ask_often(company: Issuer) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        for second in range(30):
            clock.now = 1001.0 + second
            found = await asyncio.gather(*(keys.find(f"{second}-{n}", "EdDSA") for n in range(20)))
            assert found == [None] * 20

    # The first time, and then once in ten seconds.
    assert company.asked == 1 + 3


async def test_a_known_name_never_makes_us_ask(company: Issuer) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        clock.now += 100
        assert await keys.find("one", "RS256") is None
        assert await keys.find("one", "none") is None
        assert await keys.find(None, "HS256") is None

    assert company.asked == 1


async def test_known_keys_do_not_wait_for_a_slow_issuer(company: Issuer) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        clock.now += 11
        company.answers.clear()
        waiting = asyncio.create_task(keys.find("two", "EdDSA"))
        await until_asked(company, 2)

        assert await keys.find("one", "EdDSA")

        assert not waiting.done()
        company.answers.set()
        assert await waiting is None


async def test_keys_are_fetched_again_before_anybody_asks(company: Issuer) -> None:
    async with keys_of(company, refresh_seconds=0.01, attempt_seconds=0.0) as keys:
        await until_asked(company, 3)
        company.publish(jwk("EdDSA", 2, kid="two"))
        await until_asked(company, company.asked + 2)

        assert await keys.find("one", "EdDSA") is None


async def test_the_last_keys_are_used_while_the_issuer_is_down(company: Issuer) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        await company.stop()
        clock.now += 600

        assert await keys.find("one", "EdDSA")
        assert await keys.find("two", "EdDSA") is None


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, "{}"), (404, "{}"), (302, "{}"), (200, "no"), (200, "{}"), (200, '{"keys": 5}')],
)
async def test_the_last_keys_are_used_while_the_issuer_answers_nonsense(
    company: Issuer, status: int, body: str
) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        company.status, company.body = status, body
        clock.now += 11
        assert await keys.find("two", "EdDSA") is None

        assert await keys.find("one", "EdDSA")

    assert company.asked == 2


async def test_old_keys_are_not_used_longer_than_that(company: Issuer) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        await company.stop()
        clock.now += 601

        with pytest.raises(SourceUnavailable):
            await keys.find("one", "EdDSA")


async def test_keys_are_found_again_when_the_issuer_is_back(company: Issuer) -> None:
    clock = Clock()
    await company.stop()
    async with keys_of(company, clock) as keys:
        with pytest.raises(SourceUnavailable):
            await keys.find("one", "EdDSA")
        await company.start()
        # It is not asked again at once.
        with pytest.raises(SourceUnavailable):
            await keys.find("one", "EdDSA")
        assert company.asked == 0
        clock.now += 11

        assert await keys.find("one", "EdDSA")


async def test_an_issuer_that_takes_its_keys_back_has_none(
    company: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with keys_of(company, clock) as keys:
        assert await keys.find("one", "EdDSA")
        company.publish()
        clock.now += 11
        await keys.find("two", "EdDSA")

        assert await keys.find("one", "EdDSA") is None

    assert "issuer company publishes no key that can be used" in caplog.text


async def test_what_an_issuer_publishes_is_not_in_the_log(
    company: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sluice")
    secret = encoded(b"private" * 8)
    company.publish(
        {"kty": "OKP", "crv": "Ed25519", "kid": "a", "d": secret},
        {"kty": "OKP", "crv": "Ed25519", "kid": "b", "x": secret},
        {"kty": "oct", "kid": "c", "k": secret},
    )
    async with keys_of(company) as keys:
        assert await keys.find("a", "EdDSA") is None

    assert "a published key is left out (kid 'a'): it is a private key" in caplog.text
    assert secret not in caplog.text


async def test_the_gateway_starts_while_the_issuer_is_down(company: Issuer) -> None:
    await company.stop()
    async with authenticating(company=issuer(jwks_url=company.url)) as authenticator:
        with pytest.raises(SourceUnavailable) as unavailable:
            await authenticator.identify({"authorization": f"Bearer {token()}"})

    assert str(unavailable.value) == "The source 'company' is unavailable."


async def test_a_token_that_no_published_key_signed_is_refused(company: Issuer) -> None:
    with pytest.raises(Unauthenticated, match="not signed with a key"):
        await identity_of(token("EdDSA", 2, {"kid": "one"}), **issuer(jwks_url=company.url))
