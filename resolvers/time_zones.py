"""Times without a time zone as moments: of a column that has one, or whose source has.

A row has them as its source does, so what sorts by them, compares them or holds them in a cursor
needs no time zone. They are moments where they are shown, and moments that clients give to compare
them with know the zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import MINYEAR, datetime
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graphql import GraphQLResolveInfo
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import StrawberryField

from gateway.errors import BadUserInput
from loaders.domains import Domain, Place
from loaders.resource import Resource
from loaders.texts import time_text
from loaders.time_zones import in_zone, moment_of
from loaders.times import DATE_TIME, read_datetime
from resolvers.context import OperationContext
from resolvers.directives import BACKREF

Convert = Callable[[object, ZoneInfo], object]
"""A value with moments in place of its times without a time zone, those of this one. What is none
of that zone's is an error in its place."""

Zones = Mapping[tuple[tuple[str, ...], str], ZoneInfo]
"""The time zones of columns, by the id of the resource and the name of the column."""


def time_zone_named(name: str) -> ZoneInfo:
    """Raises TypeError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TypeError(
            f"column(): 'time_zone' must be the name of a time zone, such as Europe/Prague; "
            f"'{name}' is none"
        ) from None


def zone_of(
    info: GraphQLResolveInfo[OperationContext], resource: Resource, column: str
) -> ZoneInfo | None:
    """The time zone of a column's times that have none."""
    zones: Zones = info.schema.extensions[BACKREF].time_zones
    own = zones.get((resource.id, column)) if zones else None
    return own or info.context.sources.time_zone(resource.source)


def moments_of(zone: ZoneInfo) -> Domain:
    """The times that clocks of the zone show in the years from 1 to 9999: where among them a moment
    stands that a client gave to compare them with."""

    def place(value: object) -> Place | None:
        if not isinstance(value, datetime) or value.tzinfo is None:
            return None
        try:
            return Place(in_zone(value, zone), True)
        except OverflowError:
            return Place(None if value.year == MINYEAR else datetime.max, False)

    return place


def given_in(value: object, zone: ZoneInfo | None) -> object:
    """A moment that a client gave, to compare times of this zone with; any other value as it is.
    Raises BadUserInput where clocks there show no such time."""
    if zone is None or not isinstance(value, datetime) or value.tzinfo is None:
        return value
    try:
        return in_zone(value, zone)
    except OverflowError:
        raise BadUserInput(
            f"{time_text(value)} is in no year from 1 to 9999 of the time zone {zone.key}."
        ) from None


def converter(type_: object) -> Convert | None:
    """What makes moments of times in values of a field's type; None if it has none."""
    if isinstance(type_, StrawberryOptional):
        return converter(type_.of_type)
    if isinstance(type_, StrawberryList):
        inner = converter(type_.of_type)
        return None if inner is None else _each(inner)
    if type_ is datetime:
        return _moment
    definition = getattr(type_, "__strawberry_definition__", None)
    if isinstance(definition, StrawberryObjectDefinition) and _has_times(definition, set()):
        return _Document(definition)
    return None


def _has_times(definition: StrawberryObjectDefinition, seen: set[str]) -> bool:
    seen.add(definition.name)
    for field in _members(definition):
        type_ = field.type
        while isinstance(type_, (StrawberryOptional, StrawberryList)):
            type_ = type_.of_type
        inner = getattr(type_, "__strawberry_definition__", None)
        if type_ is datetime or (
            isinstance(inner, StrawberryObjectDefinition)
            and inner.name not in seen
            and _has_times(inner, seen)
        ):
            return True
    return False


def _members(definition: StrawberryObjectDefinition) -> list[StrawberryField]:
    return [field for field in definition.fields if field.is_basic_field]


def _each(convert: Convert) -> Convert:
    def converted(value: object, zone: ZoneInfo) -> object:
        if not isinstance(value, (list, tuple)):
            return value
        return [convert(each, zone) for each in value]

    return converted


class _Document:
    """Makes moments of times in an embedded document. Types can refer to themselves, so what there
    is in one is looked for when there is one."""

    def __init__(self, definition: StrawberryObjectDefinition) -> None:
        self._definition = definition

    @cached_property
    def _converters(self) -> Mapping[str, Convert]:
        found = {field.python_name: converter(field.type) for field in _members(self._definition)}
        return {name: each for name, each in found.items() if each is not None}

    def __call__(self, value: object, zone: ZoneInfo) -> object:
        if not isinstance(value, Mapping):
            return value
        moments = {
            name: convert(value[name], zone)
            for name, convert in self._converters.items()
            if value.get(name) is not None
        }
        return {**value, **moments}


def _moment(value: object, zone: ZoneInfo) -> object:
    try:
        if isinstance(value, datetime) and value.tzinfo is None:
            return moment_of(value, zone)
        if isinstance(value, str):
            return _moment_of_text(value, zone)
    except (ValueError, OverflowError) as error:
        return error
    return value


def _moment_of_text(text: str, zone: ZoneInfo) -> str:
    try:
        read = read_datetime(text)
    except ValueError:
        return text
    if read.tzinfo is not None:
        return text
    found = DATE_TIME.fullmatch(text)
    if found is None or not found[4]:
        return time_text(moment_of(read, zone))
    # It may have more digits than microseconds.
    whole = time_text(moment_of(read.replace(microsecond=0), zone))
    return f"{whole.removesuffix('Z')}{found[4]}Z"
