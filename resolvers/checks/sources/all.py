"""The checks of a graph's declarations against its sources. To add one, write it and name it
here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from resolvers.checks.places import Declarations
from resolvers.checks.sources import columns, indexes, keys
from resolvers.checks.sources.findings import Descriptions, Finding

Check = Callable[[Declarations, Descriptions], Iterator[Finding]]
"""Yields what it finds. Of a resource that has no description it says nothing."""

CHECKS: tuple[Check, ...] = (
    columns.resources_are_there,
    columns.columns_are_there,
    columns.types_can_be_shown,
    columns.relations_can_be_null,
    columns.enums_have_the_labels,
    columns.comparisons_fit,
    columns.aggregates_fit,
    keys.keys_are_unique,
    keys.keys_are_of_their_type,
    keys.ends_meet,
    indexes.indexes_are_there,
)


def findings_of(declared: Declarations, told: Descriptions) -> list[Finding]:
    """All that is found, each once, in the order of the checks."""
    return list(dict.fromkeys(each for check in CHECKS for each in check(declared, told)))
