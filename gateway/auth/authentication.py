"""Credentials into identities."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Mapping

from starlette.datastructures import Address

from gateway.auth.api_keys import PREFIX, ApiKeys
from gateway.auth.settings import AuthSettings
from gateway.auth.tokens import Tokens
from gateway.errors import Unauthenticated
from loaders.identity import ANONYMOUS, Identity
from loaders.logs import Limited

BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
"""A header that holds one credential (RFC 6750, 2.1). Two that were joined have a comma."""

log = logging.getLogger("sluice.auth")

LONGEST_SLEEP = 3600.0
"""Seconds. Clocks are set and computers sleep, so far ends are looked at again now and then."""


class Authenticator:
    """What the configured issuers and API keys say of a request's credentials."""

    def __init__(self, settings: AuthSettings) -> None:
        issuers = [issuer.made(name) for name, issuer in settings.issuers.items()]
        self._tokens = Tokens(issuers) if issuers else None
        self._keys = ApiKeys(settings.keys.source()) if settings.keys else None
        self._refusals = Limited(log)

    async def open(self) -> None:
        """Get ready; an issuer or a key database that is down does not keep this from returning."""
        for each in (self._tokens, self._keys):
            if each is not None:
                await each.open()

    async def close(self) -> None:
        """Let go of connections."""
        for each in (self._tokens, self._keys):
            if each is not None:
                await each.close()

    async def identify(self, headers: Mapping[str, str], client: Address | None = None) -> Identity:
        """Who sends these headers, whose names are in lower case: ``authorization`` (Bearer) or
        ``x-api-key``. A header that was sent twice has both values, joined by a comma. Without
        either, ``ANONYMOUS``.

        Raises ``Unauthenticated`` for a credential that is not good, never takes it for none.
        Raises ``SourceUnavailable`` where that can't be told now. The log has what was refused,
        and the ``client``'s address.
        """
        try:
            return await self._identity_of(headers)
        except Unauthenticated as error:
            kind, at = _kind_of(headers), client.host if client else "?"
            said = "%s from %s is refused: %s"
            self._refusals.write(logging.INFO, kind, said, kind, at, error.reason)
            raise

    async def _identity_of(self, headers: Mapping[str, str]) -> Identity:
        credential, key = headers.get("authorization"), headers.get("x-api-key")
        if credential is None and key is None:
            return ANONYMOUS
        if credential is not None:
            bearer = BEARER.fullmatch(credential)
            if bearer is None:
                raise Unauthenticated("Send one credential, as 'Authorization: Bearer <it>'.")
            if key is not None and key != bearer[1]:
                raise Unauthenticated(
                    "There are two credentials, in Authorization and in X-API-Key. Send one."
                )
            if not bearer[1].startswith(PREFIX):
                if self._tokens is None:
                    raise Unauthenticated("Tokens are not accepted here.")
                return await self._tokens.identify(bearer[1])
            key = bearer[1]
        if self._keys is None or key is None:
            raise Unauthenticated("API keys are not accepted here.")
        return await self._keys.identify(key)

    async def ended(self, identity: Identity) -> str:
        """Wait until the identity's credential is no longer good, and say why, in words for the
        client: it has expired, or its key was revoked. For ``ANONYMOUS``, never returns."""
        kind, _, id = (identity.credential or "").partition(":")
        expired = f"The {'API key' if kind == 'key' else 'token'} has expired."
        ends = [asyncio.create_task(_at(identity.expires_at, expired))]
        if self._keys is not None and kind == "key":
            ends.append(asyncio.create_task(self._keys.revoked(id)))
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)


def _kind_of(headers: Mapping[str, str]) -> str:
    bearer = BEARER.fullmatch(headers.get("authorization", ""))
    if bearer is None:
        return "Authorization" if "authorization" in headers else "API key"
    return "API key" if bearer[1].startswith(PREFIX) else "token"


async def _at(expires_at: float | None, reason: str) -> str:
    end = float("inf") if expires_at is None else expires_at
    while True:
        left = end - time.time()
        if left <= 0:
            return reason
        await asyncio.sleep(min(left, LONGEST_SLEEP))
