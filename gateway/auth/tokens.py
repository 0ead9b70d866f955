"""JSON Web Tokens (RFC 7519) into identities, by the advice of RFC 8725."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import jwt
from cachetools import LRUCache

from gateway.auth.grants import Grants
from gateway.auth.jwks import Keys
from gateway.errors import Unauthenticated
from loaders.identity import Identity

LONGEST_TOKEN = 8192
"""Characters. Nothing of a longer one is parsed."""

LATEST = 253_402_300_800
"""The end of the year 9999, in seconds since the epoch: no time of a token is later."""

KNOWN_TOKENS = 1000
KNOWN_SECONDS = 10.0
"""How many tokens are known without being verified again, and for how long. Verifying takes longer
than many an operation, and a client sends the same token with each. Keys that an issuer withdraws
are not known to be gone any sooner."""

ELSEWHERE = frozenset({"sub", "azp", "client_id", "exp", "nbf", "iat"})
"""Claims that are other parts of an identity, or that say when the token is good."""

ACCESS_TOKEN = "at+jwt"  # noqa: S105

TYPES = frozenset({"jwt", ACCESS_TOKEN})
"""What ``typ`` may say, in any case. An issuer signs other things with the same keys, such as
``logout+jwt`` (RFC 8725, 3.11)."""

ACCESS_TOKEN_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
"""What an access token must have by RFC 9068, 2.2."""


class Issuer:
    """Who signs tokens, with which keys, for whom, and what they may grant. ``leeway`` (seconds) is
    how far its clock and ours may be apart. With ``rfc9068`` its tokens must be access tokens as
    that RFC has them."""

    def __init__(
        self,
        name: str,
        issuer: str,
        audience: str,
        keys: Keys,
        *,
        grants: Grants,
        scopes_claim: str,
        leeway: float,
        rfc9068: bool,
    ) -> None:
        self.name = name
        self.issuer = issuer
        self.keys = keys
        self._audience = audience
        self._grants = grants
        self._scopes_claim = scopes_claim
        self._leeway = leeway
        self._types = frozenset({ACCESS_TOKEN}) if rfc9068 else TYPES
        self._required = ACCESS_TOKEN_CLAIMS if rfc9068 else ("exp",)

    async def identify(self, token: str, header: Mapping[str, Any]) -> Identity:
        """Who the token is for. ``header`` is its own, not verified yet.

        Raises ``Unauthenticated`` for a token that is not good, and ``SourceUnavailable`` if
        the issuer's keys can't be had.
        """
        if not self._takes(header):
            _refuse(self.name, OTHER_TYPE, f"typ is {header.get('typ')!r:.50}")
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or not isinstance(kid, str | None):
            _refuse(self.name, "The token is malformed.", "alg or kid is no text")
        key = await self.keys.find(kid, algorithm)
        if key is None:
            _refuse(self.name, UNKNOWN_KEY, f"no key with kid {kid!r:.100} for {algorithm!r:.20}")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self.issuer,
                leeway=self._leeway,
                options={"require": [*self._required], "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            _refuse(self.name, _reason(error), type(error).__name__)
        return self._identity(token, claims)

    def _takes(self, header: Mapping[str, Any]) -> bool:
        if "typ" not in header:
            return self._types is TYPES
        type_ = header["typ"]
        # It is a media type that may leave out its first part (RFC 7515, 4.1.9).
        return isinstance(type_, str) and type_.lower().removeprefix("application/") in self._types

    def _identity(self, token: str, claims: Mapping[str, Any]) -> Identity:
        for name in ("exp", "nbf", "iat"):
            # PyJWT takes a text of digits, too, and says nothing of times that no clock reaches.
            if name in claims and not _is_time(claims[name]):
                _refuse(self.name, f"The token's {name} is no time.", f"{name} is no time")
        client = claims.get("azp", claims.get("client_id"))
        if not isinstance(client, str | None):
            _refuse(self.name, "The token's client is no text.", "azp or client_id is no text")
        digest = hashlib.sha256(token.encode()).hexdigest()[:16]
        taken = ELSEWHERE | {self._scopes_claim}
        return Identity(
            subject=claims.get("sub"),
            client=client,
            scopes=self._grants.scopes(self._scopes(claims.get(self._scopes_claim, ""))),
            claims=self._grants.claims(
                {name: value for name, value in claims.items() if name not in taken}
            ),
            credential=f"jwt:{self.name}:{digest}",
            expires_at=float(claims["exp"]) + self._leeway,
            issuer=self.issuer,
        )

    def _scopes(self, claim: object) -> frozenset[str]:
        if isinstance(claim, str):
            # By spaces alone (RFC 6749, 3.3): to Python other characters are white space, too.
            return frozenset(claim.split(" ")) - {""}
        if isinstance(claim, list) and all(isinstance(scope, str) for scope in claim):
            return frozenset(claim)
        _refuse(
            self.name,
            "The token's scopes are neither a text nor a list of texts.",
            f"{self._scopes_claim} is a {type(claim).__name__}",
        )


class Tokens:
    """The tokens of all configured issuers."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._known: LRUCache[str, tuple[Identity, float]] = LRUCache(KNOWN_TOKENS)

    async def open(self) -> None:
        for issuer in self._issuers.values():
            await issuer.keys.open()

    async def close(self) -> None:
        for issuer in self._issuers.values():
            await issuer.keys.close()

    async def identify(self, token: str) -> Identity:
        """Who the token is for; raises as ``Issuer.identify`` does."""
        with suppress(KeyError):
            identity, until = self._known[token]
            if time.monotonic() < until and (identity.expires_at or 0) > time.time():
                return identity
        identity = await self._verified(token)
        self._known[token] = identity, time.monotonic() + KNOWN_SECONDS
        return identity

    async def _verified(self, token: str) -> Identity:
        if len(token) > LONGEST_TOKEN:
            _refuse(None, f"The token is longer than {LONGEST_TOKEN} characters.", "too long")
        try:
            unverified = jwt.decode_complete(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            _refuse(None, "The token is malformed.", type(error).__name__)
        header, claimed = unverified["header"], unverified["payload"].get("iss")
        if "crit" in header:
            _refuse(None, "The token has a critical header that is not understood.", "crit")
        # It only says whose keys the token must be signed with, and then must say it again.
        issuer = self._issuers.get(claimed) if isinstance(claimed, str) else None
        if issuer is None:
            _refuse(None, "The token's issuer is not accepted here.", "an unknown issuer")
        return await issuer.identify(token, header)


OTHER_TYPE = "The token is of a type (typ) that is not accepted here."

UNKNOWN_KEY = "The token is not signed with a key that is known to be its issuer's."

REASONS: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "The token has expired. Get a new one.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is not meant for this audience.",
    jwt.InvalidSignatureError: UNKNOWN_KEY,
    jwt.InvalidKeyError: UNKNOWN_KEY,
}


def _reason(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return (
            "The token says no audience (aud)."
            if error.claim == "aud"
            else f"The token has no {error.claim}."
        )
    return REASONS.get(type(error), "The token is malformed.")


def _is_time(value: object) -> bool:
    # No comparison holds for what is not a number.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LATEST


def _refuse(issuer: str | None, message: str, reason: str) -> NoReturn:
    """Refuses a token, of the issuer if it is known. Only the log has the reason, which is of no
    use to its sender."""
    raise Unauthenticated(message, reason=reason if issuer is None else f"{issuer}: {reason}")
