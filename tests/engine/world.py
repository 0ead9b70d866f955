"""A schema with every kind of field, and a world whose objects have any value at any place.

What a field of an object is depends on the world's seed, the object and the field alone, so
however and whenever it is asked for, it is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLUnionType,
    Undefined,
    build_schema,
)

from gateway.engine.batched import BATCHED, COLUMN, MEMBER, member

Info = GraphQLResolveInfo[Any]

KINDS = ("column", "member", "batched", "resolver", "default")

VALUES = {
    "Int": "Int",
    "IntNN": "Int!",
    "Float": "Float",
    "String": "String",
    "StringNN": "String!",
    "ID": "ID",
    "Boolean": "Boolean",
    "Color": "Color",
    "Money": "Money",
    "MoneyNN": "Money!",
    "Ints": "[Int]",
    "IntsNN": "[Int!]!",
    "Grid": "[[String!]]",
    "Colors": "[Color!]",
    "Cube": "[[[Float]!]!]",
    "Cat": "Cat",
    "CatNN": "Cat!",
    "Dog": "Dog",
    "Rock": "Rock!",
    "Cats": "[Cat]",
    "CatsNN": "[Cat!]!",
    "Dogs": "[Dog!]",
    "CatGrid": "[[Cat!]]!",
    "Being": "Being",
    "Beings": "[Being!]",
    "BeingsNN": "[Being]!",
    "Thing": "Thing",
    "Things": "[[Thing]!]",
    "Stream": "[Int]",
    "Streamed": "[Cat!]",
}
"""The fields of every type, by the end of their names, before which stands one of the kinds."""

ARGUMENTS = """
    i: Int = 5, n: Int! = 6, need: Int, f: Filter, fs: [Filter!], c: Color = RED, m: Money,
    s: String, ls: [[Int]]
"""

FIELDS = "\n".join(
    f"{kind}{name}: {type_}" for kind in KINDS for name, type_ in VALUES.items()
) + "\n".join(f"\n{kind}Echo({ARGUMENTS}): String" for kind in ("batched", "resolver"))

SDL = f"""
directive @experimental_disableErrorPropagation on QUERY | MUTATION
enum Color {{ RED GREEN BLUE }}
scalar Money
input Filter {{ color: Color = GREEN, least: Int! = 3, tags: [String!], inner: Filter, m: Money }}
interface Being {{ {FIELDS} }}
type Cat implements Being {{ {FIELDS} }}
type Dog implements Being {{ {FIELDS} }}
type Rock {{ {FIELDS} }}
union Thing = Cat | Dog | Rock
type Query {{ {FIELDS} }}
type Mutation {{ {FIELDS} }}
"""

COLORS = {"RED": 1, "GREEN": "green", "BLUE": (0, 0, 255)}


def mix(*parts: Any) -> int:
    return crc32(repr(parts).encode())


class Raised:
    """Instead of this value, the error is raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Later:
    """An awaitable of a value."""

    def __init__(self, value: Any, turns: int) -> None:
        self.value = value
        self.turns = turns

    def __await__(self) -> Generator[Any, None, Any]:
        for _ in range(self.turns):
            yield from asyncio.sleep(0).__await__()
        return given(self.value)

    def __repr__(self) -> str:
        return f"Later({self.value!r})"


def given(value: Any) -> Any:
    if isinstance(value, Raised):
        raise value.error
    return value


class Thing:
    """An object of the world, with its fields for attributes."""

    def __init__(self, world: World, type_name: str, key: int) -> None:
        self.world = world
        self.type_name = type_name
        self.key = key

    def get(self, name: str, default: Any = None) -> Any:
        if name == "__typename":
            return self.type_name if self.key % 3 else None
        return given(self.world.field(self, name))

    def __getattr__(self, name: str) -> Any:
        if name == "__typename" or (name in TYPES and self.key % 17):
            return self.get(name)
        raise AttributeError(f"{self!r} has no {name}")

    def __repr__(self) -> str:
        return f"<{self.type_name} {self.key}>"


