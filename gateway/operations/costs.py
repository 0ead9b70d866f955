"""What an operation costs: estimated before it runs, from its plan and its variables, and counted
afterwards, from its response.

The formula is that of IBM's GraphQL Cost Directives Specification in the form of Apollo
Federation's routers: a field costs what one of its items does, with all that is selected of it,
times the items that there are, and what its arguments have. Of an interface's or a union's types
the dearest counts. To that comes what each call to a source costs, which is one for all objects at
a place, as loaders batch them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    value_from_ast_untyped,
)

from gateway.engine.plan import Plan, PlannedField, Selection
from gateway.operations.authorization import Decision
from gateway.operations.formulas import (
    NOTHING_SIZED,
    ONE,
    ArgumentsCost,
    FieldCost,
    ItemsOf,
    Path,
    TypeCost,
    Values,
    number_of,
    type_of,
    within,
)
from gateway.operations.spending import Spending
from resolvers.costs import Costs, Size

PLUS = {OperationType.MUTATION: 10}
"""What a root field costs beside its value."""

INTROSPECTING = frozenset({"__schema", "__type"})
INTROSPECTION = 1_000
"""What ``__schema`` and ``__type`` cost, whatever is selected of them: all of a schema is read."""

LEAST = 1
"""What an operation costs at least."""


class Share(NamedTuple):
    """What the field at a place costs by itself; ``call`` is what the call does in that."""

    path: Path
    coordinate: str
    estimated: int
    call: int


class OperationCost:
    """What an operation costs whose caller may see what the ``decision`` says: what is denied is
    never fetched, and costs nothing."""

    def __init__(self, plan: Plan, decision: Decision, costs: Costs) -> None:
        self._defaults = _defaults(plan.operation)
        self._fields = _Reading(plan, decision, costs).selection(plan.selection, ())
        self._calls = sum(each.all_calls for each in self._fields)
        self._constant: int | None = None
        if all(each.constant is not None for each in self._fields):
            self._constant = self.estimate({})

    def estimate(self, variables: Mapping[str, Any]) -> int:
        """What it costs with these variables, at least ``LEAST``."""
        if self._constant is not None:
            return self._constant
        values = Values(variables, self._defaults)
        return max(LEAST, self._calls + sum(each.estimate(values) for each in self._fields))

    def by_field(self, variables: Mapping[str, Any]) -> list[Share]:
        """What its fields cost with these variables, by their places. Of an interface's or a
        union's types it has those of the dearest, and what is called for the others."""
        values, shares = Values(variables, self._defaults), dict[Path, Share]()
        for root in self._fields:
            for each, cost in root.each(values, 1):
                path, call = each.path, each.call
                first = shares.get(path) or Share(path, each.coordinate, 0, 0)
                shares[path] = first._replace(
                    estimated=first.estimated + cost + call, call=first.call + call
                )
        return list(shares.values())

    def actual(self, variables: Mapping[str, Any], data: Mapping[str, Any]) -> dict[Path, int]:
        """What its fields have cost by the response's data, each by itself, by their places."""
        counting = _Counting(Values(variables, self._defaults))
        counting.fields(self._fields, data)
        return counting.costs

    def spending(self, variables: Mapping[str, Any]) -> Spending:
        """What it costs as its results come."""
        return Spending(self._fields, Values(variables, self._defaults))


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }


