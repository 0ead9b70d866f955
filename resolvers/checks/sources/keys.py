"""Whether keys find one row each, and the two ends of a relation meet."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from loaders.descriptions import NUMBERS, TEXTS, Description, Family
from loaders.resource import Resource
from loaders.row_filters import Through
from resolvers.checks.places import Declarations
from resolvers.checks.sources.findings import (
    Descriptions,
    Finding,
    fault,
    hint,
    told_column,
    unknown,
)
from resolvers.checks.values import value_type
from resolvers.columns import column_of
from resolvers.connections import Connected
from resolvers.lookups import Lookup
from resolvers.relations import Aggregated, Many, One

WHOLE_NUMBERS = frozenset({Family.INTEGER, Family.BIG_INTEGER})

ROW_FILTER = "its row filter"

PARTS = NUMBERS - WHOLE_NUMBERS

WITH_TEXT = frozenset({Family.DECIMAL, Family.UUID, Family.OBJECT_ID, Family.DATE})
"""Those whose values, if they are whole numbers, have one text."""

KEYS: Mapping[str, frozenset[Family]] = {
    "int": NUMBERS,
    "str": TEXTS,
    "Decimal": NUMBERS,
    "UUID": frozenset({Family.UUID}),
    "ObjectId": frozenset({Family.OBJECT_ID}),
    "date": frozenset({Family.DATE}),
    "datetime": frozenset({Family.DATETIME}),
    "bytes": frozenset({Family.BYTES}),
}
"""The columns that keys of each ``key_type`` find rows by, by the type's name, since the driver
whose type it is may not be installed."""

KEY_TYPES: Mapping[Family, str] = {
    **dict.fromkeys(TEXTS, "str"),
    **dict.fromkeys(WHOLE_NUMBERS, "int"),
    Family.DECIMAL: "Decimal",
    Family.UUID: "uuid.UUID",
    Family.OBJECT_ID: "ObjectId",
    Family.DATE: "date",
    Family.DATETIME: "datetime",
    Family.BYTES: "bytes",
}
"""The ``key_type`` to declare for a key."""

DECLARED: Mapping[type, Family] = {
    str: Family.TEXT,
    int: Family.INTEGER,
    float: Family.FLOAT,
    Decimal: Family.DECIMAL,
    bool: Family.BOOLEAN,
    datetime: Family.DATETIME,
    date: Family.DATE,
    uuid.UUID: Family.UUID,
}
"""What a declaration says of a column that its source says nothing of."""


def keys_are_unique(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    """The keys of types, and the columns by which one row is asked for."""
    for name, type_ in declared.nodes.items():
        yield from _unique(told, name, type_.resource, type_.resource.key, "key: ")
    for place in declared.places:
        target = place.target
        if target is None:
            continue
        resource = target.resource
        match place.fetch:
            case One(_, to) if to is not None and to != resource.key:
                yield from _unique(told, place.coordinate, resource, to, "to: ")
            case Lookup(names):
                for name in names:
                    column = None if name == "id" else column_of(target, name)
                    if column is not None and column != resource.key:
                        yield from _unique(told, place.coordinate, resource, column, "by: ")


def keys_are_of_their_type(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    for name, type_ in declared.nodes.items():
        resource = type_.resource
        column = told_column(told, resource, resource.key)
        if column is None:
            continue
        what = f"key: {resource}'s '{column.name}' is {column.type}"
        finds = KEYS.get(resource.key_type.__name__)
        if column.is_list:
            yield fault(name, resource, f"{what}, a list, which is no key: declare another")
        elif column.family is not None and finds is not None and column.family not in finds:
            better = KEY_TYPES.get(column.family)
            do = f"key_type={better}" if better else "declare another key"
            is_read = any(_meet(column.family, each) for each in finds)
            told_of, why = (
                (hint, "each key is read anew") if is_read else (fault, "no id finds a row")
            )
            named = resource.key_type.__name__
            yield told_of(name, resource, f"{what}, and key_type is {named}, so {why}: {do}")
        if column.nullable:
            yield fault(
                name,
                resource,
                f"key: {resource}'s '{column.name}' can be null, and a row without a key has no "
                "id: have the source keep nulls out, or declare another key",
            )
        if not column.is_exact:
            yield hint(
                name,
                resource,
                f"{what}, whose values can be equal without being the same, and ids are compared "
                "exactly: declare another key, or give it an exact type",
            )


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a relation: a column, and what is known of it."""

    resource: Resource
    name: str
    type: str
    family: Family
    is_list: bool
    is_exact: bool

    def __str__(self) -> str:
        return f"{self.resource}'s '{self.name}' is {self.type}"


