"""Errors of fields: placed in the response where they happened, and made of it what the
specification says when all else is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, located_error

from gateway.engine.places import Breadth
from gateway.engine.steps import Step


class Failed:
    """Stands where a value would be, had it not failed."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


FailedField = tuple[Breadth, Step, list[Any]]
"""A field of a breadth, with its completed values, of which some have failed."""


@dataclass(slots=True)
class _Failure:
    """A place that failed. ``order`` sorts places as they stand in the response, and
    ``nullable`` says for each part of the path whether null may stand there."""

    path: list[str | int]
    order: list[int]
    nullable: list[bool]
    step: Step
    error: Exception

    def located(self) -> GraphQLError:
        return located_error(self.error, self.step.nodes, self.path)


def null_failures(
    data: dict[str, Any] | None, fields: list[FailedField], *, propagate: bool
) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """Puts null where a field failed, or if there may be none, around it.

    Returns the response's data, changed in place, and the errors in the order of the response.
    What fails within something that is null already has no error of its own. Without
    ``propagate`` null stands where it failed in any case.
    """
    failures = [failure for field in fields for failure in _failures(*field)]
    failures.sort(key=lambda failure: failure.order)
    errors: list[GraphQLError] = []
    for failure in failures:
        last = len(failure.path) - 1
        if propagate:
            while last >= 0 and not failure.nullable[last]:
                last -= 1
        if last < 0:
            return None, [*errors, failure.located()]
        container = _find(data, failure.path[:last])
        key = failure.path[last]
        if container is not None and container[key] is not None:
            container[key] = None
            errors.append(failure.located())
    return data, errors


def _find(data: Any, path: list[str | int]) -> Any:
    for key in path:
        if data is None:
            break
        data = data[key]
    return data


def _failures(breadth: Breadth, step: Step, outs: list[Any]) -> Iterator[_Failure]:
    for index, out in enumerate(outs):
        for indices, error in _failed(out, len(step.nullable) - 1):
            path: list[str | int] = []
            order: list[int] = []
            nullable: list[bool] = []
            for passed, behind in (*breadth.passed(index), (step, indices)):
                path += (passed.key, *behind)
                order += (passed.order, *behind)
                nullable += passed.nullable[: len(behind) + 1]
            yield _Failure(path, order, nullable, step, error)


def _failed(out: Any, depth: int) -> Iterator[tuple[tuple[int, ...], Exception]]:
    if type(out) is Failed:
        yield (), out.error
    elif depth and type(out) is list:
        for index, item in enumerate(out):
            for indices, error in _failed(item, depth - 1):
                yield (index, *indices), error
