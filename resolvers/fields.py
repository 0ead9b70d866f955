"""What the fields of a graph are made of: columns, and fields that are fetched.

What a field needs to be fetched stands in its Strawberry metadata, so that it survives the
copies that Strawberry makes of fields.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Unpack
from zoneinfo import ZoneInfo

import strawberry
from graphql import GraphQLResolveInfo
from strawberry.annotation import StrawberryAnnotation
from strawberry.relay import GlobalID
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import (
    StrawberryContainer,
    StrawberryObjectDefinition,
    WithStrawberryObjectDefinition,
)
from strawberry.types.field import FieldType, StrawberryField

from loaders.declarations import declaration
from loaders.resource import Resource, Row, unreadable
from resolvers.compat import raw_info
from resolvers.context import OperationContext
from resolvers.directives import ColumnOptions, FieldOptions, declared
from resolvers.time_zones import time_zone_named

SPEC = "sluice"
"""The metadata key of what a field is."""

NEEDS = "sluice.needs"
"""The metadata key of the columns that an ordinary resolver needs."""

Info = strawberry.Info[OperationContext, None]
"""What Strawberry gives to ordinary resolvers."""

ResolveInfo = GraphQLResolveInfo[OperationContext]
"""What graphql-core gives to resolvers, and the gateway's engine to batched ones."""

Values = Sequence[object]
"""Values for as many objects, in their order. An exception is the error of its place."""

Arguments = Mapping[str, Any]
"""What a client gave for a field's arguments, by their names in Python."""

BatchedFunction = Callable[[Sequence[Row], ResolveInfo], Values | Awaitable[Values]]
"""Works a field's values out for all rows together."""

_by_package: dict[str, dict[str, type[Node]]] = defaultdict(dict)


@strawberry.interface(description="An object with an id that is unique in the whole graph.")
class Node:
    """The base of every type that a resource backs: its rows are the type's objects.

    A field without a resolver is a column of the resource, of the field's own name unless
    ``column()`` gives another.
    """

    resource: ClassVar[Resource]
    __strawberry_definition__: ClassVar[StrawberryObjectDefinition]

    id: GlobalID = strawberry.field(
        description="An opaque id, unique in the whole graph. `node(id:)` finds the object again."
    )

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        _by_package[_package(cls.__module__)][cls.__name__] = cls

    @classmethod
    def resolve_type(cls, value: NodeRow, *_: object) -> str:
        return value.type_name


@dataclass(frozen=True, eq=False)
class NodeRow(Row):
    """A row that stands where its type can't be told from the schema."""

    type_name: str
    row: Row

    def __getitem__(self, column: str) -> object:
        return self.row[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self.row)

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True)
class Column:
    """A value of the row. ``name`` is the column's, where it is not the field's own."""

    name: str | None = None
    filterable: bool = False
    sortable: bool = False
    time_zone: ZoneInfo | None = None
    encrypted: bool = False


@declaration
def column(
    description: str,
    *,
    name: str | None = None,
    filterable: bool = False,
    sortable: bool = False,
    time_zone: str | None = None,
    encrypted: bool = False,
    **options: Unpack[ColumnOptions],
) -> Any:
    """A field that is a column of the type's resource.

    ``filterable`` lets clients compare it in ``where``, ``sortable`` name it in ``orderBy``: those
    who may see it. ``time_zone`` is that of times in it that have none, such as Europe/Prague,
    where it is not what the source's settings say. ``encrypted`` says that the source holds the
    text encrypted, by ``encryption.keys``: it can be read, and nothing can be found by it.
    """
    zone = None if time_zone is None else time_zone_named(time_zone)
    spec = Column(name, filterable, sortable, zone, encrypted)
    return _field(description, {SPEC: spec}, options)


@declaration
def computed(
    description: str,
    resolver: Callable[..., object],
    *,
    needs: Sequence[str],
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that an ordinary resolver works out from these columns of the row, which it takes
    as a ``strawberry.Parent``. Where one of them could not be read, it is that error instead."""
    return _field(description, {NEEDS: tuple(needs)}, options)(resolver)


class Fetch(ABC):
    """How a field's value is fetched, and what that needs."""

    @abstractmethod
    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        """The columns that the field's own part of an operation must read."""

    @abstractmethod
    def resolve(
        self,
        field: FetchedField,
        row: Any,
        info: ResolveInfo,
        arguments: Arguments,
    ) -> object:
        """The field's value for one object, or an awaitable of it."""

    def arguments(self, field: FetchedField) -> list[StrawberryArgument]:
        """The arguments that clients may give."""
        return []

    def sorts_by(self) -> tuple[str, ...]:
        """The columns that the declaration sorts by, each perhaps with "-" before it."""
        return ()

    def comparisons(self, field: FetchedField) -> Iterator[tuple[str, str]]:
        """The coordinates of the fields that arguments are compared with, each with the
        argument's name."""
        return iter(())


class BatchedFetch(Fetch):
    """A fetch for all objects at one place of the response together."""

    @abstractmethod
    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Any],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Values | Awaitable[Values]:
        """The field's value, or its error, for each object, in order."""

    def resolve(
        self,
        field: FetchedField,
        row: Any,
        info: ResolveInfo,
        arguments: Arguments,
    ) -> object:
        # Loaders join what is asked for in one turn of the event loop, so this is batched, too.
        values = self.resolve_all(field, [row], info, arguments)
        return _only_later(values) if isinstance(values, Awaitable) else _only(values)


