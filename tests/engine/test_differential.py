"""Both engines answer alike, whatever is asked and whatever the resolvers do."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import parse, specified_rules, validate
from graphql.validation import ValuesOfCorrectTypeRule
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.explaining import Noting, check_errors, planned
from tests.engine.operations import Operation, operations
from tests.engine.running import DIFFERENTIAL, LEFT_BEHIND, Breadth, assert_same, giving_way, run
from tests.engine.world import SCHEMA, World

RULES = [rule for rule in specified_rules if rule is not ValuesOfCorrectTypeRule]
"""Some literals are wrong on purpose: custom scalars are free to find out when they run."""

pytestmark = LEFT_BEHIND


@pytest.fixture(autouse=True)
def _all_is_collected() -> Iterator[None]:
    yield
    gc.collect()


def passed_on(resolve: Any, source: Any, info: Any, **arguments: Any) -> Any:
    """Middleware, before which every field is resolved for each object by itself."""
    return resolve(source, info, **arguments)


@pytest.mark.long
@DIFFERENTIAL
@given(
    operation=operations(),
    seed=st.integers(0, 2**16),
    trouble=st.sampled_from([0, 5, 30, 120]),
    asynchronous=st.booleans(),
    wrapped=st.sampled_from([False, False, False, True]),
    in_turns=st.booleans(),
)
def test_both_engines_answer_alike(
    operation: Operation,
    seed: int,
    trouble: int,
    asynchronous: bool,
    wrapped: bool,
    in_turns: bool,
) -> None:
    document = parse(operation.document)
    results, roots = [], []
    for engine in ("core", "breadth"):
        world = World(seed, trouble=trouble, asynchronous=asynchronous)
        with giving_way(in_turns):
            result = run(
                engine,
                SCHEMA,
                document,
                sync=not asynchronous,
                root_value=world.root(),
                context_value=world,
                variable_values=operation.variables,
                middleware=[passed_on] if wrapped else None,
            )
        results.append(result)
        # A column may be read twice.
        roots.append(list(dict.fromkeys(world.roots)))

    assert_same(*results, ordered=not asynchronous)
    if operation.document.startswith("mutation"):
        assert roots[0] == roots[1]


@pytest.mark.long
@DIFFERENTIAL
@given(
    operation=operations(),
    seed=st.integers(0, 2**16),
    trouble=st.sampled_from([5, 30, 120, 300]),
    asynchronous=st.booleans(),
)
def test_each_null_has_its_error(
    operation: Operation, seed: int, trouble: int, asynchronous: bool
) -> None:
    document = parse(operation.document)
    noting: Any = type("Noted", (Noting,), {"nulls": set()})
    results = []
    for engine in ("core", "breadth", noting):
        world = World(seed, trouble=trouble, asynchronous=asynchronous)
        result = run(
            engine,
            SCHEMA,
            document,
            sync=not asynchronous,
            root_value=world.root(),
            context_value=world,
            variable_values=operation.variables,
        )
        results.append(result)

    core, breadth, _ = results
    if core.data is not None or any(error.path for error in core.errors or ()):
        plan = planned(SCHEMA, document, operation.variables)
        check_errors(core, plan, noting.nulls)
        check_errors(breadth, plan, noting.nulls)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(operation=operations())
def test_the_operations_compared_are_valid(operation: Operation) -> None:
    assert validate(SCHEMA, parse(operation.document), RULES) == []


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(operation=operations())
def test_the_operations_compared_run_by_breadth(operation: Operation) -> None:
    world = World(1, trouble=0, asynchronous=False)
    variables = {"need": 1, "yes": True, "maybe": True}

    run(
        "breadth",
        SCHEMA,
        parse(operation.document),
        sync=True,
        root_value=world.root(),
        context_value=world,
        variable_values=variables,
    )

    assert Breadth.last.engine == "breadth"
