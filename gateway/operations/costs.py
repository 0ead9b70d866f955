"""What an operation costs: estimated before it runs, from its plan and its variables, and counted
afterwards, from its response.

The formula is that of IBM's GraphQL Cost Directives Specification in the form of Apollo
Federation's routers: a field costs what one of its items does, with all that is selected of it,
times the items that there are, and what its arguments have. Of an interface's or a union's types
the dearest counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    value_from_ast_untyped,
)

from gateway.engine.plan import Plan, PlannedField, Selection
from gateway.operations.authorization import Decision
from gateway.operations.spending import Spending, type_of
from resolvers.costs import Costs, Size

PLUS = {OperationType.MUTATION: 10}
"""What a root field costs beside its value."""

INTROSPECTING = frozenset({"__schema", "__type"})
INTROSPECTION = 1_000
"""What ``__schema`` and ``__type`` cost, whatever is selected of them: all of a schema is read."""

LEAST = 1
"""What an operation costs at least."""

Path = tuple[str, ...]


class Values:
    """The variables of one request, with the defaults of those that it leaves out. What a variable
    costs as an argument is worked out once, however many arguments it is."""

    def __init__(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self._given = given
        self._defaults = defaults
        self._costs: dict[tuple[str, str], int] = {}

    def get(self, name: str) -> Any:
        """The variable's value; None where it has none."""
        return self._given[name] if name in self._given else self._defaults.get(name)

    def cost(self, name: str, type_: GraphQLInputType, costs: Costs) -> int:
        """What the variable costs as a value of the type."""
        key = (name, str(type_))
        if key not in self._costs:
            value = ArgumentsCost(costs)
            value.add(self.get(name), type_)
            self._costs[key] = value.constant
        return self._costs[key]


@dataclass(slots=True)
class ArgumentsCost:
    """What a field's arguments cost: ``constant``, and what these variables do."""

    costs: Costs
    constant: int = 0
    variables: list[tuple[str, GraphQLInputType]] = field(default_factory=list)

    def estimate(self, values: Values) -> int:
        cost = self.constant
        for name, type_ in self.variables:
            cost += values.cost(name, type_, self.costs)
        return cost

    def add(self, value: Any, type_: GraphQLInputType) -> None:
        """Add what the value costs, which is written in the document or was sent as a variable."""
        waiting = [(value, type_)]
        while waiting:
            each, of = waiting.pop()
            if isinstance(each, VariableNode):
                self.variables.append((each.name.value, of))
            elif isinstance(each, list | ListValueNode):
                items = each if isinstance(each, list) else each.values
                waiting.extend((item, _item_of(of)) for item in items)
            elif isinstance(each, dict | ObjectValueNode):
                named = get_named_type(of)
                if is_input_object_type(named):
                    self.constant += self.costs.weights.get(named.name, 1)
                    for name, below in _fields_of(each):
                        self.constant += self.costs.weights.get(f"{named.name}.{name}", 0)
                        if name in named.fields:
                            waiting.append((below, named.fields[name].type))


def _fields_of(value: dict[str, Any] | ObjectValueNode) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return value.items()
    return ((each.name.value, each.value) for each in value.fields)


def _item_of(type_: GraphQLInputType) -> GraphQLInputType:
    nullable = get_nullable_type(type_)
    return cast(GraphQLInputType, nullable.of_type if is_list_type(nullable) else nullable)


@dataclass(slots=True)
class ItemsOf:
    """How many items a field has to reckon with. ``slicing`` are numbers, and variables."""

    size: Size
    numbers: list[int] = field(default_factory=list)
    variables: list[tuple[str, Path]] = field(default_factory=list)

    def estimate(self, values: Values) -> int:
        numbers = self.numbers
        if self.variables:
            found = (_number(_within(values.get(name), path)) for name, path in self.variables)
            numbers = [*numbers, *(each for each in found if each is not None)]
        if not numbers:
            return self.size.assumed
        number = max(0, *numbers)
        return number if self.size.largest is None else min(number, self.size.largest)


