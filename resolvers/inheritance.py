"""What types inherit of each other's directives, as the schema shows it.

Composers of federated schemas take no access directives on interfaces, and know nothing of
connections. So an interface's directives are shown on its types, those of its fields on its types'
fields, and those of a type on its connections and edges, where routers enforce them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from copy import copy
from itertools import chain, product

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
)

from resolvers.directives import BACKREF, Authenticated, Policies, RequiresScopes, Rule, rule_of
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
        if node is not None:
            parents += [node, *getattr(node, "interfaces", ())]
        _show(type_, [type_, *parents])
        for name, field in type_.fields.items():
            same = [each.fields[name] for each in type_.interfaces if name in each.fields]
            _show(field, [field, *same])
    for interface in schema.type_map.values():
        if isinstance(interface, GraphQLInterfaceType):
            for each in (interface, *interface.fields.values()):
                _keep(each, _others(each))


def _objects(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [each for each in schema.type_map.values() if isinstance(each, GraphQLObjectType)]


def _directives(element: GraphQLNamedType | GraphQLField) -> list[object]:
    return list(getattr(element.extensions.get(BACKREF), "directives", None) or ())


def _others(element: Element) -> list[object]:
    return [each for each in _directives(element) if not rule_of([each])]


def _show(element: Element, line: Iterable[GraphQLNamedType | GraphQLField]) -> None:
    """Give the element its own directives, and the access of all in the line, itself the first."""
    rule = rule_of(each for of in line for each in _directives(of))
    _keep(element, [*_others(element), *_joined(rule)])


def _joined(rule: Rule) -> Iterator[object]:
    """The directives that say the same as the rule. None is repeatable, so one of each kind says
    what several do: all of them hold where one alternative of each does."""
    if any(each.kind == "authenticated" for each in rule):
        yield Authenticated()
    for kind, of in (("requiresScopes", RequiresScopes.of), ("policy", Policies.of)):
        given = dict.fromkeys(each.alternatives for each in rule if each.kind == kind)
        if given:
            ways = (dict.fromkeys(chain(*way)) for way in product(*given))
            yield of([list(way) for way in dict.fromkeys(map(tuple, ways))])


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


def _nullable(type_: GraphQLOutputType) -> GraphQLOutputType:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_
