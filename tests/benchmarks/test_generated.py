"""The operations by which estimates of costs are judged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import groupby

import pytest
from graphql import (
    FieldNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)

from benchmarks.generated import Generator
from schema.build import schema

pytestmark = pytest.mark.unit

SCHEMA = schema._schema


def queries(seed: int, count: int = 200) -> list[str]:
    generator = Generator(SCHEMA, {"Product": ["a", "b"], "Order": ["c"]}, random.Random(seed))
    return [generator.query() for _ in range(count)]


def test_they_are_valid() -> None:
    for query in queries(1):
        assert validate(SCHEMA, parse(query)) == [], query


def test_a_seed_has_the_same_ones() -> None:
    assert queries(1) == queries(1) != queries(2)
    assert len(set(queries(1))) > 150


def test_none_goes_back_to_a_type_through_which_it_comes() -> None:
    for query in queries(3):
        (operation,) = parse(query).definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert SCHEMA.query_type is not None
        for way in ways(SCHEMA.query_type, operation.selection_set):
            # A category's parent is another category.
            names = [name for name, _ in groupby(way)]
            assert len(names) == len(set(names)), query


def ways(type_: GraphQLObjectType, selected: SelectionSetNode) -> Iterator[list[str]]:
    """The names of the types on the way to each selection."""
    yield [type_.name]
    for node in selected.selections:
        assert isinstance(node, FieldNode)
        if node.selection_set is not None:
            below = get_named_type(type_.fields[node.name.value].type)
            assert isinstance(below, GraphQLObjectType)
            yield from ([type_.name, *way] for way in ways(below, node.selection_set))
