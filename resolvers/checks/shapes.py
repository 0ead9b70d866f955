"""Whether every field's type is one that its kind can give."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLOutputType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from loaders.resource import Resource
from resolvers.checks.faults import Fault
from resolvers.checks.places import Declarations, Place
from resolvers.connections import Connected
from resolvers.fields import NEEDS, SPEC, Batched, Column, FetchedField
from resolvers.lookups import Lookup, NodeLookup
from resolvers.relations import Aggregated, Many, One
from resolvers.wrapping import is_connection

HELPERS: dict[type, str] = {
    One: "one",
    Many: "many",
    Connected: "connection",
    Aggregated: "aggregate",
    Lookup: "lookup",
    NodeLookup: "node",
    Batched: "batched",
}
"""The functions by which fields of each kind are declared."""


def types_fit(declared: Declarations) -> Iterator[Fault]:
    for place in declared.places:
        if (wanted := _misfit(declared, place)) is not None:
            kind = HELPERS[type(place.fetch)]
            if isinstance(place.fetch, NodeLookup) and place.fetch.many:
                kind = "nodes"
            yield Fault(
                place.coordinate, f"{kind}() gives {wanted}, and not {place.definition.type}"
            )


def _misfit(declared: Declarations, place: Place) -> str | None:
    """What the field's kind gives, where that is not what its type says."""
    type_ = _nullable(place.definition.type)
    item = _nullable(type_.of_type) if is_list_type(type_) else None
    match place.fetch:
        case One() | Lookup():
            fits = _is_target(place, type_)
            return None if fits else "one object of a type that a resource backs"
        case Many():
            fits = item is not None and _is_target(place, item)
            return None if fits else "a list of objects of a type that a resource backs"
        case Connected():
            fits = place.target is not None and is_connection(type_)
            return None if fits else "Connection[T] of a type that a resource backs"
        case Aggregated():
            return None if is_leaf_type(type_) else "one value"
        case NodeLookup(many):
            node = declared.schema.type_map.get("Node")
            if not many:
                return None if type_ is node else "any object: Node | None"
            return None if item is not None and item is node else "any objects: list[Node | None]"
    return None


def _is_target(place: Place, type_: GraphQLOutputType) -> bool:
    return place.target is not None and is_object_type(type_) and not is_connection(type_)


def rows_are_there(declared: Declarations) -> Iterator[Fault]:
    """A field that reads a row stands on a type that has rows, and is of that type itself."""
    for place in declared.places:
        needs = _reads_row(place)
        if needs is None:
            continue
        if place.owner is None:
            on, _, _ = place.coordinate.partition(".")
            yield Fault(place.coordinate, f"{needs}, and {on} has none")
        elif isinstance(place.field, FetchedField) and _declared_on(place) is not (
            place.owner.resource
        ):
            on = getattr(place.field.origin, "__name__", "another type")
            yield Fault(
                place.coordinate,
                f"{needs}, and it is declared on {on}, whose rows are others: declare it here",
            )


def _reads_row(place: Place) -> str | None:
    match place.fetch:
        case One(by):
            return f"it needs '{by}' of a row"
        case Many() | Aggregated():
            return "it needs a row, whose key it goes by"
        case Connected(by) if by is not None:
            return "it needs a row, whose key it goes by"
        case Batched(_, columns) if columns:
            return f"it needs '{columns[0]}' of a row"
    spec = place.field.metadata.get(SPEC)
    if needed := place.field.metadata.get(NEEDS):
        return f"it needs '{needed[0]}' of a row"
    if isinstance(spec, Column) and (spec.name or spec.filterable or spec.sortable):
        return "a name, filterable and sortable are of columns of a row"
    return None


def _declared_on(place: Place) -> Resource | None:
    resource = getattr(place.field.origin, "resource", None)
    return resource if isinstance(resource, Resource) else None


def crossings_are_nullable(declared: Declarations) -> Iterator[Fault]:
    """What another source gives is null while that is down, and takes no more with it."""
    for place in declared.places:
        if not is_non_null_type(place.definition.type):
            continue
        match place.fetch:
            case NodeLookup():
                source = "any source"
            case Aggregated(of):
                source = f"'{of.source}'"
            case One() | Many() | Connected() | Lookup() if place.target is not None:
                source = f"'{place.target.resource.source}'"
            case _:
                continue
        own = None if place.owner is None else f"'{place.owner.resource.source}'"
        if own == source:
            continue
        across = f"leads from {own} into {source}" if own else f"is had from {source}"
        yield Fault(
            place.coordinate,
            f"it must be nullable: it {across}, which can be down, and would take all around it "
            "along",
        )


def _nullable(type_: GraphQLOutputType) -> GraphQLOutputType:
    return type_.of_type if is_non_null_type(type_) else type_
