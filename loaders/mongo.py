"""MongoDB through Motor, which lives in this file alone."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from struct import Struct
from typing import Annotated, Any, ClassVar

import pymongo
from bson import ObjectId
from bson.binary import UuidRepresentation
from bson.codec_options import (
    CodecOptions,
    DatetimeConversion,
    TypeCodec,
    TypeDecoder,
    TypeRegistry,
)
from bson.datetime_ms import DatetimeMS
from bson.dbref import DBRef
from bson.decimal128 import Decimal128
from bson.errors import BSONError, InvalidBSON
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.regex import Regex
from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pydantic import Field, SecretStr
from pymongo.errors import (
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from loaders.asks import Answer, Ask, Found, Key, answered, nothing_of
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import (
    BadResponse,
    SourceBusy,
    SourceTimeout,
    SourceUnavailable,
    UnfitValue,
    Unreadable,
)
from loaders.kinds import Kind, address
from loaders.mongo_catalog import described
from loaders.mongo_statement import (
    Stages,
    any_of,
    grouping,
    listing,
    matching_of,
    of_each,
    of_each_apart,
    projected,
    sorted_by,
)
from loaders.paths import paths_of, spread
from loaders.resource import Resource, Row
from loaders.sources import Capabilities, Translated
from loaders.texts import TEXTS, time_text

REFUSALS = frozenset({11, 18})
"""The codes of UserNotFound and AuthenticationFailed: the server works, but not for us."""

WITH_VALUES = frozenset({2, 9, 14, 22, 31, 96, 121, 241})
"""The codes, of those below 10000, whose messages can hold values: BadValue, FailedToParse,
TypeMismatch, InvalidBSON, Location31, OperationFailed, DocumentValidationFailure,
ConversionFailure. From 10000 on they are single places in MongoDB's code, and taken to do so."""

LONGEST_REASON = 300

MOMENT = 0.05
"""Seconds of a call that pass before it is sent."""

Document = dict[str, object]

THREADS = int(os.environ.get("MOTOR_MAX_WORKERS") or (os.cpu_count() or 1) * 5)
"""Those that Motor has for the calls of all its clients (its documentation, "Thread pool"). With
more calls than that under way, the others would wait where nobody sees it."""

REGEX_FLAGS = {re.I: "i", re.M: "m", re.S: "s", re.U: "u", re.X: "x"}


def _timestamp_text(value: Timestamp) -> str:
    return time_text(value.as_datetime())


def _regex_text(value: Regex[str]) -> str:
    flags = "".join(letter for flag, letter in REGEX_FLAGS.items() if value.flags & flag)
    return f"/{value.pattern}/{flags}"


def _no_text(value: object) -> str:
    raise ValueError(f"{type(value).__name__} has no text")


TEXTS[Timestamp] = _timestamp_text
TEXTS[Regex] = _regex_text
TEXTS |= dict.fromkeys((MinKey, MaxKey, DBRef), _no_text)

HALVES = Struct("<QQ")
LARGEST_SIGNIFICAND = 10**34 - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class MongoCollection(Resource):
    """A collection. Its documents are the rows; a column is a field of theirs."""

    key: str = "_id"
    key_type: type = ObjectId


class _DecimalCodec(TypeCodec):
    """BSON's Decimal128 as Python's Decimal, both ways."""

    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        # Six times as fast as to_decimal(), which for a page of prices is most of its decoding:
        # by way of a text for the usual form (BSON's specification; IEEE 754-2008, 3.5.2, binary
        # encoding), which is any number of up to 34 digits.
        low, high = HALVES.unpack(value.bid)
        significand = (high & 0x1_FFFF_FFFF_FFFF) << 64 | low
        if high >> 61 & 3 == 3 or significand > LARGEST_SIGNIFICAND:
            return value.to_decimal()
        sign = "-" if high >> 63 else ""
        return Decimal(f"{sign}{significand}E{(high >> 49 & 0x3FFF) - 6176}")


