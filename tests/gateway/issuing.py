"""An issuer of tokens, with keys of every kind, and what a gateway that trusts it says of them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.auth.authentication import Authenticator
from gateway.settings import Settings
from loaders.identity import Identity

ISSUER = "https://login.example.com/"
AUDIENCE = "sluice"
SECRET = "a secret of the issuer and ours, long enough for each of the HS algorithms"


def key_for(algorithm: str, which: int = 0) -> Any:
    """A private key for the algorithm, or the secret. ``which`` tells several apart."""
    return _made(algorithm, which)


@cache
def _made(algorithm: str, which: int) -> Any:
    match algorithm:
        case "HS256" | "HS384" | "HS512":
            return SECRET if which == 0 else f"{which} {SECRET}"
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ES512":
            return ec.generate_private_key(ec.SECP521R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case "Ed448":
            return ed448.Ed448PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(algorithm: str, which: int = 0) -> str:
    """The public half of the key."""
    public = key_for(algorithm, which).public_key()
    text: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


def jwk(algorithm: str, which: int = 0, **more: Any) -> dict[str, Any]:
    """The public half of the key, as the issuer publishes it, with other members of it."""
    method = jwt.get_algorithm_by_name("EdDSA" if algorithm == "Ed448" else algorithm)
    return {**method.to_jwk(key_for(algorithm, which).public_key(), as_dict=True), **more}


def signing_key(algorithm: str, which: int = 0, **more: Any) -> dict[str, Any]:
    """The settings of the key."""
    if algorithm.startswith("HS"):
        return {"algorithm": algorithm, "secret": key_for(algorithm, which), **more}
    return {"algorithm": algorithm, "public_key": pem(algorithm, which), **more}


def issuer(*keys: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The settings of the issuer with these keys, without leeway."""
    settings = {"issuer": ISSUER, "audience": AUDIENCE, "leeway": 0.0, **more}
    return {**settings, "keys": list(keys)} if keys else settings


def claims(**more: Any) -> dict[str, Any]:
    """The claims of a good token, with others; one that is ``...`` is left out."""
    now = int(time.time())
    its = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "sub": "ada", **more}
    return {name: value for name, value in its.items() if value is not ...}


def token(
    algorithm: str = "EdDSA",
    which: int = 0,
    headers: dict[str, Any] | None = None,
    **more: Any,
) -> str:
    """A token that the key signed."""
    key = key_for(algorithm, which)
    return jwt.encode(claims(**more), key, algorithm=algorithm, headers=headers)


def raw_token(
    header: str | Mapping[str, Any], payload: str | Mapping[str, Any], signature: bytes = b"no"
) -> str:
    """A token of these very parts, each JSON text or what is to be JSON."""
    texts = (part if isinstance(part, str) else json.dumps(part) for part in (header, payload))
    return ".".join([*(encoded(text.encode()) for text in texts), encoded(signature)])


def signed(header: Mapping[str, Any], payload: str, key: Any, algorithm: str = "EdDSA") -> str:
    """A token of these very parts, which the key signs by the algorithm whatever they say."""
    unsigned = raw_token(header, payload).rpartition(".")[0]
    method = jwt.get_algorithm_by_name(algorithm)
    signature = method.sign(unsigned.encode(), method.prepare_key(key))
    return f"{unsigned}.{encoded(signature)}"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@asynccontextmanager
async def authenticating(**issuers: Any) -> AsyncIterator[Authenticator]:
    """An authenticator that trusts these issuers."""
    authenticator = Authenticator(Settings.of(auth={"issuers": issuers}).auth)
    await authenticator.open()
    try:
        yield authenticator
    finally:
        await authenticator.close()


async def identity_of(token: str, **settings: Any) -> Identity:
    """Whom an authenticator that trusts the issuer with these settings takes the token for."""
    async with authenticating(company=settings) as authenticator:
        return await authenticator.identify({"authorization": f"Bearer {token}"})
