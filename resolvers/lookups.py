"""Lookups: root fields that find one object by its id, by a natural key or by who asks."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Unpack

import strawberry
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import NO_ID, BadUserInput
from loaders.declarations import declaration
from loaders.errors import UnfitKey
from loaders.identity import Identity
from loaders.keys import FRACTIONAL
from loaders.resource import Resource
from resolvers.caching import cached
from resolvers.columns import column_name, columns_of, coordinate_of, given_type
from resolvers.directives import FieldOptions
from resolvers.fields import (
    Arguments,
    BatchedFetch,
    Fetch,
    FetchedField,
    Node,
    NodeRow,
    ResolveInfo,
    Values,
    argument,
    fetched,
    given_value,
    names_of,
    target_of,
)
from resolvers.guards import comparable
from resolvers.ids import keys_of, node_types, read_id, read_key
from resolvers.time_zones import given_in, zone_of

MOST_NODES = 100
"""Ids that one ``nodes`` may ask for."""


@dataclass(frozen=True, slots=True)
class Lookup(BatchedFetch):
    """The one row whose unique column has the value of the argument of its name."""

    by: tuple[str, ...]

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        resource = field.target.resource
        yield resource, resource.key

    def arguments(self, field: FetchedField) -> list[StrawberryArgument]:
        target = target_of(field)
        types: dict[str, Any] = {"id": strawberry.ID}
        if target is not None:
            types |= {each.python_name: _annotation(each) for each, _ in columns_of(target)}
        several = len(self.by) > 1
        return [
            argument(
                name,
                types[name] | None if several else types[name],
                f"Its {name}." + (" Give exactly one argument." if several else ""),
            )
            # What is no column, or of no resource, a check refuses with all else that is wrong.
            for name in dict.fromkeys(self.by)
            if name in types
        ]

    def comparisons(self, field: FetchedField) -> Iterator[tuple[str, str]]:
        for each, _ in columns_of(field.target):
            if each.python_name in self.by:
                yield coordinate_of(field.target, each), to_camel_case(each.python_name)

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[object],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Awaitable[Values]:
        given = [
            (name, value) for name in self.by if (value := given_value(arguments, name)) is not None
        ]
        if len(given) != 1:
            raise BadUserInput(f"Give exactly one of: {', '.join(self.by)}.")
        ((name, value),) = given
        target, column = field.target, None
        if name == "id":
            [value] = keys_of(node_types(info), [value], target)
        else:
            column, coordinate = _columns_by_name(target)[name]
            comparable(info)(coordinate)
            value = value.value if isinstance(value, enum.Enum) else value
            if isinstance(value, datetime):
                value = given_in(value, zone_of(info, target.resource, column))
        loader = info.context.loaders.by_key(target.resource, column)
        return _of_client(name, value, loader.load_all([value] * len(rows)))


@dataclass(frozen=True, slots=True)
class Viewer(BatchedFetch):
    """The one row whose key is what ``key`` says of the identity; none where it says None."""

    key: Callable[[Identity], Hashable | None]

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        resource = field.target.resource
        yield resource, resource.key

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[object],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Values | Awaitable[Values]:
        key, resource = self.key(info.context.identity), field.target.resource
        if key is None:
            return [None] * len(rows)
        if not resource.is_key(key):
            # The declaration's mistake, so no source may take it for the client's.
            raise TypeError(f"the viewer's key is no {resource.key_type.__name__}")
        loader = info.context.loaders.by_key(resource)
        return loader.load_all([key] * len(rows))


@dataclass(frozen=True, slots=True)
class NodeLookup(Fetch):
    """The object, or the objects, of any type that global ids name."""

    many: bool

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        return iter(())

    def arguments(self, field: FetchedField) -> list[StrawberryArgument]:
        if self.many:
            meaning = f"The ids, at most {MOST_NODES}, of any types."
            return [argument("ids", list[strawberry.ID], meaning)]
        return [argument("id", strawberry.ID, "The object's id.")]

    def resolve(
        self,
        field: FetchedField,
        row: object,
        info: ResolveInfo,
        arguments: Arguments,
    ) -> object:
        if not self.many:
            return _load(info, arguments["id"], info.path.as_list())
        ids = arguments["ids"]
        if len(ids) > MOST_NODES:
            raise BadUserInput(f"ids: at most {MOST_NODES} at a time.")
        return _load_all(info, ids)


@declaration
def lookup(description: str, *, by: str | tuple[str, ...], **options: Unpack[FieldOptions]) -> Any:
    """A field that is the object found by ``id`` or by a unique column, whichever the client
    gives of the names in ``by``; null where there is none."""
    if not by:
        raise TypeError("lookup(): 'by' must name at least one field")
    return fetched(description, Lookup(names_of(by)), options)


@declaration
def viewer(
    description: str,
    *,
    key: Callable[[Identity], Hashable | None],
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that is the object of whoever asks: ``key`` says which key the identity has, None
    where it has none. The object is null then, and where the caller may not see the row."""
    if not callable(key):
        raise TypeError("viewer(): 'key' must be a function of the identity")
    return fetched(description, Viewer(key), options)


@declaration
def node(description: str, **options: Unpack[FieldOptions]) -> Any:
    """A field that is the object of any type with the given id, or null."""
    return fetched(description, NodeLookup(many=False), options)


@declaration
def nodes(description: str, **options: Unpack[FieldOptions]) -> Any:
    """A field that is the objects with the given ids, in their order, null where there is none."""
    return fetched(description, NodeLookup(many=True), options)


async def _of_client(name: str, value: object, values: Awaitable[Values]) -> Values:
    """The values of a lookup by a value of a client's."""
    unfit: BadUserInput | None = None
    if type(value) not in FRACTIONAL:
        # A number that no value of the column can be equals none of them.
        unfit = BadUserInput(f"{name}: the value does not fit what it is compared with.")
    return [unfit if isinstance(each, UnfitKey) else each for each in await values]


def _annotation(field: StrawberryField) -> object:
    """The type of the field's values as an annotation has it."""
    type_ = given_type(field)
    return type_.wrapped_cls if isinstance(type_, StrawberryEnumDefinition) else type_


@cached
def _columns_by_name(type_: type[Node]) -> Mapping[str, tuple[str, str]]:
    return {
        field.python_name: (column_name(field, spec), coordinate_of(type_, field))
        for field, spec in columns_of(type_)
    }


async def _load_all(info: ResolveInfo, ids: list[str]) -> list[NodeRow | BaseException | None]:
    # A source that fails takes only its own places of the list.
    path = info.path.as_list()
    each = (_load(info, text, [*path, index]) for index, text in enumerate(ids))
    return await asyncio.gather(*each, return_exceptions=True)


async def _load(info: ResolveInfo, text: str, path: Sequence[str | int]) -> NodeRow | None:
    types = node_types(info)
    name, written = read_id(types, text)
    resource = types[name].resource
    verdict = info.context.decision.verdicts.get(name)
    if verdict is not None and verdict.is_denied and info.context.decision.enforced:
        # It is not even looked for, so nobody learns whether it is there.
        info.context.deny(name, path)
    key = read_key(resource, written, text)
    try:
        row = await info.context.loaders.by_key(resource).load(key)
    except UnfitKey:
        raise BadUserInput(NO_ID.format(text)) from None
    return None if row is None else NodeRow(name, row)