@dataclass(frozen=True, slots=True)
class Batched(BatchedFetch):
    """What a function of the graph's own works out for all rows together."""

    resolver: BatchedFunction
    columns: tuple[str, ...]

    def needs(self, field: FetchedField) -> Iterator[tuple[Resource, str]]:
        for column in self.columns:
            yield field.owner.resource, column

    def resolve_all(
        self,
        field: FetchedField,
        rows: Sequence[Row],
        info: ResolveInfo,
        arguments: Arguments,
    ) -> Values | Awaitable[Values]:
        errors = [unreadable(row, self.columns) for row in rows]
        if all(error is None for error in errors):
            return self.resolver(rows, info)
        readable = [row for row, error in zip(rows, errors, strict=True) if error is None]
        return _among(errors, self.resolver(readable, info) if readable else [])


class FetchedField(StrawberryField):
    """A Strawberry field whose value a ``Fetch`` gets."""

    @property
    def fetch(self) -> Fetch:
        fetch: Fetch = self.metadata[SPEC]
        return fetch

    @property
    def owner(self) -> type[Node]:
        """The type that the field stands on."""
        assert isinstance(self.origin, type)
        return self.origin

    @cached_property
    def target(self) -> type[Node]:
        """The type of the objects that the field leads to."""
        return object_type(self.type)

    @property
    def is_basic_field(self) -> bool:
        return False

    @property
    def arguments(self) -> list[StrawberryArgument]:
        if self._arguments is None:
            self._arguments = self.fetch.arguments(self)
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value

    def get_result(self, source: object, info: Any, args: object, kwargs: Arguments) -> object:
        return self.fetch.resolve(self, source, raw_info(info), kwargs)

    def resolve_type(
        self, *, type_definition: StrawberryObjectDefinition | None = None
    ) -> FieldType:
        # Types refer to each other in circles. A name that its module imports for type checkers
        # alone is found among the types of the same package.
        annotation = self.type_annotation
        if isinstance(self.origin, type) and annotation is not None:
            siblings = _by_package[_package(self.owner.__module__)]
            annotation.namespace = {**siblings, **(annotation.namespace or {})}
        return super().resolve_type(type_definition=type_definition)


def fetched(description: str, fetch: Fetch, options: FieldOptions) -> Any:
    """A field with this fetch and these options."""
    given = declared(**options)
    return FetchedField(
        graphql_name=given["name"],
        description=description,
        deprecation_reason=given["deprecation_reason"],
        directives=given["directives"],
        metadata={SPEC: fetch, **given["metadata"]},
    )


@declaration
def batched(
    description: str,
    resolver: BatchedFunction,
    *,
    needs: Sequence[str] = (),
    **options: Unpack[FieldOptions],
) -> Any:
    """A field that a function works out for all rows at one place of the response at once.

    It is given the rows, with the columns ``needs``, and the ``info``, and returns as many values,
    in order, or an awaitable of them. An exception among them is the error of its place. A row of
    which one of these columns could not be read is not given to it: it has that error.
    """
    return fetched(description, Batched(resolver, tuple(needs)), options)


def argument(name: str, annotation: object, description: str) -> StrawberryArgument:
    """An argument of a fetched field; optional if the annotation is."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=strawberry.UNSET,
    )


def given_value(arguments: Arguments, name: str) -> Any:
    """What a client gave for an argument; None where it gave nothing or null."""
    value = arguments.get(name)
    return None if value is strawberry.UNSET else value


def object_type(type_: object) -> type[Node]:
    """The type inside lists, options and connections."""
    while isinstance(type_, StrawberryContainer):
        type_ = type_.of_type
    definition = getattr(type_, "__strawberry_definition__", None)
    if definition is not None and definition.type_var_map:
        return object_type(next(iter(definition.type_var_map.values())))
    if not (isinstance(type_, type) and issubclass(type_, Node)):
        raise TypeError(f"{type_!r} is no type of a resource: it must be a subclass of Node")
    return type_


def target_of(field: FetchedField) -> type[Node] | None:
    """The type inside the field's, if it is one that a resource backs."""
    try:
        target = field.target
    except TypeError:
        return None
    return target if isinstance(getattr(target, "resource", None), Resource) else None


def definition_of(type_: type[WithStrawberryObjectDefinition]) -> StrawberryObjectDefinition:
    """What Strawberry knows of a type that it has decorated: its name and its fields."""
    return type_.__strawberry_definition__


def names_of(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """The names of a declaration that may be of one name."""
    return (names,) if isinstance(names, str) else names


def _package(module: str) -> str:
    return module.rpartition(".")[0] or module


def _field(
    description: str, metadata: Mapping[object, object], options: FieldOptions | ColumnOptions
) -> StrawberryField:
    given = declared(**options)
    given["metadata"] = {**metadata, **given["metadata"]}
    field: StrawberryField = strawberry.field(description=description, **given)
    return field


async def _among(errors: Sequence[Exception | None], found: Values | Awaitable[Values]) -> Values:
    """The values in the places that have no error."""
    values = await found if isinstance(found, Awaitable) else found
    places = [place for place, error in enumerate(errors) if error is None]
    among: list[object] = list(errors)
    for place, value in zip(places, values, strict=True):
        among[place] = value
    return among


def _only(values: Values) -> object:
    (value,) = values
    if isinstance(value, Exception):
        raise value
    return value


async def _only_later(values: Awaitable[Values]) -> object:
    return _only(await values)
