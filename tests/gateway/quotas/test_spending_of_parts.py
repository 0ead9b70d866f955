"""What comes in parts is charged with each call once, however many parts have objects of its
place."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse
from graphql.execution import (
    IncrementalDeferResult,
    IncrementalStreamResult,
    InitialIncrementalExecutionResult,
    PendingResult,
    SubsequentIncrementalExecutionResult,
)

from gateway.engine.plan import compile_plan
from gateway.operations.authorization import decide
from gateway.operations.costs import OperationCost
from gateway.operations.spending import Spending
from loaders.identity import ANONYMOUS
from resolvers.costs import CALL
from tests.gateway.test_costs import GRAPH

pytestmark = pytest.mark.unit


def spending_of(query: str) -> Spending:
    plan = compile_plan(GRAPH._schema, parse(query), None, {})
    decision = decide(GRAPH, plan, GRAPH.rules.standing(ANONYMOUS), enforced=True)
    return OperationCost(plan, decision, GRAPH.costs).spending({})


def first(spending: Spending, data: dict[str, Any], path: list[str | int]) -> int:
    pending = [PendingResult("0", path)]
    spending.add(InitialIncrementalExecutionResult(data, None, pending, has_next=True))
    return spending.total()


def test_of_what_is_deferred() -> None:
    spending = spending_of("{ shelves { nodes { name ... @defer { count books { title } } } } }")
    shelves = {"shelves": {"nodes": [{"name": "a"}, {"name": "b"}]}}

    # The shelves, their count and their books: the last two are asked for with the first shelf.
    assert first(spending, shelves, ["shelves", "nodes", 0]) == 3 * CALL + 3
    part = {"count": 2, "books": [{"title": "a"}, {"title": "b"}]}
    spending.add(
        SubsequentIncrementalExecutionResult(True, None, [IncrementalDeferResult(part, "0")])
    )
    assert spending.total() == 3 * CALL + 3 + 2 * 3


def test_of_what_is_deferred_whole() -> None:
    spending = spending_of("{ plain { name } ... @defer { shelves { totalCount } } }")

    assert first(spending, {"plain": [{"name": "a"}]}, []) == 1
    part = IncrementalDeferResult({"shelves": {"totalCount": 3}}, "0")
    spending.add(SubsequentIncrementalExecutionResult(False, None, [part]))
    assert spending.total() == 1 + CALL + 1


def test_of_what_is_streamed() -> None:
    spending = spending_of("{ shelves { nodes @stream { best { title } } } }")
    one = {"best": {"title": "a"}}

    assert first(spending, {"shelves": {"nodes": []}}, ["shelves", "nodes"]) == CALL + 1
    for number in range(1, 4):
        part = IncrementalStreamResult([one, one], "0")
        spending.add(SubsequentIncrementalExecutionResult(True, None, [part]))
        assert spending.total() == 2 * CALL + 1 + number * 2 * (1 + 3)
