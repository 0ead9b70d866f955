"""A graph's own Strawberry extensions, called around each step of its operations, and those of
fields, called around their resolvers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import strawberry
from graphql import FieldNode, GraphQLError, ValidationRule, parse
from strawberry.extensions import AddValidationRules, FieldExtension, SchemaExtension
from strawberry.types import ExecutionResult

from gateway.testing import GraphClient
from resolvers.graph import Graph

seen: list[str] = []


class Steps(SchemaExtension):
    def on_operation(self) -> Iterator[None]:
        seen.append("operation begins")
        yield
        seen.append("operation ends")

    async def on_parse(self) -> AsyncIterator[None]:
        yield
        assert self.execution_context.graphql_document is not None
        seen.append("parsed")

    def on_validate(self) -> Iterator[None]:
        yield
        seen.append(f"validated: {len(self.execution_context.pre_execution_errors or ())} errors")

    def on_execute(self) -> Iterator[None]:
        yield
        result: Any = self.execution_context.result
        seen.append(f"executed: {result.data}")

    def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(f"resolves {info.field_name}")
        return _next(root, info, *args, **kwargs)

    async def get_results(self) -> dict[str, Any]:
        return {"steps": len(seen)}


class Forbids(SchemaExtension):
    def on_validate(self) -> Iterator[None]:
        yield
        self.execution_context.pre_execution_errors = [GraphQLError("Not today.")]


class Breaks(SchemaExtension):
    def on_execute(self) -> Iterator[None]:
        raise ValueError("a secret")
        yield


class Replaces(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        yield
        self.execution_context.graphql_document = parse("{ words { text } }")


class HasDocument(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = parse("{ words { text } }")
        yield


class ReplacesWithNonsense(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        yield
        self.execution_context.graphql_document = parse("{ nonsense }")


class Answers(SchemaExtension):
    def on_execute(self) -> Iterator[None]:
        self.execution_context.result = ExecutionResult({"well": "from elsewhere"}, [])
        yield


class Tells(SchemaExtension):
    """Shows what it sees of the errors."""

    def on_execute(self) -> Iterator[None]:
        yield
        result: Any = self.execution_context.result
        seen.extend(error.message for error in result.errors)

    def get_results(self) -> dict[str, Any]:
        return {"errors": list(seen)}


class NoWords(ValidationRule):
    def enter_field(self, node: FieldNode, *_: object) -> None:
        if node.name.value == "words":
            self.report_error(GraphQLError("No words.", node))


class Rules(AddValidationRules):
    def __init__(self) -> None:
        super().__init__([NoWords])


class Remembers(SchemaExtension):
    def on_operation(self) -> Iterator[None]:
        yield
        result: Any = self.execution_context.result
        seen.append(f"ends with {result.data}")


class Sent(SchemaExtension):
    def on_stream_result(self, result: Any) -> Iterator[None]:
        seen.append(f"sends {result.data}")
        yield
        seen.append("sent")


class BreaksLate(SchemaExtension):
    def get_results(self) -> dict[str, Any]:
        raise ValueError("a secret")


class BreaksFirst(SchemaExtension):
    def on_operation(self) -> Iterator[None]:
        raise ValueError("a secret")
        yield


class BreaksInSending(SchemaExtension):
    def on_stream_result(self, result: Any) -> Iterator[None]:
        raise ValueError("a secret")
        yield


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **arguments: Any) -> Any:
        return next_(source, info, **arguments).upper()


class Later(FieldExtension):
    async def resolve_async(self, next_: Any, source: Any, info: Any, **arguments: Any) -> Any:
        return f"{await next_(source, info, **arguments)}, later"


def loud(root: Word, ending: str = "!") -> str:
    return root.text + ending


async def late(root: Word) -> str:
    return root.text


@strawberry.type
class Word:
    text: str
    loud: str = strawberry.field(resolver=loud, extensions=[Louder()])
    late: str = strawberry.field(resolver=late, extensions=[Later()])


@strawberry.type
class Query:
    @strawberry.field
    def well(self) -> str:
        return "well"

    @strawberry.field
    def words(self) -> list[Word]:
        return [Word(text="one"), Word(text="two")]

    @strawberry.field
    def bad(self) -> str | None:
        raise ValueError("a secret")


@pytest.fixture(autouse=True)
def unseen() -> None:
    seen.clear()


async def test_each_step_of_an_operation_is_shown_to_them() -> None:
    response = await GraphClient(Graph(Query, extensions=[Steps])).execute("{ well }")

    assert (response.data, response.errors) == ({"well": "well"}, [])
    assert seen == [
        "operation begins",
        "parsed",
        "validated: 0 errors",
        "resolves well",
        "executed: {'well': 'well'}",
        "operation ends",
    ]
    assert response.extensions == {"steps": 5}


async def test_an_operation_that_does_not_run_is_shown_as_far_as_it_comes() -> None:
    response = await GraphClient(Graph(Query, extensions=[Steps])).execute("{ unknown }")

    assert response.codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert seen == ["operation begins", "parsed", "validated: 1 errors", "operation ends"]
    assert response.extensions == {"steps": 3}


async def test_their_errors_keep_an_operation_from_running() -> None:
    response = await GraphClient(Graph(Query, extensions=[Forbids, Steps])).execute("{ well }")

    assert response.data is None
    assert [error["message"] for error in response.errors] == ["Not today."]
    assert "resolves well" not in seen


@pytest.mark.parametrize(
    ("graph", "query"),
    [
        (Graph(Query), "{ bad }"),
        *(
            (Graph(Query, extensions=[each]), "{ well }")
            for each in (Breaks, BreaksFirst, BreaksLate, BreaksInSending)
        ),
    ],
    ids=["a resolver", "on_execute", "on_operation", "get_results", "on_stream_result"],
)
async def test_what_breaks_is_told_to_nobody_but_the_log(
    graph: Graph, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = await GraphClient(graph).execute(query)

    [error] = response.errors
    assert response.codes == ["INTERNAL_SERVER_ERROR"]
    assert "secret" not in error["message"]
    assert "a secret" in caplog.text


async def test_extensions_of_fields_are_called_for_each_object() -> None:
    response = await GraphClient(Graph(Query)).execute(
        '{ words { loud asked: loud(ending: "?") late } }'
    )

    assert (response.data, response.errors) == (
        {
            "words": [
                {"loud": "ONE!", "asked": "ONE?", "late": "one, later"},
                {"loud": "TWO!", "asked": "TWO?", "late": "two, later"},
            ]
        },
        [],
    )


@pytest.mark.parametrize("extension", [Replaces, HasDocument])
async def test_the_document_that_they_leave_is_what_runs(
    extension: type[SchemaExtension],
) -> None:
    client = GraphClient(Graph(Query, extensions=[extension]))

    for _ in range(2):
        response = await client.execute("{ well }")

        assert (response.data, response.errors) == (
            {"words": [{"text": "one"}, {"text": "two"}]},
            [],
        )


async def test_the_document_that_they_leave_is_validated() -> None:
    client = GraphClient(Graph(Query, extensions=[ReplacesWithNonsense]))

    response = await client.execute("{ well }")

    assert response.codes == ["GRAPHQL_VALIDATION_FAILED"]


async def test_their_result_is_taken_for_the_operations() -> None:
    response = await GraphClient(Graph(Query, extensions=[Answers])).execute("{ well }")

    assert (response.data, response.errors) == ({"well": "from elsewhere"}, [])


async def test_they_see_no_more_of_errors_than_clients() -> None:
    response = await GraphClient(Graph(Query, extensions=[Tells])).execute("{ bad }")

    [error] = response.errors
    assert response.extensions == {"errors": [error["message"]]}
    assert "secret" not in error["message"]


async def test_their_rules_are_validated_by() -> None:
    client = GraphClient(Graph(Query, extensions=[Rules]))

    well = await client.execute("{ well }")
    words = await client.execute("{ words { text } }")

    assert well.errors == []
    assert [error["message"] for error in words.errors] == ["No words."]


async def test_they_see_each_result_as_it_is_sent() -> None:
    await GraphClient(Graph(Query, extensions=[Sent])).execute("{ well }")

    assert seen == ["sends {'well': 'well'}", "sent"]


async def test_they_can_read_the_data_when_it_was_sent() -> None:
    await GraphClient(Graph(Query, extensions=[Remembers])).execute("{ well }")

    assert seen == ["ends with {'well': 'well'}"]


async def test_each_operation_has_extensions_of_its_own() -> None:
    client = GraphClient(Graph(Query, extensions=[Steps]))

    first = await client.execute("{ well }")
    seen.clear()
    second = await client.execute("{ well }")

    assert first.extensions == second.extensions == {"steps": 5}
