"""Every place of the schema's arguments where a client can put a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_list_type,
)

from schema.build import schema

LOOKUPS = {
    "Customer": 'customer(email: "ada.martin@example.com")',
    "Product": 'product(sku: "KET-0001")',
    "Category": 'category(slug: "kettles")',
}
"""Where objects are found; all others with arguments of their own are found from these."""


@dataclass(frozen=True)
class Place:
    """A value within an argument of the ``field``. ``way`` are the fields from the root to that,
    ``keys`` the input fields from the argument to the value, None for a list;
    ``leaf`` is the value's type, ``source`` the one that the field's objects come from."""

    way: tuple[str, ...]
    argument: str
    type: str
    keys: tuple[str | None, ...]
    leaf: str
    field: GraphQLField
    source: str | None

    def __str__(self) -> str:
        inner = "".join("[]" if key is None else f".{key}" for key in self.keys)
        return f"{self.coordinate}{inner}"

    @property
    def coordinate(self) -> str:
        """The argument that the place is in."""
        return f"{'.'.join(self.way)}:{self.argument}"

    @property
    def operator(self) -> str | None:
        """How a filter compares here; None where this is in no filter."""
        named = [key for key in self.keys if key is not None]
        return named[-1] if self.argument == "where" and named else None

    def value(self, payload: Any) -> Any:
        """The argument's value that has the payload here."""
        for key in reversed(self.keys):
            payload = [payload] if key is None else {key: payload}
        return payload

    def query(self, count: int) -> str:
        """A query with the variables p0, p1, … each for an argument of its own."""
        variables = ", ".join(f"$p{index}: {self.type}" for index in range(count))
        return f"query({variables}) {{ {' '.join(map(self._field, range(count)))} }}"

    def _field(self, index: int) -> str:
        *before, last = self.way
        field = self.field
        arguments = f"{self.argument}: $p{index}"
        if "first" in field.args and self.argument not in ("first", "last"):
            arguments += ", first: 1"
        shown = "nodes { id }" if "first" in field.args else "id"
        opened = "".join(f"{each} {{ " for each in before)
        return f"a{index}: {opened}{last}({arguments}) {{ {shown} }}{' }' * len(before)}"


def graphql_schema() -> GraphQLSchema:
    return schema._schema


def places() -> Iterator[Place]:
    """The places of all arguments of all fields that are not for writing."""
    for type_name, before in _ways().items():
        for name, field in _fields(type_name).items():
            for argument_name, argument in field.args.items():
                source = _source(get_named_type(field.type))
                for keys, leaf in _within(argument.type, ()):
                    whole = str(argument.type)
                    yield Place((*before, name), argument_name, whole, keys, leaf, field, source)


def _ways() -> dict[str, tuple[str, ...]]:
    """A way to each type, through fields that need no arguments. Those for writing are left out:
    their texts are there to be written."""
    ways: dict[str, tuple[str, ...]] = {"Query": ()}
    ways |= {type_name: (lookup,) for type_name, lookup in LOOKUPS.items()}
    todo = list(ways)
    for type_name in todo:
        for name, field in _fields(type_name).items():
            target = get_named_type(field.type)
            enters = isinstance(target, GraphQLObjectType) and type_name != "Query"
            if enters and not field.args and target.name not in ways:
                ways[target.name] = (*ways[type_name], name)
                todo.append(target.name)
    return ways


def _fields(type_name: str) -> dict[str, GraphQLField]:
    type_ = graphql_schema().type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    fields: dict[str, GraphQLField] = type_.fields
    return fields


def _source(type_: Any) -> str | None:
    if isinstance(type_, GraphQLObjectType) and "nodes" in type_.fields:
        type_ = get_named_type(type_.fields["nodes"].type)
    node_type = schema.node_types.get(type_.name)
    return node_type.resource.source if node_type is not None else None


def _within(
    type_: GraphQLInputType, keys: tuple[str | None, ...], entered: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str | None, ...], str]]:
    inner: Any = type_
    if isinstance(inner, GraphQLNonNull):
        inner = inner.of_type
    if is_list_type(inner):
        yield from _within(inner.of_type, (*keys, None), entered)
        return
    yield keys, inner.name
    if isinstance(inner, GraphQLInputObjectType) and inner.name not in entered:
        for name, field in inner.fields.items():
            yield from _within(field.type, (*keys, name), (*entered, inner.name))
