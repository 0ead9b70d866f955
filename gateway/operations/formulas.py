"""What an operation costs, as a formula of its variables: of objects as many as there are, and of
calls to sources one for each place, whatever the number of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
)

from resolvers.costs import Costs, Size

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
            found = (number_of(within(values.get(name), path)) for name, path in self.variables)
            numbers = [*numbers, *(each for each in found if each is not None)]
        if not numbers:
            return self.size.assumed
        number = max(0, *numbers)
        return number if self.size.largest is None else min(number, self.size.largest)


def number_of(value: object) -> int | None:
    """How many items an argument's value asks for: a number, or a list's length."""
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def within(value: Any, path: Sequence[str]) -> Any:
    """What stands in an argument's value at the path; None where nothing does."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


ONE = ItemsOf(Size(assumed=1))
NOTHING_SIZED: Mapping[str, ItemsOf] = {}


@dataclass(slots=True, eq=False)
class TypeCost:
    """What an object of one type costs at one place. Of its ``fields`` only those that are ``dear``
    cost anything for each object, whatever they turn out to have. ``calls`` is what the calls cost
    that fetch its fields, for all objects together, and ``all_calls`` that with those below."""

    weight: int
    fields: Sequence[FieldCost] = ()
    keys: frozenset[str] = frozenset()
    dear: Sequence[FieldCost] = field(init=False)
    calls: int = field(init=False)
    all_calls: int = field(init=False)

    def __post_init__(self) -> None:
        self.dear = [each for each in self.fields if not each.is_free]
        self.calls = sum(each.call for each in self.fields)
        self.all_calls = sum(each.all_calls for each in self.fields)


@dataclass(slots=True, eq=False)
class FieldCost:
    """What a field costs at one place of an operation, for each object that it stands on.
    ``constant`` is that, where variables have no part in it. ``call`` is what the call costs that
    fetches it, for all of these objects together; 0 where none does."""

    path: Path
    coordinate: str
    arguments: ArgumentsCost
    items: ItemsOf
    types: Sequence[TypeCost]
    call: int = 0
    constant: int | None = None

    @property
    def is_constant(self) -> bool:
        if self.arguments.variables or self.items.variables:
            return False
        return all(each.constant is not None for type_ in self.types for each in type_.fields)

    @property
    def is_free(self) -> bool:
        """Whether no object costs anything, whatever it turns out to have, nor what is called for
        below it."""
        arguments = self.arguments
        if arguments.constant or arguments.variables:
            return False
        return not any(type_.weight or type_.dear or type_.calls for type_ in self.types)

    @property
    def all_calls(self) -> int:
        """What the calls for it and for all below it cost. Each type at its place is fetched by
        itself, so all of them count."""
        return self.call + sum(each.all_calls for each in self.types)

    def estimate(self, values: Values) -> int:
        """The cost with all that is selected of the field's value, without calls."""
        if self.constant is not None:
            return self.constant
        below = max(of_type(each, values) for each in self.types)
        return self.arguments.estimate(values) + self.items.estimate(values) * below

    def each(self, values: Values, times: int) -> Iterator[tuple[FieldCost, int]]:
        """The field and those below it, each with what it costs by itself at so many objects,
        without calls. Of several types' fields, all but the dearest's cost nothing."""
        items = self.items.estimate(values)
        dearest = max(self.types, key=lambda each: of_type(each, values))
        yield self, times * (self.arguments.estimate(values) + items * dearest.weight)
        for below in dearest.fields:
            yield from below.each(values, times * items)
        for other in self.types:
            if other is not dearest and other.all_calls:
                for below in other.fields:
                    yield from below.each(values, 0)


def of_type(type_: TypeCost, values: Values) -> int:
    """What one object of the type costs, with all that is selected of it, without calls."""
    cost = type_.weight
    for each in type_.fields:
        cost += each.estimate(values)
    return cost


def type_of(types: Sequence[TypeCost], value: Mapping[str, Any]) -> TypeCost:
    """The type of an object. The response need not say it: of those that it can be, the dearest
    counts."""
    if len(types) == 1:
        return types[0]
    fit = [each for each in types if each.keys == value.keys()]
    return max(fit or types, key=lambda each: each.weight)
