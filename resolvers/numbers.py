"""Numbers that clients send, in variables and in literals: with every digit, or refused.

graphql-core makes a float of a literal with a fraction, so a scalar would be given another number
than was written. Its own Float takes no Decimal, which is what a variable with more digits than a
double holds is read as.

A Float is a double. It is the nearest one to a fraction, as fractions are written to it in so many
ways; a whole number is a Float only if the double is written as the same one.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

from graphql import (
    ConstValueNode,
    FloatValueNode,
    GraphQLError,
    GraphQLFloat,
    GraphQLInt,
    GraphQLScalarType,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    print_ast,
    value_from_ast_untyped,
)
from graphql.pyutils import inspect

from loaders.json import number
from loaders.numbers import EXACT_INT, written

LONGEST_INT = len("-2147483648")

NO_FLOAT = "Float cannot represent non numeric value"
"""graphql-core's words, which it has for what no double is, too."""

_float_shown = GraphQLFloat.coerce_output_value
_float_of_value = GraphQLFloat.coerce_input_value
_float_of_literal = GraphQLFloat.coerce_input_literal
_int_of_literal = GraphQLInt.coerce_input_literal


def read_literals_exactly(scalar: GraphQLScalarType) -> None:
    """Have a scalar that does not read literals by itself take them as it takes variables, which
    ``loaders.json`` reads."""
    own = getattr(scalar.parse_literal, "__func__", None) is not GraphQLScalarType.parse_literal
    if own or scalar.coerce_input_literal is not None:
        return

    def parse_literal(node: ValueNode, variables: dict[str, object] | None = None) -> object:
        return scalar.coerce_input_value(_untyped(node, variables))

    scalar.parse_literal = parse_literal  # type: ignore[method-assign]


def _untyped(node: ValueNode, variables: dict[str, object] | None) -> object:
    match node:
        case IntValueNode() | FloatValueNode():
            return number(node.value)
        case ListValueNode():
            return [_untyped(each, variables) for each in node.values]
        case ObjectValueNode():
            return {each.name.value: _untyped(each.value, variables) for each in node.fields}
        case _:
            return value_from_ast_untyped(node, variables)


def _float(value: object) -> object:
    """The double for a number that a client sends."""
    if type(value) is Decimal:
        nearest = float(value)
        if isfinite(nearest):
            return nearest
        raise GraphQLError(f"{NO_FLOAT}: {inspect(value)}")
    return _double_of(value) or _float_of_value(value)


def _shown_float(value: object) -> object:
    return _double_of(value) or _float_shown(value)


def _double_of(value: object) -> float | None:
    """The double that is written as this large int, if there is one. graphql-core wants it equal,
    which 6.02e23 is not to 602 and 21 zeros."""
    if type(value) is not int or abs(value) <= EXACT_INT:
        return None
    try:
        nearest = float(value)
    except OverflowError:
        return None
    return nearest if written(nearest) == value else None


def _float_literal(node: ConstValueNode, variables: object = None) -> object:
    if not isinstance(node, FloatValueNode | IntValueNode):
        assert _float_of_literal is not None
        return _float_of_literal(node)
    try:
        return _float(number(node.value))
    except (GraphQLError, ValueError):
        why = " (value would lose precision)" if isfinite(float(node.value)) else ""
        raise GraphQLError(f"{NO_FLOAT}: {print_ast(node)}{why}", node) from None


def _int_literal(node: ConstValueNode, variables: object = None) -> object:
    if isinstance(node, IntValueNode) and len(node.value) > LONGEST_INT:
        # Python makes no int of some thousand digits, and says so in its own words.
        shown = print_ast(node)
        raise GraphQLError(f"Int cannot represent non 32-bit signed integer value: {shown}", node)
    assert _int_of_literal is not None
    return _int_of_literal(node)


# These are of every schema in the process, as the specification's own scalars are.
GraphQLFloat.coerce_output_value = _shown_float
GraphQLFloat.coerce_input_value = _float
GraphQLFloat.coerce_input_literal = _float_literal
GraphQLInt.coerce_input_literal = _int_literal
