"""What generated operations on the shop are charged with is what their responses have cost."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.types import ExecutionResult

from gateway.engine.plan import compile_plan
from gateway.operations.authorization import decide
from gateway.operations.costs import OperationCost
from gateway.operations.prepared import Document, conditions_of
from tests.engine.operations import Operation
from tests.engine.running import DIFFERENTIAL, LEFT_BEHIND, THOROUGH
from tests.engine.shop import GRAPH, SCHEMA
from tests.engine.shop_operations import shop_operations
from tests.engine.test_shop_differential import ENGINES, WORLD, answered, identities

pytestmark = LEFT_BEHIND


@pytest.mark.long
@settings(DIFFERENTIAL, max_examples=100_000 if THOROUGH else 300)
@given(
    operation=shop_operations(),
    seed=st.integers(0, 2**16),
    trouble=st.sampled_from([0, 0, 30, 120]),
    identity=identities(),
)
def test_it_is_charged_with_what_it_has_cost(
    operation: Operation, seed: int, trouble: int, identity: Any
) -> None:
    WORLD.seed, WORLD.trouble = seed, trouble
    result, _ = answered(ENGINES["breadth"], operation, identity)
    document = Document.of(parse(operation.document))
    conditions = conditions_of(document, operation.variables)
    plan = compile_plan(SCHEMA, document.ast, None, conditions)
    decision = decide(GRAPH, plan, GRAPH.rules.standing(identity), enforced=True)
    cost = OperationCost(plan, decision, GRAPH.costs)
    if result.data is None:
        return

    spending = cost.spending(operation.variables)
    spending.add(ExecutionResult(result.data, None))
    failed = cost.spending(operation.variables)
    failed.add(ExecutionResult(result.data, result.errors))

    actual = sum(cost.actual(operation.variables, result.data).values())
    assert spending.total() == actual
    assert actual <= failed.total() <= actual + cost.estimate(operation.variables)
