"""MongoDB through Motor."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, ClassVar

import bson
import pymongo
from bson import ObjectId
from bson.errors import InvalidBSON, InvalidDocument
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pydantic import Field, SecretStr
from pymongo.errors import (
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from loaders.asks import (
    Answer,
    Ask,
    Found,
    Key,
    answered,
    answered_as_read,
    nothing_of,
    read_as,
)
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import (
    BadResponse,
    SourceBusy,
    SourceTimeout,
    SourceUnavailable,
    UnfitKey,
    UnfitValue,
)
from loaders.kinds import Kind, address
from loaders.mongo_catalog import described
from loaders.mongo_codecs import PLACE_CODECS, UNFIT, Document, options_of
from loaders.mongo_fields import Fields
from loaders.mongo_statement import (
    Pipeline,
    Shape,
    Shown,
    Stages,
    any_of,
    grouped,
    grouping,
    listing,
    matching_of,
    of_each,
    of_each_apart,
    projected,
    sorted_by,
)
from loaders.paths import paths_of, spread
from loaders.places import Codecs
from loaders.resource import Resource, Row
from loaders.sources import Capabilities, Translated

REFUSALS = frozenset({11, 18})
"""The codes of UserNotFound and AuthenticationFailed: the server works, but not for us."""

WITH_VALUES = frozenset({2, 9, 14, 22, 31, 96, 121, 241})
"""The codes, of those below 10000, whose messages can hold values: BadValue, FailedToParse,
TypeMismatch, InvalidBSON, Location31, OperationFailed, DocumentValidationFailure,
ConversionFailure. From 10000 on they are single places in MongoDB's code, and taken to do so."""

LONGEST_REASON = 300

MOMENT = 0.05
"""Seconds of a call that pass before it is sent."""