@dataclass(slots=True)
class _Reading:
    """Reads what the fields of a plan cost."""

    plan: Plan
    decision: Decision
    costs: Costs

    def selection(
        self, selection: Selection, path: Path, sized: Mapping[str, ItemsOf] = NOTHING_SIZED
    ) -> list[FieldCost]:
        """The costs of the fields. Those that are ``sized`` have so many items, as the field above
        says."""
        costs, has_page = list[FieldCost](), False
        for key, planned in selection.items():
            if self._is_denied(planned):
                continue
            cost = self._field(planned, (*path, key), sized.get(planned.name))
            call = self.costs.calls.get(planned.coordinate)
            if call is not None and not (call.is_page and has_page):
                cost.call = self.costs.price(call)
                has_page = has_page or call.is_page
            costs.append(cost)
        return costs

    def _is_denied(self, planned: PlannedField) -> bool:
        verdict = self.decision.verdicts.get(planned.coordinate)
        return self.decision.enforced and verdict is not None and verdict.is_denied

    def _field(self, planned: PlannedField, path: Path, sized: ItemsOf | None) -> FieldCost:
        arguments = self._arguments(planned)
        if planned.parent_type is self.plan.root_type:
            arguments.constant += PLUS.get(self.plan.operation.operation, 0)
        items, below = sized or ONE, NOTHING_SIZED
        if (size := self.costs.sizes.get(planned.coordinate)) is not None:
            own = _items_of(size, planned)
            if size.fields:
                below = dict.fromkeys(size.fields, own)
            elif sized is None:
                items = own
        types = self._types(planned, path, below)
        cost = FieldCost(path, planned.coordinate, arguments, items, types)
        if cost.is_constant:
            cost.constant = cost.estimate(Values({}, {}))
        return cost

    def _types(
        self, planned: PlannedField, path: Path, sized: Mapping[str, ItemsOf]
    ) -> Sequence[TypeCost]:
        if planned.name in INTROSPECTING:
            return [TypeCost(INTROSPECTION)]
        weights = self.costs.weights
        own = weights.get(planned.coordinate)
        named = get_named_type(planned.definition.type)
        if is_leaf_type(named):
            return [TypeCost(weights.get(named.name, 0) if own is None else own)]
        return [
            TypeCost(
                weights.get(name, 1) if own is None else own,
                self.selection(selection, path, sized),
                frozenset(selection),
            )
            for name, selection in planned.selections.items()
        ] or [TypeCost(0)]

    def _arguments(self, planned: PlannedField) -> ArgumentsCost:
        cost, given = ArgumentsCost(self.costs), planned.arguments
        for name, argument in planned.definition.args.items():
            if name in given:
                cost.constant += self.costs.weights.get(f"{planned.coordinate}({name}:)", 0)
                cost.add(given[name], argument.type)
        return cost


def _items_of(size: Size, planned: PlannedField) -> ItemsOf:
    items, given = ItemsOf(size), planned.arguments
    for name, *below in size.slicing:
        node: ValueNode | None = given.get(name)
        if node is None:
            argument = planned.definition.args.get(name)
            default = argument.default_value if argument is not None else None
            number = number_of(within(default, below))
            if number is not None:
                items.numbers.append(number)
            continue
        while below and isinstance(node, ObjectValueNode):
            step = below.pop(0)
            node = next((each.value for each in node.fields if each.name.value == step), None)
        if isinstance(node, VariableNode):
            items.variables.append((node.name.value, tuple(below)))
        elif node is not None and not below:
            number = number_of(value_from_ast_untyped(node))
            if number is not None:
                items.numbers.append(number)
    return items


@dataclass(slots=True)
class _Counting:
    """Counts what a response has."""

    values: Values
    costs: dict[Path, int] = field(default_factory=dict)
    called: set[FieldCost] = field(default_factory=set)

    def fields(self, fields: Sequence[FieldCost], found: Mapping[str, Any]) -> None:
        for each in fields:
            if each.call and each not in self.called:
                self.called.add(each)
                self._add(each.path, each.call)
            value = found.get(each.path[-1])
            if value is not None:
                self._add(each.path, each.arguments.estimate(self.values))
                self._value(each, value)

    def _value(self, field_cost: FieldCost, value: Any) -> None:
        types = field_cost.types
        if isinstance(value, list):
            for each in value:
                self._value(field_cost, each)
        elif isinstance(value, dict):
            type_ = type_of(types, value)
            self._add(field_cost.path, type_.weight)
            self.fields(type_.fields, value)
        elif value is not None:
            self._add(field_cost.path, types[0].weight)

    def _add(self, path: Path, cost: int) -> None:
        self.costs[path] = self.costs.get(path, 0) + cost
