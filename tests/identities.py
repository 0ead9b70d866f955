"""Who asks in the tests: the demo's identities, and one that may see everything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demo.identities import IDENTITIES

ISSUER = "tests"
AUDIENCE = "sluice"

STAFF: Mapping[str, Any] = {
    "sub": "staff-1",
    "scope": "support finance customers:read customers:pii orders:read orders:internal"
    " catalog:drafts",
}

CALLERS: Mapping[str, Mapping[str, Any] | None] = {**IDENTITIES, "staff": STAFF}
"""What the token of each says."""

_key = Ed25519PrivateKey.generate()


def auth() -> dict[str, Any]:
    """The setting that accepts the tests' tokens."""
    public = _key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = {"algorithm": "EdDSA", "public_key": public.decode()}
    issuer = {"issuer": ISSUER, "audience": AUDIENCE, "keys": [key], "leeway": 0.0}
    return {"issuers": {"tests": issuer}}


def token(seconds: float = 3600, **claims: Any) -> str:
    """A token with these claims that is good for so long."""
    now = time.time()
    stamped = {"iss": ISSUER, "aud": AUDIENCE, "iat": int(now), "exp": now + seconds, **claims}
    return jwt.encode(stamped, _key, algorithm="EdDSA")


def headers(caller: str) -> dict[str, str]:
    """The headers by which one of ``CALLERS`` is known."""
    claims = CALLERS[caller]
    return {} if claims is None else {"authorization": f"Bearer {token(**claims)}"}
