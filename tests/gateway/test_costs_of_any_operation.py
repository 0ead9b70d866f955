"""What generated operations on the shop cost is what the specification's formula says, read from
the document itself: by coerced arguments, field by field; and for the calls to sources, place by
place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableValues,
    get_argument_values,
    get_directive_values,
    get_named_type,
    get_nullable_type,
    get_variable_values,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    parse,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.engine.plan import compile_plan
from gateway.operations.authorization import Decision, decide
from gateway.operations.costs import OperationCost
from gateway.operations.prepared import Document, conditions_of
from resolvers.connections import LARGEST_PAGE, PAGE_SIZE
from resolvers.costs import CALL
from resolvers.lookups import MOST_NODES
from tests.engine.operations import Operation
from tests.engine.running import DIFFERENTIAL, THOROUGH
from tests.engine.shop import GRAPH, SCHEMA
from tests.engine.shop_operations import shop_operations
from tests.engine.test_shop_differential import identities

WEIGHTS = {"Query.products": 60, "Query.reviews": 60}
SIZES = {
    "Category.children": 3,
    "Customer.addresses": 2,
    "Order.lines": 3,
    "Product.images": 3,
    "Shipment.events": 4,
    "Stock.reservations": 2,
}
SHOP, CATALOG, INVENTORY, SHIPPING = CALL, 50, 30, 25
"""What a call to each source costs."""

CALLS = {
    "Customer": SHOP,
    "Address": SHOP,
    "Order": SHOP,
    "OrderLine": SHOP,
    "Product": CATALOG,
    "Category": CATALOG,
    "Review": CATALOG,
    "Stock": INVENTORY,
    "Reservation": INVENTORY,
    "Shipment": SHIPPING,
    "Carrier": SHIPPING,
    "Node": CATALOG,
}
"""What it costs to call for objects of a type: one to any source what one to the dearest does."""

AGGREGATES = {
    "Customer.orderCount": SHOP,
    "Customer.lifetimeValue": SHOP,
    "Product.averageRating": CATALOG,
    "Product.reviewCount": CATALOG,
}


@dataclass
class Naive:
    """The cost of a document, read naively, which has no fragments but inline ones. ``calls`` is
    what the calls cost of all places that were read."""

    decision: Decision
    variables: VariableValues
    calls: int = 0

    def cost(
        self, type_: GraphQLObjectType, sets: list[SelectionSetNode], page: int | None = None
    ) -> int:
        """Of one object. ``page`` is how many are on it, if it is a connection."""
        fields: dict[str, list[FieldNode]] = {}
        for each in sets:
            self.collect(type_, each, fields)
        seen = [nodes for nodes in fields.values() if not self.is_denied(type_, nodes[0])]
        self.call(type_, [nodes[0].name.value for nodes in seen])
        return sum(self.field(type_, nodes, page) for nodes in seen)

    def is_denied(self, type_: GraphQLObjectType, node: FieldNode) -> bool:
        verdict = self.decision.verdicts.get(f"{type_.name}.{node.name.value}")
        return verdict is not None and verdict.is_denied and self.decision.enforced

    def call(self, type_: GraphQLObjectType, names: list[str]) -> None:
        """Count the calls for these fields of all objects of the type at a place."""
        if type_.name.endswith("Connection"):
            price = CALLS[type_.name.removesuffix("Connection")]
            self.calls += price * names.count("totalCount")
            self.calls += price * (not {"nodes", "edges", "pageInfo"}.isdisjoint(names))
        elif not type_.name.endswith("Edge"):
            for name in names:
                definition = SCHEMA.get_field(type_, name)
                assert definition is not None
                price = CALLS.get(get_named_type(definition.type).name, 0)
                self.calls += AGGREGATES.get(f"{type_.name}.{name}", price)

    def collect(
        self, type_: GraphQLObjectType, set_: SelectionSetNode, fields: dict[str, list[FieldNode]]
    ) -> None:
        for each in set_.selections:
            skip = get_directive_values(GraphQLSkipDirective, each, self.variables)
            include = get_directive_values(GraphQLIncludeDirective, each, self.variables)
            if (skip and skip["if"]) or (include and not include["if"]):
                continue
            if isinstance(each, FieldNode):
                fields.setdefault((each.alias or each.name).value, []).append(each)
                continue
            assert isinstance(each, InlineFragmentNode)
            if each.type_condition is None or each.type_condition.name.value == type_.name:
                self.collect(type_, each.selection_set, fields)

    def field(self, type_: GraphQLObjectType, nodes: list[FieldNode], page: int | None) -> int:
        name = nodes[0].name.value
        definition = SCHEMA.get_field(type_, name)
        assert definition is not None
        coordinate = f"{type_.name}.{name}"
        arguments = get_argument_values(definition, nodes[0], self.variables)
        cost = sum(of_input(arguments[each], definition.args[each].type) for each in arguments)
        if is_leaf_type(get_named_type(definition.type)):
            return cost
        times, below = 1, None
        if "first" in definition.args:
            given = [each for each in map(arguments.get, ("first", "last")) if each is not None]
            below = max(0, min(LARGEST_PAGE, max(given))) if given else PAGE_SIZE
        elif is_list_type(get_nullable_type(definition.type)):
            times = SIZES.get(coordinate, 10) if page is None else page
            if name == "nodes" and "ids" in arguments:
                times = min(len(arguments["ids"]), MOST_NODES)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        return cost + times * max(
            WEIGHTS.get(coordinate, 1) + self.cost(each, sets, below) for each in types(definition)
        )


def types(definition: GraphQLField) -> list[GraphQLObjectType]:
    named: Any = get_named_type(definition.type)
    return [named] if isinstance(named, GraphQLObjectType) else SCHEMA.get_possible_types(named)


def of_input(value: Any, type_: GraphQLInputType) -> int:
    nullable: Any = get_nullable_type(type_)
    if isinstance(value, list):
        return sum(of_input(each, nullable.of_type) for each in value)
    if is_input_object_type(nullable) and isinstance(value, Mapping):
        fields = nullable.fields
        return 1 + sum(of_input(value[each], fields[each].type) for each in value)
    return 0


@settings(DIFFERENTIAL, max_examples=100_000 if THOROUGH else 500)
@given(shop_operations(), identities(), st.booleans())
def test_an_operation_costs_what_the_formula_says(
    operation: Operation, identity: Any, enforced: bool
) -> None:
    document = Document.of(parse(operation.document))
    conditions = conditions_of(document, operation.variables)
    plan = compile_plan(SCHEMA, document.ast, None, conditions)
    decision = decide(GRAPH, plan, GRAPH.rules.standing(identity), enforced=enforced)
    (node,) = document.ast.definitions
    assert isinstance(node, OperationDefinitionNode)
    variables = get_variable_values(SCHEMA, node.variable_definitions or (), operation.variables)
    assert isinstance(variables, VariableValues)
    try:
        naive = Naive(decision, variables)
        cost = naive.cost(plan.root_type, [node.selection_set])
    except GraphQLError:
        # An argument that is none is the client's error, whatever it costs.
        assume(False)
        raise

    estimate = OperationCost(plan, decision, GRAPH.costs).estimate(operation.variables)

    assert estimate == max(1, cost + naive.calls)
