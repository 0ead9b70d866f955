"""Whether what fields say of costs can be reckoned with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputType,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_object_type,
)

from resolvers.checks.faults import Fault
from resolvers.checks.places import Declarations
from resolvers.costs import Cost, ListSize, directives_of, elements_of, list_size_of

NUMBERS = ("Int", "Int!")


def weights_are_numbers(declared: Declarations) -> Iterator[Fault]:
    for coordinate, element in elements_of(declared.schema):
        for each in directives_of(element):
            if isinstance(each, Cost) and each.weight < 0:
                yield Fault(coordinate, f"a weight of {each.weight}: nothing costs less than 0")


def list_sizes_can_be_told(declared: Declarations) -> Iterator[Fault]:
    for coordinate, element in elements_of(declared.schema):
        if isinstance(element, GraphQLField) and (size := list_size_of(element)) is not None:
            for fault in _faults(element, size):
                yield Fault(coordinate, fault)


def calls_can_cost(declared: Declarations) -> Iterator[Fault]:
    sources = {each.resource.source for each in declared.nodes.values()}
    for source, price in declared.call_costs.items():
        if source not in sources:
            yield Fault("call_costs", f"has '{source}', and no type is of such a source")
        if price < 0:
            yield Fault("call_costs", f"a call of {price}: nothing costs less than 0")


def _faults(field: GraphQLField, size: ListSize) -> Iterator[str]:
    type_ = get_nullable_type(field.type)
    if size.assumed_size and size.assumed_size < 0:
        yield f"an assumed size of {size.assumed_size}: no list has less than 0 items"
    if not size.sized_fields and not is_list_type(type_):
        yield "listSize is of a list, or of the lists that sized_fields names"
    for name in size.sized_fields or ():
        below = type_.fields.get(name) if is_object_type(type_) else None
        if below is None or not is_list_type(get_nullable_type(below.type)):
            yield f"sized_fields has '{name}', and {type_} has no such list"
    for path in size.slicing_arguments or ():
        if _type_at(field, path) not in NUMBERS:
            yield f"slicing_arguments has '{path}', and the field has no such argument of type Int"


def _type_at(field: GraphQLField, path: str) -> str | None:
    """The type of what the path leads to in the field's arguments, if it leads to something."""
    steps: Mapping[str, GraphQLArgument | GraphQLInputField] = field.args
    type_: GraphQLInputType | None = None
    for name in path.split("."):
        if name not in steps:
            return None
        type_ = steps[name].type
        named = get_named_type(type_)
        steps = named.fields if is_input_object_type(named) else {}
    return str(type_)
