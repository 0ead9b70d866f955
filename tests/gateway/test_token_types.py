"""Of which types tokens are, by their header typ."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import Unauthenticated
from tests.gateway.issuing import claims as claims_of
from tests.gateway.issuing import identity_of, issuer, key_for, signed, signing_key

KEY = signing_key("EdDSA")

TYPES: list[tuple[Any, bool, bool]] = [
    (..., True, False),
    ("JWT", True, False),
    ("jwt", True, False),
    ("Jwt", True, False),
    ("application/jwt", True, False),
    ("APPLICATION/JWT", True, False),
    ("at+jwt", True, True),
    ("AT+JWT", True, True),
    ("application/at+jwt", True, True),
    ("Application/At+Jwt", True, True),
    ("logout+jwt", False, False),
    ("application/logout+jwt", False, False),
    ("id+jwt", False, False),
    ("secevent+jwt", False, False),
    ("dpop+jwt", False, False),
    ("JOSE", False, False),
    ("", False, False),
    ("application/", False, False),
    ("application/application/jwt", False, False),
    ("text/jwt", False, False),
    ("JWT ", False, False),
    (" JWT", False, False),
    ("JWT\x00", False, False),
    ("at jwt", False, False),
    ("at+jwt;x=1", False, False),
    ("JW\u1d40", False, False),
    ("\uff2a\uff37\uff34", False, False),
    (None, False, False),
    (1, False, False),
    (["JWT"], False, False),
    ({"JWT": 1}, False, False),
]


@pytest.mark.parametrize(("type_", "usually", "strictly"), TYPES, ids=[repr(t) for t, *_ in TYPES])
@pytest.mark.parametrize("rfc9068", [False, True])
async def test_a_token_is_of_a_type_that_is_accepted(
    type_: Any, usually: bool, strictly: bool, rfc9068: bool
) -> None:
    header = {"alg": "EdDSA"} if type_ is ... else {"alg": "EdDSA", "typ": type_}
    its = json.dumps(claims_of(client_id="app", jti="1"))
    text = signed(header, its, key_for("EdDSA"))
    settings = issuer(KEY, rfc9068=rfc9068)

    if strictly if rfc9068 else usually:
        assert (await identity_of(text, **settings)).subject == "ada"
    else:
        with pytest.raises(Unauthenticated) as refused:
            await identity_of(text, **settings)
        assert str(refused.value) == "The token is of a type (typ) that is not accepted here."


@pytest.mark.parametrize("claim", ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])
async def test_an_access_token_has_all_that_the_rfc_asks_for(claim: str) -> None:
    said = claims_of(client_id="app", jti="1")
    del said[claim]
    text = signed({"alg": "EdDSA", "typ": "at+jwt"}, json.dumps(said), key_for("EdDSA"))

    with pytest.raises(Unauthenticated):
        await identity_of(text, **issuer(KEY, rfc9068=True))
