"""A graph: a Strawberry schema whose types know their resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import strawberry
from graphql import (
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLID,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
    get_named_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import FieldType, StrawberryField
from strawberry.types.scalar import ScalarDefinition

from gateway.engine.batched import BATCHED, COLUMN, LEAF, MEMBER, BatchedResolver, member
from loaders.declarations import Declared
from loaders.errors import Unreadable
from loaders.resource import Resource, Row, unreadable
from loaders.texts import text_of
from resolvers import directives
from resolvers.checks.all import faults_of
from resolvers.checks.faults import DeclarationError
from resolvers.checks.open_roads import warn_of_open_roads
from resolvers.checks.places import Declarations
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
    column_name,
)
from resolvers.filters import comparisons
from resolvers.guards import guard
from resolvers.ids import global_id
from resolvers.inheritance import let_nodes_be_null, show_inherited
from resolvers.numbers import read_literals_exactly
from resolvers.policies import Policy
from resolvers.rules import Rules
from resolvers.scalars import Scalar, definitions_of


class Graph(Declared, strawberry.Schema):
    """The schema that the gateway serves.

    ``needs`` holds, for each schema coordinate, the columns that its field reads,
    ``read_from_row`` the coordinates whose values are made from the row they stand on, and
    ``source_of`` the name of the source that its value comes from, for columns. ``rules`` says who
    may see what; ``policies`` are the functions that its ``@policy`` directives name, ``scopes``
    those that only row filters go by: the schema lists all that there are. ``scalars`` are the
    graph's own. ``comparisons`` says for a field's coordinate by which inputs it is compared.
    ``declarations`` are its types and fields as checks look at them.

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
        declared = Declarations.of(self._schema, self.rules)
        if faults := faults_of(declared):
            raise DeclarationError(faults)
        warn_of_open_roads(declared)
        self.declarations = declared
        self.node_types = declared.nodes
        for type_ in self._schema.type_map.values():
            if isinstance(type_, GraphQLObjectType):
                self._bind(type_)
            elif isinstance(type_, GraphQLScalarType):
                read_literals_exactly(type_)
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
            self.needs[coordinate] = frozenset(field.fetch.needs(field))
            for field_place, argument in field.fetch.comparisons(field):
                self.comparisons[field_place].add(f"{coordinate}({argument}:)")
        elif owner is not None and field.is_basic_field:
            if field.python_name == "id":
                column = owner.resource.key
                graphql_field.resolve = _id_resolver(type_name, column)
                graphql_field.extensions[BATCHED] = _ids_resolver(type_name, column)
            else:
                column = column_name(field, spec if isinstance(spec, Column) else Column())
                graphql_field.resolve = _column_resolver(column)
                graphql_field.extensions[COLUMN] = column
                _prepare_leaves(graphql_field)
            self.needs[coordinate] = frozenset([(owner.resource, column)])
            self.read_from_row.add(coordinate)
            self.source_of[coordinate] = owner.resource.source
        elif owner is not None:
            needed = field.metadata.get(NEEDS, ())
            if needed and graphql_field.resolve is not None:
                graphql_field.resolve = _readable_resolver(graphql_field.resolve, needed)
            self.needs[coordinate] = frozenset((owner.resource, column) for column in needed)
            self.read_from_row.add(coordinate)
        elif field.is_basic_field and type(field).get_result is StrawberryField.get_result:
            # Another class of fields would have its own way to the value.
            graphql_field.extensions[MEMBER] = field.python_name
            _prepare_leaves(graphql_field)

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
                else convert_argument(arguments[name], type_, registry, config, path=(name,))
                for name, python_name, type_ in taken
                if name in arguments
            }
            return fetch.resolve_all(field, rows, info, given)

        return resolve

    def _guard(self) -> None:
        for coordinate in self.rules.coordinates:
            type_name, _, name = coordinate.partition(".")
            read = coordinate in self.read_from_row
            resource = self.node_types[type_name].resource if read else None
            type_ = self._schema.type_map[type_name]
            assert isinstance(type_, GraphQLObjectType)
            guard(coordinate, type_.fields[name], resource)


def _to_convert(type_: FieldType) -> FieldType | None:
    """The type of an argument whose values Strawberry has to convert; None of any other."""
    innermost = type_.of_type if type(type_) is StrawberryOptional else type_
    return None if innermost in (int, float, str, bool) else type_


def _prepare_leaves(field: GraphQLField) -> None:
    """Have the field show values of other types than its own as ``LEAVES`` has them."""
    resolve, prepare = field.resolve, LEAVES.get(get_named_type(field.type))
    if prepare is not None and resolve is not None:
        field.extensions[LEAF] = prepare
        field.resolve = lambda source, info: _prepared(prepare, resolve(source, info))


def _prepared(prepare: Callable[[object], object], value: object) -> object:
    if isinstance(value, list):
        return [_prepared(prepare, each) for each in value]
    try:
        return prepare(value)
    except ValueError as error:
        return error


def _short(value: object) -> object:
    # GraphQL's Int would make an int of a decimal, however long it is, and write it out.
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() > LONGEST_INT:
        raise ValueError("not a number of 32 bits")
    return value


LEAVES: Mapping[GraphQLNamedType, Callable[[object], object]] = {
    GraphQLString: text_of,
    GraphQLID: text_of,
    GraphQLInt: _short,
}

LONGEST_INT = 9
"""The power of ten of the largest one."""


def _readable_resolver(
    resolve: GraphQLFieldResolver, columns: Sequence[str]
) -> GraphQLFieldResolver:
    """The resolver, which is not called for a row with a value there that could not be read: its
    value is that one's error."""

    def resolve_readable(row: Row, info: ResolveInfo, **arguments: object) -> object:
        if (error := unreadable(row, columns)) is not None:
            raise error
        return resolve(row, info, **arguments)

    return resolve_readable


def _column_resolver(column: str) -> GraphQLFieldResolver:
    def resolve(row: Row, _info: ResolveInfo) -> object:
        return row.get(column)

    return resolve


def _ids_resolver(type_name: str, column: str) -> BatchedResolver:
    one = _id_resolver(type_name, column)

    def resolve(rows: Sequence[Row], info: ResolveInfo, _arguments: Arguments) -> Values:
        values: list[object] = []
        for row in rows:
            try:
                values.append(one(row, info))
            except (Unreadable, ValueError) as error:
                values.append(error)
        return values

    return resolve


def _id_resolver(type_name: str, column: str) -> Callable[[Row, ResolveInfo], str]:
    def resolve(row: Row, _info: ResolveInfo) -> str:
        key = row.get(column)
        if key is None:
            raise ValueError(f"a row of {type_name} without its key")
        if isinstance(key, Unreadable):
            raise key
        return global_id(type_name, key)

    return resolve
