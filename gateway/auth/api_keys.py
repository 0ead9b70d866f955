"""API keys: what they look like, where they are kept, and whether they are still good.

A key is ``slk_<id>_<secret>``. The id finds it and is no secret. Of the secret only a SHA-256 is
kept. A slow hash, as passwords need, would add nothing: the secret is 32 random bytes, which
nobody finds by trying, however fast each try is.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cachetools import TTLCache

from gateway.errors import Unauthenticated
from loaders.errors import SourceError, SourceUnavailable
from loaders.identity import Identity
from loaders.resource import Row

if TYPE_CHECKING:
    from loaders.sql.postgres import PostgresSource

log = logging.getLogger("sluice.auth")

PREFIX = "slk_"
KEY = re.compile(r"slk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
UNKNOWN = bytes(32)
"""Stands for the hash of a key that is not there. No secret is known to have it."""

CACHE_SECONDS = 10.0
"""How long a key is taken to be as it was when it was last read."""

CACHED_KEYS = 10_000

CHECK_SECONDS = 5.0
"""How often the keys of live connections are read again, all in one statement."""

UNCHECKED_SECONDS = 15.0
"""After how long a live connection ends whose key can't be read. A revocation takes effect within
30 seconds, and an outage of the database must not be a way around that. The rest of them is for a
read that gets no answer."""

USE_SECONDS = 60.0
"""How often it is written when keys were last used."""


async def create(
    source: PostgresSource,
    *,
    client: str,
    scopes: Sequence[str] = (),
    claims: Mapping[str, Any] | None = None,
    quota: int | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Makes a key for a client and returns it. It can't be had again. Its ``quota``, in units of
    cost, is that of any caller unless it is given."""
    id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    await source.run(
        "insert into sluice.api_keys (id, client, hash, scopes, claims, quota, expires_at) "
        "values ($1, $2, $3, $4, $5, $6, $7)",
        *(id, client, _hash(secret), list(scopes), dict(claims or {}), quota, expires_at),
    )
    return f"{PREFIX}{id}_{secret}"


async def listed(source: PostgresSource) -> Sequence[Row]:
    """All keys, without what could tell their secrets, the oldest first."""
    return await source.run(
        "select id, client, scopes, claims, quota, created_at, expires_at, revoked_at, "
        "last_used_at from sluice.api_keys order by created_at, id"
    )


async def revoke(source: PostgresSource, id: str) -> datetime | None:
    """Ends a key for good; returns when it was revoked, which may be earlier, or None if there is
    no such key."""
    rows = await source.run(
        "update sluice.api_keys set revoked_at = coalesce(revoked_at, now()) "
        "where id = $1 returning revoked_at",
        id,
    )
    return rows[0]["revoked_at"] if rows else None


