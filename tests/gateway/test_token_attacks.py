"""Tokens that are made to be taken for what they are not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
import unicodedata
from typing import Any

import jwt
import pytest

from gateway.auth.tokens import LONGEST_TOKEN
from gateway.errors import Unauthenticated
from tests.bad_servers import answering
from tests.gateway.issuing import (
    ISSUER,
    SECRET,
    authenticating,
    claims,
    identity_of,
    issuer,
    jwk,
    key_for,
    pem,
    raw_token,
    signed,
    signing_key,
    token,
)

EDDSA = issuer(signing_key("EdDSA"))
MALFORMED = "The token is malformed."
UNKNOWN_KEY = "The token is not signed with a key that is known to be its issuer's."


async def refusal(text: str, **settings: Any) -> str:
    """What the sender of the token is told."""
    with pytest.raises(Unauthenticated) as refused:
        await identity_of(text, **(settings or EDDSA))
    return str(refused.value)


def hmac_signed(secret: str, header: dict[str, Any]) -> str:
    """A token whose signature is the HMAC of it with this text as the secret."""
    unsigned = raw_token(header, claims()).rpartition(".")[0]
    signature = hmac.digest(secret.encode(), unsigned.encode(), hashlib.sha256)
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_a_public_key_is_no_secret(algorithm: str) -> None:
    settings = issuer(signing_key(algorithm, kid="a"))
    for secret in (pem(algorithm), pem(algorithm).strip(), json.dumps(jwk(algorithm))):
        text = hmac_signed(secret, {"alg": "HS256", "kid": "a"})

        assert await refusal(text, **settings) == UNKNOWN_KEY


async def test_a_public_key_is_no_secret_also_where_another_key_is_one() -> None:
    settings = issuer(signing_key("RS256", kid="a"), signing_key("HS256", kid="b"))

    for kid in ("a", "b"):
        text = hmac_signed(pem("RS256"), {"alg": "HS256", "kid": kid})
        assert await refusal(text, **settings) == UNKNOWN_KEY


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256\x00", "hs256"])
@pytest.mark.parametrize("signature", [b"", b"x"], ids=["unsigned", "signed"])
async def test_an_algorithm_that_is_none_is_refused(algorithm: str, signature: bytes) -> None:
    text = raw_token({"alg": algorithm, "typ": "JWT"}, claims(), signature)

    # A token without a signature ends with a dot, which is not even the form of a credential.
    assert await refusal(text) in (UNKNOWN_KEY, MALFORMED)


@pytest.mark.parametrize(
    "algorithm", [["EdDSA"], None, 1, {"EdDSA": 1}, ...], ids=["list", "null", "1", "map", "no"]
)
async def test_an_algorithm_that_is_no_text_is_refused(algorithm: Any) -> None:
    header = {} if algorithm is ... else {"alg": algorithm}

    assert await refusal(signed(header, json.dumps(claims()), key_for("EdDSA"))) == MALFORMED


@pytest.mark.parametrize(
    ("used", "claimed"),
    [("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512"), ("ES256", "EdDSA")],
    ids=str,
)
async def test_a_key_is_used_with_its_own_algorithm_alone(used: str, claimed: str) -> None:
    text = signed({"alg": claimed}, json.dumps(claims()), key_for(used), used)

    assert await refusal(text, **issuer(signing_key(used))) == UNKNOWN_KEY
    text = jwt.encode(claims(), key_for("RS256"), algorithm="PS256")
    assert await refusal(text, **issuer(signing_key("RS256"))) == UNKNOWN_KEY


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "http://127.0.0.1/keys",
        "' or 1=1 --",
        "a'; drop table sluice.api_keys; --",
        "x" * 4000,
        "\x00",
        "\ud800",
        "",
        "A",
        "a ",
        "__class__",
    ],
    ids=[
        "path",
        "file",
        "file-url",
        "url",
        "sql",
        "drop",
        "long",
        "nul",
        "half",
        "empty",
        "upper",
        "space",
        "attribute",
    ],
)
async def test_the_name_of_a_key_is_only_looked_up(kid: str) -> None:
    settings = issuer(signing_key("EdDSA", kid="a"))
    text = signed({"alg": "EdDSA", "kid": kid}, json.dumps(claims()), key_for("EdDSA"))

    assert await refusal(text, **settings) == UNKNOWN_KEY


@pytest.mark.parametrize("kid", [1, ["a"], {"a": 1}, True, None], ids=str)
async def test_the_name_of_a_key_is_a_text(kid: Any) -> None:
    settings = issuer(signing_key("EdDSA", kid="a"))
    text = signed({"alg": "EdDSA", "kid": kid}, json.dumps(claims()), key_for("EdDSA"))

    assert await refusal(text, **settings) == MALFORMED


async def test_keys_in_a_token_are_ignored() -> None:
    async def handler(request: Any) -> Any:
        raise AssertionError("nobody asks for this")

    async with answering(handler) as service:
        for headers in (
            {"jwk": jwk("EdDSA", 7)},
            {"jku": f"{service.url}/keys"},
            {"x5u": f"{service.url}/certificate"},
            {"x5c": ["MIIB"]},
            {"jku": f"{service.url}/keys", "jwk": jwk("EdDSA", 7), "kid": "evil"},
        ):
            assert await refusal(token("EdDSA", 7, headers)) == UNKNOWN_KEY
            # They don't make a good token bad either.
            assert (await identity_of(token("EdDSA", 0, headers), **EDDSA)).subject == "ada"

    assert service.paths == []


@pytest.mark.parametrize("critical", [["b64"], ["exp"], [], "exp", None], ids=str)
async def test_critical_headers_are_refused(critical: Any) -> None:
    header = {"alg": "EdDSA", "crit": critical, "b64": True}

    assert await refusal(signed(header, json.dumps(claims()), key_for("EdDSA"))) in (
        MALFORMED,
        "The token has a critical header that is not understood.",
    )


async def test_a_payload_that_is_elsewhere_is_refused() -> None:
    header = {"alg": "EdDSA", "b64": False}

    assert await refusal(signed(header, json.dumps(claims()), key_for("EdDSA"))) == MALFORMED


async def test_one_issuers_key_says_nothing_of_anothers_users() -> None:
    grants: dict[str, Any] = {"scopes": [], "claims": {}}
    one = issuer(signing_key("EdDSA", 1, kid="a"), issuer="one", **grants)
    other = issuer(signing_key("EdDSA", 2, kid="b"), issuer="other", **grants)
    async with authenticating(one=one, other=other) as authenticator:
        for kid in ("a", "b", "c"):
            text = token("EdDSA", 1, {"kid": kid}, iss="other")
            with pytest.raises(Unauthenticated, match="not signed with a key"):
                await authenticator.identify({"authorization": f"Bearer {text}"})


@pytest.mark.parametrize(
    "iss",
    [1, None, [ISSUER], {"a": 1}, ISSUER.upper(), ISSUER.rstrip("/"), ISSUER + " ", ...],
    ids=["1", "null", "list", "map", "upper", "no-slash", "space", "missing"],
)
async def test_an_issuer_is_compared_exactly(iss: Any) -> None:
    its = json.dumps(claims(iss=iss))

    assert await refusal(signed({"alg": "EdDSA"}, its, key_for("EdDSA"))) == (
        "The token's issuer is not accepted here."
    )


TIMES = {
    "text": '"9999999999"',
    "words": '"never"',
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "overflow": "1e400",
    "huge": "1e300",
    "digits": "9" * 400,
    "too-many-digits": "9" * 5000,
    "true": "true",
    "list": "[9999999999]",
    "map": "{}",
    "negative": "-1",
}


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", TIMES.values(), ids=list(TIMES))
async def test_a_time_that_is_none_is_refused(claim: str, value: str) -> None:
    its = json.dumps(claims(**{claim: "VALUE"})).replace('"VALUE"', value)

    reason = await refusal(signed({"alg": "EdDSA"}, its, key_for("EdDSA")))

    assert reason != UNKNOWN_KEY


@pytest.mark.parametrize("value", ["null", "0", "0.0"])
async def test_a_token_can_not_be_without_end(value: str) -> None:
    its = json.dumps(claims(exp="VALUE")).replace('"VALUE"', value)

    assert await refusal(signed({"alg": "EdDSA"}, its, key_for("EdDSA"))) in (
        "The token has no exp.",
        "The token has expired. Get a new one.",
    )


async def test_a_time_may_have_a_fraction() -> None:
    end = time.time() + 60.5

    assert (await identity_of(token(exp=end), **EDDSA)).expires_at == end


async def test_a_huge_token_is_refused_before_it_is_read() -> None:
    text = token(padding="x" * LONGEST_TOKEN)

    assert await refusal(text) == f"The token is longer than {LONGEST_TOKEN} characters."


async def test_a_token_that_is_just_not_huge_is_read() -> None:
    room = LONGEST_TOKEN - len(token(padding=""))
    text = token(padding="x" * (room * 3 // 4 - 3))

    assert LONGEST_TOKEN - 10 < len(text) <= LONGEST_TOKEN
    assert (await identity_of(text, **EDDSA)).subject == "ada"


@pytest.mark.parametrize("deep", ["[" * 5000, '{"a":' * 1000, "[" * 2900 + "]" * 2900])
@pytest.mark.parametrize("place", ["header", "payload"])
async def test_deep_json_is_refused(deep: str, place: str) -> None:
    whole = {"header": '{"alg": "EdDSA"}', "payload": json.dumps(claims())} | {place: deep}

    assert await refusal(raw_token(whole["header"], whole["payload"])) == MALFORMED


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "..",
        "e30.e30.e30",
        raw_token("[]", "{}"),
        raw_token("{}", "[]"),
        raw_token('{"alg": "EdDSA"}', "null"),
        raw_token('{"alg": "EdDSA"', "{}"),
    ],
)
async def test_what_is_no_token_is_refused(text: str) -> None:
    await refusal(text)


async def test_no_part_of_a_token_can_be_changed() -> None:
    text = token(scope="orders:read")
    for place in range(len(text)):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]

        await refusal(changed)


async def test_a_second_claim_of_the_same_name_does_not_hide_the_first_from_the_check() -> None:
    its = json.dumps(claims(iss="one")).rstrip("}") + f', "iss": "{ISSUER}"}}'

    # The last one counts, in choosing the keys and in checking what was signed with them.
    identity = await identity_of(signed({"alg": "EdDSA"}, its, key_for("EdDSA")), **EDDSA)
    assert identity.claims["iss"] == ISSUER


LOOK_ALIKES = {
    "cyrillic": "f\u0456nance",
    "full-width": "\uff46inance",
    "zero-width": "fin\u200bance",
    "soft-hyphen": "fin\u00adance",
    "upper": "Finance",
    "ligature": "\ufb01nance",
    "right-to-left": "\u202efinance",
    "no-break-space": "\u00a0finance",
    "tab": "a\tfinance",
    "newline": "a\nfinance",
    "ideographic-space": "a\u3000finance",
    "nul": "finance\x00",
}


@pytest.mark.parametrize("scope", LOOK_ALIKES.values(), ids=list(LOOK_ALIKES))
@pytest.mark.parametrize("shape", ["text", "list"])
async def test_a_scope_that_looks_alike_is_another(scope: str, shape: str) -> None:
    claim = scope if shape == "text" else [scope]

    assert (await identity_of(token(scope=claim), **EDDSA)).scopes == {scope}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_scopes_are_not_normalised(form: Any) -> None:
    scope = unicodedata.normalize(form, "caf\u00e9:read")
    other = unicodedata.normalize("NFD" if form == "NFC" else "NFC", scope)

    scopes = (await identity_of(token(scope=scope), **EDDSA)).scopes

    assert scope in scopes
    assert other not in scopes


async def test_nothing_of_a_token_is_in_the_log_or_the_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "sluice")
    tokens = [
        token("EdDSA", 5, email="ada@example.com"),
        token(exp=1, email="ada@example.com"),
        token(aud="other", email="ada@example.com"),
        token(iss="other", email="ada@example.com"),
        token(scope=5, email="ada@example.com"),
        token("HS256", 1, email="ada@example.com"),
    ]
    settings = issuer(signing_key("HS256", kid="a"), signing_key("EdDSA", kid="b"))

    told = [await refusal(text, **settings) for text in tokens]

    shown = "\n".join([*told, caplog.text])
    assert caplog.text
    for secret in (SECRET, "ada", *(part for text in tokens for part in text.split("."))):
        assert secret not in shown


async def test_a_name_in_a_token_can_not_forge_a_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "sluice")

    forged = "a\nINFO all is well" + "x" * 1000
    await refusal(token(headers={"kid": forged}), **issuer(signing_key("EdDSA", kid="b")))
    await refusal(raw_token({"alg": forged, "kid": forged}, claims()))

    assert len(caplog.records) == 2
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert all(len(record.getMessage()) < 300 for record in caplog.records)
