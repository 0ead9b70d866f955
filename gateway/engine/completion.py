"""Completing values: from what resolvers return to what stands in the response, as the
specification's section 6.4.3 (CompleteValue) says, for all objects of a breadth together.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from types import NoneType
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import Undefined, UndefinedType, inspect, is_iterable

from gateway.engine.collected import ErrorsInPlace
from gateway.engine.compat import invalid_return_type_error
from gateway.engine.failures import Failed
from gateway.engine.places import Breadth
from gateway.engine.resolution import infos_of
from gateway.engine.steps import (
    AbstractShape,
    LeafShape,
    ListShape,
    ObjectShape,
    Shape,
    Step,
    Steps,
)
from gateway.engine.waiting import GIVE_WAY, Work, awaitable, outcomes

AT_ONCE = 10_000
"""Objects that are made before others have the event loop: so many take a few milliseconds. Fewer
don't give way, since what is loaded below them would leave apart from the rest."""

ABSENT = (NoneType, UndefinedType, Failed, Exception)
NOTHING = frozenset((NoneType, UndefinedType))


@dataclass(slots=True)
class Found:
    """Objects that are to be completed next. ``indices`` are their places among all that the
    field has found, if those have several types."""

    type: GraphQLObjectType
    steps: Steps
    sources: list[Any]
    results: list[dict[str, Any]]
    indices: list[int] | None


