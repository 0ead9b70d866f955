"""What operations and WebSockets lean on in Strawberry and graphql-core, name by name."""

from __future__ import annotations

import pytest
import strawberry
from graphql import GraphQLSchema, MiddlewareManager

from gateway.operations.compat import middleware_of, schema_of
from resolvers.graph import Graph
from tests.compat import found, parameters


@strawberry.type
class Query:
    @strawberry.field
    def well(self) -> str:
        return "well"


@pytest.mark.parametrize(
    "place",
    [
        "graphql.validation.validate:ValidationAbortedError",
        "strawberry:Schema._get_middleware_manager",
        "strawberry:Schema.create_extensions_runner",
        "strawberry:Schema.get_extensions",
        "strawberry.execution:optimized_is_awaitable",
        "strawberry.schema.schema:StrawberryGraphQLCoreExecutionContext",
        "strawberry.schema.validation_rules.maybe_null:MaybeNullValidationRule",
        "strawberry.schema.validation_rules.one_of:OneOfInputValidationRule",
    ],
)
def test_a_name_of_operations(place: str) -> None:
    found(place, "gateway/operations/compat.py")


@pytest.mark.parametrize(
    "name",
    [
        "executing",
        "get_extensions_results",
        "on_stream_result",
        "operation",
        "parsing",
        "validation",
    ],
)
def test_a_step_that_extensions_are_called_around(name: str) -> None:
    runner = "strawberry.extensions.runner:SchemaExtensionsRunner"

    found(f"{runner}.{name}", "gateway/operations/extensions.py")


HANDLER = "strawberry.subscriptions.protocols.graphql_transport_ws.handlers"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("cleanup_operation", ["operation_id"]),
        ("forget_id", ["id"]),
        ("handle_connection_init", ["message"]),
        ("handle_invalid_message", ["error_message"]),
        ("handle_message", ["message"]),
        ("handle_subscribe", ["message"]),
        ("run_operation", ["operation"]),
        ("send_message", ["message"]),
        ("shutdown", []),
    ],
)
def test_a_method_of_the_websocket_handler(name: str, given: list[str]) -> None:
    place = f"{HANDLER}:BaseGraphQLTransportWSHandler.{name}"

    assert parameters(place, "gateway/transports/websocket.py") == given


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("send_initial_errors", ["errors"]),
        ("send_next", ["execution_result"]),
        ("send_operation_message", ["message"]),
    ],
)
def test_a_method_of_an_operation_on_a_websocket(name: str, given: list[str]) -> None:
    assert parameters(f"{HANDLER}:Operation.{name}", "gateway/transports/websocket.py") == given


def test_the_schema_of_a_graph() -> None:
    assert isinstance(schema_of(Graph(Query)), GraphQLSchema), (
        "a Strawberry schema has no _schema any more: mend gateway/operations/compat.py and "
        "resolvers/graph.py"
    )


def test_the_middleware_of_a_graph() -> None:
    assert isinstance(middleware_of(Graph(Query), []), MiddlewareManager)
