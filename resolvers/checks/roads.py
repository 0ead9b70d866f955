"""Whether every field's rows can be had by the road that it asks for them by."""

from __future__ import annotations

from collections.abc import Iterator

from loaders.resource import Resource
from loaders.row_filters import Through
from resolvers.checks.faults import Fault
from resolvers.checks.places import Declarations
from resolvers.lookups import NodeLookup


def types_have_resources(declared: Declarations) -> Iterator[Fault]:
    for name in declared.unbacked:
        yield Fault(name, "it is a Node, so it needs a resource: resource = PostgresTable(…)")


def resources_can_work(declared: Declarations) -> Iterator[Fault]:
    """Paths that are none, sizes that take no key, and the like: each resource once."""
    for resource, coordinate in declared.resources().items():
        for mistake in resource.mistakes():
            yield Fault(coordinate, f"{resource}: {mistake}")


def roads_are_there(declared: Declarations) -> Iterator[Fault]:
    """Routes of services, and row filters that leave one road alone."""
    for place in declared.places:
        for resource, column in declared.roads(place):
            if (why := _why_not(resource, column)) is not None:
                what = f"{resource} can't be had {_by(column)}"
                if isinstance(place.fetch, NodeLookup):
                    (name, *_) = (name for name, _ in declared.types_of(resource))
                    what = f"an id can be of {name}, and {what}"
                yield Fault(place.coordinate, f"{what}: {why}")


def _by(column: str | None) -> str:
    return "as a whole" if column is None else f"by '{column}'"


def _why_not(resource: Resource, column: str | None) -> str | None:
    if (why := resource.why_not_by(column)) is not None:
        return why
    within = resource.row_filter
    if not isinstance(within, Through) or _joined(resource, within):
        return None
    other = within.resource
    if column != within.column:
        return (
            f"its row filter asks {other} which values of '{within.column}' may be seen, so rows "
            "can be had by that column alone"
        )
    if (why := _why_not(other, other.key)) is not None:
        return f"its row filter asks {other} by '{other.key}', and {why}"
    return None


def _joined(resource: Resource, within: Through) -> bool:
    """Whether the row filter is a part of the resource's own statement."""
    other = within.resource
    if not resource.joins or other.source != resource.source:
        return False
    return not isinstance(other.row_filter, Through) or _joined(other, other.row_filter)
