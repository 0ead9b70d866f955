"""What an operation has cost, as it is charged: from its results, as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError
from graphql.execution import (
    IncrementalDeferResult,
    PendingResult,
    SubsequentIncrementalExecutionResult,
)
from strawberry.types import ExecutionResult

from gateway.errors import Denied, Unauthenticated
from gateway.operations.formulas import FieldCost, TypeCost, Values, type_of
from gateway.operations.results import Result, is_request_error

DENIALS = frozenset({Denied.code, Unauthenticated.code})


class Spending:
    """Counts what the objects of the results cost that are added, like ``OperationCost.actual``,
    of which it is a quicker sum.

    An error may stand for what was sent to a source and never came, or is not shown. So a field of
    the root that has one in it costs its estimate at least, unless it is a denial.
    """

    def __init__(self, fields: Sequence[FieldCost], values: Values) -> None:
        self._fields = {each.path[0]: each for each in fields}
        self._values = values
        self._spent = dict.fromkeys(self._fields, 0)
        self._called: set[FieldCost | TypeCost] = set()
        self._failed: set[str] = set()
        self._pending: dict[str, list[str | int]] = {}

    def add(self, result: Result) -> None:
        """Count what a result has, or a part of one."""
        if isinstance(result, SubsequentIncrementalExecutionResult):
            for part in result.incremental or ():
                self._fail(part.errors)
                place = [*self._pending[part.id], *(part.sub_path or ())]
                self._add_at(
                    [each for each in place if isinstance(each, str)],
                    part.data if isinstance(part, IncrementalDeferResult) else part.items,
                )
            for completed in result.completed or ():
                self._fail(completed.errors)
            self._expect(result.pending)
            return
        if is_request_error(result):
            return
        if result.data is None:
            self._failed.update(self._fields)
        self._fail(result.errors)
        if not isinstance(result, ExecutionResult):
            self._expect(result.pending)
        if result.data is not None:
            self._add_fields(self._fields.values(), result.data)

    @property
    def has_failed(self) -> bool:
        """Whether anything is missing that was to be there."""
        return bool(self._failed)

    def total(self) -> int:
        """What all of it has cost."""
        spent = sum(self._spent.values())
        for name in self._failed:
            each = self._fields[name]
            estimate = each.estimate(self._values) + each.all_calls
            spent += max(0, estimate - self._spent[name])
        return spent

    def _expect(self, pending: Iterable[PendingResult] | None) -> None:
        self._pending.update((each.id, list(each.path)) for each in pending or ())

    def _fail(self, errors: Iterable[GraphQLError] | None) -> None:
        for error in errors or ():
            if (error.extensions or {}).get("code") in DENIALS:
                continue
            # Of one without a place nobody knows what it took with it.
            named = error.path[:1] if error.path else list(self._fields)
            self._failed.update(each for each in named if each in self._fields)

    def _add_at(self, names: Sequence[str], value: Any) -> None:
        """Count a part: the fields of an object at the place, or items of a list there."""
        if not names:
            self._add_fields(self._fields.values(), value)
            return
        at: FieldCost | None = self._fields.get(names[0])
        for name in names[1:]:
            below = at.types if at is not None else ()
            found = (each for type_ in below for each in type_.fields if each.path[-1] == name)
            at = next(found, None)
        if at is None:
            return
        if isinstance(value, list):
            self._spent[names[0]] += self._of_value(at, value)
        else:
            # The object itself was in the part before.
            of_type = type_of(at.types, value)
            self._spent[names[0]] += self._of_fields(of_type.dear, value)

    def _add_fields(self, fields: Iterable[FieldCost], found: Mapping[str, Any]) -> None:
        for each in fields:
            name = each.path[0]
            if each.call and name in found and each not in self._called:
                self._called.add(each)
                self._spent[name] += each.call
            self._spent[name] += self._of_fields((each,), found)

    def _of_fields(self, fields: Sequence[FieldCost], found: Mapping[str, Any]) -> int:
        cost = 0
        for each in fields:
            value = found.get(each.path[-1])
            if value is not None:
                cost += each.arguments.estimate(self._values) + self._of_value(each, value)
        return cost

    def _of_value(self, field: FieldCost, value: Any) -> int:
        types = field.types
        if isinstance(value, list):
            first = next((each for each in value if each is not None), None)
            if len(types) == 1 and not types[0].dear and not isinstance(first, list):
                count = len(value) - value.count(None)
                return types[0].weight * count + (self._calls_of(types[0]) if count else 0)
            return sum(self._of_value(field, each) for each in value if each is not None)
        if not isinstance(value, dict):
            return types[0].weight
        type_ = type_of(types, value)
        return type_.weight + self._calls_of(type_) + self._of_fields(type_.dear, value)

    def _calls_of(self, type_: TypeCost) -> int:
        """What is called for an object's fields, if it is the first of its place."""
        if not type_.calls or type_ in self._called:
            return 0
        self._called.add(type_)
        return type_.calls
