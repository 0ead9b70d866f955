"""GraphQL over HTTP: requests read, answers written, as the specification of that name says."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.exceptions import MissingQueryError
from strawberry.http import GraphQLRequestData
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.context import Context
from gateway.errors import BadUserInput, UpstreamTimeout
from gateway.settings import Settings
from loaders.registry import Sources
from resolvers.graph import Graph

GRAPHQL_JSON = "application/graphql-response+json"


class GraphQLEndpoint(GraphQL[Context, None]):
    """The endpoint of a graph: ``POST`` for every operation, ``GET`` for queries."""

    schema: Graph

    def __init__(self, graph: Graph, sources: Sources, settings: Settings) -> None:
        super().__init__(graph, graphql_ide=None, subscription_protocols=())
        self._sources = sources
        self._seconds = settings.limits.request_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive=receive)
        try:
            response = await self.run(request)
        except HTTPException as error:
            response = refusal(request, error.status_code, error.reason)
        response.headers["x-content-type-options"] = "nosniff"
        response.headers["cache-control"] = "no-store"
        await response(scope, receive, send)

    async def get_context(self, request: Any, response: Any) -> Context:
        return Context(self._sources)

    async def get_sub_response(self, request: Any) -> Response:
        sub_response = await super().get_sub_response(request)
        sub_response.media_type = _media_type(request)
        return sub_response

    def should_render_graphql_ide(self, request: Any) -> bool:
        return False

    def decode_json(self, data: str | bytes) -> object:
        decoded: object = orjson.loads(data)
        if not isinstance(decoded, (dict, list)):
            raise HTTPException(400, "The body must be a JSON object with a query in it.")
        return decoded

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        if not isinstance(request_data.operation_name, str | None):
            raise HTTPException(400, "The operationName must be a string.")
        try:
            async with asyncio.timeout(self._seconds):
                return await self.schema.execute(
                    request_data.query,
                    variable_values=request_data.variables,
                    context_value=context,
                    operation_name=request_data.operation_name,
                    allowed_operation_types=OperationType.from_http(request_adapter.method),
                    operation_extensions=request_data.extensions,
                )
        except TimeoutError:
            raise HTTPException(
                504, f"The operation took longer than {self._seconds:g} seconds."
            ) from None
        except MissingQueryError:
            raise HTTPException(400, "The request has no query.") from None
        except CannotGetOperationTypeError as error:
            raise HTTPException(400, error.as_http_error_reason()) from None
        except InvalidOperationTypeError as error:
            reason = error.as_http_error_reason(request_adapter.method)
            raise HTTPException(405, reason) from None

    async def process_result(self, request: Request, result: ExecutionResult) -> Any:
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        if not _is_request_error(result):
            body["data"] = result.data
        if result.extensions:
            body["extensions"] = result.extensions
        return body

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        # An operation that did not run is a bad request, but a client of application/json takes
        # the status for the transport's (GraphQL over HTTP, 6.4).
        refused = "data" not in response_data and sub_response.media_type == GRAPHQL_JSON
        return Response(
            self.encode_json(response_data),
            400 if refused else 200,
            media_type=sub_response.media_type,
        )


def _is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing ran: what graphql-core says of variables that don't fit has no path."""
    if isinstance(result, PreExecutionError):
        return True
    return result.data is None and all(error.path is None for error in result.errors or ())


class BodyLimit:
    """Middleware that answers 413 to a request whose body is larger than ``limit`` bytes."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        left = self._limit

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _TooLarge
            return message

        declared = Headers(scope=scope).get("content-length", "")
        try:
            if declared.isdecimal() and int(declared) > self._limit:
                raise _TooLarge
            await self._app(scope, limited, send)
        except _TooLarge:
            reason = f"The body is larger than {self._limit} bytes."
            await refusal(Request(scope), 413, reason)(scope, receive, send)


class _TooLarge(Exception):
    pass


def _media_type(request: Request) -> str:
    accepted = request.headers.get("accept", "")
    return GRAPHQL_JSON if GRAPHQL_JSON in accepted else "application/json"


def refusal(request: Request, status: int, reason: str) -> Response:
    """The answer to a request that is refused as a whole."""
    code = UpstreamTimeout.code if status == 504 else BadUserInput.code
    body = {"errors": [{"message": reason, "extensions": {"code": code}}]}
    headers = {"allow": "GET, POST"} if status == 405 else None
    return Response(orjson.dumps(body), status, headers, _media_type(request))
