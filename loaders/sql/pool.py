"""A source's connections to PostgreSQL, kept for the next statement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from loaders.errors import SourceBusy
from loaders.sql.source import ALMOST

log = logging.getLogger("sluice.sources")

UNUSED_SECONDS = 60.0


class Pool:
    """The connections of asyncpg's pool, which opens, resets and closes them, at most ``size``.

    One whose statement gave its rows needs none of that and stays here for the next: to give it
    back to asyncpg would take as long as its statement. What nobody needs for a minute or two goes
    back all the same, so that idle ones are closed.
    """

    def __init__(self, source: str, pool: asyncpg.Pool, size: int) -> None:
        self._source = source
        self._pool = pool
        self._size = size
        self._taken = 0
        self._waiting = 0
        self._is_closing = False
        self._kept: list[PoolConnectionProxy] = []
        # Those that keep no statement of before ``renew``.
        self._new: set[PoolConnectionProxy] = set()
        # How many of them, the first, were not needed since the last look.
        self._unused = 0
        self._look: asyncio.TimerHandle | None = None
        self._giving_back: set[asyncio.Future[None]] = set()

    async def take(self, seconds: float) -> PoolConnectionProxy:
        """A connection, within so many seconds. Raises SourceBusy if none is to be had."""
        self._taken += 1
        while self._kept:
            connection = self._kept.pop()
            if len(self._kept) < self._unused:
                self._unused = len(self._kept)
            if _is_open(connection):
                return connection
            self._new.discard(connection)
        # With one to be had nobody waits, so no timer is needed for that.
        waits = self._taken > self._size
        self._waiting += waits
        try:
            connection = await self._pool.acquire(timeout=seconds * ALMOST if waits else None)
        except BaseException as error:
            self._taken -= 1
            if waits and isinstance(error, TimeoutError):
                reason = f"all of its {self._size} connections are in use"
                raise SourceBusy(self._source, reason=reason) from error
            raise
        finally:
            self._waiting -= waits
        self._new.add(connection)
        return connection

    async def keep(self, connection: PoolConnectionProxy) -> None:
        """Take a connection back whose statement gave its rows."""
        if self._waiting or self._is_closing or connection not in self._new:
            await self._give_back(connection)
            return
        self._taken -= 1
        self._kept.append(connection)
        if self._look is None:
            self._look_later()

    def abandon(self, connection: PoolConnectionProxy) -> None:
        """Take a connection back whose statement may not have ended. It is cancelled at the server,
        for which nobody waits who may not."""
        giving_back = asyncio.ensure_future(self._give_back(connection))
        self._giving_back.add(giving_back)
        giving_back.add_done_callback(self._giving_back.discard)

    @asynccontextmanager
    async def connection(self, seconds: float) -> AsyncIterator[PoolConnectionProxy]:
        """A connection for whatever it may be, within so many seconds."""
        connection = await self.take(seconds)
        mark_used(connection)
        try:
            yield connection
        finally:
            await self._give_back(connection)

    async def renew(self) -> None:
        """Have each connection be closed before its next statement, and a new one in its place."""
        self._new.clear()
        self._let_go(len(self._kept))
        await self._pool.expire_connections()

    async def close(self, seconds: float) -> None:
        """Close the connections when what they do is done, but after so many seconds anyway."""
        self._is_closing = True
        if self._look is not None:
            self._look.cancel()
        self._let_go(len(self._kept))
        try:
            await asyncio.wait_for(self._pool.close(), seconds)
        except TimeoutError:
            self._pool.terminate()

    async def _give_back(self, connection: PoolConnectionProxy) -> None:
        self._new.discard(connection)
        try:
            await self._pool.release(connection)
        except Exception as error:
            # It has ended the connection, and the pool makes another one.
            log.debug("a connection of '%s' ended: %s", self._source, type(error).__name__)
        finally:
            self._taken -= 1

    def _look_later(self) -> None:
        self._unused = len(self._kept)
        self._look = asyncio.get_running_loop().call_later(UNUSED_SECONDS, self._have_look)

    def _have_look(self) -> None:
        self._look = None
        self._let_go(self._unused)
        if self._kept:
            self._look_later()

    def _let_go(self, count: int) -> None:
        """Give back the first of those that are kept, so many."""
        going, self._kept = self._kept[:count], self._kept[count:]
        self._taken += len(going)
        self._unused = min(self._unused, len(self._kept))
        for connection in going:
            self.abandon(connection)


def mark_used(connection: PoolConnectionProxy) -> None:
    """Have a connection be reset when it goes back, unless it fetches rows after this."""
    if _is_open(connection):
        connection.mark_used()  # type: ignore[attr-defined]  # of our class, behind the proxy


def _is_open(connection: PoolConnectionProxy) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # It has ended, and with that gone back by itself.
        return False
