"""The shop's graph over sources that make their rows up: nulls, errors and wrong types at random
places, the same each time for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from bson import ObjectId
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
)
from strawberry.types import ExecutionResult
from strawberry.utils.str_converters import to_camel_case

from gateway.settings import Settings
from gateway.stages import OperationRequest, Rest, Result, Send
from loaders.base import Columns, Recorder, Resource, Row
from loaders.errors import BadResponse, SourceTimeout, SourceUnavailable
from loaders.query import Aggregate, Filter, Function, Window
from loaders.registry import Sources
from resolvers.connections import Connected
from resolvers.fields import FetchedField, column_name, columns_of, definition_of
from resolvers.relations import Many, One
from schema.build import schema
from tests.engine.world import mix

GRAPH = schema
SCHEMA = GRAPH._schema

TYPES: dict[tuple[Resource, str], GraphQLOutputType] = {}
"""What the columns that are fields should hold."""

KEYS: dict[tuple[Resource, str], type] = {}
"""The Python types of the columns that relations go by."""


def _learn() -> None:
    for name, type_ in GRAPH.node_types.items():
        KEYS[type_.resource, type_.resource.key] = type_.resource.key_type
        shown: Any = SCHEMA.type_map[name]
        for field, spec in columns_of(type_):
            graphql_name = field.graphql_name or to_camel_case(field.python_name)
            TYPES[type_.resource, column_name(field, spec)] = shown.fields[graphql_name].type
        for field in definition_of(type_).fields:
            if not isinstance(field, FetchedField):
                continue
            match field.fetch:
                case One(by=by, to=to):
                    target = field.target.resource
                    kind = str if to is not None else target.key_type
                    KEYS[type_.resource, by] = KEYS[target, to or target.key] = kind
                case Many(by=by) | Connected(by=str(by)):
                    KEYS[field.target.resource, by] = type_.resource.key_type


_learn()


def key_of(kind: type, number: int) -> Any:
    """One of five keys of the type."""
    if kind is ObjectId:
        return ObjectId(bytes(11) + bytes([number % 5]))
    return number % 5 + 1 if kind is int else f"K{number % 5}"


class MadeUp:
    """A source whose rows come from the world's seed."""

    def __init__(self, name: str, world: ShopWorld, *, joins: bool) -> None:
        self.name = name
        self.joins = joins
        self.world = world

    def batch_size(self, resource: Resource, column: str) -> int:
        return 3

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def check(self) -> None: ...

    async def fetch_by_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Row | Exception]:
        self._break(resource, column)
        found: dict[Any, Row | Exception] = {}
        for key in keys:
            place = self._roll(resource, column, key)
            if self._is_amiss(place):
                found[key] = self._error(place)
            elif place % 8:
                found[key] = {**self._row(resource, columns, place), column: key}
        return found

    async def fetch_by_foreign_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        window: Window,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Row] | Exception]:
        self._break(resource, column)
        found: dict[Any, Sequence[Row] | Exception] = {}
        for key in keys:
            place = self._roll(resource, column, key, repr(window))
            if self._is_amiss(place):
                found[key] = self._error(place)
            else:
                rows = self._rows(resource, columns, window, place)
                found[key] = [{**row, column: key} for row in rows]
        return found

    async def fetch_page(
        self, resource: Resource, columns: Columns, window: Window, recorder: Recorder
    ) -> Sequence[Row]:
        self._break(resource, "page")
        place = self._roll(resource, "page", repr(window))
        return self._rows(resource, columns, window, place)

    async def aggregate(
        self,
        resource: Resource,
        column: str | None,
        keys: Sequence[Any],
        aggregates: Sequence[Aggregate],
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Any]]:
        self._break(resource, f"aggregate {column}")
        return {
            key: [
                self._aggregated(each, self._roll(resource, key, str(each))) for each in aggregates
            ]
            for key in ([None] if column is None else keys)
        }

    def _aggregated(self, aggregate: Aggregate, place: int) -> Any:
        if aggregate.function is Function.COUNT:
            return place % 50
        return (None, 2.5, Decimal("12.40"), 3)[place % 4]

    def _rows(
        self, resource: Resource, columns: Columns, window: Window, place: int
    ) -> list[dict[str, Any]]:
        count = place % 4 if window.limit is None else min(place % 4, window.limit)
        return [self._row(resource, columns, mix(place, index)) for index in range(count)]

    def _row(self, resource: Resource, columns: Columns, place: int) -> dict[str, Any]:
        row = {column: self._value(resource, column, mix(place, column)) for column in columns}
        # Sources see to it that rows have their key.
        return {**row, resource.key: key_of(resource.key_type, place)}

    def _value(self, resource: Resource, column: str, place: int) -> Any:
        kind = KEYS.get((resource, column))
        if self._is_amiss(place):
            return AMISS[place % len(AMISS)]
        if kind is not None:
            return key_of(kind, place) if place % 6 else None
        type_ = TYPES.get((resource, column))
        return self._proper(type_, place) if type_ is not None else f"{column} {place % 9}"

    def _proper(self, type_: GraphQLOutputType, place: int) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._given(type_.of_type, place)
        return self._given(type_, place) if place % 4 else None

    def _given(self, type_: Any, place: int) -> Any:
        if isinstance(type_, GraphQLList):
            return [self._item(type_.of_type, mix(place, i)) for i in range(place % 3)]
        if isinstance(type_, GraphQLObjectType):
            return {
                field.extensions["strawberry-definition"].python_name: self._item(
                    field.type, mix(place, name)
                )
                for name, field in type_.fields.items()
            }
        if isinstance(type_, GraphQLEnumType):
            return list(type_.values)[place % len(type_.values)]
        return PROPER[type_.name](place)

    def _item(self, type_: GraphQLOutputType, place: int) -> Any:
        if self._is_amiss(place):
            return AMISS[place % len(AMISS)]
        return self._proper(type_, place)

    def _roll(self, *parts: Any) -> int:
        return mix(self.world.seed, self.name, *map(str, parts))

    def _is_amiss(self, place: int) -> bool:
        return mix(place, "amiss") % 1000 < self.world.trouble

    def _break(self, resource: Resource, road: str) -> None:
        place = self._roll(resource, road, "breaks")
        if self._is_amiss(place):
            raise self._error(place)

    def _error(self, place: int) -> Exception:
        if place % 3 == 0:
            return BadResponse(self.name, "The source sent nonsense.")
        return (SourceTimeout, SourceUnavailable)[place % 2](self.name)