class MappedThing(Thing, Mapping[str, Any]):
    """One whose fields are its items, and which has no others for attributes."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self!r} has no {name}")

    def __getitem__(self, name: str) -> Any:
        raise AssertionError("a column is read with get")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("an object is not read whole")

    def __len__(self) -> int:
        return 1


class World:
    """Objects and values by a seed. Of a thousand values, ``trouble`` are not as they should be."""

    def __init__(self, seed: int, *, trouble: int, asynchronous: bool) -> None:
        self.seed = seed
        self.trouble = trouble
        self.asynchronous = asynchronous
        self.shared = ValueError("the same error in several places")
        self.roots: list[str] = []

    def root(self) -> Thing:
        return self.thing("Query", self.seed)

    def thing(self, type_name: str, key: int) -> Thing:
        kind = Thing if mix(key, "kind") % 3 == 0 else MappedThing
        return kind(self, type_name, key)

    def document(self, key: int) -> dict[str, Any]:
        """A plain dictionary in place of a cat, with some of its fields."""
        held = {name: self.value(TYPES[name], mix(key, name)) for name in HELD}
        held = {name: _stored(value) for name, value in held.items()}
        return {name: held[name] for name in HELD if mix(key, name, "held") % 5}

    def field(self, thing: Thing, name: str) -> Any:
        if thing.type_name == "Query":
            self.roots.append(name)
        key = mix(self.seed, thing.key, name)
        if name.startswith("default") and key % 5 == 0:
            return lambda info: given(self.value(TYPES[info.field_name], key))
        return self.value(TYPES[name], key)

    def value(self, type_: GraphQLOutputType, key: int) -> Any:
        roll = mix(key, "roll") % 1000
        if roll < self.trouble:
            value = self.amiss(key)
        elif isinstance(type_, GraphQLNonNull):
            value = self.proper(type_.of_type, key)
        elif roll % 11 == 0:
            value = None
        else:
            value = self.proper(type_, key)
        if self.asynchronous and roll % 4 == 0:
            return Later(value, roll % 3)
        return value

    def amiss(self, key: int) -> Any:
        """Something that most fields can't be."""
        choices: Sequence[Any] = (
            None,
            None,
            Undefined,
            Raised(RuntimeError(f"raised {key}")),
            ValueError(f"returned {key}"),
            GraphQLError(f"coded {key}", extensions={"code": "AMISS"}),
            Raised(GraphQLError(f"raised and coded {key}", extensions={"code": "AMISS"})),
            self.shared,
            Raised(self.shared),
            "text",
            "12",
            3.0,
            2.5,
            float("nan"),
            2**40,
            True,
            b"bytes",
            {"a": 1},
            [1],
            self.thing("Rock", key),
            self.thing("Nothing", key),
            BrokenItems(key),
        )
        return choices[mix(key, "amiss") % len(choices)]

    def proper(self, type_: GraphQLOutputType, key: int) -> Any:
        if isinstance(type_, GraphQLList):
            return self.items(type_.of_type, key)
        if isinstance(type_, GraphQLEnumType):
            return list(COLORS.values())[key % 3]
        if isinstance(type_, GraphQLScalarType):
            return SCALARS[type_.name](key)
        names = [t.name for t in SCHEMA.get_possible_types(type_)] if is_abstract(type_) else []
        name = names[key % len(names)] if names else str(type_)
        if name == str(type_) == "Cat" and mix(key, "document") % 4 == 0:
            return self.document(key)
        return self.thing(name, key)

    def items(self, type_: GraphQLOutputType, key: int) -> Any:
        count = (0, 1, 1, 2, 2, 3)[key % 6]
        items = [self.value(type_, mix(key, i)) for i in range(count)]
        items = [_stored(item) for item in items]
        how = mix(key, "how") % 10
        if how == 0:
            return tuple(items)
        if how == 1:
            return iter(items)
        if self.asynchronous and how < 5:
            return self.stream(items, key)
        return items

    async def stream(self, items: list[Any], key: int) -> AsyncIterator[Any]:
        for item in items:
            if mix(key, "turn") % 2:
                await asyncio.sleep(0)
            yield item
        if mix(key, "end") % 1000 < self.trouble:
            raise RuntimeError(f"the stream broke {key}")


class BrokenItems:
    """Items of which the second can't be had."""

    def __init__(self, key: int) -> None:
        self.key = key

    def __iter__(self) -> Iterator[int]:
        yield 1
        raise RuntimeError(f"the items broke {self.key}")

    def __repr__(self) -> str:
        return f"BrokenItems({self.key})"