def _number(value: object) -> int | None:
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _within(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


ONE = ItemsOf(Size(assumed=1))
NOTHING_SIZED: Mapping[str, ItemsOf] = {}


@dataclass(slots=True)
class TypeCost:
    """What an object of one type costs at one place. Of its ``fields`` only those that are ``dear``
    cost anything, whatever they turn out to have."""

    weight: int
    fields: Sequence[FieldCost] = ()
    keys: frozenset[str] = frozenset()
    dear: Sequence[FieldCost] = field(init=False)

    def __post_init__(self) -> None:
        self.dear = [each for each in self.fields if not each.is_free]


@dataclass(slots=True)
class FieldCost:
    """What a field costs at one place of an operation, for each object that it stands on.
    ``constant`` is that, where variables have no part in it."""

    path: Path
    coordinate: str
    arguments: ArgumentsCost
    items: ItemsOf
    types: Sequence[TypeCost]
    constant: int | None = None

    @property
    def is_constant(self) -> bool:
        if self.arguments.variables or self.items.variables:
            return False
        return all(each.constant is not None for type_ in self.types for each in type_.fields)

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing, whatever it turns out to have."""
        arguments = self.arguments
        if arguments.constant or arguments.variables:
            return False
        return not any(type_.weight or type_.dear for type_ in self.types)

    def estimate(self, values: Values) -> int:
        """The cost with all that is selected of the field's value."""
        if self.constant is not None:
            return self.constant
        below = max(of_type(each, values) for each in self.types)
        return self.arguments.estimate(values) + self.items.estimate(values) * below

    def each(self, values: Values, times: int) -> Iterator[tuple[FieldCost, int]]:
        """The field and those below it, each with what it costs by itself at so many objects."""
        items = self.items.estimate(values)
        dearest = max(self.types, key=lambda each: of_type(each, values))
        yield self, times * (self.arguments.estimate(values) + items * dearest.weight)
        for below in dearest.fields:
            yield from below.each(values, times * items)


def of_type(type_: TypeCost, values: Values) -> int:
    """What one object of the type costs, with all that is selected of it."""
    cost = type_.weight
    for each in type_.fields:
        cost += each.estimate(values)
    return cost


class OperationCost:
    """What an operation costs whose caller may see what the ``decision`` says: what is denied is
    never fetched, and costs nothing."""

    def __init__(self, plan: Plan, decision: Decision, costs: Costs) -> None:
        self._defaults = _defaults(plan.operation)
        self._fields = _Reading(plan, decision, costs).selection(plan.selection, ())
        self._constant: int | None = None
        if all(each.constant is not None for each in self._fields):
            self._constant = self.estimate({})

    def estimate(self, variables: Mapping[str, Any]) -> int:
        """What it costs with these variables, at least ``LEAST``."""
        if self._constant is not None:
            return self._constant
        values = Values(variables, self._defaults)
        return max(LEAST, sum(each.estimate(values) for each in self._fields))

    def by_field(self, variables: Mapping[str, Any]) -> Iterator[tuple[FieldCost, int]]:
        """What its fields cost with these variables, each by itself. Of an interface's or a
        union's types it has those of the dearest."""
        values = Values(variables, self._defaults)
        for each in self._fields:
            yield from each.each(values, 1)

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
        return [
            self._field(planned, (*path, key), sized.get(planned.name))
            for key, planned in selection.items()
            if not self._is_denied(planned)
        ]

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
            number = _number(_within(default, below))
            if number is not None:
                items.numbers.append(number)
            continue
        while below and isinstance(node, ObjectValueNode):
            step = below.pop(0)
            node = next((each.value for each in node.fields if each.name.value == step), None)
        if isinstance(node, VariableNode):
            items.variables.append((node.name.value, tuple(below)))
        elif node is not None and not below:
            number = _number(value_from_ast_untyped(node))
            if number is not None:
                items.numbers.append(number)
    return items


@dataclass(slots=True)
class _Counting:
    """Counts what a response has."""

    values: Values
    costs: dict[Path, int] = field(default_factory=dict)

    def fields(self, fields: Sequence[FieldCost], found: Mapping[str, Any]) -> None:
        for each in fields:
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