PROPER: dict[str, Any] = {
    "String": lambda place: f"text {place % 90}",
    "ID": lambda place: f"id {place % 90}",
    "Int": lambda place: place % 1000,
    "Float": lambda place: place % 1000 / 8,
    "Boolean": lambda place: place % 2 == 0,
    "Decimal": lambda place: Decimal(place % 100_000) / 100,
    "DateTime": lambda place: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=place % 9999),
    "Date": lambda place: date(2026, 1, 1) + timedelta(days=place % 300),
    "URL": lambda place: f"https://example.com/{place % 90}",
}

AMISS = (
    None,
    "text",
    "12",
    2.5,
    float("nan"),
    2**40,
    True,
    b"bytes",
    {"a": 1},
    [1],
    [None],
    Decimal("NaN"),
    datetime(2026, 1, 1),
    ValueError("a value that is an error"),
)


class ShopWorld:
    """What the sources go by."""

    def __init__(self) -> None:
        self.seed = 0
        self.trouble = 0
        configured = {each.resource.source for each in GRAPH.node_types.values()}
        self.sources = Sources(
            [MadeUp(name, self, joins=name == "shop") for name in sorted(configured)]
        )

    def settings(self, engine: str) -> Settings:
        stages = [{"stage": f"{__name__}:AsRaised", "before": "execute"}]
        return Settings.of(engine=engine, environment="development", stages=stages)


class AsRaised:
    """A stage that keeps the errors of the last operation as they were raised: which of many alike
    ones clients are told depends on their order, which is not the same in both engines."""

    errors: ClassVar[Sequence[GraphQLError]] = ()

    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        async def keep(result: Result) -> None:
            assert isinstance(result, ExecutionResult)
            AsRaised.errors = result.errors or ()
            await send(ExecutionResult(result.data, None))

        AsRaised.errors = ()
        await rest(operation, keep)