SCALARS: dict[str, Callable[[int], Any]] = {
    "Int": lambda key: key % 1000 - 500,
    "Float": lambda key: key % 1000 / 8 if key % 5 else key % 10,
    "String": lambda key: f"s{key % 100}" if key % 5 else key % 10,
    "ID": lambda key: f"id{key % 100}" if key % 5 else key % 10,
    "Boolean": lambda key: key % 2 == 0,
    "Money": lambda key: Decimal(key % 10_000) / 100,
}


def _stored(value: Any) -> Any:
    """The value where nothing can be raised in its place."""
    return value.error if isinstance(value, Raised) else value


def is_abstract(type_: Any) -> bool:
    return isinstance(type_, GraphQLInterfaceType | GraphQLUnionType)


def _serialize_money(value: Any) -> Any:
    if not isinstance(value, Decimal):
        raise TypeError(f"no money: {value!r}")
    if value == 13:
        return None
    return f"{value:.2f}"


def _parse_money(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise TypeError(f"no money: {value!r}")
    return Decimal(value)


def _echo(thing: Thing, arguments: Mapping[str, Any]) -> Any:
    key = mix(thing.world.seed, thing.key, "echo")
    if key % 1000 < thing.world.trouble:
        return Raised(RuntimeError(f"no echo {arguments!r}"))
    return f"{thing!r} {sorted(arguments.items())!r}"


def _make_schema() -> Any:
    schema = build_schema(SDL)
    types: Any = schema.type_map
    for name, value in COLORS.items():
        types["Color"].values[name].value = value
    types["Money"].coerce_output_value = _serialize_money
    types["Money"].coerce_input_value = _parse_money
    for name in ("Cat", "Dog", "Rock", "Query", "Mutation"):
        for field_name, field in types[name].fields.items():
            _bind(field_name, field)
    types["Dog"].is_type_of = _is_dog
    types["Rock"].is_type_of = _is_rock
    types["Being"].resolve_type = _type_of_being
    return schema


def _bind(name: str, field: GraphQLField) -> None:
    def value(thing: Thing, arguments: Mapping[str, Any]) -> Any:
        return _echo(thing, arguments) if arguments else thing.world.field(thing, name)

    def resolve(thing: Thing, info: Info, **arguments: Any) -> Any:
        assert info.field_name == name
        return given(value(thing, arguments))

    def resolve_batch(things: Sequence[Thing], info: Info, arguments: dict[str, Any]) -> Any:
        assert info.field_name == name
        values = []
        for thing in things:
            try:
                values.append(resolve(thing, info, **arguments))
            except Exception as error:
                values.append(error)
        world: World = info.context
        return Later(values, 1) if world.asynchronous and world.seed % 2 else values

    if not name.startswith("default"):
        field.resolve = resolve
    if name.startswith("column"):
        field.resolve = lambda thing, info: thing.get(name)
        field.extensions = {COLUMN: name}
    elif name.startswith("member"):
        field.resolve = lambda thing, info: member(thing, name)
        field.extensions = {MEMBER: name}
    elif name.startswith("batched"):
        field.extensions = {BATCHED: resolve_batch}


def _verdict(value: Any, info: Info, verdict: Any, key: int) -> Any:
    world: World = info.context
    roll = mix(world.seed, key, "verdict") % 1000
    answer = Raised(RuntimeError(f"can't tell {value!r}")) if roll < world.trouble else verdict
    return Later(answer, 1) if world.asynchronous and roll % 2 else given(answer)


def _is_dog(value: Any, info: Info) -> Any:
    key = value.key if isinstance(value, Thing) else 0
    return _verdict(value, info, getattr(value, "type_name", None) == "Dog", key)


def _is_rock(value: Any, info: Info) -> Any:
    return getattr(value, "type_name", None) == "Rock"


def _type_of_being(value: Any, info: Info, type_: Any) -> Any:
    name = getattr(value, "type_name", None)
    key = getattr(value, "key", 0)
    world: World = info.context
    if mix(key, "type") % 1000 < world.trouble:
        name = ("Rock", "Being", "Unknown", None, 7)[key % 5]
    return _verdict(value, info, name, key)


SCHEMA = _make_schema()

TYPES = {name: field.type for name, field in SCHEMA.type_map["Cat"].fields.items()}

HELD = tuple(
    name
    for name, type_ in TYPES.items()
    if name.startswith(("column", "member")) and "[" not in str(type_)
)
"""The fields that a plain dictionary has: no lists, since some of those are read only once."""
