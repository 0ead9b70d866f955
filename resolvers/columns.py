"""Which columns a type's fields show, and how they are declared."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from resolvers.caching import cached
from resolvers.fields import SPEC, Column, Node, definition_of


def columns_of(type_: type[Node]) -> Iterator[tuple[StrawberryField, Column]]:
    """The fields of the type that are columns, with how."""
    for field in definition_of(type_).fields:
        spec = field.metadata.get(SPEC)
        if isinstance(spec, Column):
            yield field, spec
        elif spec is None and field.is_basic_field and field.python_name != "id":
            yield field, Column()


def coordinate_of(type_: type[Node], field: StrawberryField) -> str:
    """The field's schema coordinate, such as ``Customer.email``."""
    name = field.graphql_name or to_camel_case(field.python_name)
    return f"{definition_of(type_).name}.{name}"


def column_name(field: StrawberryField, spec: Column) -> str:
    return spec.name or field.python_name


def column_of(type_: type[Node], python_name: str) -> str | None:
    """The column that the type's field of this name in Python shows, if there is one."""
    for field, spec in columns_of(type_):
        if field.python_name == python_name:
            return column_name(field, spec)
    return None


def time_zones_of(
    types: Iterable[type[Node]],
) -> Iterator[tuple[tuple[tuple[str, ...], str], ZoneInfo]]:
    """The time zones that columns are declared to have, by the id of the resource and the name of
    the column."""
    for type_ in types:
        for field, spec in columns_of(type_):
            if spec.time_zone is not None:
                yield (type_.resource.id, column_name(field, spec)), spec.time_zone


def encrypted_columns(types: Iterable[type[Node]]) -> dict[Hashable, frozenset[str]]:
    """The columns that are declared to be encrypted, by the ids of their resources."""
    found: dict[Hashable, frozenset[str]] = {}
    for type_ in types:
        own = {column_name(field, spec) for field, spec in columns_of(type_) if spec.encrypted}
        if own:
            found[type_.resource.id] = found.get(type_.resource.id, frozenset()) | own
    return found


@cached
def nullable_columns(type_: type[Node]) -> Mapping[str, bool]:
    """For each column of the type, whether it can be empty."""
    nullable: dict[str, bool] = {}
    for field, spec in columns_of(type_):
        name = column_name(field, spec)
        # Two fields can show one column, and one of them know better.
        empty = isinstance(field.type, StrawberryOptional)
        nullable[name] = nullable.get(name, False) or empty
    return nullable


def given_type(field: StrawberryField) -> object:
    """The type of the field's values where they are there."""
    return field.type.of_type if isinstance(field.type, StrawberryOptional) else field.type


def items_type(type_: object) -> object | None:
    """The type of a list's items where they are there; None of what is no list."""
    if not isinstance(type_, StrawberryList):
        return None
    items: object = type_.of_type
    return items.of_type if isinstance(items, StrawberryOptional) else items
