"""Protected connections whose objects can be had without them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from resolvers.checks.places import Declarations, Place, name_of
from resolvers.connections import Connected
from resolvers.directives import Rule
from resolvers.relations import Aggregated

log = logging.getLogger("sluice.declarations")


def warn_of_open_roads(declared: Declarations) -> None:
    """Log a warning for each protected connection over a type of which nothing keeps anyone who
    has an id, or an object that leads there: neither a directive nor a row filter."""
    for place in declared.places:
        target = place.target
        if not isinstance(place.fetch, Connected) or target is None:
            continue
        required = declared.rules.required(place.coordinate)
        if not required or target.resource.row_filter is not None:
            continue
        roads = list(_open(declared, place))
        if roads:
            log.warning(
                "%s is protected by %s, but its objects can be had without that, by %s: protect "
                "their type, or give %s a row filter",
                place.coordinate,
                _shown(required),
                ", ".join(roads),
                target.resource,
            )


def _open(declared: Declarations, connection: Place) -> Iterator[str]:
    """The other fields that lead to objects of the connection's type, and that nothing protects."""
    assert connection.target is not None
    resource = connection.target.resource
    if declared.rules.required(name_of(connection.target)):
        return
    for place in declared.places:
        # An aggregate shows none of them.
        leads = not isinstance(place.fetch, Aggregated) and any(
            each is resource for each, _ in declared.roads(place)
        )
        if place is not connection and leads and not declared.rules.required(place.coordinate):
            yield place.coordinate


def _shown(rule: Rule) -> str:
    return " and ".join(map(str, rule))
