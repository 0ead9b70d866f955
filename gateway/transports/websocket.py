"""GraphQL over WebSocket: the protocol graphql-transport-ws, as Strawberry speaks it, with
credentials and bounds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from graphql import GraphQLError
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.http.exceptions import (
    NonJsonMessageReceived,
    NonTextMessageReceived,
    WebSocketDisconnected,
)
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    PingMessage,
    PongMessage,
    SubscribeMessage,
)
from strawberry.types import ExecutionResult

from gateway.auth.authentication import Authenticator
from gateway.errors import BadUserInput, RequestRefused, Unauthenticated, masked
from gateway.logs import request_id
from gateway.operations.asked import Asked
from gateway.operations.results import Result, is_request_error
from gateway.operations.runner import MUTATIONS, QUERIES, SUBSCRIPTIONS, Operations
from gateway.transports.addresses import address_of
from gateway.transports.forwarding import forwarded, of_this_request, with_credentials
from gateway.transports.request_ids import of_operation
from gateway.transports.requests import credentials, operation_of
from loaders.contexts import NO_HEADERS
from loaders.errors import SourceError
from loaders.identity import Identity
from loaders.json import NotJSON, read, write
from loaders.logs import Limited
from resolvers.graph import Graph

log = logging.getLogger("sluice.edge")

INIT_SECONDS = 10.0
"""From the handshake to the acknowledgement, the check of the credential included."""

LONGEST_REASON = 123
"""Bytes of a close reason (RFC 6455, 5.5)."""


class Connection(ASGIWebSocketAdapter):
    """A WebSocket as Strawberry's handler sees it."""

    ws: WebSocket

    async def iter_json(
        self, *, ignore_parsing_errors: bool = False
    ) -> AsyncGenerator[object, None]:
        while self.ws.application_state is WebSocketState.CONNECTED:
            message = await self.ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                raise NonTextMessageReceived
            try:
                yield read(text)
            except NotJSON:
                raise NonJsonMessageReceived from None

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        try:
            await self.ws.send_text(write(message).decode())
        except WebSocketDisconnect:
            raise WebSocketDisconnected from None

    async def close(self, code: int, reason: str) -> None:
        await _close(self.ws, code, reason)


