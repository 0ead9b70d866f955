"""The credential that the gateway is asked with: one that may see everything."""

from __future__ import annotations

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "benchmarks"
AUDIENCE = "sluice"
SCOPES = "support finance customers:read customers:pii orders:read orders:internal catalog:drafts"
SECONDS = 24 * 3600


class Tokens:
    """An issuer with a key of its own."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    def setting(self) -> dict[str, Any]:
        """The gateway's setting ``auth`` that accepts the tokens."""
        public = self._key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        key = {"algorithm": "EdDSA", "public_key": public.decode()}
        return {"issuers": {ISSUER: {"issuer": ISSUER, "audience": AUDIENCE, "keys": [key]}}}

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "staff-1",
            "iat": now,
            "exp": now + SECONDS,
            "scope": SCOPES,
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA")
