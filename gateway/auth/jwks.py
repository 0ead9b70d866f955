"""The keys that an issuer signs its tokens with: given in the settings, or published by it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import Any, Literal, Protocol, get_args
from urllib.parse import urlsplit

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from loaders.errors import SourceTimeout, SourceUnavailable
from loaders.kinds import check_address

log = logging.getLogger("sluice.auth")

PublicKeyAlgorithm = Literal[
    "RS256", "RS384", "RS512",
    "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512",
    "EdDSA",
]  # fmt: skip
SecretAlgorithm = Literal["HS256", "HS384", "HS512"]

PUBLIC_KEY_ALGORITHMS: tuple[PublicKeyAlgorithm, ...] = get_args(PublicKeyAlgorithm)

FITTING: dict[tuple[Any, Any], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
    ("OKP", "Ed448"): ("EdDSA",),
}
"""The algorithms of a published key, by ``kty`` and ``crv`` (RFC 7518, 6.1; RFC 8037). There is
none for ``oct``: a secret that is published is no secret."""

ATTEMPT_SECONDS = 10.0
"""The least time from one request for an issuer's keys to the next, whoever causes them."""

FETCH_SECONDS = 5.0

WAITS = (0.1, 0.2)
"""Seconds before further tries of a fetch that failed in passing."""