THREADS = int(os.environ.get("MOTOR_MAX_WORKERS") or (os.cpu_count() or 1) * 5)
"""Those that Motor has for the calls of all its clients (its documentation, "Thread pool"). With
more calls than that under way, the others would wait where nobody sees it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MongoCollection(Resource):
    """A collection. Its documents are the rows; a column is a field of theirs."""

    place_codecs: ClassVar[Codecs] = PLACE_CODECS

    key: str = "_id"
    key_type: type = ObjectId


class MongoSource:
    """A client of one database. ``timeout`` (seconds) bounds each call, on the server too."""

    kind = "mongo"

    def __init__(
        self, name: str, url: str, *, database: str, pool_size: int = 50, timeout: float = 10.0
    ) -> None:
        self.name = name
        self._url = url
        self._database = database
        self._pool_size = pool_size
        self.timeout = timeout
        # PyMongo looks for a server in steps of half a second.
        self.can = Capabilities(grace=0.6, in_flight=min(pool_size, THREADS))
        self._client: AsyncIOMotorClient[Document] | None = None
        # Motor would make each anew for each call.
        self._collections: dict[str, AsyncIOMotorCollection[Document]] = {}
        self._errors = Translated(self._translate)
        self._codec_options = options_of(name)
        self._fields = Fields(self._sampled)
        self._of_lists: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()

    async def open(self) -> None:
        # The client connects when it is first used.
        self._client = AsyncIOMotorClient(
            self._url,
            maxPoolSize=self._pool_size,
            timeoutMS=int(self.timeout * 1000),
            serverSelectionTimeoutMS=min(3000, int(self.timeout * 1000)),
            appname="sluice",
        )

    async def close(self) -> None:
        if self._client is not None:
            # It waits for the server's answer to a farewell, which must not stop the event loop.
            await asyncio.to_thread(self._client.close)
            self._client = None
            self._collections.clear()

    async def check(self) -> None:
        with self._errors:
            await self._whole().command("ping")

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        with self._errors:
            return await described(self._whole().command, resource.name)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        left = attempt.left(inf)
        try:
            if left >= self.timeout - MOMENT:
                # The client's own time is the same, and setting it anew is not for nothing.
                return await self._asked(ask, keys, attempt)
            # What is left is the server's time, too, and that of the thread in which the driver
            # waits.
            with pymongo.timeout(left):
                return await self._asked(ask, keys, attempt)
        except UnfitValue as error:
            return await self._without_unfit(ask, keys, attempt, error)

    async def _without_unfit(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, error: UnfitValue
    ) -> Answer:
        """What there is without the keys that BSON can't hold. Raises the error if it can hold all
        of them."""
        if await self._are_apart(ask, keys):
            return await self._as_read(ask, keys, attempt)
        answer = [self._of_unfit(ask, key) for key in keys]
        places = [place for place, each in enumerate(answer) if each is None]
        if len(places) == len(keys):
            raise error
        found = await self.fetch(ask, [keys[place] for place in places], attempt) if places else []
        fitting = iter(found)
        return [next(fitting) if each is None else each for each in answer]

    def _of_unfit(self, ask: Ask, key: Key) -> Found | UnfitKey | None:
        """What a key has that BSON can't hold; None of others."""
        try:
            bson.encode({"key": list(key)}, codec_options=self._codec_options)
        except InvalidDocument:
            return UnfitKey(self.name, ", ".join(ask.rows.by), key[0], "of a type of BSON's")
        except UNFIT:
            # No value there equals it.
            return nothing_of(ask.wants)
        return None

    def _asked(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        if self._fields.apart(ask.resource.name, ask.rows.by) is not None:
            return self._as_read(ask, keys, attempt)
        return self._fetch(ask, keys, attempt)

    def _fetch(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        asked = self._rows if ask.wants.columns else self._values
        return asked(ask, keys, attempt)

    async def _rows(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        rows, columns = ask.rows, ask.wants.columns
        projection, paths = projected(columns), paths_of(columns)
        if rows.window.limit == 0:
            # MongoDB takes it for no limit, or refuses it.
            return [Found()] * len(keys)
        if rows.by and rows.window.limit is not None:
            # Each key's own match, sort and limit, which an index on (key, order) serves, all in
            # one aggregation: MongoDB's lateral join.
            listed = await self._of_each(ask, keys, attempt, listing(rows, projection))
            for each in listed if paths else ():
                spread(each, paths)
            if not any(listed) and await self._are_apart(ask, keys):
                return await self._as_read(ask, keys, attempt)
            return [Found(each) for each in listed]
        matching = matching_of(any_of(rows.by, keys), rows)
        words = "find", matching, projection
        with (
            attempt.call(ask, keys, statement=Shown(*words), shape=Shape(*words)) as call,
            self._errors,
        ):
            cursor = self._collection(rows.resource.name).find(matching, projection)
            if rows.window.order:
                cursor = cursor.sort(list(sorted_by(rows.window.order).items()))
            if rows.window.limit is not None:
                cursor = cursor.limit(rows.window.limit)
            found: list[Document] = await cursor.to_list(None)
            call.rows = len(found)
        if not found and await self._are_apart(ask, keys):
            return await self._as_read(ask, keys, attempt)
        if paths:
            spread(found, paths)
        return self._answered(ask, keys, found)

    def _answered(self, ask: Ask, keys: Sequence[Key], rows: Sequence[Row]) -> Answer:
        found = answered(ask, keys, rows)
        if found is None:
            # A collation takes texts for equal that are not.
            what = f"'{', '.join(ask.rows.by)}' with another value than was asked for"
            said = f"The source '{self.name}' sent {what}."
            raise BadResponse(self.name, said, reason=what)
        return found

    async def _values(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        rows, aggregates = ask.rows, ask.wants.aggregates
        form = rows.resource.id, rows.by
        found: list[Row | None] | None = None
        if form not in self._of_lists:
            found = await self._of_groups(ask, keys, attempt)
        if found is None:
            self._of_lists.add(form)
            listed = await self._of_each(ask, keys, attempt, [grouping(None, aggregates)])
            found = [each[0] if each else None for each in listed]
        if not any(found) and await self._are_apart(ask, keys):
            return await self._as_read(ask, keys, attempt)
        nothing = nothing_of(ask.wants)
        return [
            nothing if each is None else Found((), grouped(each, aggregates, self.name))
            for each in found
        ]

    def _are_apart(self, ask: Ask, keys: Sequence[Key]) -> Awaitable[bool]:
        return self._fields.are_apart(ask.resource.name, ask.rows.by, keys)

    async def _as_read(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        """What is asked by keys of other types than their fields'."""
        by = ask.rows.by
        # It holds for a while, which may just be over: then they are asked by as they are.
        kinds = self._fields.apart(ask.resource.name, by) or [None] * len(by)
        return await answered_as_read(
            keys,
            lambda key: read_as(self.name, by, kinds, key),
            lambda read: self._fetch(ask, read, attempt),
        )

    async def _sampled(self, name: str, pipeline: Pipeline) -> Sequence[Document]:
        with self._errors:
            return await self._collection(name).aggregate(pipeline).to_list(None)

    async def _of_groups(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> list[Row | None] | None:
        """The group of each key; None where groups are of something else, such as whole lists."""
        rows = ask.rows
        # A group of one column goes by its value, of which MongoDB makes less than of a document.
        names = {f"key_{index}": f"${column}" for index, column in enumerate(rows.by)}
        alone = names["key_0"] if len(names) == 1 else names or None
        matching = {"$match": matching_of(any_of(rows.by, keys), rows)}
        group = grouping(alone, ask.wants.aggregates)
        groups = await self._aggregate(ask, keys, attempt, [matching, group])
        if not rows.by:
            return [groups[0] if groups else None]
        known: dict[Key, Row]
        try:
            if len(names) == 1:
                known = {(row["_id"],): row for row in groups}
            else:
                known = {tuple(row["_id"].get(name) for name in names): row for row in groups}
        except TypeError:
            return None
        found = [known.get(key) for key in keys]
        return found if len(known) + found.count(None) == len(keys) else None

    async def _of_each(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, stages: Stages
    ) -> Sequence[list[Document]]:
        """What the stages make of the rows of each key, by its position."""
        by = ask.rows.by
        together = len(by) == 1 and "." not in by[0]
        pipeline = (of_each if together else of_each_apart)(ask.rows, keys, stages)
        listed: list[list[Document]] = [[] for _ in keys]
        for found in await self._aggregate(ask, keys, attempt, pipeline, of_database=together):
            listed[found["place"]].append(found["row"])
        return listed

    async def _aggregate(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        pipeline: Sequence[Mapping[str, object]],
        *,
        of_database: bool = False,
    ) -> Sequence[Row]:
        words = "aggregate", pipeline
        with (
            attempt.call(ask, keys, statement=Shown(*words), shape=Shape(*words)) as call,
            self._errors,
        ):
            asked = self._whole() if of_database else self._collection(ask.resource.name)
            rows: list[Document] = await asked.aggregate(pipeline).to_list(None)
            call.rows = len(rows)
            return rows

    def _collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = self._whole()[name]
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
                if isinstance(error, OperationFailure) and error.code not in REFUSALS:
                    said = f"The source '{self.name}' refused a statement."
                    return BadResponse(self.name, said, reason=_reason(error))
                return SourceUnavailable(self.name, reason=_reason(error))
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


class MongoKind(Kind):
    """A MongoDB database. ``timeout`` is in seconds, for each call."""

    resources: ClassVar[type[Resource]] = MongoCollection

    url: Annotated[SecretStr, address("mongodb", "mongodb+srv")]
    database: str = Field(min_length=1)
    pool_size: int = Field(50, ge=1)
    timeout: float = Field(10.0, gt=0)

    def source(self, name: str) -> MongoSource:
        return MongoSource(
            name,
            self.url.get_secret_value(),
            database=self.database,
            pool_size=self.pool_size,
            timeout=self.timeout,
        )