class _OutOfRange(TypeDecoder):
    """What the driver makes of a time that Python has none for."""

    bson_type = DatetimeMS

    def __init__(self, source: str) -> None:
        self._source = source

    def transform_bson(self, value: DatetimeMS) -> Unreadable:
        return Unreadable(self._source, "a date outside the years 1 to 9999")


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
        self._errors = Translated(self._translate)
        self._codec_options: CodecOptions[Document] = CodecOptions(
            tz_aware=True,
            uuid_representation=UuidRepresentation.STANDARD,
            datetime_conversion=DatetimeConversion.DATETIME_AUTO,
            # A text that is not UTF-8 is read, and can't be shown.
            unicode_decode_error_handler="surrogateescape",
            type_registry=TypeRegistry([_DecimalCodec(), _OutOfRange(name)]),
        )
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

    async def check(self) -> None:
        with self._errors:
            await self._collections().command("ping")

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        with self._errors:
            return await described(self._collections().command, resource.name)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        left = attempt.left(inf)
        asked = self._rows if ask.wants.columns else self._values
        if left >= self.timeout - MOMENT:
            # The client's own time is the same, and setting it anew is not for nothing.
            return await asked(ask, keys, attempt)
        # What is left is the server's time, too, and that of the thread in which the driver waits.
        with pymongo.timeout(left):
            return await asked(ask, keys, attempt)

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
            return [Found(each) for each in listed]
        matching = matching_of(any_of(rows.by, keys), rows)
        words = "find", matching, projection
        with (
            attempt.call(ask, keys, statement=_Shown(*words), shape=_Shape(*words)) as call,
            self._errors,
        ):
            cursor = self._collections()[rows.resource.name].find(matching, projection)
            if rows.window.order:
                cursor = cursor.sort(list(sorted_by(rows.window.order).items()))
            if rows.window.limit is not None:
                cursor = cursor.limit(rows.window.limit)
            found: list[Document] = await cursor.to_list(None)
            call.rows = len(found)
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
        nothing, names = nothing_of(ask.wants), [f"a{index}" for index in range(len(aggregates))]
        return [
            nothing if each is None else Found((), [each[name] for name in names]) for each in found
        ]

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
            attempt.call(ask, keys, statement=_Shown(*words), shape=_Shape(*words)) as call,
            self._errors,
        ):
            database = self._collections()
            asked = database if of_database else database[ask.resource.name]
            rows: list[Document] = await asked.aggregate(pipeline).to_list(None)
            call.rows = len(rows)
            return rows

    def _collections(self) -> AsyncIOMotorDatabase[Document]:
        if self._client is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        return self._client.get_database(self._database, codec_options=self._codec_options)

    def _translate(self, error: BaseException) -> Exception | None:
        match error:
            case InvalidBSON():
                said = f"The source '{self.name}' sent a value that can't be read."
                return BadResponse(self.name, said, reason=type(error).__name__)
            case BSONError() | ArithmeticError() | UnicodeEncodeError():
                # Decimal128 raises decimal's errors, which are arithmetic ones as OverflowError is.
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


class _Shown:
    """A command as explain shows it. Its keys are many, and few look."""

    def __init__(self, name: str, *documents: object) -> None:
        self._name = name
        self._documents = documents

    def __str__(self) -> str:
        return " ".join((self._name, *map(self._written, self._documents)))

    def _written(self, document: object) -> str:
        return repr(document)


class _Shape(_Shown):
    """The same with a question mark for each value, as the log has it."""

    def _written(self, document: object) -> str:
        return _without_values(document)


def _without_values(value: object) -> str:
    if isinstance(value, dict):
        inner = (f"{name}: {_without_values(each)}" for name, each in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        # Stages, or alternatives; documents of keys are alike, and many.
        return f"[{', '.join(dict.fromkeys(map(_without_values, value)))}]"
    return "?"


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
