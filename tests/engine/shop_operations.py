"""Operations for the shop's graph, made by Hypothesis: valid ones, by any of its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from resolvers.ids import global_id
from tests.engine.choices import Choices
from tests.engine.operations import Operation
from tests.engine.shop import DOCUMENTS, GRAPH, SCHEMA, key_of
from tests.engine.world import mix

LITERALS: dict[str, tuple[str, ...]] = {
    "Int": ("2", "1", "3", "0", "null", "$n", "-1"),
    "Float": ("1.5", "null"),
    "String": ('"K1"', '"text"', '"e"', "null"),
    "Boolean": ("true", "false", "null"),
    "Decimal": ('"12.50"', '"0"', "null"),
    "DateTime": ('"2026-01-02T00:00:00Z"', "null"),
    "Date": ('"2026-01-02"', "null"),
}

CURSORS = ("after", "before")

CONDITIONS = (" @include(if: $yes)", " @skip(if: $yes)", " @skip(if: false)", " @include(if: true)")

VARIABLES = {"n": "Int = 2", "yes": "Boolean!"}


def shop_operations() -> st.SearchStrategy[Operation]:
    return st.binary(min_size=200, max_size=600).map(
        lambda choices: _Writer(iter(choices)).operation()
    )


@dataclass
class _Writer(Choices):
    left: int = 50

    def operation(self) -> Operation:
        query = SCHEMA.query_type
        assert query is not None
        body = self.selection(query, 6, "", least=2)
        used = [name for name in VARIABLES if f"${name}" in body]
        head = ", ".join(f"${name}: {VARIABLES[name]}" for name in used)
        values: dict[str, Any] = {"n": self.one((1, 3, None)), "yes": self.chance(2)}
        if self.chance(2):
            del values["n"]
        given = {name: value for name, value in values.items() if name in used}
        return Operation(f"query {f'({head}) ' if head else ''}{body}", given)

    def selection(self, on: GraphQLObjectType, depth: int, prefix: str, least: int = 1) -> str:
        parts = [self.part(on, depth, prefix) for _ in range(self.number(least, least + 3))]
        return "{ " + " ".join(parts) + " }"

    def part(self, on: GraphQLObjectType, depth: int, prefix: str) -> str:
        what = self.number(0, 9)
        if what == 0:
            return "__typename"
        if what == 1 and depth:
            return f"... {self.condition()}{self.selection(on, depth - 1, prefix)}"
        return self.field(on, depth, prefix)

    def field(self, on: GraphQLObjectType, depth: int, prefix: str) -> str:
        self.left -= 1
        leaves = [name for name, each in on.fields.items() if is_leaf_type(named(each))]
        inner = [name for name in on.fields if name not in leaves]
        deeper = bool(inner) and depth and self.left > 0 and (not leaves or not self.chance(3))
        if not deeper and not leaves:
            return "__typename"
        documents = [name for name in inner if named(on.fields[name]).name in DOCUMENTS]
        if deeper and documents and self.chance(2):
            inner = documents
        name = self.one(inner if deeper else leaves)
        definition = on.fields[name]
        arguments = self.arguments(definition)
        # One response key is one field with the same arguments, whatever the type.
        alias = f"{prefix}{name}_{mix(arguments)}: " if arguments or prefix else ""
        selected = self.selected(named(definition), depth - 1) if deeper else ""
        return f"{alias}{name}{arguments}{self.condition()} {selected}"

    def selected(self, type_: Any, depth: int) -> str:
        if not isinstance(type_, GraphQLInterfaceType):
            return self.selection(type_, depth, "")
        members = [self.one(list(SCHEMA.get_possible_types(type_))) for _ in range(3)]
        parts = [f"... on {each.name} {self.selection(each, depth, each.name)}" for each in members]
        return "{ __typename id " + " ".join(parts) + " }"

    def arguments(self, definition: GraphQLField) -> str:
        given = {}
        for name, argument in definition.args.items():
            if name == "id" or isinstance(argument.type, GraphQLNonNull):
                if not isinstance(argument.type, GraphQLNonNull) and self.chance(3):
                    continue
                given[name] = self.value(argument.type, named(definition), 2)
            elif name in ("sku", "email", "number", "slug", "code"):
                # A look-up takes one of its names.
                if not given and not self.chance(5):
                    given[name] = '"K1"'
            elif self.chance(40 if name in CURSORS else 6):
                given[name] = self.value(argument.type, named(definition), 2)
        return (
            "(" + ", ".join(f"{name}: {value}" for name, value in given.items()) + ")"
            if given
            else ""
        )

    def value(self, type_: Any, target: Any, depth: int) -> str:
        if isinstance(type_, GraphQLNonNull):
            value = self.value(type_.of_type, target, depth)
            # The simplest literal of a type comes first, and is neither null nor a variable.
            return value if value not in ("null", "$n") else LITERALS[type_.of_type.name][0]
        if isinstance(type_, GraphQLList):
            items = [self.value(type_.of_type, target, depth) for _ in range(self.number(0, 2))]
            return f"[{', '.join(items)}]"
        if isinstance(type_, GraphQLEnumType):
            return str(self.one(list(type_.values)))
        if is_leaf_type(type_):
            return self.id(target) if type_.name == "ID" else self.one(LITERALS[type_.name])
        fields = type_.fields
        required = [n for n, each in fields.items() if isinstance(each.type, GraphQLNonNull)]
        chosen = {*required}
        if depth > 0:
            chosen.update(self.one(list(fields)) for _ in range(self.number(0, 2)))
        written = {n: self.value(fields[n].type, target, depth - 1) for n in sorted(chosen)}
        return "{" + ", ".join(f"{name}: {value}" for name, value in written.items()) + "}"

    def id(self, target: Any) -> str:
        if self.chance(12):
            return '"nonsense"'
        names = sorted(GRAPH.node_types)
        name = target.name if getattr(target, "name", None) in names else self.one(names)
        if self.chance(10):
            name = self.one(names)
        resource = GRAPH.node_types[name].resource
        key = key_of(resource.key_type, self.number(0, 4))
        return f'"{global_id(name, resource, key)}"'

    def condition(self) -> str:
        return self.one(CONDITIONS) + " " if self.chance(6) else ""


def named(definition: GraphQLField) -> Any:
    return get_named_type(definition.type)
