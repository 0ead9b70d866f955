"""What the engine and its executors lean on in graphql-core, name by name: methods of an executor
are no public API (graphql-core, ``Executor``)."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from graphql import build_schema, parse
from graphql.execution.incremental import IncrementalExecutor

from tests.compat import found, parameters

PLAIN = "graphql.execution:Executor"
INCREMENTAL = "graphql.execution.incremental:IncrementalExecutor"

OVERRIDDEN = {
    "build_per_event_executor": ["payload"],
    "build_resolve_info": ["field_def", "field_nodes", "parent_type", "path"],
    "build_response": ["data"],
    "execute_field": [
        "parent_type",
        "source",
        "field_details_list",
        "path",
        "position_context",
    ],
    "execute_operation": ["serially"],
    "handle_field_error": ["raw_error", "return_type", "field_details_list", "path"],
    "get_stream_usage": ["field_details_list", "path"],
}
"""The methods that an executor of ours has its own of, with what they are given."""

BORROWED = {
    "execute_collected_root_fields": [
        "root_type",
        "root_value",
        "grouped_field_set",
        "serially",
        "new_defer_usages",
    ],
    "execute_collected_subfields": [
        "parent_type",
        "source_value",
        "path",
        "grouped_field_set",
        "new_defer_usages",
        "position_context",
    ],
}
"""Those of the plain executor with which an executor of ours answers at once."""

CALLED = {"ensure_valid_runtime_type": 5}
"""The methods that the engine calls, and how many values it gives them."""

ATTRIBUTES = (
    "async_helpers",
    "abort_signal",
    "collected_errors",
    "context_value",
    "error_propagation",
    "field_resolver",
    "fragment_definitions",
    "fragments",
    "hide_suggestions",
    "hooks",
    "is_awaitable",
    "middleware_manager",
    "operation",
    "root_value",
    "schema",
    "type_resolver",
    "variable_values",
)


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_a_method_that_is_overridden(name: str) -> None:
    user = "gateway/operations/executors.py, gateway/engine/breadth.py and collected.py"

    assert parameters(f"{INCREMENTAL}.{name}", user) == OVERRIDDEN[name]


@pytest.mark.parametrize("name", BORROWED)
def test_a_method_that_is_borrowed(name: str) -> None:
    user = "gateway/operations/executors.py, Whole"

    assert parameters(f"{PLAIN}.{name}", user) == BORROWED[name]


@pytest.mark.parametrize("name", CALLED)
def test_a_method_that_is_called(name: str) -> None:
    method = found(f"{INCREMENTAL}.{name}", "gateway/engine/completion.py")

    inspect.signature(method).bind(None, *range(CALLED[name]))


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute(name: str) -> None:
    executor: Any = IncrementalExecutor.build(build_schema("type Query { a: Int }"), parse("{ a }"))

    assert hasattr(executor, name), f"an Executor has no {name} any more: mend gateway/engine"


def test_the_values_of_variables() -> None:
    executor: Any = IncrementalExecutor.build(
        build_schema("type Query { a(b: Int): Int }"),
        parse("query ($b: Int) { a(b: $b) }"),
        raw_variable_values={"b": 1},
    )

    assert executor.variable_values.coerced == {"b": 1}


def test_the_collection_of_errors() -> None:
    place = "graphql.execution.executor:CollectedErrors"

    found(f"{place}.errors", "gateway/engine/collected.py")
    assert parameters(f"{place}.add", "gateway/engine/collected.py") == ["error", "path"]
    assert parameters(f"{place}.has_nulled_position", "gateway/engine/collected.py") == [
        "start_path"
    ]
    assert set(found(f"{place}.__slots__", "gateway/engine/collected.py")) == {
        "_error_positions",
        "_errors",
    }


def test_what_an_error_consists_of() -> None:
    copied = {"message", "nodes", "source", "positions", "locations", "path", "original_error"}

    slots = found("graphql:GraphQLError.__slots__", "gateway/engine/located.py, at")

    assert set(slots) == {*copied, "cause", "extensions"}, "mend gateway/engine/located.py, at"


def test_the_error_of_a_wrong_type() -> None:
    place = "graphql.execution.executor:invalid_return_type_error"

    assert len(parameters(place, "gateway/engine/compat.py")) == 3


@pytest.mark.parametrize(
    "place",
    [
        "graphql.execution.collect_fields:FieldDetails",
        "graphql.execution.values:VariableValues",
        "graphql.type.scalars:GRAPHQL_MAX_INT",
        "graphql.type.scalars:GRAPHQL_MIN_INT",
    ],
)
def test_a_name_of_the_steps(place: str) -> None:
    found(place, "gateway/engine/steps.py")
