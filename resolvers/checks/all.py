"""The checks of a graph's declarations as it loads. To add one, write it and name it here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from resolvers.checks import columns, costs, encryption, inputs, roads, shapes
from resolvers.checks.faults import Fault
from resolvers.checks.places import Declarations

Check = Callable[[Declarations], Iterator[Fault]]
"""Yields the faults that it finds. It gets every graph that Strawberry can make a schema of."""

CHECKS: tuple[Check, ...] = (
    roads.types_have_resources,
    roads.resources_can_work,
    roads.roads_are_there,
    shapes.types_fit,
    shapes.rows_are_there,
    shapes.crossings_are_nullable,
    columns.comparisons_are_there,
    columns.comparisons_have_one_name,
    columns.sorts_make_cursors,
    columns.sorts_have_one_field,
    columns.protected_columns_are_shown_once,
    columns.cursors_show_what_fields_show,
    columns.names_are_columns,
    columns.paths_have_steps,
    columns.lookups_name_fields,
    columns.keys_can_meet,
    columns.time_zones_are_of_times,
    encryption.encrypted_columns_are_texts,
    encryption.encrypted_columns_are_only_read,
    costs.weights_are_numbers,
    costs.list_sizes_can_be_told,
    costs.calls_can_cost,
    inputs.inputs_can_be_given,
    inputs.inputs_are_of_input_types,
)


def faults_of(declared: Declarations) -> list[Fault]:
    """All faults of the graph, those of its rules first, each once."""
    found = [*declared.rules.faults, *(fault for check in CHECKS for fault in check(declared))]
    return list(dict.fromkeys(found))