class KeySet:
    """An issuer's keys, each under its name (``kid``) and the algorithm it is used with.

    A token's header only ever looks a key up. So it can't have a key used with an algorithm that
    the key is not for: a public key as a secret, or ``none``.
    """

    def __init__(self) -> None:
        self._keys: dict[tuple[str | None, str], Any] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, kid: str | None, algorithm: str, key: Any) -> None:
        """Raises ValueError if there is another key by this name for the algorithm."""
        if (kid, algorithm) in self._keys:
            raise ValueError(f"two keys for {algorithm} have the same kid, or none")
        self._keys[kid, algorithm] = key

    def find(self, kid: str | None, algorithm: str) -> Any | None:
        """The key by this name or, where it names none that is here, the one without a name.
        For a token that names no key, the only one for the algorithm."""
        if kid is not None:
            return self._keys.get((kid, algorithm)) or self._keys.get((None, algorithm))
        fitting = [key for (_, its), key in self._keys.items() if its == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def names(self, kid: str) -> bool:
        """Whether any key has this name."""
        return any(name == kid for name, _ in self._keys)


class Keys(Protocol):
    """Where an issuer's keys come from."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def find(self, kid: str | None, algorithm: str) -> Any | None:
        """The key to check a token with; None if the issuer has none of this kind.

        Raises ``SourceUnavailable`` if that can't be told now.
        """
        ...


class StaticKeys:
    """Keys that stand in the settings."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def find(self, kid: str | None, algorithm: str) -> Any | None:
        return self._keys.find(kid, algorithm)


class PublishedKeys:
    """The JSON Web Key Set at a URL.

    It is fetched at the start and then every ``refresh_seconds``, so requests don't wait for it.
    While the issuer is down, the last set is used, until it is ``stale_seconds`` old. A token that
    names an unknown key has the set fetched again, at most once in ``attempt_seconds``: an issuer
    may sign with a new key as soon as it publishes it.
    """

    def __init__(
        self,
        issuer: str,
        url: str,
        algorithms: Collection[str],
        *,
        refresh_seconds: float,
        stale_seconds: float,
        attempt_seconds: float = ATTEMPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # An issuer whose keys stand in the settings needs no driver.
        from loaders.rest.client import RestClient

        self._issuer = issuer
        self._client = RestClient(issuer, url)
        self._algorithms = algorithms
        self._refresh_seconds = refresh_seconds
        self._stale_seconds = stale_seconds
        self._attempt_seconds = attempt_seconds
        self._clock = clock
        self._keys = KeySet()
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._client.open()
        self._refreshing = asyncio.create_task(self._refresh())

    async def close(self) -> None:
        for task in (self._refreshing, self._fetching):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._client.close()

    async def find(self, kid: str | None, algorithm: str) -> Any | None:
        if self._is_stale():
            await self._fetch()
            if self._is_stale():
                raise SourceUnavailable(self._issuer)
        key = self._keys.find(kid, algorithm)
        if key is None and kid is not None and not self._keys.names(kid):
            await self._fetch()
            key = self._keys.find(kid, algorithm)
        return key

    def _is_stale(self) -> bool:
        return self._clock() - self._fetched_at > self._stale_seconds

    async def _refresh(self) -> None:
        while True:
            await self._fetch()
            failed = self._fetched_at < self._tried_at
            await asyncio.sleep(self._attempt_seconds if failed else self._refresh_seconds)

    async def _fetch(self) -> None:
        """Has the set fetched, if it is time for that; returns when it has been, or could not."""
        if self._fetching is None:
            if self._clock() - self._tried_at < self._attempt_seconds:
                return
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch_now())
        # It is everybody's: it goes on when a request that waits for it is given up.
        await asyncio.shield(self._fetching)

    async def _fetch_now(self) -> None:
        try:
            self._keys = published_keys(await self._get(), self._algorithms)
            self._fetched_at = self._clock()
        except Exception as error:
            # Whatever the issuer sends, requests go on with the last set, and so do the attempts.
            log.warning("the keys of issuer %s can't be fetched: %s", self._issuer, error)
        else:
            if not self._keys:
                log.warning("issuer %s publishes no key that can be used", self._issuer)
        finally:
            self._fetching = None

    async def _get(self) -> Any:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                for wait in WAITS:
                    try:
                        return (await self._client.get("")).content
                    except SourceUnavailable as error:
                        if not error.is_passing:
                            raise
                    await asyncio.sleep(wait)
                return (await self._client.get("")).content
        except TimeoutError:
            raise SourceTimeout(self._issuer) from None


def check_keys_url(url: str) -> None:
    """Raises ValueError for a URL at which somebody else could publish keys as the issuer's: it
    must be https, or of this machine."""
    try:
        check_address(url, "http", "https")
        parts = urlsplit(url)
        if "\\" in parts.netloc:
            raise ValueError  # to some it ends the host
    except ValueError:
        raise ValueError("must be an absolute https URL") from None
    if parts.scheme != "https" and not _is_of_this_machine(parts.hostname or ""):
        raise ValueError(
            "must begin with https://, as whoever answers it can sign in as anybody; "
            "http:// is for this machine's own addresses (localhost, 127.0.0.1, [::1])"
        )


def _is_of_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def published_keys(document: Any, algorithms: Collection[str]) -> KeySet:
    """The keys of a JSON Web Key Set (RFC 7517) that tokens may be signed with, by one of the
    ``algorithms``. Keys for other uses, or that can't be used, are left out, as the RFC asks.

    Raises ValueError for a document that is no such set.
    """
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("it is no JSON Web Key Set")
    keys = KeySet()
    for each in document["keys"]:
        if not isinstance(each, dict):
            continue
        kid = each.get("kid")
        try:
            if not isinstance(kid, str | None):
                raise ValueError("its kid is no text")
            for algorithm in _algorithms_of(each):
                if algorithm in algorithms:
                    keys.add(kid, algorithm, _from_jwk(each, algorithm))
        except (ValueError, TypeError) as error:
            log.warning("a published key is left out (kid %.100r): %s", kid, error)
    return keys


def public_key(text: str, algorithm: str) -> Any:
    """The key that a PEM or a JSON Web Key is, checked to be one for the algorithm.

    Raises ValueError if it is none, or is not public.
    """
    if not text.lstrip().startswith("{"):
        try:
            key = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("it is no public key in PEM or JWK format") from None
        return checked_key(key, algorithm)
    jwk = json.loads(text)
    if algorithm not in _algorithms_of(jwk):
        raise ValueError(f"it is no key for {algorithm}")
    return _from_jwk(jwk, algorithm)


def checked_key(key: Any, algorithm: str) -> Any:
    """The key, as it is used with the algorithm.

    Raises ValueError if it is none for the algorithm, or too short for it.
    """
    method = jwt.get_algorithm_by_name(algorithm)
    try:
        key = method.prepare_key(key)
    except (jwt.PyJWTError, TypeError):
        # The reason could show the key.
        raise ValueError(f"it is no key for {algorithm}") from None
    if weakness := method.check_key_length(key):
        raise ValueError(weakness)
    return key


def _algorithms_of(jwk: dict[str, Any]) -> tuple[str, ...]:
    """The algorithms that a key is for: its own, if it says so, else all that fit its type."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or "verify" not in operations:
        return ()
    curve = None if jwk.get("kty") == "RSA" else jwk.get("crv")
    fitting = FITTING.get((jwk.get("kty"), curve), ())
    return tuple(each for each in fitting if each == jwk.get("alg", each))


def _from_jwk(jwk: dict[str, Any], algorithm: str) -> Any:
    if "d" in jwk:
        raise ValueError("it is a private key")
    try:
        key = jwt.PyJWK(jwk, algorithm).key
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError, UnsupportedAlgorithm):
        raise ValueError(f"it is no key for {algorithm}") from None
    return checked_key(key, algorithm)
