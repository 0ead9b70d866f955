"""What types inherit of each other's directives, as the schema shows it.

Composers of federated schemas take no access directives on interfaces, and know nothing of
connections. So an interface's directives are shown on its types, those of its fields on its types'
fields, and those of a type on its connections and edges, where routers enforce them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from copy import copy
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)

from resolvers.directives import BACKREF, rule_of
from resolvers.rules import rule_of_type
from resolvers.wrapping import TELLING, connected

Element = GraphQLObjectType | GraphQLInterfaceType | GraphQLField


def let_nodes_be_null(schema: GraphQLSchema) -> None:
    """Makes nullable what a policy can deny of a connection: each object by itself, and what tells
    of all of them."""
    for type_ in _objects(schema):
        node = connected(type_)
        if node is None or all(each.kind != "policy" for each in rule_of_type(node)):
            continue
        for name, field in type_.fields.items():
            if name in TELLING or name == "node":
                field.type = _nullable(field.type)
            elif name == "nodes":
                field.type = GraphQLNonNull(GraphQLList(node))


def show_inherited(schema: GraphQLSchema) -> None:
    """Moves directives to where the schema shows them. What they require has been worked out."""
    for type_ in _objects(schema):
        node = connected(type_)
        parents: list[GraphQLNamedType] = [*type_.interfaces]
        for parent in parents if node is None else (*parents, node):
            _add(type_, _access(parent))
        for interface in type_.interfaces:
            for name, field in interface.fields.items():
                _add(type_.fields[name], _access(field))
    for interface in schema.type_map.values():
        if isinstance(interface, GraphQLInterfaceType):
            for each in (interface, *interface.fields.values()):
                _keep(each, [d for d in _directives(each) if not rule_of([d])])


def _objects(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [each for each in schema.type_map.values() if isinstance(each, GraphQLObjectType)]


def _directives(element: Any) -> list[object]:
    return list(getattr(element.extensions.get(BACKREF), "directives", None) or ())


def _access(element: Any) -> list[object]:
    return [each for each in _directives(element) if rule_of([each])]


def _add(element: Element, directives: Iterable[object]) -> None:
    has = _directives(element)
    there = set(rule_of(has))
    more = [each for each in directives if not there.issuperset(rule_of([each]))]
    if more:
        _keep(element, [*has, *more])


def _keep(element: Element, directives: list[object]) -> None:
    definition = element.extensions.get(BACKREF)
    if definition is None or list(definition.directives or ()) == directives:
        return
    # The definition is the class's, which other graphs can have, too.
    if isinstance(element, GraphQLField):
        shown = copy(definition)
        shown.directives = directives
    else:
        shown = dataclasses.replace(definition, directives=directives)
    element.extensions[BACKREF] = shown


def _nullable(type_: Any) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_
