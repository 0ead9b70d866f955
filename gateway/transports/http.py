"""GraphQL over HTTP: requests read, answers written, as the specification of that name says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLFormattedError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.auth.authentication import Authenticator
from gateway.compression import compress
from gateway.errors import (
    PARSE_FAILED,
    BadUserInput,
    Denied,
    RequestRefused,
    Unauthenticated,
    extensions_of,
    masked,
)
from gateway.operations.asked import Asked
from gateway.operations.results import Result, body_of, is_request_error
from gateway.operations.runner import MUTATIONS, QUERIES, SUBSCRIPTIONS, Operations
from gateway.quotas.accounts import Account
from gateway.transports.addresses import address_of
from gateway.transports.forwarding import forwarded
from gateway.transports.hanging_up import while_there
from gateway.transports.negotiation import (
    GRAPHQL_JSON,
    JSON,
    accepted_by,
    media_type_for,
)
from gateway.transports.requests import credentials, read
from gateway.transports.streaming import (
    EventStream,
    Parts,
    Stream,
    SubscriptionParts,
    first_of,
    hung_up,
)
from loaders.errors import SourceError
from loaders.identity import Identity
from loaders.json import write

VARIES = "accept, authorization, x-api-key"
"""What of a request its answer goes by, beside its encoding (RFC 9110, section 12.5.5)."""

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"vary", VARIES.encode()),
)
"""Of every answer that has no others of these names."""

ACCOUNTS = "sluice.accounts"
"""Where a request's scope has those that its operations go to."""

BEFORE_THE_DRAFT = {294: 200, 422: 400}
"""What is told in place of the statuses that GraphQL over HTTP has from its draft of August 2026 on
(section 5.4)."""


class _Exchange(NamedTuple):
    """A request for one operation, and where its answer goes."""

    request: Request
    send: Send
    asked: Asked
    identity: Identity
    headers: Mapping[str, str]


