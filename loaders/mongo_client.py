"""A client of one MongoDB database, and what becomes of its errors."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pymongo
from bson.errors import InvalidBSON
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import (
    AutoReconnect,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from loaders.errors import (
    BadResponse,
    SourceBusy,
    SourceTimeout,
    SourceUnavailable,
    TooManyRows,
    UnfitValue,
)
from loaders.mongo_calls import Calls, Statement, TimeIsUp
from loaders.mongo_codecs import UNFIT, Document, options_of
from loaders.sources import Capabilities, Translated

REFUSALS = frozenset({11, 18})
"""The codes of UserNotFound and AuthenticationFailed: the server works, but not for us."""

PASSING = frozenset({6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""The codes after which a read may be made again (MongoDB's specification of retryable reads)."""

WITH_VALUES = frozenset({2, 9, 14, 22, 31, 96, 121, 241})
"""The codes, of those below 10000, whose messages can hold values: BadValue, FailedToParse,
TypeMismatch, InvalidBSON, Location31, OperationFailed, DocumentValidationFailure,
ConversionFailure. From 10000 on they are single places in MongoDB's code, and taken to do so."""

LONGEST_REASON = 300

FAREWELL = 1.0
"""Seconds that a server may take for its answer to a farewell: one that hangs holds up nobody's
end."""

MOMENT = 0.05
"""Seconds of a call that pass before it is sent."""

CHECK_SECONDS = 2.0
"""Within which the server must say that it is there."""

THREADS = int(os.environ.get("MOTOR_MAX_WORKERS") or (os.cpu_count() or 1) * 5)
"""Those for the calls of a client, as many as Motor has (its documentation, "Thread pool"). With
more calls than that under way, the others would wait where nobody sees it."""


class DatabaseClient:
    """A client of one database. ``timeout`` (seconds) bounds each call, on the server too, and
    ``rows`` what a cursor is read of."""

    def __init__(
        self, name: str, url: str, database: str, pool_size: int, timeout: float, rows: int
    ) -> None:
        self.name = name
        self._url = url
        self._database = database
        self._pool_size = pool_size
        self.timeout = timeout
        self._most = rows
        # PyMongo looks for a server in steps of half a second.
        self.can = Capabilities(grace=0.6, in_flight=min(pool_size, THREADS))
        self._client: AsyncIOMotorClient[Document] | None = None
        self._calls: Calls | None = None
        self._aside: MongoClient[Document] | None = None
        # The driver would make each anew for each call.
        self._collections: dict[str, Collection[Document]] = {}
        self._errors = Translated(self._translate)
        self._codec_options = options_of(name)

    async def open(self) -> None:
        # The client connects when it is first used.
        self._client = AsyncIOMotorClient(
            self._url,
            maxPoolSize=self._pool_size,
            timeoutMS=int(self.timeout * 1000),
            serverSelectionTimeoutMS=min(3000, int(self.timeout * 1000)),
            # The driver would make them again by itself, as often as there is time for.
            retryReads=False,
            appname="sluice",
        )
        client: MongoClient[Document] = self._client.delegate
        self._calls = Calls(client, self._beside, self.can.in_flight or 1)

    def _beside(self) -> MongoClient[Document]:
        """A client whose two connections are there when all of the other's are in use."""
        if self._aside is None:
            self._aside = MongoClient(
                self._url,
                maxPoolSize=2,
                timeoutMS=int(self.timeout * 1000),
                serverSelectionTimeoutMS=min(3000, int(self.timeout * 1000)),
                appname="sluice",
            )
        return self._aside

    async def close(self) -> None:
        if self._client is None:
            return
        client, calls, aside = self._client, self._calls, self._aside
        self._client = self._calls = self._aside = None
        self._collections.clear()
        if calls is not None:
            calls.close()
        # They wait for the server's answer to a farewell, which must not stop the event loop.
        for each in (client, aside):
            if each is not None:
                await asyncio.to_thread(_close, each)

    async def check(self) -> None:
        if self._calls is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        # By a connection of its own: a pool that is busy says nothing of the database.
        with self._errors:
            await self._calls.ping(min(self.timeout, CHECK_SECONDS))

    async def _documents(
        self, statement: Statement, deadline: float | None = None, more: int = 0
    ) -> list[Document]:
        """What the statement asks for; see ``Calls.documents``. Raises TooManyRows once that is
        more than may be, and ``more``."""
        if self._calls is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        most, usual = self._most + more, self.timeout - MOMENT
        try:
            found = await self._calls.documents(statement, deadline, usual, most + 1)
        except TimeIsUp:
            reason = f"all of its {self.can.in_flight} calls are under way"
            raise SourceBusy(self.name, reason=reason) from None
        if len(found) > most:
            raise TooManyRows(self.name, self._most)
        return found

    def _collection(self, name: str) -> Collection[Document]:
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = self._whole().delegate[name]
        return found

    def _whole(self) -> AsyncIOMotorDatabase[Document]:
        if self._client is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        return self._client.get_database(self._database, codec_options=self._codec_options)

    def _translate(self, error: BaseException) -> Exception | None:
        match error:
            case InvalidBSON():
                said = f"The source '{self.name}' sent a value that can't be read."
                return BadResponse(self.name, said, reason=type(error).__name__)
            case _ if isinstance(error, UNFIT):
                return UnfitValue(
                    self.name,
                    "A value does not fit the field it is compared with.",
                    reason=type(error).__name__,
                )
            case WaitQueueTimeoutError():
                reason = f"all of its {self._pool_size} connections are in use"
                return SourceBusy(self.name, reason=reason)
            case PyMongoError():
                selecting = isinstance(error, ServerSelectionTimeoutError)
                if self._is_silent() if selecting else error.timeout:
                    return SourceTimeout(self.name, reason=_reason(error))
                if isinstance(error, OperationFailure) and error.code not in REFUSALS | PASSING:
                    said = f"The source '{self.name}' refused a statement."
                    return BadResponse(self.name, said, reason=_reason(error))
                # The time for selecting a server is over once none has been found.
                passing = (
                    error.code in PASSING
                    if isinstance(error, OperationFailure)
                    else (isinstance(error, AutoReconnect) and not selecting)
                )
                return SourceUnavailable(self.name, reason=_reason(error), is_passing=passing)
        return None

    def _is_silent(self) -> bool:
        # No server was fit to be selected: none has refused, so all let the time pass.
        assert self._client is not None
        # Motor's stubs take it for a method.
        topology: Any = self._client.topology_description
        servers = topology.server_descriptions().values()
        return all(each.error is None or isinstance(each.error, NetworkTimeout) for each in servers)


def _reason(error: PyMongoError) -> str:
    """Why MongoDB or PyMongo failed, for the log: without the words of those errors that have
    values in them."""
    if isinstance(error, OperationFailure):
        details = error.details or {}
        code, name = error.code or 0, details.get("codeName", "")
        shown = f"code {code} {name}".rstrip()
        if code >= 10_000 or code in WITH_VALUES:
            return shown
        return f"{shown}: {details.get('errmsg', '')}"[:LONGEST_REASON]
    return f"{type(error).__name__}: {error}"[:LONGEST_REASON]


def _close(client: AsyncIOMotorClient[Document] | MongoClient[Document]) -> None:
    with pymongo.timeout(FAREWELL):
        client.close()
