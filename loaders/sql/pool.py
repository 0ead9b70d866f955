"""A source's connections to PostgreSQL, kept for the next statement."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from loaders.chain.source_queue import SourceQueue
from loaders.contexts import Share
from loaders.errors import SourceBusy
from loaders.sql.source import ALMOST

log = logging.getLogger("sluice.sources")

UNUSED_SECONDS = 60.0


class Pool:
    """The connections of asyncpg's pool, which opens, resets and closes them, at most ``size``,
    and half of them for one operation. The others take turns.

    One whose statement gave its rows needs none of that and stays here for the next: to give it
    back to asyncpg would take as long as its statement. What nobody needs for a minute or two goes
    back all the same, so that idle ones are closed.
    """

    def __init__(self, source: str, pool: asyncpg.Pool, size: int) -> None:
        self._source = source
        self._pool = pool
        self._turns = SourceQueue(size)
        self._is_closing = False
        self._kept: list[PoolConnectionProxy] = []
        # Those that keep no statement of before ``renew``.
        self._new: set[PoolConnectionProxy] = set()
        # How many of them, the first, were not needed since the last look.
        self._unused = 0
        self._look: asyncio.TimerHandle | None = None
        self._giving_back: set[asyncio.Future[None]] = set()

    async def take(self, share: Share, seconds: float) -> PoolConnectionProxy:
        """A connection of the share, within so many seconds. Raises SourceBusy if none is to be
        had."""
        turns = self._turns
        if not turns.take(share) and not await turns.wait(share, _soon(seconds)):
            raise self._busy(share)
        try:
            return await self._connection(share, seconds)
        except BaseException:
            turns.leave(share)
            raise

    async def _connection(self, share: Share, seconds: float) -> PoolConnectionProxy:
        while self._kept:
            connection = self._kept.pop()
            if len(self._kept) < self._unused:
                self._unused = len(self._kept)
            if _is_open(connection):
                return connection
            self._new.discard(connection)
        try:
            # Whoever has a turn has a connection, unless one is being reset or closed.
            timeout = seconds * ALMOST if self._giving_back else None
            connection = await self._pool.acquire(timeout=timeout)
        except TimeoutError as error:
            if timeout is None:
                raise
            raise self._busy(share) from error
        self._new.add(connection)
        return connection

    def has_one(self, share: Share) -> bool:
        """Whether the share has another connection without waiting."""
        return self._turns.has_one(share)

    async def keep(self, connection: PoolConnectionProxy, share: Share) -> None:
        """Take a connection back whose statement gave its rows."""
        if self._is_closing or connection not in self._new:
            await self._end_turn(connection, share)
            return
        self._kept.append(connection)
        self._turns.leave(share)
        if self._look is None:
            self._look_later()

    def abandon(self, connection: PoolConnectionProxy, share: Share) -> None:
        """Take a connection back whose statement may not have ended. It is cancelled at the server,
        for which nobody waits who may not."""
        self._beside(self._end_turn(connection, share))

    @asynccontextmanager
    async def connection(self, seconds: float) -> AsyncIterator[PoolConnectionProxy]:
        """A connection for whatever it may be, within so many seconds."""
        share = Share()
        connection = await self.take(share, seconds)
        mark_used(connection)
        try:
            yield connection
        finally:
            await self._end_turn(connection, share)

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

    async def _end_turn(self, connection: PoolConnectionProxy, share: Share) -> None:
        try:
            await self._give_back(connection)
        finally:
            self._turns.leave(share)

    def _beside(self, giving_back: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(giving_back)
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)

    def _busy(self, share: Share) -> SourceBusy:
        reason = f"{self._turns.why_none(share, 'connections')} are in use"
        return SourceBusy(self._source, reason=reason)

    async def _give_back(self, connection: PoolConnectionProxy) -> None:
        self._new.discard(connection)
        try:
            await self._pool.release(connection)
        except Exception as error:
            # It has ended the connection, and the pool makes another one.
            log.debug("a connection of '%s' ended: %s", self._source, type(error).__name__)

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
        self._unused = min(self._unused, len(self._kept))
        for connection in going:
            self._beside(self._give_back(connection))


def _soon(seconds: float) -> float:
    return time.monotonic() + seconds * ALMOST


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
