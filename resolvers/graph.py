"""A graph: a Strawberry schema whose types know their resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence

import strawberry
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import FieldType, StrawberryField
from strawberry.types.scalar import ScalarDefinition

from gateway.engine.batched import BATCHED, MEMBER, BatchedResolver, member
from loaders.declarations import Declared
from loaders.resource import Resource
from resolvers import directives
from resolvers.checks.all import faults_of
from resolvers.checks.faults import DeclarationError
from resolvers.checks.open_roads import warn_of_open_roads
from resolvers.checks.places import Declarations
from resolvers.checks.sources.uses import references_of
from resolvers.columns import column_name, encrypted_columns, time_zones_of
from resolvers.costs import Costs
from resolvers.directives import BACKREF
from resolvers.fields import (
    NEEDS,
    SPEC,
    Arguments,
    Batched,
    BatchedFetch,
    Column,
    FetchedField,
    Node,
    ResolveInfo,
    Values,
)
from resolvers.filters import comparisons
from resolvers.guards import guard
from resolvers.inheritance import let_nodes_be_null, show_inherited
from resolvers.inputs import InputChecks, check_inputs
from resolvers.numbers import read_literals_exactly
from resolvers.once import once
from resolvers.policies import Policy
from resolvers.reading import prepare_leaves, read_column, read_id, read_needs
from resolvers.relations import Aggregated
from resolvers.results import MutationError, tell_errors
from resolvers.rules import Rules
from resolvers.scalars import Scalar, definitions_of
from resolvers.time_zones import converter
from resolvers.wrapping import result_union


class Graph(Declared, strawberry.Schema):
    """The schema that the gateway serves.

    ``needs`` holds, for each schema coordinate, the columns that its field reads,
    ``read_from_row`` the coordinates whose values are made from the row they stand on, and
    ``source_of`` the name of the source that its value comes from, for columns and aggregates.
    ``rules`` says who may see what; ``policies`` are the functions that its ``@policy`` directives
    name, ``scopes`` those that only row filters go by: the schema lists all that there are.
    ``scalars`` are the graph's own, ``call_costs`` what a call costs, by the names of sources.
    ``comparisons`` says for a field's coordinate by which inputs it is compared. ``declarations``
    are its types and fields as checks look at them, ``time_zones`` those that columns have, and
    ``encrypted`` the columns that are, by the ids of their resources; ``references`` those that
    name rows of other resources.

    Raises DeclarationError, with all that is wrong, for declarations that can't be kept.
    """

    def __init__(
        self,
        query: type,
        *,
        mutation: type | None = None,
        subscription: type | None = None,
        types: Iterable[type] = (),
        policies: Sequence[Policy] = (),
        scopes: Iterable[str] = (),
        scalars: Mapping[object, ScalarDefinition | Scalar] | None = None,
        extensions: Sequence[type[SchemaExtension]] = (),
        call_costs: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(
            query,
            mutation=mutation,
            subscription=subscription,
            types=types,
            extensions=extensions,
            schema_directives=[directives.FEDERATION],
            config=StrawberryConfig(
                default_resolver=member,
                scalar_map={**directives.SCALARS, **definitions_of(scalars or {})},
                enable_experimental_incremental_execution=True,
            ),
        )
        self.needs: dict[str, frozenset[tuple[Resource, str]]] = {}
        self.read_from_row: set[str] = set()
        self.source_of: dict[str, str] = {}
        self.comparisons: dict[str, set[str]] = defaultdict(set)
        let_nodes_be_null(self._schema)
        self.rules = Rules(self._schema, policies)
        declared = Declarations.of(self._schema, self.rules, dict(call_costs or {}))
        if faults := faults_of(declared):
            raise DeclarationError(faults)
        warn_of_open_roads(declared)
        self.declarations = declared
        self.costs = Costs.of(self._schema, declared.call_costs)
        self.node_types = declared.nodes
        self.time_zones = dict(time_zones_of(declared.nodes.values()))
        self.encrypted = encrypted_columns(declared.nodes.values())
        self.references = references_of(declared)
        for type_ in self._schema.type_map.values():
            if isinstance(type_, GraphQLObjectType):
                self._bind(type_)
            elif isinstance(type_, GraphQLScalarType):
                read_literals_exactly(type_)
        self._check_inputs()
        # Before all that: callers who are denied a field learn nothing of their arguments.
        self._guard()
        show_inherited(self._schema)
        named = {
            "federation__Scope": self.rules.scopes | set(scopes),
            "federation__Policy": self.rules.policies.keys(),
        }
        for scalar, names in named.items():
            if (named_type := self._schema.type_map.get(scalar)) is not None:
                listed = ", ".join(f"`{name}`" for name in sorted(names))
                named_type.description = (
                    f"{named_type.description} In this graph: {listed or 'none'}."
                )

    def _bind(self, type_: GraphQLObjectType) -> None:
        owner = self.node_types.get(type_.name)
        if owner is not None:
            for field_place, input_place in comparisons(owner):
                self.comparisons[field_place].add(input_place)
            # Rows are not instances of the type that shows them.
            type_.is_type_of = None
        elif issubclass(_origin(type_), MutationError):
            # Nor are errors that are values.
            type_.is_type_of = None
        for name, graphql_field in type_.fields.items():
            field = graphql_field.extensions.get(BACKREF)
            if isinstance(field, StrawberryField):
                self._bind_field(f"{type_.name}.{name}", graphql_field, field, type_.name, owner)

    def _bind_field(
        self,
        coordinate: str,
        graphql_field: GraphQLField,
        field: StrawberryField,
        type_name: str,
        owner: type[Node] | None,
    ) -> None:
        spec = field.metadata.get(SPEC)
        if isinstance(field, FetchedField):
            if isinstance(field.fetch, BatchedFetch):
                graphql_field.extensions[BATCHED] = self._batched(field, field.fetch)
            if isinstance(field.fetch, Batched):
                self.read_from_row.add(coordinate)
            elif isinstance(field.fetch, Aggregated):
                self.source_of[coordinate] = field.fetch.of.source
            self.needs[coordinate] = frozenset(field.fetch.needs(field))
            for field_place, argument in field.fetch.comparisons(field):
                self.comparisons[field_place].add(f"{coordinate}({argument}:)")
        elif owner is not None and field.is_basic_field:
            if field.python_name == "id":
                column = owner.resource.key
                read_id(graphql_field, type_name, owner.resource)
            else:
                column = column_name(field, spec if isinstance(spec, Column) else Column())
                read_column(graphql_field, owner.resource, column, converter(field.type))
            self.needs[coordinate] = frozenset([(owner.resource, column)])
            self.read_from_row.add(coordinate)
            self.source_of[coordinate] = owner.resource.source
        elif owner is not None:
            needed = field.metadata.get(NEEDS, ())
            read_needs(graphql_field, needed)
            self.needs[coordinate] = frozenset((owner.resource, column) for column in needed)
            self.read_from_row.add(coordinate)
        elif field.is_basic_field and type(field).get_result is StrawberryField.get_result:
            # Another class of fields would have its own way to the value.
            graphql_field.extensions[MEMBER] = field.python_name
            prepare_leaves(graphql_field)

    def _batched(self, field: FetchedField, fetch: BatchedFetch) -> BatchedResolver:
        config, registry = self.config, self.schema_converter.scalar_registry
        named = [(config.name_converter.from_argument(each), each) for each in field.arguments]
        taken = [(name, each.python_name, _to_convert(each.type)) for name, each in named]

        def resolve(
            rows: Values, info: ResolveInfo, arguments: Arguments
        ) -> Values | Awaitable[Values]:
            given = {
                python_name: arguments[name]
                if type_ is None
                else converted(info, name, arguments[name], type_)
                for name, python_name, type_ in taken
                if name in arguments
            }
            return fetch.resolve_all(field, rows, info, given)

        def converted(info: ResolveInfo, name: str, value: object, type_: FieldType) -> object:
            def convert() -> object:
                return convert_argument(value, type_, registry, config, path=(name,))

            if not isinstance(value, dict | list):
                return convert()
            return once(info.context, id(type_), value, convert)

        return resolve

    def _check_inputs(self) -> None:
        checks = InputChecks()
        for type_ in self._schema.type_map.values():
            for field in type_.fields.values() if isinstance(type_, GraphQLObjectType) else ():
                check_inputs(field, checks)
                if (union := result_union(get_named_type(field.type))) is not None:
                    tell_errors(field, union)

    def _guard(self) -> None:
        for coordinate in self.rules.coordinates:
            type_name, _, name = coordinate.partition(".")
            read = coordinate in self.read_from_row
            resource = self.node_types[type_name].resource if read else None
            type_ = self._schema.type_map[type_name]
            assert isinstance(type_, GraphQLObjectType)
            guard(coordinate, type_.fields[name], resource)


def _origin(type_: GraphQLObjectType) -> type:
    """The class that a type was made of."""
    origin = getattr(type_.extensions.get(BACKREF), "origin", None)
    return origin if isinstance(origin, type) else object


def _to_convert(type_: FieldType) -> FieldType | None:
    """The type of an argument whose values Strawberry has to convert; None of any other."""
    innermost = type_.of_type if type(type_) is StrawberryOptional else type_
    return None if innermost in (int, float, str, bool) else type_
