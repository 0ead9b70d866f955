"""Whether encrypted columns are only read: their source knows nothing of their values."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from resolvers.checks.faults import Fault
from resolvers.checks.places import Declarations
from resolvers.checks.sources.uses import uses
from resolvers.checks.values import plain
from resolvers.columns import (
    column_name,
    column_of,
    columns_of,
    coordinate_of,
    encrypted_columns,
    given_type,
)
from resolvers.lookups import Lookup

READS = ("needs",)
"""How arguments end that name columns whose values are read."""


def encrypted_columns_are_texts(declared: Declarations) -> Iterator[Fault]:
    for type_ in declared.nodes.values():
        for field, spec in columns_of(type_):
            if spec.encrypted and plain(given_type(field)) is not str:
                yield Fault(coordinate_of(type_, field), "encrypted: only a text can be")


def encrypted_columns_are_only_read(declared: Declarations) -> Iterator[Fault]:
    """Nothing compares, sorts or counts by one, and no row is found by it."""
    by_resource = encrypted_columns(declared.nodes.values())

    def is_encrypted(resource: Hashable, column: str) -> bool:
        return column in by_resource.get(resource, frozenset())

    for type_ in declared.nodes.values():
        for field, spec in columns_of(type_):
            column, at = column_name(field, spec), coordinate_of(type_, field)
            if not is_encrypted(type_.resource.id, column):
                continue
            if not spec.encrypted:
                yield Fault(at, f"it shows '{column}', which another field says is encrypted")
            for option in ("filterable", "sortable"):
                if getattr(spec, option):
                    yield Fault(at, f"{option}: it is encrypted, so its source can't compare it")
    for use in uses(declared):
        argument = use.argument
        if argument is None or argument.endswith(READS):
            continue
        if is_encrypted(use.resource.id, use.column):
            said = f"{argument}: '{use.column}' is encrypted, so its source can't compare it"
            yield Fault(use.coordinate, said)
    for place in declared.places:
        if isinstance(place.fetch, Lookup) and place.target is not None:
            target = place.target
            for name in place.fetch.by:
                if is_encrypted(target.resource.id, column_of(target, name) or ""):
                    said = f"by: '{name}' is encrypted, so nothing can be found by it"
                    yield Fault(place.coordinate, said)
