"""What is told of documents that are not parsed or validated to their end."""

from __future__ import annotations

import pytest
import strawberry
from graphql import GraphQLError

from gateway.operations.prepared import Prepared
from gateway.operations.stages.parse import ParseStage
from gateway.operations.stages.validate import MOST_ERRORS, TOO_COMPLEX, ValidateStage
from gateway.settings import Settings
from resolvers.graph import Graph


@strawberry.type(description="What can be asked.")
class Query:
    hello: str | None = strawberry.field(description="A greeting.")


graph = Graph(Query)


def prepared(query: str) -> list[GraphQLError]:
    """The errors of the document."""
    known = Prepared(query)
    for stage in (ParseStage(graph, Settings.of()), ValidateStage(graph, Settings.of())):
        stage.prepare(known)
    return list(known.errors)


FRAGMENTS = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(300))


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("{ " + "hello " * 710 + "}", id="a field too often"),
        pytest.param(
            f"{{ ...F0 }} {FRAGMENTS} fragment F300 on Query {{ hello }}", id="fragments too deep"
        ),
        pytest.param(
            " ".join(
                f"query Q{n} {{ ...F{n} }} fragment F{n} on Query {{ ...F }}" for n in range(150)
            )
            + f" fragment F on Query {{ {'...G ' * 1000} }} fragment G on Query {{ hello }}",
            id="fragments too often",
        ),
    ],
)
def test_a_document_that_takes_too_long_to_validate_says_what_to_do(query: str) -> None:
    error = prepared(query)[-1]

    assert error.message == TOO_COMPLEX
    assert error.extensions == {"code": "OPERATION_TOO_COMPLEX"}


def test_a_document_with_very_many_errors_has_some_of_them() -> None:
    errors = prepared("{ " + " ".join(f"nothing{n}" for n in range(200)) + " }")

    assert [error.message for error in errors[:MOST_ERRORS]] == [
        f"Cannot query field 'nothing{n}' on type 'Query'." for n in range(MOST_ERRORS)
    ]
    assert errors[MOST_ERRORS:] == [
        GraphQLError(
            "There are more errors than these 100: mend them first.",
            extensions={"code": "GRAPHQL_VALIDATION_FAILED"},
        )
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ " + "hello " * 5_000 + "}", "The document has more than 5,000 tokens: split it."),
        (
            "{ ... " * 250 + "{ hello }" + "}" * 250,
            "The document nests too deeply: ask for less at a time.",
        ),
    ],
)
def test_a_document_that_is_not_parsed_to_its_end_says_what_to_do(query: str, message: str) -> None:
    with pytest.raises(GraphQLError) as caught:
        prepared(query)

    assert caught.value.message == message
    assert caught.value.extensions == {"code": "OPERATION_TOO_COMPLEX"}
