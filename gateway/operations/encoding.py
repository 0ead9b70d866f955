"""A result's data as JSON. A value that JSON has not is an error of its own place, and no other's.

Scalars see to their values themselves; what is left is what an owner's scalars and resolvers make
of theirs, and texts with half a character in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from graphql import (
    GraphQLError,
    GraphQLOutputType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution import IncrementalDeferResult, SubsequentIncrementalExecutionResult
from strawberry.types import ExecutionResult

from gateway.engine.plan import Plan, PlannedField, Selection
from gateway.operations.results import Result
from loaders.json import write

Path = list[str | int]


class Encoder:
    """Puts JSON in place of the data of one operation's results."""

    def __init__(self) -> None:
        # The paths of parts that are still to come, by their ids, and how many items of those that
        # are streamed have come.
        self._paths: dict[str, Path] = {}
        self._items: dict[str, int] = {}

    def encode(self, result: Result, plan: Plan | None) -> Iterator[tuple[Any, list[GraphQLError]]]:
        """Put JSON in place of the result's data, with null where a value is none, or around it.

        Yields the errors of these places, each time with that whose errors they are: the result, or
        a part of it. Raises TypeError where null would have to stand around that.
        """
        parts: list[tuple[Any, str, Path, int]] = []
        pending = () if isinstance(result, ExecutionResult) else result.pending or ()
        for each in pending:
            self._paths[each.id] = list(each.path)
        if isinstance(result, SubsequentIncrementalExecutionResult):
            for part in result.incremental or ():
                path = [*self._paths[part.id], *(part.sub_path or ())]
                if isinstance(part, IncrementalDeferResult):
                    parts.append((part, "data", path, 0))
                else:
                    start = self._items.get(part.id)
                    if start is None:
                        start = _length_at(path, parts)
                    parts.append((part, "items", path, start))
                    self._items[part.id] = start + len(part.items or ())
        else:
            parts = [(result, "data", [], 0)]
        for each in pending:
            if each.id not in self._items:
                self._items[each.id] = _length_at(each.path, parts)
        for holder, name, path, start in parts:
            if getattr(holder, name) is None:
                continue
            if errors := _encode(holder, name, plan, path, start):
                yield holder, errors


def _length_at(path: Sequence[str | int], parts: Sequence[tuple[Any, str, Path, int]]) -> int:
    """How many items the list at the path has in what is sent now; 0 of what is no list."""
    for holder, name, above, start in parts:
        if list(path[: len(above)]) == above:
            below = list(path[len(above) :])
            if name == "items" and below and isinstance(below[0], int):
                below[0] -= start
            found = getattr(holder, name)
            for step in below:
                try:
                    found = found[step]
                except (TypeError, LookupError):
                    break
            else:
                if isinstance(found, list):
                    return len(found)
    return 0


def _encode(
    holder: Any, name: str, plan: Plan | None, path: Path, start: int
) -> list[GraphQLError]:
    data, errors = getattr(holder, name), list[GraphQLError]()
    try:
        text = write(data)
    except TypeError:
        if plan is None:
            raise
        mending = _Mending()
        data, errors = mending.at(plan, data, path, start), mending.errors
        if data is None and path:
            raise
        text = write(data)
    setattr(holder, name, None if data is None else orjson.Fragment(text))
    return errors


class _Mending:
    """Has null in place of values that are none of JSON, or around them, as the specification says
    of a field's error (6.4.4), and has the ``errors``.

    What orjson writes has a bound of levels. So each value is written by itself, and each object of
    what was written: the bound is that of one value, wherever it stands.
    """

    def __init__(self) -> None:
        self.errors: list[GraphQLError] = []

    def at(self, plan: Plan, data: Any, path: Path, start: int) -> Any:
        """The data that stands at the path, mended and as JSON; None if null had to stand around
        it. Items of a list are those from ``start`` on."""
        steps = list(plan.along(path))
        if isinstance(data, dict):
            last = [each.selections.values() for each in steps[-1]] if steps else [[plan.selection]]
            return self._object(data, [each for one in last for each in one], path)
        # Items of a list, which are streamed.
        type_: GraphQLOutputType = steps[-1][0].definition.type
        return self._value(data, type_, steps[-1], path, start)

    def _object(
        self, data: dict[str, Any], selections: Sequence[Selection], path: Path
    ) -> orjson.Fragment | None:
        mended: dict[str, Any] = {}
        for key, value in data.items():
            # Whichever type the object has: fields of one key have one type, and one shape.
            planned = [selection[key] for selection in selections if key in selection]
            type_ = planned[0].definition.type
            mended[key] = self._value(value, type_, planned, [*path, key])
            if mended[key] is None and is_non_null_type(type_):
                return None
        return orjson.Fragment(write(mended))

    def _value(
        self,
        value: Any,
        type_: GraphQLOutputType,
        planned: list[PlannedField],
        path: Path,
        start: int = 0,
    ) -> Any:
        if is_non_null_type(type_):
            type_ = type_.of_type
        if value is None:
            return None
        if is_list_type(type_):
            mended: list[Any] = []
            for index, item in enumerate(value, start):
                mended.append(self._value(item, type_.of_type, planned, [*path, index]))
                if mended[-1] is None and is_non_null_type(type_.of_type):
                    return None
            return mended
        if not is_leaf_type(type_):
            below = [each for one in planned for each in one.selections.values()]
            return self._object(value, below, path)
        try:
            return orjson.Fragment(write(value))
        except TypeError as error:
            nodes = planned[0].nodes
            self.errors.append(GraphQLError(str(error), nodes, path=path, original_error=error))
            return None
