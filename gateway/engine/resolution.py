"""Resolving fields: from the objects of a breadth to the values that one field has for them.

What raises has its error for its value, or ``Failed``. Values may be awaitable: completing them
waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLResolveInfo
from graphql.execution import Executor
from graphql.pyutils import Path

from gateway.engine.batched import NO_DOCUMENTS, member
from gateway.engine.failures import Failed
from gateway.engine.places import Breadth
from gateway.engine.steps import Step
from gateway.engine.waiting import Work

Infos = list[GraphQLResolveInfo[Any]]


def columns(sources: Sequence[Any], name: str) -> list[Any]:
    try:
        return [source.get(name) for source in sources]
    except Exception:
        # Reading a column again does nothing else.
        return _each(sources, name, lambda source, name: source.get(name))


def members(sources: Sequence[Any], name: str) -> list[Any]:
    kinds = set(map(type, sources))
    if kinds == {dict}:
        return [source.get(name) for source in sources]
    # Of one type all objects have attributes for fields, or none has.
    has_attributes = len(kinds) == 1 and not isinstance(sources[0], (Mapping, *NO_DOCUMENTS))
    return _each(sources, name, getattr if has_attributes else member)


def properties(executor: Executor[Any], breadth: Breadth, step: Step) -> list[Any]:
    """What graphql-core's default resolver returns; only methods get an ``info``."""
    values = _each(breadth.sources, step.name, _property)
    if any(map(callable, values)):
        infos = infos_of(executor, breadth, step)
        for i, value in enumerate(values):
            if callable(value):
                try:
                    values[i] = value(infos[i])
                except Exception as error:
                    values[i] = Failed(error)
    return values


def resolve_batch(
    executor: Executor[Any],
    breadth: Breadth,
    step: Step,
    arguments: dict[str, Any],
    sources: Sequence[Any],
) -> Work[list[Any]]:
    """The values that the field's batched resolver returns for these of the breadth's objects."""
    assert step.batched is not None
    count = len(sources)
    path = Path(breadth.path(), step.key, step.parent_type.name)
    info = executor.build_resolve_info(step.definition, step.nodes, step.parent_type, path)
    try:
        values: Any = step.batched(sources, info, arguments)
    except Exception as error:
        return [Failed(error)] * count
    if type(values) is not list and executor.is_awaitable(values):
        [values] = yield [values]
        if isinstance(values, Failed):
            return [values] * count
    if isinstance(values, Sequence) and len(values) == count:
        return values if type(values) is list else list(values)
    what = f"{len(values)} values" if isinstance(values, Sequence) else type(values).__name__
    message = f"The batched resolver of {step.coordinate} returned {what} for {count} objects."
    return [Failed(TypeError(message))] * count


def resolve_each(
    executor: Executor[Any], breadth: Breadth, step: Step, arguments: Mapping[str, Any]
) -> tuple[list[Any], Infos]:
    """What the field's ordinary resolver returns for each object, and the infos that it got."""
    resolve: Callable[..., Any] = step.definition.resolve or executor.field_resolver
    if executor.middleware_manager is not None:
        resolve = executor.middleware_manager.get_field_resolver(resolve)
    infos = infos_of(executor, breadth, step)
    values: list[Any] = []
    for source, info in zip(breadth.sources, infos, strict=True):
        try:
            values.append(resolve(source, info, **arguments))
        except Exception as error:
            values.append(Failed(error))
    return values, infos


def infos_of(executor: Executor[Any], breadth: Breadth, step: Step) -> Infos:
    """What graphql-core would give the field's resolver, for each object of the breadth."""
    build, key, typename = executor.build_resolve_info, step.key, step.parent_type.name
    return [
        build(step.definition, step.nodes, step.parent_type, Path(path, key, typename))
        for path in breadth.paths()
    ]


def _property(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _each(sources: Sequence[Any], name: str, read: Callable[[Any, str], Any]) -> list[Any]:
    values: list[Any] = []
    for source in sources:
        try:
            values.append(read(source, name))
        except Exception as error:
            values.append(error)
    return values
