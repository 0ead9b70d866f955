"""How fields that are columns, or members of documents, are read: what stands in the way of their
values, and what becomes of those that are not of the field's own type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from graphql import (
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLID,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLString,
    get_named_type,
)

from gateway.engine.batched import BATCHED, BY_PARTS, COLUMN, LEAF
from gateway.engine.resolution import columns
from loaders.errors import Unreadable
from loaders.resource import Resource, Row, unreadable
from loaders.texts import text_of
from resolvers.fields import Arguments, ResolveInfo, Values
from resolvers.ids import global_id
from resolvers.time_zones import Convert, zone_of

LONGEST_INT = 9
"""The power of ten of the largest Int."""


def read_id(field: GraphQLField, type_name: str, resource: Resource) -> None:
    """Have the field be the global id of a row of the resource."""

    def one(row: Row, _info: ResolveInfo) -> str:
        key = row.get(resource.key)
        if key is None:
            raise ValueError(f"a row of {type_name} without its key")
        if isinstance(key, Unreadable):
            raise key
        return global_id(type_name, resource, key)

    def every(rows: Sequence[Row], info: ResolveInfo, _arguments: Arguments) -> Values:
        values: list[object] = []
        for row in rows:
            try:
                values.append(one(row, info))
            except (Unreadable, ValueError) as error:
                values.append(error)
        return values

    field.resolve = one
    field.extensions.update({BATCHED: every, BY_PARTS: True})


def read_column(
    field: GraphQLField, resource: Resource, column: str, convert: Convert | None
) -> None:
    """Have the field be a column. With ``convert`` its times without a time zone are moments, where
    it or its source has one."""

    def one(row: Row, info: ResolveInfo) -> object:
        value = row.get(column)
        if convert is None or (zone := zone_of(info, resource, column)) is None:
            return value
        return convert(value, zone)

    def every(rows: Sequence[Row], info: ResolveInfo, _arguments: Arguments) -> Values:
        values = columns(rows, column)
        if convert is None or (zone := zone_of(info, resource, column)) is None:
            return values
        return [convert(value, zone) for value in values]

    field.resolve = one
    if convert is None:
        field.extensions[COLUMN] = column
    else:
        field.extensions.update({BATCHED: every, BY_PARTS: True})
    prepare_leaves(field)


def read_needs(field: GraphQLField, needs: Sequence[str]) -> None:
    """Have the field's resolver not be called for a row of which a column that it needs could not
    be read: its value is that one's error."""
    resolve = field.resolve
    if not needs or resolve is None:
        return

    def resolve_readable(row: Row, info: ResolveInfo, **arguments: object) -> object:
        if (error := unreadable(row, needs)) is not None:
            raise error
        return resolve(row, info, **arguments)

    field.resolve = resolve_readable


def prepare_leaves(field: GraphQLField) -> None:
    """Have the field show values of other types than its own as ``LEAVES`` has them."""
    resolve, prepare = field.resolve, LEAVES.get(get_named_type(field.type))
    if prepare is not None and resolve is not None:
        field.extensions[LEAF] = prepare
        field.resolve = _preparing(resolve, prepare)


def _preparing(
    resolve: GraphQLFieldResolver, prepare: Callable[[object], object]
) -> GraphQLFieldResolver:
    def prepared(value: object) -> object:
        if isinstance(value, list):
            return [prepared(each) for each in value]
        try:
            return prepare(value)
        except (ValueError, Unreadable) as error:
            return error

    return lambda source, info: prepared(resolve(source, info))


def _short(value: object) -> object:
    # GraphQL's Int would make an int of a decimal, however long it is, and write it out.
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() > LONGEST_INT:
        raise ValueError("not a number of 32 bits")
    return value


LEAVES: Mapping[GraphQLNamedType, Callable[[object], object]] = {
    GraphQLString: text_of,
    GraphQLID: text_of,
    GraphQLInt: _short,
}
"""What of a value of another type a specified scalar shows."""
