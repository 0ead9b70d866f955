"""Which columns of which resources a graph's declarations name."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from loaders.identity import ANONYMOUS, Identity
from loaders.query import And, Comparison, Filter, Not, Or, SemiJoin
from loaders.resource import Resource
from loaders.row_filters import Through
from loaders.writes import References
from resolvers.checks.places import Declarations, Place
from resolvers.connections import Connected
from resolvers.fields import NEEDS, Batched
from resolvers.relations import Aggregated, Many, One

SIGNED_IN = Identity(subject="somebody", credential="somebody's")
"""Together with anonymous callers, whom row filters are asked about: what they return for others
can't be told."""


@dataclass(frozen=True, slots=True)
class Use:
    """A column that a declaration names: at which coordinate, and by which of its arguments, such
    as "by"; None where it is the field's own column."""

    coordinate: str
    resource: Resource
    column: str
    argument: str | None = None


def written(declared: Declarations) -> Iterator[Use]:
    """Those that types and fields name; a column that several name comes several times."""
    for name, type_ in declared.nodes.items():
        yield Use(name, type_.resource, type_.resource.key, "key")
    for place in declared.places:
        yield from _of_place(declared, place)


def uses(declared: Declarations) -> Iterator[Use]:
    """All of them, those of row filters, too."""
    yield from written(declared)
    for resource, coordinate in declared.resources().items():
        for of, column in row_filter_columns(resource):
            yield Use(coordinate, of, column, "its row filter")


def row_filter_columns(resource: Resource) -> Iterator[tuple[Resource, str]]:
    """The columns that the resource's row filter compares, as far as it says so without knowing
    who asks, each with the resource whose it is."""
    if isinstance(within := resource.row_filter, Through):
        yield resource, within.column
        yield within.resource, within.resource.key
    for identity in (ANONYMOUS, SIGNED_IN):
        try:
            seen = resource.seen_by(identity)
        except Exception:  # noqa: S112
            # The owner's own function, which may do what it likes about such callers.
            continue
        yield from compared(resource, seen)


def compared(resource: Resource, filter: Filter | None) -> Iterator[tuple[Resource, str]]:
    """The columns that the filter compares, each with the resource whose it is."""
    match filter:
        case And(parts) | Or(parts):
            for part in parts:
                yield from compared(resource, part)
        case Not(part):
            yield from compared(resource, part)
        case Comparison(column):
            yield resource, column
        case SemiJoin(column, other, of, where):
            yield resource, column
            yield other, of
            yield from compared(other, where)


def _of_place(declared: Declarations, place: Place) -> Iterator[Use]:
    at, owner, target = place.coordinate, place.owner, place.target
    if owner is not None:
        if place.column is not None:
            yield Use(at, owner.resource, place.column)
        needed = place.field.metadata.get(NEEDS, ())
        if isinstance(place.fetch, Batched):
            needed = place.fetch.columns
        for column in needed:
            yield Use(at, owner.resource, column, "needs")
        if isinstance(place.fetch, One):
            yield Use(at, owner.resource, place.fetch.by, "by")
        for requirement in declared.rules.required(at):
            if requirement.kind == "policy":
                for name in sorted(requirement.names & declared.rules.policies.keys()):
                    for column in declared.rules.policies[name].needs:
                        yield Use(at, owner.resource, column, f"policy '{name}' needs")
    match place.fetch:
        case One(_, to) if target is not None and to is not None:
            yield Use(at, target.resource, to, "to")
        case Many(by) | Connected(by) if target is not None and by is not None:
            yield Use(at, target.resource, by, "by")
        case Aggregated(of, by, aggregate, where):
            yield Use(at, of, by, "by")
            if aggregate.column is not None:
                yield Use(at, of, aggregate.column, "column")
            for resource, column in compared(of, where):
                yield Use(at, resource, column, "where")
    if place.fetch is not None and target is not None:
        for name in place.fetch.sorts_by():
            yield Use(at, target.resource, name.removeprefix("-"), "order_by")


def references_of(declared: Declarations) -> References:
    """The columns by which relations name rows of others, by their keys."""
    found: dict[Hashable, list[tuple[str, Resource]]] = {}
    for place in declared.places:
        match place.fetch:
            case One(by, to) if place.owner is not None and place.target is not None:
                target = place.target.resource
                if to is None or to == target.key:
                    found.setdefault(place.owner.resource.id, []).append((by, target))
    return {id: list(dict.fromkeys(each)) for id, each in found.items()}


@dataclass(frozen=True, slots=True)
class Feed:
    """A relation whose keys are values of one resource's column, and by which another resource is
    asked for rows by a column of its own."""

    giver: Resource
    given: str
    taker: Resource
    taken: str


def feeds(declared: Declarations) -> Iterator[Feed]:
    """All relations of the graph."""
    for place in declared.places:
        if place.owner is None:
            continue
        own = place.owner.resource
        match place.fetch:
            case One(by, to) if place.target is not None:
                target = place.target.resource
                yield Feed(own, by, target, to or target.key)
            case Many(by) | Connected(by) if place.target is not None and by is not None:
                yield Feed(own, own.key, place.target.resource, by)
            case Aggregated(of, by):
                yield Feed(own, own.key, of, by)