class Handler(BaseGraphQLTransportWSHandler[Identity, None]):
    """One connection: who has it, which is its context, and what they ask for."""

    view: Sockets
    context: Identity
    websocket: Connection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked: dict[str, Asked] = {}
        self._watch: asyncio.Task[None] | None = None
        self._quiet_since = 0.0
        self._count = 0
        self._headers = NO_HEADERS

    async def shutdown(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await super().shutdown()

    async def handle_message(self, message: Message) -> None:
        # The rest of a message's shape is checked where it is used.
        if not isinstance(message, dict) or not isinstance(message.get("id", ""), str):
            await self.handle_invalid_message("Invalid message")
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        payload = message.get("payload") or {}
        if isinstance(payload, dict) and not self.connection_init_received:
            names = self.view.operations.headers
            try:
                self._headers = forwarded(self.websocket.ws.scope["headers"], names)
            except RequestRefused as refused:
                await self.handle_invalid_message(refused.message)
                return
            given = credentials(payload.items())
            if given:
                self._headers = with_credentials(self._headers, given, names)
                self.context = await self.view.authenticator.identify(
                    given, self.websocket.ws.client
                )
        await super().handle_connection_init({"type": "connection_init", "payload": payload})
        if self.connection_acknowledged and self._watch is None:
            watch = self._end_idle if self.context.is_anonymous else self._end_with_credential
            self._watch = asyncio.create_task(watch())

    async def _end_idle(self) -> None:
        """Closes it when no operation has run for a time. Whoever has a credential is known, and
        may stay."""
        clock, seconds = asyncio.get_running_loop().time, self.view.idle_seconds
        self._quiet_since, left = clock(), seconds
        while left > 0:
            await asyncio.sleep(left)
            left = seconds if self.operations else self._quiet_since + seconds - clock()
        client = self.websocket.ws.client
        self.view.tell_idle(client.host if client else "?")
        # With any other code clients that keep a connection would open the next.
        await self.websocket.close(1000, self.view.idle)

    async def _end_with_credential(self) -> None:
        try:
            code, reason = 4403, await self.view.authenticator.ended(self.context)
        except Exception as error:
            code, reason = 4500, masked(error, "the watch over a credential")[0]
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        await self.websocket.close(code, reason)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        operation_id, payload = message["id"], message["payload"]
        try:
            asked = operation_of(payload)
        except RequestRefused as refused:
            is_empty = isinstance(payload, dict) and payload.get("query") == ""
            if is_empty and self.connection_acknowledged:
                # It is a message of the protocol, and the error of its operation alone.
                await self._refuse(operation_id, refused.message, BadUserInput.code)
            else:
                await self.handle_invalid_message(refused.message)
            return
        if (
            self.connection_acknowledged
            and operation_id not in self.operations
            and len(self.operations) >= self.view.most
        ):
            await self._refuse(
                operation_id,
                f"At most {self.view.most} operations run on one connection.",
                "RATE_LIMITED",
            )
            return
        self._asked[operation_id] = asked
        # Its text may still have to be found.
        payload = {**payload, "query": asked.query or ""}
        await super().handle_subscribe({**message, "payload": payload})

    async def handle_ping(self, message: PingMessage) -> None:
        # What a client sends with it may tell it which ping is answered.
        payload = message.get("payload")
        pong: PongMessage = {"type": "pong"}
        if payload is not None:
            pong["payload"] = payload
        await self.send_message(pong)

    async def _refuse(self, operation_id: str, reason: str, code: str) -> None:
        error = GraphQLError(reason, extensions={"code": code})
        await self.send_message({"id": operation_id, "type": "error", "payload": [error.formatted]})

    async def run_operation(self, operation: Operation[Identity, None]) -> None:
        async def send(result: Result) -> None:
            assert isinstance(result, ExecutionResult), "nothing comes in parts here"
            if is_request_error(result):
                await operation.send_initial_errors(result.errors or [])
            else:
                await operation.send_next(result)

        self._count += 1
        request_id.set(of_operation(self._count))
        asked = self._asked.pop(operation.id)
        operations, address = self.view.operations, address_of(self.websocket.ws.client)
        quotas = operations.quotas
        try:
            await operations.run(
                asked,
                self.context,
                send,
                allowed=QUERIES | MUTATIONS | SUBSCRIPTIONS,
                headers=of_this_request(self._headers, operations.headers),
                address=address,
                account=None if quotas is None else quotas.account(asked, self.context, address),
            )
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except WebSocketDisconnected:
            pass
        except Exception as error:
            message, extensions = masked(error, f"operation {operation.id}")
            with suppress(WebSocketDisconnected):
                await operation.send_initial_errors([GraphQLError(message, extensions=extensions)])

    async def cleanup_operation(self, operation_id: str) -> None:
        # One that is cancelled before it began has not taken what it is asked.
        self._asked.pop(operation_id, None)
        await super().cleanup_operation(operation_id)
        self._quiet_since = asyncio.get_running_loop().time()

    def forget_id(self, id: str) -> None:
        self.operations.pop(id, None)
        self._quiet_since = asyncio.get_running_loop().time()


class Sockets(GraphQL[Identity, None]):
    """The WebSockets of a graph, as an ASGI application. ``most`` operations run at the same time
    on each, and one of an anonymous caller is closed when none has for ``idle_seconds``. Web pages
    of other hosts are answered if they are of the ``origins``."""

    websocket_adapter_class = Connection
    graphql_transport_ws_handler_class = Handler

    def __init__(
        self,
        graph: Graph,
        authenticator: Authenticator,
        operations: Operations,
        *,
        most: int,
        idle_seconds: float,
        origins: Sequence[str],
    ) -> None:
        super().__init__(
            graph,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=None,
            allowed_origins=origins,
        )
        self.authenticator = authenticator
        self.operations = operations
        self.most = most
        self.idle_seconds = idle_seconds
        self.idle = f"No operation has run for {idle_seconds:g} seconds."
        self._log = Limited(log)

    def tell_idle(self, address: str) -> None:
        bound = "limits.idle_socket_seconds"
        self._log.write(logging.INFO, bound, "%s, from %s: %s", bound, address, self.idle)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        try:
            await self.run(socket)
        except Unauthenticated as error:
            await _close(socket, 4403, f"Forbidden: {error}")
        except SourceError as error:
            await _close(socket, 4503, str(error))
        except WebSocketDisconnect:
            pass
        except Exception as error:
            await _close(socket, 4500, masked(error, socket.url.path)[0])

    async def get_context(self, request: Any, response: Any) -> Identity:
        return await self.authenticator.identify(
            credentials(request.headers.items()), request.client
        )


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Close the connection, if it is open."""
    if socket.application_state is WebSocketState.CONNECTED:
        shown = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
        with suppress(WebSocketDisconnect):
            await socket.close(code, shown)
