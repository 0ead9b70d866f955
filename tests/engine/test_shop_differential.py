"""Both engines answer alike on the shop's graph: its relations, connections, aggregates, guards,
policies and row filters, over sources that fail and lie."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson
import pytest
from graphql import ExecutionResult, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.types import ExecutionResult as StrawberryResult

from gateway.errors import Denied
from gateway.operations.asked import Asked
from gateway.operations.results import Result
from gateway.operations.runner import QUERIES, Operations
from loaders.chain.resilience import Resilience
from loaders.identity import Identity
from loaders.registry import Sources
from resolvers.shop import callers
from tests.engine.explaining import check_errors, planned
from tests.engine.operations import Operation
from tests.engine.running import DIFFERENTIAL, LEFT_BEHIND, assert_same, giving_way
from tests.engine.shop import GRAPH, SCHEMA, AsRaised, ShopWorld
from tests.engine.shop_operations import shop_operations
from tests.places import explained, null_at, nulls_in

WORLD = ShopWorld()
# A breaker would remember what failed in the operations before.
SOURCES = Sources(
    WORLD.sources,
    resilience={source.name: Resilience(breaker=None) for source in WORLD.sources},
)
ENGINES = {
    engine: Operations(GRAPH, SOURCES, WORLD.settings(engine))
    for engine in ("graphql-core", "breadth")
}
UNDENIED = Operations(GRAPH, SOURCES, WORLD.settings("breadth", dry_run=True))
SCOPES = sorted(GRAPH.rules.scopes.union(callers.SCOPES))

pytestmark = LEFT_BEHIND


@pytest.fixture(autouse=True)
def _all_is_collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _dry_runs_log_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "sluice.authorization")


def identities() -> st.SearchStrategy[Identity]:
    claims: dict[str, Any] = {"customer_id": 1, "partner_id": "northwind"}
    return st.builds(
        lambda scopes, claimed, credential: Identity(
            subject="someone",
            scopes=frozenset(scopes) if credential else frozenset(),
            claims={name: claims[name] for name in claimed} if credential else {},
            credential="test" if credential else None,
        ),
        st.sets(st.sampled_from(SCOPES)),
        st.sets(st.sampled_from(sorted(claims))),
        st.sampled_from([True, True, True, False]),
    )


def answered(
    operations: Operations, operation: Operation, identity: Identity
) -> tuple[ExecutionResult, str | None]:
    """The result, its errors as they were raised, and by which engine it was run, if it was."""
    results: list[Result] = []

    async def run() -> None:
        async def keep(result: Result) -> None:
            results.append(result)

        asked = Asked(operation.document, dict(operation.variables), None, {"explain": True})
        await operations.run(asked, identity, keep, allowed=QUERIES)
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left)

    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(run())
        loop.run_until_complete(loop.shutdown_asyncgens())
    (result,) = results
    assert isinstance(result, StrawberryResult)
    ran: Any = (result.extensions or {}).get("explain")
    # Those of an operation that did not run did not pass the stage.
    errors = [*(result.errors or ()), *(AsRaised.errors if ran is not None else ())]
    # By the time that it is sent, it is JSON.
    data = orjson.loads(orjson.dumps(result.data))
    return ExecutionResult(data, errors or None), ran and ran["engine"]["name"]


@pytest.mark.long
@DIFFERENTIAL
@given(
    operation=shop_operations(),
    seed=st.integers(0, 2**16),
    trouble=st.sampled_from([0, 5, 30, 120]),
    identity=identities(),
    in_turns=st.booleans(),
)
def test_both_engines_answer_alike_on_the_shop(
    operation: Operation, seed: int, trouble: int, identity: Identity, in_turns: bool
) -> None:
    WORLD.seed, WORLD.trouble = seed, trouble

    results = []
    for engine, operations in ENGINES.items():
        with giving_way(in_turns):
            result, ran = answered(operations, operation, identity)
        assert ran in (engine, None)
        results.append(result)

    assert_same(*results, ordered=False)


@pytest.mark.long
@DIFFERENTIAL
@given(
    operation=shop_operations(),
    seed=st.integers(0, 2**16),
    trouble=st.sampled_from([0, 0, 30, 120]),
    identity=identities(),
)
def test_each_null_of_the_shop_has_its_error(
    operation: Operation, seed: int, trouble: int, identity: Identity
) -> None:
    WORLD.seed, WORLD.trouble = seed, trouble

    undenied, ran = answered(UNDENIED, operation, identity)

    if ran is not None:
        plan = planned(SCHEMA, parse(operation.document), operation.variables)
        said = explained(undenied.data, [error.path or () for error in undenied.errors or ()])
        true_nulls = set(nulls_in(undenied.data)) - said.keys()
        result, _ = answered(ENGINES["breadth"], operation, identity)
        # What is denied may have been null by itself.
        denied = {
            null_at(result.data, error.path or ())
            for error in result.errors or ()
            if isinstance(error.original_error, Denied)
        }
        check_errors(result, plan, true_nulls - denied)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(operation=shop_operations())
def test_the_operations_compared_on_the_shop_are_valid(operation: Operation) -> None:
    assert validate(SCHEMA, parse(operation.document)) == []
