"""Whom one can be in the demo, and the tokens that say so.

They are signed with a key that is in the demo's folder and nowhere else.
"""

import time
from collections.abc import Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from demo.errors import DemoError
from demo.private import write_private

ISSUER = "sluice-demo"
AUDIENCE = "sluice"
ALGORITHM = "EdDSA"
KEY = "token-key.pem"

IDENTITIES: Mapping[str, Mapping[str, object] | None] = {
    "anonymous": None,
    "customer": {"sub": "customer-1", "name": "Ada Martin", "customer_id": 1},
    "support": {
        "sub": "support-1",
        "scope": "support customers:read customers:pii orders:read orders:internal catalog:drafts",
    },
    "finance": {"sub": "finance-1", "scope": "finance orders:read customers:read"},
    "partner": {"azp": "northwind", "partner_id": "northwind"},
}
"""What the token of each says; whoever is anonymous has none."""


LABELS: Mapping[str, str] = {
    "anonymous": "Anonymous",
    "customer": "A customer (Ada Martin)",
    "support": "Support",
    "finance": "Finance",
    "partner": "A partner (Northwind)",
}
"""What people read for each of them."""

SECONDS = 900
"""For which a token is good."""


def make_key(folder: Path) -> str:
    """Makes the key that signs the tokens, unless it is there; returns its public half, as PEM."""
    if not (folder / KEY).exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        write_private(folder / KEY, pem.decode())
    public = _key(folder).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def token(folder: Path, name: str, seconds: int = SECONDS) -> str:
    """A token for one of `IDENTITIES`, good for so many seconds. Raises DemoError if there is none
    by this name, or if no demo has been started in the folder.
    """
    claims = IDENTITIES.get(name)
    if claims is None:
        names = ", ".join(each for each, its in IDENTITIES.items() if its is not None)
        raise DemoError(f"There is no token for {name!r}. There is one for: {names}.")
    now = int(time.time())
    stamped = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + seconds, **claims}
    return jwt.encode(stamped, _key(folder), algorithm=ALGORITHM)


def _key(folder: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key((folder / KEY).read_bytes(), password=None)
    except FileNotFoundError:
        raise DemoError(f"There is no demo in {folder}: start one with `gateway demo`.") from None
    except (OSError, ValueError) as failure:
        raise DemoError(f"The demo's key in {folder / KEY} can't be used: {failure}") from failure
    assert isinstance(key, Ed25519PrivateKey)
    return key
