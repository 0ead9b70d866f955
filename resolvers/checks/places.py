"""A graph's fields as its checks look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.types.field import StrawberryField

from loaders.resource import Resource
from loaders.row_filters import Through
from resolvers.columns import column_name, column_of
from resolvers.connections import Connected, OfConnection, OfEdge
from resolvers.directives import BACKREF
from resolvers.fields import SPEC, Column, Fetch, FetchedField, Node, definition_of, target_of
from resolvers.lookups import Lookup, NodeLookup
from resolvers.relations import Aggregated, Many, One
from resolvers.rules import Rules

Road = tuple[Resource, str | None]
"""A resource, and the column that its rows are asked for by; None where all are."""


@dataclass(frozen=True)
class Place:
    """A field of an object type, other than a connection's own. ``owner`` is the type of the row
    that it stands on, ``target`` that of the rows it leads to, where there is one."""

    coordinate: str
    definition: GraphQLField
    field: StrawberryField
    owner: type[Node] | None
    target: type[Node] | None

    @property
    def fetch(self) -> Fetch | None:
        return self.field.fetch if isinstance(self.field, FetchedField) else None

    @property
    def column(self) -> str | None:
        """The column that the field shows, if it shows one."""
        spec = self.field.metadata.get(SPEC)
        plain = spec is None and self.field.is_basic_field and self.field.python_name != "id"
        if self.owner is None or not (plain or isinstance(spec, Column)):
            return None
        return column_name(self.field, spec if isinstance(spec, Column) else Column())


@dataclass(frozen=True)
class Declarations:
    """All that a graph declares. ``nodes`` are its types with a resource, by name, ``call_costs``
    what a call costs, by the names of sources."""

    schema: GraphQLSchema
    rules: Rules
    nodes: Mapping[str, type[Node]]
    unbacked: Sequence[str]
    places: Sequence[Place]
    call_costs: Mapping[str, int]

    @staticmethod
    def of(schema: GraphQLSchema, rules: Rules, call_costs: Mapping[str, int]) -> Declarations:
        nodes: dict[str, type[Node]] = {}
        unbacked: list[str] = []
        places: list[Place] = []
        for type_ in schema.type_map.values():
            if not isinstance(type_, GraphQLObjectType):
                continue
            origin = getattr(type_.extensions.get(BACKREF), "origin", None)
            is_node = isinstance(origin, type) and issubclass(origin, Node)
            owner = origin if is_node and has_resource(origin) else None
            if owner is not None:
                nodes[type_.name] = owner
            elif is_node:
                unbacked.append(type_.name)
            places.extend(_places(type_, owner))
        return Declarations(schema, rules, nodes, unbacked, places, call_costs)

    def types_of(self, resource: Resource) -> Iterator[tuple[str, type[Node]]]:
        """The types that the resource backs."""
        for name, type_ in self.nodes.items():
            if type_.resource is resource:
                yield name, type_

    def roads(self, place: Place) -> Iterator[Road]:
        """The roads by which the place's rows are asked for, as far as its kind is known."""
        target = place.target
        match place.fetch:
            case One(_, to) if target is not None:
                yield target.resource, to or target.resource.key
            case Many(by) | Connected(by) if target is not None:
                yield target.resource, by
            case Aggregated(of, by):
                yield of, by
            case Lookup(names) if target is not None:
                for name in names:
                    column = target.resource.key if name == "id" else column_of(target, name)
                    if column is not None:
                        yield target.resource, column
            case NodeLookup():
                for each in self.nodes.values():
                    yield each.resource, each.resource.key

    def resources(self) -> Mapping[Resource, str]:
        """Every resource that rows are asked of, with the coordinate of the type or the field that
        is the first to have it."""
        used: dict[Resource, str] = {}
        for name, type_ in self.nodes.items():
            used.setdefault(type_.resource, name)
        for place in self.places:
            for resource, _ in self.roads(place):
                used.setdefault(resource, place.coordinate)
        for resource, coordinate in list(used.items()):
            within = resource.row_filter
            while isinstance(within, Through):
                used.setdefault(within.resource, coordinate)
                within = within.resource.row_filter
        return used


def has_resource(type_: object) -> bool:
    """Whether the type says which resource backs it."""
    return isinstance(getattr(type_, "resource", None), Resource)


def name_of(type_: type[Node]) -> str:
    """The type's name in the schema."""
    name: str = definition_of(type_).name
    return name


def _places(type_: GraphQLObjectType, owner: type[Node] | None) -> Iterator[Place]:
    for name, definition in type_.fields.items():
        field = definition.extensions.get(BACKREF)
        if not isinstance(field, StrawberryField):
            continue
        target = None
        if isinstance(field, FetchedField):
            if isinstance(field.fetch, OfConnection | OfEdge):
                continue
            target = target_of(field)
        yield Place(f"{type_.name}.{name}", definition, field, owner, target)
