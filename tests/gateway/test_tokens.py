"""Good tokens, and what is made of them; and tokens that are not good for plain reasons."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from gateway.auth.jwks import PUBLIC_KEY_ALGORITHMS
from gateway.errors import Unauthenticated
from gateway.settings import Settings
from tests.gateway.issuing import (
    ISSUER,
    SECRET,
    authenticating,
    identity_of,
    issuer,
    jwk,
    key_for,
    pem,
    signing_key,
    token,
)

EDDSA = issuer(signing_key("EdDSA"))


async def refusal(text: str, **settings: Any) -> str:
    """What the sender of the token is told."""
    with pytest.raises(Unauthenticated) as refused:
        await identity_of(text, **(settings or EDDSA))
    return str(refused.value)


@pytest.mark.parametrize("algorithm", [*PUBLIC_KEY_ALGORITHMS, "HS256", "HS384", "HS512"])
async def test_a_token_is_good_that_its_issuers_key_signed(algorithm: str) -> None:
    identity = await identity_of(token(algorithm), **issuer(signing_key(algorithm)))

    assert identity.subject == "ada"


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "ES384", "EdDSA"])
async def test_a_key_can_stand_in_the_settings_as_a_json_web_key(algorithm: str) -> None:
    key = {"algorithm": algorithm, "public_key": json.dumps(jwk(algorithm))}

    assert (await identity_of(token(algorithm), **issuer(key))).subject == "ada"


async def test_an_identity_is_what_the_token_says() -> None:
    text = token(azp="shop-web", scope="orders:read finance", customer_id=1, partner_id="northwind")

    identity = await identity_of(text, **EDDSA)

    assert (identity.subject, identity.client) == ("ada", "shop-web")
    assert identity.scopes == {"orders:read", "finance"}
    assert identity.claims == {
        "iss": ISSUER,
        "aud": "sluice",
        "customer_id": 1,
        "partner_id": "northwind",
    }
    assert not identity.is_anonymous


async def test_a_client_can_be_its_client_id() -> None:
    identity = await identity_of(token(client_id="robot", sub=...), **EDDSA)

    assert (identity.subject, identity.client) == (None, "robot")


async def test_the_credential_is_named_without_what_could_be_used() -> None:
    text = token()

    credential = (await identity_of(text, **EDDSA)).credential

    assert credential is not None
    assert credential.startswith("jwt:company:")
    assert not any(part in credential for part in text.split("."))


@pytest.mark.parametrize(
    ("claim", "scopes"),
    [
        ("a b", {"a", "b"}),
        (" a  b ", {"a", "b"}),
        ("", set()),
        (["a", "b"], {"a", "b"}),
        (["a b"], {"a b"}),
        ([], set()),
        (..., set()),
    ],
    ids=lambda each: str(sorted(each)) if isinstance(each, set) else str(each),
)
async def test_scopes_are_a_text_or_a_list(claim: Any, scopes: set[str]) -> None:
    assert (await identity_of(token(scope=claim), **EDDSA)).scopes == scopes


@pytest.mark.parametrize("claim", [1, True, None, {"a": 1}, ["a", 1], [["a"]], [None]], ids=str)
async def test_scopes_of_another_shape_are_refused(claim: Any) -> None:
    assert (
        await refusal(token(scope=claim))
        == "The token's scopes are neither a text nor a list of texts."
    )


async def test_scopes_can_be_in_another_claim() -> None:
    settings = issuer(signing_key("EdDSA"), scopes_claim="permissions")

    identity = await identity_of(token(permissions=["a"], scope="b"), **settings)

    assert identity.scopes == {"a"}
    assert identity.claims["scope"] == "b"


@pytest.mark.parametrize("client", [1, ["a"], {}], ids=str)
async def test_a_client_that_is_no_text_is_refused(client: Any) -> None:
    assert await refusal(token(azp=client)) == "The token's client is no text."


async def test_an_expired_token_is_refused() -> None:
    assert await refusal(token(exp=int(time.time()) - 1)) == (
        "The token has expired. Get a new one."
    )


async def test_a_token_is_good_for_the_leeway_longer() -> None:
    settings = issuer(signing_key("EdDSA"), leeway=60)
    end = int(time.time()) - 5

    identity = await identity_of(token(exp=end), **settings)

    assert identity.expires_at == end + 60


async def test_a_token_without_an_end_is_refused() -> None:
    assert await refusal(token(exp=...)) == "The token has no exp."


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_from_the_future_is_refused(claim: str) -> None:
    times: dict[str, Any] = {claim: int(time.time()) + 60}

    assert await refusal(token(**times)) == "The token is not valid yet."


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_from_the_near_future_is_good_within_the_leeway(claim: str) -> None:
    settings = issuer(signing_key("EdDSA"), leeway=60)
    times: dict[str, Any] = {claim: int(time.time()) + 30}

    assert await identity_of(token(**times), **settings)


@pytest.mark.parametrize(
    "audience",
    ["other", ["other", "sluice.example"], "SLUICE", "sluice ", [1], {"sluice": 1}],
    ids=str,
)
async def test_a_token_for_another_audience_is_refused(audience: Any) -> None:
    assert await refusal(token(aud=audience)) == "The token is not meant for this audience."


async def test_a_token_without_an_audience_is_refused() -> None:
    assert await refusal(token(aud=...)) == "The token says no audience (aud)."


async def test_a_token_can_be_for_several_audiences() -> None:
    assert (await identity_of(token(aud=["other", "sluice"]), **EDDSA)).subject == "ada"


async def test_a_token_of_an_unknown_issuer_is_refused() -> None:
    assert await refusal(token(iss="https://evil.example.com/")) == (
        "The token's issuer is not accepted here."
    )


async def test_several_issuers_have_keys_of_their_own() -> None:
    grants: dict[str, Any] = {"scopes": [], "claims": {}}
    one = issuer(signing_key("EdDSA"), **grants)
    other = issuer(signing_key("ES256"), issuer="other", audience="sluice-2", **grants)
    async with authenticating(one=one, other=other) as authenticator:
        first = await authenticator.identify({"authorization": f"Bearer {token()}"})
        text = token("ES256", iss="other", aud="sluice-2", sub="eve")
        second = await authenticator.identify({"authorization": f"Bearer {text}"})

    assert (first.subject, first.issuer) == ("ada", ISSUER)
    assert (second.subject, second.issuer) == ("eve", "other")


async def test_an_issuer_can_have_several_keys() -> None:
    settings = issuer(signing_key("EdDSA", 1, kid="a"), signing_key("EdDSA", 2, kid="b"))

    assert await identity_of(token("EdDSA", 1, {"kid": "a"}), **settings)
    assert await identity_of(token("EdDSA", 2, {"kid": "b"}), **settings)
    assert "not signed with a key" in await refusal(token("EdDSA", 2, {"kid": "a"}), **settings)
    assert "not signed with a key" in await refusal(token("EdDSA", 1), **settings)


async def test_the_only_key_needs_no_name() -> None:
    assert await identity_of(token(headers={"kid": "whatever"}), **EDDSA)


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    (issuer(), "either keys or a jwks_url must be given"),
    (issuer(signing_key("EdDSA"), jwks_url="https://a/b"), "either keys or a jwks_url"),
    (issuer(jwks_url="file:///etc/passwd"), "must be an absolute https URL"),
    (issuer(signing_key("EdDSA"), audience=""), "at least 1 character"),
    (issuer(signing_key("EdDSA"), audience=None), "valid string"),
    (issuer(signing_key("EdDSA"), signing_key("EdDSA", 1)), "a kid of its own"),
    (issuer({"algorithm": "none", "public_key": ""}), "Input should be 'RS256'"),
    (issuer({"algorithm": "EdDSA"}), "EdDSA takes a public_key, and no secret"),
    (issuer({"algorithm": "HS256", "public_key": "x"}), "HS256 takes a secret"),
    (issuer({"algorithm": "HS256", "secret": "short"}), "below the minimum"),
    (issuer({"algorithm": "HS256", "secret": pem("RS256")}), "it is no key for HS256"),
    (issuer({"algorithm": "ES256", "public_key": pem("RS256")}), "it is no key for ES256"),
    (issuer({"algorithm": "ES256", "public_key": pem("ES384")}), "it is no key for ES256"),
    (issuer({"algorithm": "RS256", "public_key": "no"}), "it is no public key"),
    (issuer({"algorithm": "RS256", "public_key": '{"kty": "RSA"}'}), "it is no key for RS256"),
    (issuer(jwks_url="https://a/b", algorithms=["HS256"]), "Input should be 'RS256'"),
    (issuer(jwks_url="https://a/b", stale_seconds=100), "must not be less than refresh"),
]


@pytest.mark.parametrize(("settings", "reason"), UNUSABLE, ids=[reason for _, reason in UNUSABLE])
def test_settings_that_can_not_be_used_are_named(settings: Any, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings.of(auth={"issuers": {"company": settings}})


def test_a_private_key_is_refused_and_not_shown() -> None:
    private = key_for("EdDSA").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = {"algorithm": "EdDSA", "public_key": private.decode()}

    with pytest.raises(ValidationError) as refused:
        Settings.of(auth={"issuers": {"company": issuer(key)}})

    messages = [each["msg"] for each in refused.value.errors()]
    assert messages == ["Value error, it is no public key in PEM or JWK format"]


def test_two_issuers_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two of them have the same issuer"):
        Settings.of(auth={"issuers": {"a": EDDSA, "b": EDDSA}})


def test_a_secret_is_never_printed() -> None:
    settings = Settings.of(auth={"issuers": {"company": issuer(signing_key("HS256"))}})

    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()