class Completion:
    """Completes the values that one field has for a breadth.

    ``found`` has the objects among them, and ``failed`` whether any of the values failed.
    ``infos`` are those that the field's resolver got, if it got any.
    """

    __slots__ = ("_last", "breadth", "executor", "failed", "found", "infos", "step")

    def __init__(self, executor: ErrorsInPlace, breadth: Breadth, step: Step) -> None:
        self.executor = executor
        self.breadth = breadth
        self.step = step
        self.failed = False
        self._last: Failed | None = None
        self.found: list[Found] = []
        self.infos: list[GraphQLResolveInfo[Any]] | None = None

    def fail(self, error: Exception) -> Failed:
        self.failed = True
        # All places may have failed by one error.
        if self._last is None or self._last.error is not error:
            self._last = Failed(error)
        return self._last

    def values(self, values: list[Any]) -> Work[list[Any]]:
        """The completed values, in the same order."""
        try:
            if waiting := awaitable(self.executor, values):
                values = yield from outcomes(values, waiting)
            owners = list(range(len(values))) if self.step.asks_type else None
            return (yield from self._complete(self.step.shape, values, owners))
        except Exception as error:
            # A value that raises when one so much as looks at it, or objects that are too many.
            self.found.clear()
            return [self.fail(error) for _ in values]

    def _complete(
        self, shape: Shape, values: list[Any], owners: list[int] | None
    ) -> Work[list[Any]]:
        """``owners`` has for each value the index of the object whose field it is."""
        kinds = set(map(type, values))
        if isinstance(shape, LeafShape) and shape.is_exact(values, kinds):
            return values
        outs: list[Any] | None = None
        absent = [kind for kind in kinds if issubclass(kind, ABSENT)]
        if len(absent) == len(kinds):
            first = values[0] if values else None
            if isinstance(first, Exception) and all(each is first for each in values):
                # One error of all, such as a denial.
                return [self.fail(first)] * len(values)
            return [self._absent(shape, value) for value in values]
        if absent:
            outs = [self._absent(shape, v) if isinstance(v, ABSENT) else v for v in values]
            present = [i for i, value in enumerate(values) if not isinstance(value, ABSENT)]
            values = [values[i] for i in present]
            owners = owners and [owners[i] for i in present]

        if isinstance(shape, LeafShape):
            completed = self._leaves(shape, values)
        elif isinstance(shape, ListShape):
            completed = yield from self._lists(shape, values, owners)
        elif isinstance(shape, ObjectShape) and shape.type.is_type_of is None:
            completed = yield from self._objects(shape, values)
        else:
            completed = yield from self._typed_objects(shape, values, owners or [])

        if outs is None:
            return completed
        for i, out in zip(present, completed, strict=True):
            outs[i] = out
        return outs

    def _absent(self, shape: Shape, value: Any) -> Failed | None:
        if isinstance(value, Failed):
            self.failed = True
            return value
        if isinstance(value, Exception):
            return self.fail(value)
        if shape.nullable:
            return None
        step = self.step
        return self.fail(
            TypeError(
                f"Cannot return null for non-nullable field {step.parent_type}.{step.planned.name}."
            )
        )

    def _leaves(self, shape: LeafShape, values: list[Any]) -> list[Any]:
        outs: list[Any]
        coerce, known = shape.coerce, shape.known
        if known is not None and set(map(type, values)) == {str}:
            try:
                return [known[value] for value in values]
            except KeyError:
                pass  # They are coerced one by one, and known from then on.
        elif known is None:
            # Those that fail are found one by one.
            with suppress(Exception):
                outs = list(map(coerce, values))
                if NOTHING.isdisjoint(map(type, outs)):
                    return outs
        outs = []
        for value in values:
            try:
                out = coerce(value)
            except Exception as error:
                out = self.fail(error)
            else:
                if out is None or out is Undefined:
                    out = self.fail(
                        TypeError(
                            f"Expected `{inspect(shape.type)}.coerce_output_value("
                            f"{inspect(value)})` to return non-nullable value, returned:"
                            f" {inspect(out)}"
                        )
                    )
                elif known is not None and type(value) is str:
                    known[value] = out
            outs.append(out)
        return outs

    def _lists(
        self, shape: ListShape, values: list[Any], owners: list[int] | None
    ) -> Work[list[Any]]:
        lists = values
        if set(map(type, values)) != {list}:
            lists = [self._list(value) for value in values]
            if waiting := awaitable(self.executor, lists):
                lists = yield from outcomes(lists, waiting)
        outs = [each if isinstance(each, list) else self._absent(shape, each) for each in lists]
        lists = [each for each in outs if isinstance(each, list)]
        items = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
        if waiting := awaitable(self.executor, items):
            items = yield from outcomes(items, waiting)
        if owners is not None:
            owners = [
                owner
                for owner, each in zip(owners, outs, strict=True)
                if isinstance(each, list)
                for _ in each
            ]
        completed = (yield from self._complete(shape.item, items, owners)) if items else []
        end = 0
        for i, each in enumerate(outs):
            if isinstance(each, list):
                start, end = end, end + len(each)
                outs[i] = completed[start:end]
        return outs

    def _list(self, value: Any) -> Any:
        """The value's items, or an awaitable of them, or why it has none."""
        try:
            if self.executor.is_async_iterable(value):
                return _drained(value)
            if is_iterable(value):
                return list(value)
        except Exception as error:
            return Failed(error)
        step = self.step
        return Failed(
            GraphQLError(
                "Expected Iterable, but did not find one for field"
                f" '{step.parent_type}.{step.planned.name}'."
            )
        )

    def _objects(self, shape: ObjectShape, values: list[Any]) -> Work[list[Any]]:
        self.executor.begin_objects(len(values))
        steps = self.step.selection(shape.type)
        results: list[Any] = steps.results(min(len(values), AT_ONCE))
        while len(results) < len(values):
            yield GIVE_WAY
            results += steps.results(min(len(values) - len(results), AT_ONCE))
        self.found.append(Found(shape.type, steps, values, results, None))
        return results

    def _typed_objects(
        self, shape: ObjectShape | AbstractShape, values: list[Any], owners: list[int]
    ) -> Work[list[Any]]:
        """Objects that are asked for their type."""
        types: list[GraphQLObjectType | Failed]
        if isinstance(shape, AbstractShape):
            types = yield from self._runtime_types(shape, values, owners)
        else:
            types = [shape.type for _ in values]
        if any(isinstance(type_, GraphQLObjectType) and type_.is_type_of for type_ in types):
            yield from self._check_types(types, values, owners)
        return self._bucket(types, values)

    def _runtime_types(
        self, shape: AbstractShape, values: list[Any], owners: list[int]
    ) -> Work[list[GraphQLObjectType | Failed]]:
        executor = self.executor
        resolve = shape.type.resolve_type or executor.type_resolver
        infos = self._infos()
        names: list[Any] = []
        for value, owner in zip(values, owners, strict=True):
            try:
                names.append(resolve(value, infos[owner], shape.type))
            except Exception as error:
                names.append(self.fail(error))
        if waiting := awaitable(executor, names):
            names = yield from outcomes(names, waiting)
        known: dict[str, GraphQLObjectType] = {}
        types: list[GraphQLObjectType | Failed] = []
        for value, name, owner in zip(values, names, owners, strict=True):
            if isinstance(name, Failed):
                self.failed = True
                types.append(name)
                continue
            type_ = known.get(name) if isinstance(name, str) else None
            if type_ is None:
                try:
                    type_ = executor.ensure_valid_runtime_type(
                        name, shape.type, self.step.field_details, infos[owner], value
                    )
                except Exception as error:
                    types.append(self.fail(error))
                    continue
                known[name] = type_
            types.append(type_)
        return types

    def _check_types(
        self, types: list[GraphQLObjectType | Failed], values: list[Any], owners: list[int]
    ) -> Work[None]:
        """Puts a failure in place of each type that does not hold for its value."""
        verdicts: list[Any] = []
        for type_, value, owner in zip(types, values, owners, strict=True):
            verdict: Any = True
            if isinstance(type_, GraphQLObjectType) and type_.is_type_of is not None:
                try:
                    verdict = type_.is_type_of(value, self._infos()[owner])
                except Exception as error:
                    verdict = Failed(error)
            verdicts.append(verdict)
        if waiting := awaitable(self.executor, verdicts):
            verdicts = yield from outcomes(verdicts, waiting)
        for i, verdict in enumerate(verdicts):
            if isinstance(verdict, Failed):
                self.failed = True
                types[i] = verdict
            elif isinstance(type_ := types[i], GraphQLObjectType) and not verdict:
                types[i] = self.fail(
                    invalid_return_type_error(type_, values[i], self.step.field_details)
                )

    def _bucket(self, types: Sequence[GraphQLObjectType | Failed], values: list[Any]) -> list[Any]:
        self.executor.begin_objects(len(values))
        buckets: dict[str, Found] = {}
        outs: list[Any] = []
        index = 0
        for type_, value in zip(types, values, strict=True):
            if isinstance(type_, Failed):
                outs.append(type_)
                continue
            found = buckets.get(type_.name)
            if found is None:
                found = Found(type_, self.step.selection(type_), [], [], [])
                buckets[type_.name] = found
            result = found.steps.template.copy()
            assert found.indices is not None
            found.indices.append(index)
            found.sources.append(value)
            found.results.append(result)
            outs.append(result)
            index += 1
        self.found.extend(buckets.values())
        return outs

    def _infos(self) -> list[GraphQLResolveInfo[Any]]:
        if self.infos is None:
            self.infos = infos_of(self.executor, self.breadth, self.step)
        return self.infos


async def _drained(iterable: Any) -> list[Any]:
    return [item async for item in iterable]
