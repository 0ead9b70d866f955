"""What clients are told of variables that do not fit: graphql-core shows their values as Python
writes them, and these are JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    VariableDefinitionNode,
    type_from_ast,
    validate_input_value,
)
from graphql.pyutils import inspect, print_path_list

from loaders.json import write

MOST_ERRORS = 50
"""Errors of one operation's variables. A list can have as many that are wrong as it has items."""

LONGEST_VALUE = 200
"""Characters of a value that an error shows."""


def told_in_json(
    errors: Sequence[GraphQLError],
    schema: GraphQLSchema,
    variables: Mapping[str, Any],
    *,
    hide_suggestions: bool,
) -> list[GraphQLError]:
    """The errors that graphql-core has about the variables, with values as their client wrote
    them."""
    told: list[GraphQLError] = []
    done: set[str] = set()
    for error in errors:
        node = error.nodes[0] if error.nodes else None
        if not isinstance(node, VariableDefinitionNode):
            told.append(error)
            continue
        name = node.variable.name.value
        if name not in variables:
            told.append(error)
        elif name not in done:
            done.add(name)
            told.extend(_of_variable(node, schema, variables[name], hide_suggestions))
    return told[:MOST_ERRORS]


def _of_variable(
    node: VariableDefinitionNode, schema: GraphQLSchema, value: Any, hide_suggestions: bool
) -> Iterator[GraphQLError]:
    found: list[tuple[GraphQLError, list[str | int]]] = []
    type_: Any = type_from_ast(schema, node.type)
    validate_input_value(
        value, type_, lambda error, path: found.append((error, path)), hide_suggestions
    )
    for error, path in found[:MOST_ERRORS]:
        name, at = node.variable.name.value, print_path_list(path)
        message = _in_json(error.message, _at(value, path))
        yield GraphQLError(
            f"Variable '${name}' has invalid value{at}: {message}", node, original_error=error
        )


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _in_json(message: str, value: Any) -> str:
    before, found, after = message.rpartition(f": {inspect(value)}")
    if not found:
        return message
    shown = write(value).decode()
    if len(shown) > LONGEST_VALUE:
        shown = f"{shown[:LONGEST_VALUE]}…"
    return f"{before}: {shown}{after}"
