"""MongoDB through Motor, which lives in this file alone.

Client values only ever stand where an operator of ours expects a value (``{"$eq": value}``), so
a document from a client can't become an operator.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from struct import Struct
from typing import Annotated, Any, ClassVar

from bson import ObjectId
from bson.codec_options import TypeCodec, TypeRegistry
from bson.decimal128 import Decimal128
from bson.errors import BSONError, InvalidBSON
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import Field, SecretStr
from pymongo.errors import (
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from loaders.base import Columns, Recorder, Resource, Row, Translated
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse, SourceTimeout, SourceUnavailable, UnfitValue
from loaders.kinds import Kind, address
from loaders.mongo_catalog import described
from loaders.query import (
    Aggregate,
    And,
    Comparison,
    Filter,
    Function,
    Not,
    Operator,
    Or,
    Order,
    Window,
    Within,
    conjuncts,
    past,
)

BATCH_SIZE = 500

REFUSALS = frozenset({11, 18})
"""The codes of UserNotFound and AuthenticationFailed: the server works, but not for us."""

WITH_VALUES = frozenset({2, 9, 14, 22, 31, 96, 121, 241})
"""The codes, of those below 10000, whose messages can hold values: BadValue, FailedToParse,
TypeMismatch, InvalidBSON, Location31, OperationFailed, DocumentValidationFailure,
ConversionFailure. From 10000 on they are single places in MongoDB's code, and taken to do so."""

LONGEST_REASON = 300

COMPARE = {
    Operator.EQ: "$eq",
    Operator.NE: "$ne",
    Operator.IN: "$in",
    Operator.NOT_IN: "$nin",
    Operator.GT: "$gt",
    Operator.GTE: "$gte",
    Operator.LT: "$lt",
    Operator.LTE: "$lte",
}


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

    def transform_python(self, value: Any) -> Any:
        return Decimal128(value)

    def transform_bson(self, value: Any) -> Any:
        # Six times as fast as to_decimal(), which for a page of prices is most of its decoding:
        # by way of a text for the usual form (BSON's specification; IEEE 754-2008, 3.5.2, binary
        # encoding), which is any number of up to 34 digits.
        low, high = HALVES.unpack(value.bid)
        significand = (high & 0x1_FFFF_FFFF_FFFF) << 64 | low
        if high >> 61 & 3 == 3 or significand > LARGEST_SIGNIFICAND:
            return value.to_decimal()
        sign = "-" if high >> 63 else ""
        return Decimal(f"{sign}{significand}E{(high >> 49 & 0x3FFF) - 6176}")


class MongoSource:
    """A client of one database. ``timeout`` (seconds) bounds each call, on the server too."""

    joins = False

    def __init__(
        self, name: str, url: str, *, database: str, pool_size: int = 50, timeout: float = 10.0
    ) -> None:
        self.name = name
        self._url = url
        self._database = database
        self._pool_size = pool_size
        self._timeout = timeout
        self._client: Any = None
        self._errors = Translated(self._translate)

    def batch_size(self, resource: Resource, column: str) -> int:
        return BATCH_SIZE

    async def open(self) -> None:
        # The client connects when it is first used.
        self._client = AsyncIOMotorClient(
            self._url,
            maxPoolSize=self._pool_size,
            timeoutMS=int(self._timeout * 1000),
            serverSelectionTimeoutMS=min(3000, int(self._timeout * 1000)),
            tz_aware=True,
            uuidRepresentation="standard",
            type_registry=TypeRegistry([_DecimalCodec()]),
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

    async def fetch_by_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Row | Exception]:
        chosen, window = {column: {"$in": list(keys)}}, Window(filter=filter)
        rows = await self._find(resource, columns, chosen, window, recorder, len(keys))
        return {row[column]: row for row in rows}

    async def fetch_by_foreign_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        window: Window,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Row]]:
        if window.limit is None:
            chosen = {column: {"$in": list(keys)}}
            rows = await self._find(resource, columns, chosen, window, recorder, len(keys))
        else:
            # Each key's own match, sort and limit, which an index on (key, order) serves, all in
            # one aggregation: MongoDB's lateral join.
            pipeline: list[dict[str, Any]] = [
                {"$documents": [{"key": {"$literal": key}} for key in keys]},
                {
                    "$lookup": {
                        "from": resource.name,
                        "localField": "key",
                        "foreignField": column,
                        "pipeline": _stages(columns, window),
                        "as": "row",
                    }
                },
                {"$unwind": "$row"},
                {"$replaceRoot": {"newRoot": "$row"}},
            ]
            rows = await self._aggregate(
                resource, columns, pipeline, recorder, len(keys), of_database=True
            )
        groups: dict[Any, list[Row]] = {}
        for row in rows:
            groups.setdefault(row[column], []).append(row)
        return groups

    async def fetch_page(
        self, resource: Resource, columns: Columns, window: Window, recorder: Recorder
    ) -> Sequence[Row]:
        return await self._find(resource, columns, {}, window, recorder)

    async def aggregate(
        self,
        resource: Resource,
        column: str | None,
        keys: Sequence[Any],
        aggregates: Sequence[Aggregate],
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Any]]:
        chosen = {} if column is None else {column: {"$in": list(keys)}}
        group: dict[str, Any] = {"_id": None if column is None else f"${column}"}
        for index, each in enumerate(aggregates):
            counted = each.function is Function.COUNT
            group[f"a{index}"] = (
                {"$sum": 1} if counted else {f"${each.function}": f"${each.column}"}
            )
        pipeline = [{"$match": _matching(chosen, Window(filter=filter))}, {"$group": group}]
        named = {each.column for each in aggregates if each.column} | (
            {column} if column else set()
        )
        rows = await self._aggregate(resource, named, pipeline, recorder, len(keys))
        return {row["_id"]: [row[f"a{index}"] for index in range(len(aggregates))] for row in rows}

    async def _find(
        self,
        resource: Resource,
        columns: Columns,
        chosen: dict[str, Any],
        window: Window,
        recorder: Recorder,
        keys: int = 0,
    ) -> list[Row]:
        matching = _matching(chosen, window)
        projection = _projected(columns)
        words = "find", matching, projection
        with (
            recorder.call(
                resource, columns, keys=keys, statement=_Shown(*words), shape=_Shape(*words)
            ) as call,
            self._errors,
        ):
            cursor = self._collections()[resource.name].find(matching, projection)
            if window.order:
                cursor = cursor.sort(list(_sorted_by(window.order).items()))
            if window.limit is not None:
                cursor = cursor.limit(window.limit)
            rows: list[Row] = [] if window.limit == 0 else await cursor.to_list(None)
            call.rows = len(rows)
            return rows

    async def _aggregate(
        self,
        resource: Resource,
        columns: Columns,
        pipeline: list[dict[str, Any]],
        recorder: Recorder,
        keys: int,
        *,
        of_database: bool = False,
    ) -> list[Row]:
        words = "aggregate", pipeline
        with (
            recorder.call(
                resource, columns, keys=keys, statement=_Shown(*words), shape=_Shape(*words)
            ) as call,
            self._errors,
        ):
            database = self._collections()
            asked = database if of_database else database[resource.name]
            rows: list[Row] = await asked.aggregate(pipeline).to_list(None)
            call.rows = len(rows)
            return rows

    def _collections(self) -> Any:
        if self._client is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        return self._client[self._database]

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
        servers = self._client.topology_description.server_descriptions().values()
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

    def __init__(self, *words: Any) -> None:
        self._words = words

    def __str__(self) -> str:
        name, *documents = self._words
        return " ".join((name, *map(self._written, documents)))

    def _written(self, document: Any) -> str:
        return repr(document)


