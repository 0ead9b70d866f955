"""What fields cost: the directives that say so, with the semantics of Apollo Federation (v2.9),
which are those of IBM's GraphQL Cost Directives Specification, and what a graph says by them.

An object costs 1 and a scalar nothing, unless ``@cost`` says otherwise. A list has as many as its
arguments ask for, or as ``@listSize`` has one assume. A call to a source, of which routers know
nothing, costs what the graph says of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_object_type,
)
from strawberry import UNSET
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from resolvers.connections import (
    LARGEST_PAGE,
    PAGE_SIZE,
    Connected,
    OfConnection,
    OfPage,
    TotalCount,
)
from resolvers.directives import BACKREF
from resolvers.fields import FetchedField
from resolvers.lookups import MOST_NODES, Lookup, NodeLookup, Viewer
from resolvers.relations import Aggregated, Many, One

ASSUMED_SIZE = 10
"""Objects of a list of which nothing is said."""

CALL = 20
"""What a call to a source costs of which nothing is said: it takes as much CPU, here and in
PostgreSQL, as that many objects."""

ARGUMENTS_OF_PAGES = ["first", "last"]
FIELDS_OF_PAGES = ["nodes", "edges"]


@strawberry.schema_directive(
    locations=[
        Location.ARGUMENT_DEFINITION,
        Location.ENUM,
        Location.FIELD_DEFINITION,
        Location.INPUT_FIELD_DEFINITION,
        Location.OBJECT,
        Location.SCALAR,
    ],
    name="cost",
    description="What one of these costs, instead of 1 for an object and 0 for anything else.",
)
class Cost:
    weight: int


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many items to reckon with: as many as one of `slicingArguments` says, or "
    "`assumedSize`. They are those of the field itself, or of the `sizedFields` of its value.",
)
class ListSize:
    assumed_size: int | None = UNSET
    slicing_arguments: list[str] | None = UNSET
    sized_fields: list[str] | None = UNSET
    require_one_slicing_argument: bool | None = True


@dataclass(frozen=True, slots=True)
class Size:
    """How many items a list has: as many as the largest of the ``slicing`` arguments says, each a
    path into an argument, by a number or by a list's length, or ``assumed``; never more than
    ``largest``. It is that of the field's
    value, or of these ``fields`` of it."""

    assumed: int = ASSUMED_SIZE
    slicing: tuple[tuple[str, ...], ...] = ()
    fields: frozenset[str] = frozenset()
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call by which a field is fetched, for all objects at its place: to the ``source``, or to
    any, where it is None. Fields of one connection that are of its page have one together."""

    source: str | None
    is_page: bool = False


@dataclass(slots=True)
class Costs:
    """What a graph says of costs: the ``weights`` that its directives give to types and fields, by
    name and schema coordinate, those of arguments and of fields of inputs among them, the
    ``sizes`` of lists and the ``calls`` that fetch fields, by the coordinates of these, and the
    ``prices`` of a call, by the names of sources."""

    weights: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: GraphQLSchema, prices: Mapping[str, int]) -> Costs:
        """What the schema says. Lists that say nothing are given what they are reckoned with, so
        that the schema shows it."""
        costs = cls(prices=prices)
        for coordinate, element in elements_of(schema):
            costs._weigh(coordinate, element)
            if isinstance(element, GraphQLField):
                if (size := _size_of(element)) is not None:
                    costs.sizes[coordinate] = size
                costs.calls.update(_calls_of(coordinate, element))
        return costs

    def price(self, call: Call) -> int:
        """What the call costs; one to any source what one to the dearest does."""
        if call.source is not None:
            return self.prices.get(call.source, CALL)
        return max([CALL, *self.prices.values()])

    def _weigh(self, coordinate: str, element: Element) -> None:
        for each in directives_of(element):
            if isinstance(each, Cost):
                self.weights[coordinate] = each.weight


Element = GraphQLNamedType | GraphQLField | GraphQLArgument | GraphQLInputField


def elements_of(schema: GraphQLSchema) -> Iterator[tuple[str, Element]]:
    """The types of a schema, their fields and their arguments, each with its coordinate."""
    for name, type_ in schema.type_map.items():
        yield name, type_
        if is_object_type(type_) or is_interface_type(type_):
            for field_name, graphql_field in type_.fields.items():
                coordinate = f"{name}.{field_name}"
                yield coordinate, graphql_field
                for argument_name, argument in graphql_field.args.items():
                    yield f"{coordinate}({argument_name}:)", argument
        elif is_input_object_type(type_):
            for input_name, input_field in type_.fields.items():
                yield f"{name}.{input_name}", input_field


def directives_of(element: Element) -> Iterable[object]:
    """The directives that stand on an element of a schema."""
    found: Iterable[object] = getattr(element.extensions.get(BACKREF), "directives", None) or ()
    return found


def list_size_of(element: GraphQLField) -> ListSize | None:
    """What is said of the field's list."""
    return next((each for each in directives_of(element) if isinstance(each, ListSize)), None)


def _is_list(graphql_field: GraphQLField) -> bool:
    """Whether the field's value is a list of what costs something by itself."""
    type_ = get_nullable_type(graphql_field.type)
    return is_list_type(type_) and is_composite_type(get_named_type(type_))


def _size_of(graphql_field: GraphQLField) -> Size | None:
    declared = list_size_of(graphql_field)
    own = graphql_field.extensions.get(BACKREF)
    fetch = own.fetch if isinstance(own, FetchedField) else None
    if (
        declared is None
        and isinstance(own, StrawberryField)
        and not isinstance(fetch, OfConnection)
    ):
        if isinstance(fetch, Connected):
            declared = ListSize(
                assumed_size=PAGE_SIZE,
                slicing_arguments=ARGUMENTS_OF_PAGES,
                sized_fields=FIELDS_OF_PAGES,
                require_one_slicing_argument=False,
            )
        elif _is_list(graphql_field):
            declared = ListSize(assumed_size=ASSUMED_SIZE, require_one_slicing_argument=False)
        if declared is not None:
            own.directives = [*own.directives, declared]
    if declared is None:
        return None
    slicing, largest = [tuple(each.split(".")) for each in declared.slicing_arguments or ()], None
    if isinstance(fetch, Connected):
        largest = LARGEST_PAGE
    elif isinstance(fetch, NodeLookup):
        # Federation's directive has sizes by numbers alone, and here a list says it.
        slicing, largest = [("ids",)], MOST_NODES
    return Size(
        declared.assumed_size or ASSUMED_SIZE,
        tuple(slicing),
        frozenset(declared.sized_fields or ()),
        largest,
    )


def _calls_of(coordinate: str, graphql_field: GraphQLField) -> Iterator[tuple[str, Call]]:
    """The calls that fetch the field, or those of the connection that it is, by coordinates."""
    own = graphql_field.extensions.get(BACKREF)
    if not isinstance(own, FetchedField):
        return
    fetch = own.fetch
    if isinstance(fetch, Connected):
        connection = get_named_type(graphql_field.type)
        assert is_object_type(connection)
        source = own.target.resource.source
        for name, below in connection.fields.items():
            of = below.extensions[BACKREF].fetch
            if isinstance(of, OfPage | TotalCount):
                yield f"{connection.name}.{name}", Call(source, isinstance(of, OfPage))
    elif isinstance(fetch, One | Many | Lookup | Viewer):
        yield coordinate, Call(own.target.resource.source)
    elif isinstance(fetch, Aggregated):
        yield coordinate, Call(fetch.of.source)
    elif isinstance(fetch, NodeLookup):
        yield coordinate, Call(None)
