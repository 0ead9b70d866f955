"""The calls of a client of MongoDB, each in a thread of the driver's, and how they end when nobody
waits for them any more.

A thread can't be interrupted. So what no thread has begun is never sent then, and of what was sent
the server is told to end it: the thread returns with that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.command_cursor import CommandCursor
from pymongo.cursor import Cursor
from pymongo.errors import PyMongoError

from loaders.mongo_codecs import Document

Session = ClientSession | None

SessionId = Mapping[str, object]

Documents = Cursor[Document] | CommandCursor[Document]

Statement = Callable[[Session], Documents]
"""Asks for documents within a session."""

TIMES, SECONDS = 5, 0.2
"""How often the server is told to end what goes on, and how long after one another: it may be told
before it has what it is to end."""


class TimeIsUp(Exception):
    """A call has waited for a thread until its deadline."""


class Calls:
    """So many ``threads`` for calls of a client. ``aside`` makes another client of the same server,
    whose connections are there when all of this one's are in use."""

    def __init__(
        self,
        client: MongoClient[Document],
        aside: Callable[[], MongoClient[Document]],
        threads: int,
    ) -> None:
        self._client = client
        self._aside = aside
        self._threads = ThreadPoolExecutor(threads, "sluice-mongo")
        # For what is to end, and for a probe.
        self._two_aside = ThreadPoolExecutor(2, "sluice-mongo-aside")
        self._given_up: set[_Call] = set()
        self._ending: asyncio.Task[None] | None = None

    async def documents(
        self, statement: Statement, deadline: float | None, usual: float, most: int
    ) -> list[Document]:
        """What the statement asks for, ``most`` of it, until the deadline, on the server, too. It
        has the ``usual`` seconds without one. Raises TimeIsUp if nothing could be sent before
        it."""
        call = _Call(self._client, statement, deadline, usual, most)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call.run)
        except asyncio.CancelledError:
            if call.give_up():
                self._end(call)
            raise

    async def ping(self, seconds: float) -> None:
        """Return if the server answers by a connection aside. Raises what the driver does."""
        await asyncio.get_running_loop().run_in_executor(self._two_aside, self._ping, seconds)

    def _ping(self, seconds: float) -> None:
        with pymongo.timeout(seconds):
            self._aside().admin.command("ping")

    def _end(self, call: _Call) -> None:
        self._given_up.add(call)
        if self._ending is None:
            self._ending = asyncio.create_task(self._end_all())

    async def _end_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._given_up:
                ending = [call for call in self._given_up if call.is_under_way]
                self._given_up = {call for call in ending if call.told < TIMES}
                sessions: list[SessionId] = []
                for call in self._given_up:
                    call.told += 1
                    if call.session_id is not None:
                        sessions.append(call.session_id)
                if sessions:
                    await loop.run_in_executor(self._two_aside, self._kill, sessions)
                    await asyncio.sleep(SECONDS)
        finally:
            self._ending = None

    def _kill(self, sessions: list[SessionId]) -> None:
        try:
            self._aside().admin.command("killSessions", sessions)
        except PyMongoError:
            # They have their own time, by which they end.
            return

    def close(self) -> None:
        """Begin nothing more."""
        if self._ending is not None:
            self._ending.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._two_aside.shutdown(wait=False, cancel_futures=True)


class _Call:
    """One call, which runs in a thread and is given up by the event loop's."""

    __slots__ = (
        "_client",
        "_deadline",
        "_is_done",
        "_is_given_up",
        "_most",
        "_statement",
        "_usual",
        "session_id",
        "told",
    )

    def __init__(
        self,
        client: MongoClient[Document],
        statement: Statement,
        deadline: float | None,
        usual: float,
        most: int,
    ) -> None:
        self._client = client
        self._most = most
        self._statement = statement
        self._deadline = deadline
        self._usual = usual
        self._is_given_up = self._is_done = False
        self.session_id: SessionId | None = None
        self.told = 0

    def run(self) -> list[Document]:
        if self._is_given_up:
            return []
        if self._deadline is None:
            return self._sent()
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeIsUp
        if left >= self._usual:
            # The client's own time is the same, and setting it anew is not for nothing.
            return self._sent()
        with pymongo.timeout(left):
            return self._sent()

    def _sent(self) -> list[Document]:
        client = self._client
        if not client.topology_description.has_known_servers:
            # Whether there are sessions is known once it is connected.
            client.admin.command("ping")
        if client.topology_description.logical_session_timeout_minutes is None:
            return self._read(None)
        session = client.start_session(causal_consistency=False)
        self.session_id = session.session_id
        try:
            # It may have been given up before it could be told what to end.
            return [] if self._is_given_up else self._read(session)
        finally:
            self._is_done = True
            # Of what is ended by its session, nobody else may have that.
            if not self._is_given_up:
                session.end_session()

    def _read(self, session: Session) -> list[Document]:
        with closing(self._statement(session)) as cursor:
            return list(islice(cursor, self._most))

    def give_up(self) -> bool:
        """Have nobody wait for it. Returns whether it may be under way."""
        self._is_given_up = True
        return self.is_under_way

    @property
    def is_under_way(self) -> bool:
        return self.session_id is not None and not self._is_done