class _Shape(_Shown):
    """The same with a question mark for each value, as the log has it."""

    def _written(self, document: Any) -> str:
        return _without_values(document)


def _without_values(value: Any) -> str:
    if isinstance(value, dict):
        inner = (f"{name}: {_without_values(each)}" for name, each in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        # Stages, or alternatives; documents of keys are alike, and many.
        return f"[{', '.join(dict.fromkeys(map(_without_values, value)))}]"
    return "?"


def _projected(columns: Columns) -> dict[str, int]:
    projection = dict.fromkeys(sorted(columns), 1)
    projection.setdefault("_id", 0)
    return projection


def _sorted_by(order: tuple[Order, ...]) -> dict[str, int]:
    return {part.column: -1 if part.descending else 1 for part in order}


def _matching(chosen: dict[str, Any], window: Window) -> dict[str, Any]:
    place = None if window.after is None else past(window.order, window.after)
    # As much as can be in one document, where each name stands once: not every server looks for
    # an index below $and.
    merged, others = dict(chosen), []
    for part in (*conjuncts(window.filter), *conjuncts(place)):
        condition = _condition(part)
        if merged.keys().isdisjoint(condition):
            merged |= condition
        else:
            others.append(condition)
    return {**merged, "$and": others} if others else merged


def _stages(columns: Columns, window: Window) -> list[dict[str, Any]]:
    stages: list[dict[str, Any]] = [{"$match": _matching({}, window)}]
    if window.order:
        stages.append({"$sort": _sorted_by(window.order)})
    stages.append({"$limit": window.limit})
    stages.append({"$project": _projected(columns)})
    return stages


def _condition(filter: Filter) -> dict[str, Any]:
    match filter:
        case And(parts):
            return {"$and": [_condition(part) for part in parts]} if parts else {}
        case Or(parts):
            # MongoDB takes no empty $or; of no alternatives, none matches.
            return {"$or": [_condition(part) for part in parts]} if parts else {"_id": {"$in": []}}
        case Not(part):
            return {"$nor": [_condition(part)]}
        case Comparison(column, Operator.IS_NULL, value):
            return {column: {"$eq": None} if value else {"$ne": None}}
        case Comparison(column, Operator.CONTAINS, value):
            return {column: {"$regex": re.escape(value), "$options": "i"}}
        case Comparison(column, Operator.STARTS_WITH, value):
            return {column: {"$regex": f"^{re.escape(value)}", "$options": "i"}}
        case Comparison(column, operator, value):
            if operator in (Operator.IN, Operator.NOT_IN):
                value = list(value)
            return {column: {COMPARE[operator]: value}}
        case Within():
            raise NotImplementedError("MongoDB's filters join nothing")


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
