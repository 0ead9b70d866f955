"""What introspection shows: the part of the schema that its caller may query."""

from __future__ import annotations

from collections.abc import Iterator

from cachetools import LRUCache
from graphql import (
    DirectiveLocation,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLDirective,
    GraphQLNamedType,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    Node,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    OperationTypeDefinitionNode,
    TypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    Visitor,
    VisitorAction,
    build_ast_schema,
    is_interface_type,
    is_object_type,
    is_specified_directive,
    parse,
    print_schema,
    visit,
)
from graphql.language import REMOVE

from gateway.operations.compat import schema_of
from resolvers.graph import Graph
from resolvers.rules import Verdicts

IN_OPERATIONS = frozenset(
    {
        DirectiveLocation.QUERY,
        DirectiveLocation.MUTATION,
        DirectiveLocation.SUBSCRIPTION,
        DirectiveLocation.FIELD,
        DirectiveLocation.FRAGMENT_DEFINITION,
        DirectiveLocation.FRAGMENT_SPREAD,
        DirectiveLocation.INLINE_FRAGMENT,
        DirectiveLocation.VARIABLE_DEFINITION,
    }
)
"""Where clients write directives (ExecutableDirectiveLocation)."""

SCHEMAS_KEPT = 64
"""Filtered schemas that are kept: one for each different set of denied places."""


class VisibleSchemas:
    """The parts of a graph's schema that callers see."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: LRUCache[frozenset[tuple[str, bool]], GraphQLSchema] = LRUCache(SCHEMAS_KEPT)

    def of(self, verdicts: Verdicts) -> GraphQLSchema:
        """The schema without what these verdicts deny, without the arguments that compare by what
        they do not plainly allow, and without whatever then has nothing left in it."""
        denied = frozenset((place, verdict.is_denied) for place, verdict in verdicts.items())
        schema = self._known.get(denied)
        if schema is None:
            schema = self._known[denied] = self._filtered(denied)
        return schema

    def _filtered(self, denied: frozenset[tuple[str, bool]]) -> GraphQLSchema:
        schema = schema_of(self._graph)
        hidden = {place for place, is_denied in denied if is_denied}
        hidden.update(self._hidden_of_interfaces(hidden))
        for place, _ in denied:
            hidden.update(self._graph.comparisons.get(place, ()))
        visible = _without(parse(print_schema(schema)), hidden, f"{schema.query_type}")
        built = build_ast_schema(visible, assume_valid=True)
        # Only what can be reached from the roots, which an object that implements an interface is
        # not by itself. What directives of definitions say is for servers.
        return GraphQLSchema(
            query=built.query_type,
            mutation=built.mutation_type,
            subscription=built.subscription_type,
            types=[each for each in built.type_map.values() if _implements(each)],
            directives=[each for each in built.directives if _is_for_clients(each)],
            assume_valid=True,
        )

    def _hidden_of_interfaces(self, hidden: set[str]) -> Iterator[str]:
        # An interface's field is nowhere to be seen if it is not on any of its types.
        schema = schema_of(self._graph)
        for type_ in schema.type_map.values():
            if is_interface_type(type_):
                types = schema.get_possible_types(type_)
                for name in type_.fields:
                    if types and all(f"{each.name}.{name}" in hidden for each in types):
                        yield f"{type_.name}.{name}"


def _implements(type_: GraphQLNamedType) -> bool:
    return is_object_type(type_) and bool(type_.interfaces)


def _is_for_clients(directive: GraphQLDirective) -> bool:
    return is_specified_directive(directive) or not IN_OPERATIONS.isdisjoint(directive.locations)


def _without(document: DocumentNode, hidden: set[str], query: str) -> DocumentNode:
    """The document without the hidden places, and without types that this leaves empty, until
    nothing refers to what is gone."""
    gone: set[str] = set()
    while True:
        trim = _Trim(hidden, gone)
        document = visit(document, trim)
        gone = trim.emptied - {query}
        if not gone:
            return document


class _Trim(Visitor):
    """Takes away hidden places, the types that are gone, and whatever refers to these."""

    def __init__(self, hidden: set[str], gone: set[str]) -> None:
        super().__init__()
        self.hidden = hidden
        self.gone = gone
        self.emptied: set[str] = set()
        self.type = ""
        self.field = ""

    def enter(self, node: Node, *_: object) -> VisitorAction:
        match node:
            case OperationTypeDefinitionNode():
                return self._unless("", node.type)
            case FieldDefinitionNode():
                self.field = f"{self.type}.{node.name.value}"
                return self._unless(self.field, node.type)
            case InputValueDefinitionNode():
                name = node.name.value
                place = f"{self.field}({name}:)" if self.field else f"{self.type}.{name}"
                return self._unless(place, node.type)
            case EnumValueDefinitionNode():
                return self._unless(f"{self.type}.{node.name.value}")
            case NamedTypeNode():
                # An interface that a type implements, or a member of a union.
                return REMOVE if node.name.value in self.gone else None
            case TypeDefinitionNode():
                self.type, self.field = node.name.value, ""
                return REMOVE if self.type in self.gone else None
        return None

    def leave(self, node: Node, *_: object) -> None:
        if isinstance(node, FieldDefinitionNode):
            self.field = ""
        elif isinstance(node, TypeDefinitionNode) and _is_empty(node):
            self.emptied.add(node.name.value)

    def _unless(self, place: str, type_: TypeNode | None = None) -> VisitorAction:
        while isinstance(type_, ListTypeNode | NonNullTypeNode):
            type_ = type_.type
        gone = isinstance(type_, NamedTypeNode) and type_.name.value in self.gone
        return REMOVE if place in self.hidden or gone else None


def _is_empty(node: TypeDefinitionNode) -> bool:
    match node:
        case (
            ObjectTypeDefinitionNode()
            | InterfaceTypeDefinitionNode()
            | InputObjectTypeDefinitionNode()
        ):
            return not node.fields
        case EnumTypeDefinitionNode():
            return not node.values
        case UnionTypeDefinitionNode():
            return not node.types
    return False
