"""Whether each null of a response has its error: one, if it is no true null, and none otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    get_nullable_type,
    is_non_null_type,
)
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import Undefined

from gateway.engine.plan import Plan, compile_plan, condition_variables
from tests.places import Place, explained, nulls_in


class Noting(IncrementalExecutor):
    """graphql-core's executor, which notes at which places a value was null."""

    nulls: set[Place]

    def complete_value(self, return_type: Any, *args: Any) -> Any:
        # The field's nodes, its info, its path, the value.
        place, value = tuple(args[2].as_list()), args[3]
        if is_non_null_type(return_type):
            try:
                return super().complete_value(return_type, *args)
            finally:
                self.nulls.discard(place)
        if value is None or value is Undefined:
            self.nulls.add(place)
        return super().complete_value(return_type, *args)


def planned(schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> Plan:
    """The operation's plan, by which places have their types."""
    conditions = {
        name: variables[name] is True for name in condition_variables(document) if name in variables
    }
    return compile_plan(schema, document, None, conditions)


def check_errors(result: ExecutionResult, plan: Plan, true_nulls: Collection[Place]) -> None:
    """Each null of the data has one error, unless it is one of the ``true_nulls``, which have none.
    An error's path leads to its null, or further, and then to what may not be null (section 6.4.4
    of the specification, Handling Execution Errors)."""
    said = explained(result.data, [_path(error) for error in result.errors or ()])
    for place in nulls_in(result.data):
        assert (place in said) != (place in true_nulls), place
    for place, path in said.items():
        for length in range(len(place) + 1, len(path) + 1):
            assert not _is_nullable(plan, path[:length]), (place, path)


def _path(error: GraphQLError) -> Sequence[str | int]:
    assert error.path is not None, error
    return error.path


def _is_nullable(plan: Plan, path: Place) -> bool:
    type_: Any = None
    fields = plan.along(path)
    for step in path:
        if isinstance(step, str):
            # Fields of one name in one place are alike in this, whatever the object's type.
            type_ = next(fields)[0].definition.type
        else:
            type_ = get_nullable_type(type_).of_type
    return not is_non_null_type(type_)