def ends_meet(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    """The columns on both sides of each relation, and of each row filter ``through`` another
    resource."""
    for coordinate, argument, one, other, of_each in _pairs(declared):
        ends = [_end(declared, told, *each) for each in (one, other)]
        here, there = ends
        if here is None or there is None:
            continue
        resource = one[0]
        if here.is_list or (there.is_list and not of_each):
            listed = here if here.is_list else there
            yield fault(
                coordinate,
                resource,
                f"{argument}: {listed}, a list, which equals no single value: name another column",
            )
        elif not (
            # A source joins rows itself, if it can, and reads no value as another's.
            _kind(here.family) is _kind(there.family)
            if argument == ROW_FILTER
            else _meet(here.family, there.family)
        ):
            yield fault(
                coordinate,
                resource,
                f"{argument}: {here} and {there}, so they never meet: name columns of one type",
            )
        elif here.family in PARTS and there.family not in PARTS:
            yield hint(
                coordinate,
                resource,
                f"{argument}: {here} and {there}: values that are not whole are errors there",
            )
        elif there.is_exact and not here.is_exact:
            yield hint(
                coordinate,
                resource,
                f"{argument}: {here}, whose values can be equal without being the same, and "
                f"{there}, which compares them exactly: give both columns one type",
            )


Column = tuple[Resource, str]


def _pairs(declared: Declarations) -> Iterator[tuple[str, str, Column, Column, bool]]:
    """Each with whether rows may belong to each value of a list at its other end."""
    for place in declared.places:
        at, own = place.coordinate, None if place.owner is None else place.owner.resource
        target = None if place.target is None else place.target.resource
        match place.fetch:
            case One(by, to) if own is not None and target is not None:
                yield at, "by" if to is None else "to", (own, by), (target, to or target.key), False
            case Many(by) | Connected(by) if own is not None and target is not None and by:
                yield at, "by", (own, own.key), (target, by), True
            case Aggregated(of, by) if own is not None:
                yield at, "by", (own, own.key), (of, by), True
    for resource, coordinate in declared.resources().items():
        if isinstance(within := resource.row_filter, Through):
            other = within.resource
            ends = (resource, within.column), (other, other.key)
            yield coordinate, ROW_FILTER, *ends, False


def _end(declared: Declarations, told: Descriptions, resource: Resource, name: str) -> _End | None:
    column = told_column(told, resource, name)
    if column is not None:
        if column.family in (None, Family.DOCUMENT):
            return None
        assert column.family is not None
        family, exact = column.family, column.is_exact
        return _End(resource, name, column.type, family, column.is_list, exact)
    description = told.get(resource)
    if description is None or (description.columns is not None and not description.is_open):
        return None
    types = [value_type(type_, name) for _, type_ in declared.types_of(resource)]
    if name == resource.key:
        types.insert(0, resource.key_type)
    for type_ in types:
        if type_ is not None:
            family_ = DECLARED.get(type_)
            if type_.__name__ == "ObjectId":
                family_ = Family.OBJECT_ID
            if family_ is not None:
                said = f"declared as {type_.__name__}"
                return _End(resource, name, said, family_, is_list=False, is_exact=True)
    return None


def _meet(one: Family, other: Family) -> bool:
    """Whether values of the families can be the same keys, each read as the other's."""
    kinds = {_kind(one), _kind(other)}
    return len(kinds) == 1 or (Family.TEXT in kinds and bool(kinds & WITH_TEXT))


def _kind(family: Family) -> Family:
    """The one of all families whose values can equal one another."""
    return Family.DECIMAL if family in NUMBERS else Family.TEXT if family in TEXTS else family


def _unique(
    told: Descriptions, coordinate: str, resource: Resource, column: str, said: str
) -> Iterator[Finding]:
    description = told.get(resource)
    if (
        description is None
        or description.unique is None
        or frozenset({column}) in (description.unique)
    ):
        return
    if description.columns is not None and column not in description.columns:
        return  # which is said already
    if any(len(names) > 1 and column in names for names in description.unique):
        more = " alone: together with others it is"
    elif _perhaps(description, column):
        yield unknown(
            coordinate,
            resource,
            f"{said}'{column}' of {resource} is unique by a partial index or one over an "
            "expression alone, so whether it finds one row can't be told",
        )
        return
    else:
        more = ""
    yield fault(
        coordinate,
        resource,
        f"{said}'{column}' of {resource} is not unique{more}, so it does not find one row: give it "
        "a unique index, or go by another column",
    )


def _perhaps(description: Description, column: str) -> bool:
    for index in description.indexes or ():
        names = {each.name for each in index.columns}
        if index.is_unique and (
            (index.is_partial and names == {column}) or (None in names and names <= {column, None})
        ):
            return True
    return False
