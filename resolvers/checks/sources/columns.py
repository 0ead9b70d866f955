"""Whether the columns that declarations name are there, and are as they are declared."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from graphql import GraphQLOutputType, get_named_type, is_list_type, is_non_null_type
from strawberry.types.base import StrawberryContainer

from loaders.declarations import nearest
from loaders.descriptions import NUMBERS, ColumnDescription, Description, Family
from loaders.query import Function
from loaders.resource import Resource
from resolvers.checks.places import Declarations, Place
from resolvers.checks.sources.findings import (
    Descriptions,
    Finding,
    Severity,
    fault,
    hint,
    told_column,
    unknown,
)
from resolvers.checks.sources.types import (
    BETTER,
    ORDERED,
    enum_values,
    is_known,
    misfit,
    partly,
    uncompared,
)
from resolvers.checks.sources.uses import uses
from resolvers.columns import given_type, time_zones_of
from resolvers.connections import Connected
from resolvers.fields import SPEC, Column
from resolvers.relations import Aggregated, One
from resolvers.scalars import SCALARS

UNRANKED = frozenset({Family.BOOLEAN, Family.UUID, Family.DOCUMENT, Family.RECORD})
"""What has no least and no greatest value."""


PERHAPS_LISTS = (None, Family.DOCUMENT)


def resources_are_there(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    """Tables and collections; and what the source has said of each, or of itself."""
    for resource, coordinate in declared.resources().items():
        if (description := told.get(resource)) is None:
            continue
        if description.kind is None:
            yield fault(
                coordinate,
                resource,
                f"the source '{resource.source}' has nothing called '{_named(resource)}'"
                + _meant(resource.name, description.others),
            )
        for mistake in description.mistakes:
            yield fault(coordinate, resource, f"{resource}: {mistake}: correct its routes")
        for why in description.unknown:
            yield unknown(coordinate, resource, f"{resource}: {why}")
        for better in description.hints:
            yield Finding(Severity.HINT, better, None, resource.source)


def columns_are_there(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    for use in uses(declared):
        description = told.get(use.resource)
        if description is None:
            continue
        said = "" if use.argument is None else f"{use.argument}: "
        known = description.columns or {}
        first = use.column.partition(".")[0] if use.resource.has_paths else use.column
        if use.column in known:
            if not known[use.column].is_readable:
                yield fault(
                    use.coordinate,
                    use.resource,
                    f"{said}the source does not let us read '{use.column}' of {use.resource}: "
                    "grant it to the user of the source's url",
                )
        elif first != use.column and first in known:
            # A path into a document, which may have more fields than are told.
            continue
        elif description.columns is not None and not description.is_open:
            yield fault(
                use.coordinate,
                use.resource,
                f"{said}{use.resource} has no column '{use.column}'{_meant(use.column, known)}",
            )
        elif (seen := _seen(description)) and first not in seen | known.keys():
            yield hint(
                use.coordinate,
                use.resource,
                f"{said}no object that {use.resource} answered has '{use.column}'"
                + _meant(use.column, seen),
            )


def types_can_be_shown(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    """The types of fields that are columns, and whether they may be null."""
    for place, resource, column in _shown(declared, told):
        at, type_ = place.coordinate, place.definition.type
        what = f"{resource}'s '{column.name}' is {column.type}"
        named = get_named_type(type_)
        if column.is_list and not _is_list(type_) and is_known(named):
            yield fault(at, resource, f"{what}, a list: declare list[…]")
        elif _is_list(type_) and not column.is_list and column.family not in PERHAPS_LISTS:
            yield fault(at, resource, f"{what}, no list: declare a single value")
        elif column.family is not None:
            if (why := misfit(named, column.family)) is not None:
                yield fault(at, resource, f"{what}, and holds {why}: {BETTER[column.family]}")
            elif (some := partly(named, column.family)) is not None:
                yield hint(at, resource, f"{what}: {some}")
        if is_non_null_type(type_) and column.nullable:
            yield fault(
                at,
                resource,
                f"it is never null, and {resource}'s '{column.name}' can be: declare it nullable, "
                "or have the source keep nulls out",
            )


def relations_can_be_null(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    for place in declared.places:
        if place.owner is None or not isinstance(place.fetch, One):
            continue
        resource = place.owner.resource
        column = told_column(told, resource, place.fetch.by)
        if column is not None and column.nullable and is_non_null_type(place.definition.type):
            yield fault(
                place.coordinate,
                resource,
                f"by: it is never null, and {resource}'s '{column.name}' can be: declare it "
                "nullable",
            )


def enums_have_the_labels(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    for place, resource, column in _shown(declared, told):
        value_type = given_type(place.field)
        while isinstance(value_type, StrawberryContainer):
            value_type = value_type.of_type
        values = enum_values(value_type)
        if values is None or column.labels is None:
            continue
        of = f"{resource}'s '{column.name}' ({column.type})"
        if missing := [each for each in column.labels if each not in values]:
            yield fault(
                place.coordinate,
                resource,
                f"{of} can be {_listed(missing)}, which the enum does not have: add it",
            )
        if extra := [each for each in values if each not in column.labels]:
            spec = place.field.metadata.get(SPEC)
            filterable = isinstance(spec, Column) and spec.filterable
            told_of = fault if filterable else hint
            more = ", and whoever filters by it gets an error" if filterable else ""
            yield told_of(
                place.coordinate,
                resource,
                f"{of} is never {_listed(extra)}, which the enum has{more}: take it out",
            )


def comparisons_fit(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    """Filterable columns, and those that pages are sorted by."""
    for place, resource, column in _shown(declared, told):
        spec = place.field.metadata.get(SPEC)
        if not isinstance(spec, Column):
            continue
        what = f"{resource}'s '{column.name}' is {column.type}"
        if spec.filterable and uncompared(given_type(place.field), column):
            listed = _is_list(place.definition.type) and not column.is_list
            better = "make it an array" if listed else BETTER[column.family or Family.TEXT]
            yield fault(
                place.coordinate,
                resource,
                f"filterable: {what}, and values of {get_named_type(place.definition.type)} can't "
                f"be compared with that: {better}, or take filterable away",
            )
        if spec.sortable and not _is_ordered(resource, column):
            yield fault(
                place.coordinate,
                resource,
                f"sortable: {what}, whose values make no cursor: take sortable away",
            )
    for place in declared.places:
        if not isinstance(place.fetch, Connected) or place.target is None:
            continue
        resource = place.target.resource
        for name in place.fetch.order_by:
            found = told_column(told, resource, name.removeprefix("-"))
            if found is not None and not _is_ordered(resource, found):
                yield fault(
                    place.coordinate,
                    resource,
                    f"order_by: {resource}'s '{found.name}' is {found.type}, whose values make no "
                    "cursor: sort by another column",
                )


def aggregates_fit(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    zones = dict(time_zones_of(declared.nodes.values()))
    for place in declared.places:
        if not isinstance(place.fetch, Aggregated) or place.fetch.aggregate.column is None:
            continue
        of, function = place.fetch.of, place.fetch.aggregate.function
        column = _column_at(place, of, place.fetch.aggregate.column, told, zones)
        if column is None or column.family is None:
            continue
        what = f"column: {of}'s '{column.name}' is {column.type}"
        if function in (Function.SUM, Function.AVG):
            if column.is_list or column.family not in NUMBERS | {Family.DURATION}:
                yield fault(place.coordinate, of, f"{what}, which has no {function}: name a number")
        elif column.is_list or column.family in UNRANKED:
            yield fault(place.coordinate, of, f"{what}, which has no {function}")
        elif (why := misfit(get_named_type(place.definition.type), column.family)) is not None:
            yield fault(place.coordinate, of, f"{what}, and holds {why}: {BETTER[column.family]}")


def _shown(
    declared: Declarations, told: Descriptions
) -> Iterator[tuple[Place, Resource, ColumnDescription]]:
    """The fields that are columns which the source has told of."""
    zones = dict(time_zones_of(declared.nodes.values()))
    for place in declared.places:
        if place.owner is not None and place.column is not None:
            resource = place.owner.resource
            column = _column_at(place, resource, place.column, told, zones)
            if column is not None:
                yield place, resource, column


def _column_at(
    place: Place,
    resource: Resource,
    name: str,
    told: Descriptions,
    zones: Container[tuple[tuple[str, ...], str]],
) -> ColumnDescription | None:
    """The column as the field there shows it: times without a time zone are moments to it, where
    they have one by their source or among the ``zones``."""
    column = told_column(told, resource, name)
    if column is None or not (told[resource].time_zone or (resource.id, column.name) in zones):
        return column
    is_moment = get_named_type(place.definition.type).name == SCALARS[datetime].name
    if is_moment and column.family is Family.LOCAL_DATETIME:
        return replace(column, family=Family.DATETIME)
    return column


def _is_ordered(resource: Resource, column: ColumnDescription) -> bool:
    if column.is_list:
        return False
    # A key's values are read again by its type, so a check of that is enough.
    return column.family is None or column.family in ORDERED or column.name == resource.key


def _seen(description: Description) -> set[str]:
    return {name for row in description.seen for name in row}


def _meant(name: str, names: Iterable[str]) -> str:
    meant = nearest(name, names)
    return f"; did you mean '{meant}'?" if meant else ": correct its name"


def _named(resource: Resource) -> str:
    _, *names = resource.id
    return ".".join(filter(None, names))


def _listed(values: Sequence[object]) -> str:
    return " or ".join(f"'{value}'" for value in values)


def _is_list(type_: GraphQLOutputType) -> bool:
    return is_list_type(type_.of_type if is_non_null_type(type_) else type_)
