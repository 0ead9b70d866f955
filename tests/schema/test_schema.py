"""What holds for the shop's schema as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    introspection_types,
    is_non_null_type,
    is_specified_scalar_type,
    parse,
    validate,
)

from gateway.graphiql.page import Example, load_examples
from loaders.reads import Reading
from loaders.row_filters import Through
from resolvers.connections import OfConnection, OfEdge
from resolvers.directives import BACKREF
from resolvers.fields import FetchedField
from resolvers.relations import Aggregated
from schema.build import schema

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = load_examples(ROOT / "schema" / "examples")

Element = GraphQLNamedType | GraphQLField | GraphQLInputField | GraphQLArgument | GraphQLEnumValue


def types() -> Iterator[GraphQLNamedType]:
    for type_ in schema._schema.type_map.values():
        if not is_specified_scalar_type(type_) and type_.name not in introspection_types:
            yield type_


def elements() -> Iterator[tuple[str, Element]]:
    for type_ in types():
        yield type_.name, type_
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field
                for argument, definition in field.args.items():
                    yield f"{type_.name}.{name}({argument}:)", definition
        elif isinstance(type_, GraphQLInputObjectType):
            for name, input_field in type_.fields.items():
                yield f"{type_.name}.{name}", input_field
        elif isinstance(type_, GraphQLEnumType):
            for name, value in type_.values.items():
                yield f"{type_.name}.{name}", value


def fetched_fields() -> Iterator[tuple[str, GraphQLField, FetchedField]]:
    for coordinate, element in elements():
        if isinstance(element, GraphQLField):
            field = element.extensions.get(BACKREF)
            if isinstance(field, FetchedField) and not isinstance(
                field.fetch, OfConnection | OfEdge
            ):
                yield coordinate, element, field


def test_schema_graphql_is_the_schema() -> None:
    # make check runs `gateway schema check schema.graphql`, which names the difference.
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == schema.as_str() + "\n"


def test_everything_is_described() -> None:
    bare = [coordinate for coordinate, element in elements() if not element.description]

    assert bare == []


def test_a_field_that_crosses_into_another_source_is_nullable() -> None:
    crossing = []
    for coordinate, definition, field in fetched_fields():
        owner = getattr(field.owner, "resource", None)
        fetch = field.fetch
        if coordinate in ("Query.node", "Query.nodes"):
            target = None
        else:
            target = fetch.of if isinstance(fetch, Aggregated) else field.target.resource
        if owner is None or target is None or owner.source != target.source:
            crossing.append(coordinate)
            assert not is_non_null_type(definition.type), coordinate

    # The rule must have had something to hold for.
    assert {"Query.orders", "Order.shipment", "Customer.reviews", "Review.author"} <= set(crossing)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_of_graphiql_fits_the_schema(example: Example) -> None:
    assert validate(schema._schema, parse(example.query)) == []


def test_there_are_examples() -> None:
    assert [example.title for example in EXAMPLES] == [
        "Latest orders",
        "Product page",
        "Customer history",
        "Find products",
        "Who may see what",
    ]


def test_every_row_filter_and_policy_says_what_it_reads() -> None:
    rules: dict[str, object] = {
        str(each): each.row_filter for each in schema.declarations.resources()
    }
    rules |= {each.name: each.decide for each in schema.rules.policies.values()}
    silent = [
        name for name, rule in rules.items() if not isinstance(rule, Reading | Through | None)
    ]

    assert sum(isinstance(rule, Reading) for rule in rules.values()) > 5
    assert silent == []
