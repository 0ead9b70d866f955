"""Running an operation by both engines, and comparing what they answer."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    execute,
    parse,
    validate,
)
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import is_awaitable
from hypothesis import HealthCheck, Phase, settings

from gateway.engine import completion, execution, waiting
from gateway.engine.breadth import BreadthExecutor
from gateway.engine.collected import ErrorsInPlace
from tests.places import Place, explained

LEFT_BEHIND = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
"""The marks of tests that run graphql-core's executor into errors: it leaves coroutines, tasks and
generators behind when it cancels what it waits for."""

THOROUGH = os.environ.get("DIFFERENTIAL") == "thorough"

DIFFERENTIAL = settings(
    max_examples=100_000 if THOROUGH else 1_200,
    deadline=None,
    database=None,
    derandomize=not THOROUGH,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
"""Of a test that compares both engines. ``DIFFERENTIAL=thorough`` takes about half an hour each."""


@contextmanager
def giving_way(always: bool) -> Iterator[None]:
    """With ``always`` each part of a breadth has one object, and others run behind each part."""
    if not always:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "AT_ONCE", 1)
        patch.setattr(completion, "AT_ONCE", 1)
        patch.setattr(waiting, "TURN", -1.0)
        yield


class Breadth(BreadthExecutor):
    """The executor under test, which tells what became of the operation."""

    last: Breadth

    def execute_operation(self, serially: bool | None = None) -> Any:
        Breadth.last = self
        return super().execute_operation(serially)


class Core(ErrorsInPlace, IncrementalExecutor):
    """graphql-core's executor, with errors as the gateway has them collected."""


ENGINES: dict[str, type[Executor[Any]]] = {"core": Core, "breadth": Breadth}


def run(
    engine: str | type[Executor[Any]],
    schema: GraphQLSchema,
    document: DocumentNode,
    *,
    sync: bool = False,
    **options: Any,
) -> ExecutionResult:
    """The result. A ``sync`` execution has no event loop, and must do without."""
    executor = ENGINES[engine] if isinstance(engine, str) else engine

    def begun() -> Any:
        return execute(schema, document, executor_class=executor, **options)

    async def finished() -> Any:
        result = begun()
        if is_awaitable(result):
            result = await result
        # graphql-core leaves some awaitables to be settled behind its back.
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left)
        return result

    if sync:
        result = begun()
    else:
        # Not asyncio.run: it would take away the loop of other tests.
        with closing(asyncio.new_event_loop()) as loop:
            result = loop.run_until_complete(finished())
            loop.run_until_complete(loop.shutdown_asyncgens())
    assert isinstance(result, ExecutionResult)
    return result


def answer(engine: str, schema: GraphQLSchema, document: str, **options: Any) -> dict[str, Any]:
    """The response to a valid document, with the errors' messages and paths."""
    parsed = parse(document)
    assert validate(schema, parsed) == []
    result = run(engine, schema, parsed, **options)
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        response["errors"] = [(error.message, error.path) for error in result.errors]
    return response


def key(error: GraphQLError) -> tuple[Any, ...]:
    return (tuple(error.path or ()), error.message)


def details(error: GraphQLError) -> tuple[Any, ...]:
    return (*key(error), repr(error.locations), repr(error.extensions), type(error.original_error))


def assert_same(core: ExecutionResult, breadth: ExecutionResult, *, ordered: bool) -> None:
    """The same data with its keys in the same order, and the same errors (in the same order, if
    they are ``ordered``), one for each null.

    Where something has several reasons to be null, one of them within it, then each engine may
    tell its own.
    """
    assert repr(breadth.data) == repr(core.data)
    several = _null_by_what_is_within(core) | _null_by_what_is_within(breadth)
    theirs, their_places = _split(core, several)
    mine, my_places = _split(breadth, several)
    if ordered:
        assert mine == theirs
    assert Counter(mine) == Counter(theirs)
    assert my_places == their_places


def _null_by_what_is_within(result: ExecutionResult) -> set[Place]:
    """The null places that errors are within."""
    paths = [error.path for error in result.errors or () if error.path is not None]
    return {place for place, path in explained(result.data, paths).items() if place != path}


def _split(
    result: ExecutionResult, several: set[Place]
) -> tuple[list[tuple[Any, ...]], set[Place]]:
    """The details of the errors that are not at or within one of the places, and the places that
    the others are at or within."""
    errors, places = [], set()
    for error in result.errors or ():
        path = tuple(error.path or ())
        place = next((path[:n] for n in range(len(path) + 1) if path[:n] in several), None)
        if place is None:
            errors.append(details(error))
        else:
            places.add(place)
    return errors, places