class GraphQLEndpoint:
    """The endpoint of a graph, as an ASGI application.

    ``POST`` is for queries and mutations, ``GET`` for queries; either takes subscriptions from
    clients that like ``text/event-stream`` best, or take Apollo's multipart/mixed. A request may be
    a list of at most ``batch`` operations, or of none if that is 0. With ``draft`` the statuses of
    ``application/graphql-response+json`` are those of the draft of August 2026: 294 for a result
    with data and errors, 422 for a request that can be read and not be run.
    """

    def __init__(
        self,
        operations: Operations,
        authenticator: Authenticator,
        *,
        batch: int,
        compresses: bool,
        draft: bool,
    ) -> None:
        self._operations = operations
        self._authenticator = authenticator
        self._batch = batch
        self._compresses = compresses
        self._draft = draft

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accounts: list[Account] = []
        scope[ACCOUNTS] = accounts

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = dict(message["headers"])
                message["headers"] += [each for each in HEADERS if each[0] not in given]
                if accounts:
                    # All of one caller, and so of one bucket, unless documents have their own.
                    message["headers"] += min(accounts, key=_remaining).headers
            await send(message)

        await self._respond(Request(scope, receive), send_with_headers)

    async def _respond(self, request: Request, send: Send) -> None:
        try:
            if request.method not in ("GET", "POST"):
                raise RequestRefused("GraphQL is asked with GET or POST.", status=405)
            accepted = accepted_by(request)
            if accepted.media_type is None:
                raise RequestRefused(
                    f"An answer is {GRAPHQL_JSON} or {JSON}: have one of them in Accept.",
                    status=406,
                )
            # Before the body is read: whoever has a bad credential has nothing to say.
            identity = await self._authenticator.identify(
                credentials(request.headers.items()), request.client
            )
            headers = forwarded(request.scope["headers"], self._operations.headers)
            try:
                asked = await read(request, batch=self._batch)
            except RequestRefused:
                # It is none, and has been read all the same.
                account = self._account(request, Asked(), identity)
                if account is not None:
                    account.check()
                    account.end()
                raise
            if isinstance(asked, list):
                if accepted.events:
                    raise RequestRefused("A batch is not answered with an event stream.")
                response = await while_there(
                    request, self._respond_to_batch(request, asked, identity, headers)
                )
            elif accepted.in_pieces:
                exchange = _Exchange(request, send, asked, identity, headers)
                if accepted.events:
                    await self._send_stream(exchange, EventStream(send))
                elif accepted.subscription_parts:
                    await self._send_stream(exchange, SubscriptionParts(send))
                else:
                    await self._send_parts(exchange)
                return
            else:
                (result,) = await while_there(
                    request, self._results(request, asked, identity, headers)
                )
                response = self._answer(request, result)
        except (RequestRefused, Unauthenticated, SourceError) as error:
            response = self._refused(request, error)
        except ClientDisconnect:
            return
        await self._send(request, response, send)

    async def _send(self, request: Request, response: Response, send: Send) -> None:
        if self._compresses:
            response.headers["vary"] = VARIES
            await compress(request, response)
        await response(request.scope, request.receive, send)

    async def _results(
        self,
        request: Request,
        asked: Asked,
        identity: Identity,
        headers: Mapping[str, str],
    ) -> list[Result]:
        results: list[Result] = []

        async def keep(result: Result) -> None:
            results.append(result)

        await self._operations.run(
            asked,
            identity,
            keep,
            allowed=_allowed(request),
            headers=headers,
            address=address_of(request.client),
            account=self._account(request, asked, identity),
        )
        return results

    def _account(self, request: Request, asked: Asked, identity: Identity) -> Account | None:
        """What the operation goes to, of which the answer's headers tell."""
        quotas = self._operations.quotas
        if quotas is None:
            return None
        account = quotas.account(asked, identity, address_of(request.client))
        if account is not None:
            request.scope[ACCOUNTS].append(account)
        return account

    async def _respond_to_batch(
        self,
        request: Request,
        batch: list[Asked],
        identity: Identity,
        headers: Mapping[str, str],
    ) -> Response:
        results = await asyncio.gather(
            *(self._results(request, asked, identity, headers) for asked in batch)
        )
        bodies = [body_of(result) for (result,) in results]
        return Response(write(bodies), media_type=media_type_for(request))

    async def _send_stream(self, exchange: _Exchange, stream: Stream) -> None:
        request, identity = exchange.request, exchange.identity
        account = self._account(request, exchange.asked, identity)
        whole: Result | None = None

        async def send_result(result: Result) -> None:
            nonlocal whole
            if stream.opened:
                await stream.next(result)
            else:
                # Of what is no subscription, or of one that could not begin.
                whole = result

        async def operate() -> None:
            try:
                await self._operations.run(
                    exchange.asked,
                    identity,
                    send_result,
                    allowed=_allowed(request) | SUBSCRIPTIONS,
                    in_parts=stream.of_any_kind,
                    begun=None if stream.of_any_kind else stream.open,
                    headers=exchange.headers,
                    address=address_of(request.client),
                    account=account,
                )
            except Exception as error:
                if not stream.opened:
                    raise
                await stream.fail([_error(*masked(error, request.url.path))])

        if stream.of_any_kind:
            await stream.open()
        ended = await first_of(
            operate(),
            self._authenticator.ended(identity),
            hung_up(request.receive),
            stream.keep_alive(),
        )
        if stream.opened:
            if ended is not None:
                await stream.fail([_error(ended, extensions_of(Unauthenticated(ended)))])
            await stream.complete()
        elif ended is not None:
            await self._send(request, self._refused(request, Unauthenticated(ended)), exchange.send)
        elif whole is not None:
            await self._send(request, self._answer(request, whole), exchange.send)

    async def _send_parts(self, exchange: _Exchange) -> None:
        request, parts = exchange.request, Parts(exchange.send)

        async def send_result(result: Result) -> None:
            if isinstance(result, ExecutionResult):
                # Nothing was deferred.
                await self._send(request, self._answer(request, result), exchange.send)
            else:
                await parts.next(result)

        await first_of(
            self._operations.run(
                exchange.asked,
                exchange.identity,
                send_result,
                allowed=_allowed(request),
                in_parts=True,
                headers=exchange.headers,
                address=address_of(request.client),
                account=self._account(request, exchange.asked, exchange.identity),
            ),
            hung_up(request.receive),
        )
        if parts.opened:
            await parts.complete()

    def _answer(self, request: Request, result: Result) -> Response:
        status, media_type, headers = 200, media_type_for(request), dict[str, str]()
        if isinstance(result, ExecutionResult) and is_request_error(result):
            # An operation that did not run is a bad request, but a client of application/json takes
            # the status for the transport's (GraphQL over HTTP, 6.4).
            status = 422 if media_type == GRAPHQL_JSON else 200
            for error in result.errors or ():
                code = (error.extensions or {}).get("code")
                if isinstance(error, RequestRefused):
                    status = error.status
                    headers = _headers(status, error.message, error.retry_after)
                elif code in (Denied.code, Unauthenticated.code):
                    status = 403
                elif code == PARSE_FAILED and status == 422:
                    status = 400
        elif isinstance(result, ExecutionResult) and result.errors:
            status = 294
        if status != 200:
            status = self._told(status, media_type)
        return Response(write(body_of(result)), status, headers, media_type)

    def _refused(
        self, request: Request, error: RequestRefused | Unauthenticated | SourceError
    ) -> Response:
        if isinstance(error, RequestRefused):
            status = self._told(error.status, media_type_for(request))
            response = refusal(request, status, error.message, error.extensions)
            response.headers.update(_headers(status, error.message, error.retry_after))
            return response
        status = 401 if isinstance(error, Unauthenticated) else 503
        return refusal(request, status, str(error), extensions_of(error))

    def _told(self, status: int, media_type: str) -> int:
        """The status as the client may know it: those of the draft are for its media type."""
        if self._draft and media_type == GRAPHQL_JSON:
            return status
        return BEFORE_THE_DRAFT.get(status, status)


def _remaining(account: Account) -> int:
    return account.remaining


def _allowed(request: Request) -> frozenset[OperationType]:
    return QUERIES if request.method == "GET" else QUERIES | MUTATIONS


def refusal(
    request: Request, status: int, reason: str, extensions: dict[str, Any] | None = None
) -> Response:
    """The answer to a request that is refused as a whole."""
    error = _error(reason, extensions or {"code": BadUserInput.code})
    return Response(
        write({"errors": [error]}), status, _headers(status, reason), media_type_for(request)
    )


def _headers(status: int, reason: str, retry_after: int | None = None) -> dict[str, str]:
    if retry_after is not None:
        return {"retry-after": str(retry_after)}
    if status == 401:
        return {"www-authenticate": _challenge(reason)}
    if status == 503:
        return {"retry-after": "1"}
    return {"allow": "GET, POST"} if status == 405 else {}


def _challenge(reason: str) -> str:
    # The characters that RFC 6750, section 3, allows.
    description = re.sub(r"[^ !#-\[\]-~]", "'", reason)
    return f'Bearer realm="sluice", error="invalid_token", error_description="{description}"'


def _error(message: str, extensions: dict[str, Any] | None) -> GraphQLFormattedError:
    return GraphQLError(message, extensions=extensions).formatted
