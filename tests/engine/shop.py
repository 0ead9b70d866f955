"""The shop's graph over sources that make their rows up: nulls, errors and wrong types at random
places, the same each time for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType, SimpleNamespace
from typing import Any, ClassVar

from bson import ObjectId
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
)
from strawberry.types import ExecutionResult
from strawberry.utils.str_converters import to_camel_case

from gateway.settings import Settings
from gateway.stages import OperationRequest, Rest, Result, Send
from loaders.asks import Answer, Ask, Found, Key
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse, SourceTimeout, SourceUnavailable
from loaders.query import Aggregate, Function
from loaders.resource import Resource, Row
from loaders.sources import Capabilities
from resolvers.columns import column_name, columns_of
from resolvers.connections import Connected
from resolvers.fields import FetchedField, definition_of
from resolvers.relations import Many, One
from schema.build import schema
from tests.engine.world import mix

GRAPH = schema
SCHEMA = GRAPH._schema

TYPES: dict[tuple[Resource, str], GraphQLOutputType] = {}
"""What the columns that are fields should hold."""

KEYS: dict[tuple[Resource, str], type] = {}
"""The Python types of the columns that relations go by."""

NATURAL = frozenset({"sku", "email", "number", "slug", "code"})
"""The names of columns by which clients look for an object."""

UNIQUE: set[tuple[Resource, str]] = set()
"""The columns, beside the keys, by which a row is had: no two rows have the same there."""


def _learn() -> None:
    for type_ in GRAPH.node_types.values():
        for field in definition_of(type_).fields:
            if field.python_name in NATURAL:
                UNIQUE.add((type_.resource, field.python_name))
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
                    UNIQUE.add((target, to or target.key))
                case Many(by=by) | Connected(by=str(by)):
                    KEYS[field.target.resource, by] = type_.resource.key_type


_learn()

DOCUMENTS = {
    type_.name
    for type_ in map(get_named_type, TYPES.values())
    if isinstance(type_, GraphQLObjectType)
}
"""The types of embedded documents."""


def _same(one: tuple[Any, ...], other: Key) -> bool:
    return one == other and [*map(type, one)] == [*map(type, other)]


def key_of(kind: type, number: int) -> Any:
    """One of five keys of the type."""
    if kind is ObjectId:
        return ObjectId(bytes(11) + bytes([number % 5]))
    return number % 5 + 1 if kind is int else f"K{number % 5}"


class MadeUp:
    """A source whose rows come from the world's seed. Each resource has a row at most for each of
    its five keys, which is the same by whatever road it is had."""

    kind = "made up"
    timeout = 60.0

    def __init__(self, name: str, world: ShopWorld) -> None:
        self.name = name
        self.can = Capabilities(together=name != "catalog", batch_size=3)
        self.world = world

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def check(self) -> None: ...

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        return Description(kind="rows that are made up", is_open=True)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        resource, wants = ask.resource, ask.wants
        place = self._roll(resource, "breaks")
        if self._is_amiss(place):
            raise self._error(place)
        found: list[Found | Exception] = []
        for key in keys:
            # That a list fails is no row's error, so it tells of none by another road; nor is it
            # that of what was asked for with it, since engines ask for different things together.
            place = self._roll(resource, key, repr(ask.rows.window), "list")
            rows: Sequence[Row] | Exception = ()
            if wants.columns:
                fails = not ask.rows.unique and self._is_amiss(place)
                rows = self._error(place) if fails else self._rows(ask, key, place)
            values = [
                self._aggregated(each, self._roll(resource, key, str(each)))
                for each in wants.aggregates
            ]
            found.append(Found(rows, values))
        return found

    def _aggregated(self, aggregate: Aggregate, place: int) -> Any:
        if aggregate.function is Function.COUNT:
            return place % 50
        return (None, 2.5, Decimal("12.40"), 3)[place % 4]

    def _rows(self, ask: Ask, key: Key, place: int) -> list[dict[str, Any]]:
        rows = [
            row
            for number in range(5)
            if (row := self._row(ask, number))
            and _same(tuple(row[column] for column in ask.rows.by), key)
        ]
        rows.sort(key=lambda row: mix(place, repr(row[ask.resource.key])))
        return rows[: 1 if ask.rows.unique else ask.rows.window.limit]

    def _row(self, ask: Ask, number: int) -> dict[str, Any] | None:
        resource = ask.resource
        key, place = key_of(resource.key_type, number), self._roll(resource, "row", number)
        if place % 8 == 0:
            return None
        columns = ask.wants.columns.union(ask.rows.by)
        row = {column: self._value(resource, column, mix(place, column)) for column in columns}
        # Sources see to it that rows have their key, and their own of what is unique.
        unique = {each: f"K{number}" for each in columns if (resource, each) in UNIQUE}
        return {**row, **unique, resource.key: key}

    def _value(self, resource: Resource, column: str, place: int) -> Any:
        kind = KEYS.get((resource, column))
        type_ = TYPES.get((resource, column))
        if self._is_amiss(place):
            return self._amiss(type_, place)
        if kind is not None:
            return key_of(kind, place) if place % 6 else None
        return self._proper(type_, place) if type_ is not None else f"{column} {place % 9}"

    def _proper(self, type_: GraphQLOutputType, place: int) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._given(type_.of_type, place)
        return self._given(type_, place) if place % 4 else None

    def _given(self, type_: Any, place: int) -> Any:
        if isinstance(type_, GraphQLList):
            return [self._item(type_.of_type, mix(place, i)) for i in range(place % 3)]
        if isinstance(type_, GraphQLObjectType):
            return self._document(type_, place)
        if isinstance(type_, GraphQLEnumType):
            return list(type_.values)[place % len(type_.values)]
        return PROPER[type_.name](place)

    def _document(self, type_: GraphQLObjectType, place: int) -> Any:
        values = {
            field.extensions["strawberry-definition"].python_name: self._item(
                field.type, mix(place, name)
            )
            for name, field in type_.fields.items()
        }
        kind = mix(place, "kind") % 8
        if kind in (0, 1):
            del values[list(values)[place % len(values)]]
        if kind == 2:
            return MappingProxyType(values)
        return SimpleNamespace(**values) if kind == 3 else values

    def _item(self, type_: GraphQLOutputType, place: int) -> Any:
        return self._amiss(type_, place) if self._is_amiss(place) else self._proper(type_, place)

    def _amiss(self, type_: GraphQLOutputType | None, place: int) -> Any:
        named = get_named_type(type_)
        choices = NO_DOCUMENTS if isinstance(named, GraphQLObjectType) else AMISS
        return choices[place % len(choices)]

    def _roll(self, *parts: Any) -> int:
        return mix(self.world.seed, self.name, *map(str, parts))

    def _is_amiss(self, place: int) -> bool:
        return mix(place, "amiss") % 1000 < self.world.trouble

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


NO_DOCUMENTS = (
    "text",
    b"bytes",
    7,
    True,
    2.5,
    [1],
    ["text", None, {"color": "red"}, 7],
    {"a": 1},
    None,
    SimpleNamespace(url="https://example.com/1", width=1, color="red", width_mm=2),
    ValueError("a document that is an error"),
    Decimal("1.5"),
)
"""What stands in place of a document, or of a list of them."""


class ShopWorld:
    """What the sources go by."""

    def __init__(self) -> None:
        self.seed = 0
        self.trouble = 0
        configured = {each.resource.source for each in GRAPH.node_types.values()}
        self.sources = [MadeUp(name, self) for name in sorted(configured)]

    def settings(self, engine: str, **authorization: bool) -> Settings:
        stages = [{"stage": f"{__name__}:AsRaised", "before": "execute"}]
        # Its sources take no time: what does is a machine that stands still.
        limits = {"request_seconds": 3600, "cost": 10**9}
        return Settings.of(
            engine=engine,
            environment="development",
            stages=stages,
            limits=limits,
            authorization=authorization,
        )


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