class ApiKeys:
    """The keys in a database, which may be down: then ``SourceUnavailable`` is raised for a key
    that has not been read a moment ago."""

    def __init__(
        self,
        source: PostgresSource,
        *,
        cache_seconds: float = CACHE_SECONDS,
        check_seconds: float = CHECK_SECONDS,
        unchecked_seconds: float = UNCHECKED_SECONDS,
        use_seconds: float = USE_SECONDS,
    ) -> None:
        self._source = source
        self._check_seconds = check_seconds
        self._unchecked_seconds = unchecked_seconds
        self._use_seconds = use_seconds
        self._rows: TTLCache[str, Row | None] = TTLCache(CACHED_KEYS, cache_seconds)
        self._reading: dict[str, asyncio.Task[Row | None]] = {}
        self._used: dict[str, datetime] = {}
        self._watched: dict[str, set[asyncio.Future[str]]] = {}
        self._checked_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        await self._source.open()
        self._tasks = [
            asyncio.create_task(_every(self._check_seconds, self._check)),
            asyncio.create_task(_every(self._use_seconds, self._write_use)),
        ]

    async def close(self) -> None:
        tasks = [*self._tasks, *self._reading.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._write_use()
        await self._source.close()

    async def identify(self, key: str) -> Identity:
        """Whose key it is. Raises ``Unauthenticated`` if it is none, or not good any more."""
        parts = KEY.fullmatch(key)
        if parts is None:
            raise _refused("?", "This is not an API key.")
        id, secret = parts.groups()
        row = await self._row(id)
        if not _is_secret_of(secret, UNKNOWN if row is None else row["hash"]) or row is None:
            raise _refused(id, "The API key is not known.")
        if row["revoked_at"] is not None:
            raise _refused(id, "The API key was revoked.")
        now, expires_at = datetime.now(UTC), row["expires_at"]
        if expires_at is not None and expires_at <= now:
            raise _refused(id, "The API key has expired.")
        self._used[id] = now
        return Identity(
            client=row["client"],
            scopes=frozenset(row["scopes"]),
            claims=row["claims"],
            credential=f"key:{id}",
            expires_at=None if expires_at is None else expires_at.timestamp(),
            quota=row["quota"],
        )

    async def revoked(self, id: str) -> str:
        """Waits until the key is seen to be revoked, and says so in words for the client."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if not self._watched:
            self._checked_at = time.monotonic()
        self._watched.setdefault(id, set()).add(future)
        try:
            return await future
        finally:
            self._watched[id].discard(future)
            if not self._watched[id]:
                del self._watched[id]

    async def _row(self, id: str) -> Row | None:
        with suppress(KeyError):
            return self._rows[id]
        reading = self._reading.get(id)
        if reading is None:
            reading = self._reading[id] = asyncio.create_task(self._read(id))
        # It is for all who ask for this key now, whoever of them gives up.
        return await asyncio.shield(reading)

    async def _read(self, id: str) -> Row | None:
        try:
            rows = await self._source.run(
                "select client, hash, scopes, claims, quota, expires_at, revoked_at "
                "from sluice.api_keys where id = $1",
                id,
            )
        except SourceError as error:
            log.error("an API key can't be read: %s (%s)", error, error.reason)
            raise SourceUnavailable(error.source) from None
        finally:
            del self._reading[id]
        row = self._rows[id] = rows[0] if rows else None
        return row

    async def _check(self) -> None:
        """Tells those who wait for it that their keys have been revoked."""
        if not self._watched:
            return
        began = time.monotonic()
        try:
            rows = await self._source.run(
                "select id from sluice.api_keys where id = any($1) and revoked_at is null",
                list(self._watched),
            )
        except SourceError as error:
            log.warning(
                "the API keys of live connections can't be read: %s (%s)", error, error.reason
            )
            if time.monotonic() - self._checked_at > self._unchecked_seconds:
                self._tell(self._watched, "The API key could not be checked any more.")
            return
        self._checked_at = began
        good = {row["id"] for row in rows}
        self._tell(self._watched.keys() - good, "The API key was revoked.")

    def _tell(self, ids: Iterable[str], reason: str) -> None:
        for future in [future for id in ids for future in self._watched[id]]:
            if not future.done():
                future.set_result(reason)

    async def _write_use(self) -> None:
        """Writes when keys were last used: one statement for all that were since the last time."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await self._source.run(
                "update sluice.api_keys set last_used_at = used.at "
                "from unnest($1::text[], $2::timestamptz[]) as used(id, at) "
                "where api_keys.id = used.id "
                "and (last_used_at is null or last_used_at < used.at)",
                list(used),
                list(used.values()),
            )
        except SourceError as error:
            log.warning(
                "when API keys were last used can't be written: %s (%s)", error, error.reason
            )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _is_secret_of(secret: str, hash: bytes) -> bool:
    # The only place where a secret is compared, and it takes as long whatever is wrong with it.
    return hmac.compare_digest(_hash(secret), hash)


def _refused(id: str, reason: str) -> Unauthenticated:
    return Unauthenticated(reason, reason=f"{id}: {reason}")


async def _every(seconds: float, action: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await action()
