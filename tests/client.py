"""A gateway served over real HTTP, and what its answers say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import uvicorn
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.commands.serving import uvicorn_options
from gateway.settings import Settings

SOON = 20.0
"""Seconds within which a server that works says something."""

SUBSCRIPTION_PARTS = (
    "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,"
    "application/graphql-response+json,application/json;q=0.9"
)
"""What Apollo Client accepts for a subscription."""

NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """An answer to an operation: its HTTP status and its body."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def data(self) -> Any:
        """The data of an answer that must have no errors."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def partial(self) -> Any:
        """The data of an answer that may have errors."""
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = self.body.get("errors", [])
        return errors

    @property
    def codes(self) -> list[str]:
        """The errors' codes, in order."""
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls to the sources, in order."""
        calls: list[dict[str, Any]] = self.body["extensions"]["explain"]["calls"]
        return calls

    @property
    def resources(self) -> list[str]:
        """What the calls were for, as ``source.resource``, sorted."""
        return sorted(f"{call['source']}.{call['resource']}" for call in self.calls)

    def columns(self, resource: str) -> list[str]:
        """The columns of the one call for ``source.resource``."""
        source, _, name = resource.partition(".")
        (call,) = [c for c in self.calls if (c["source"], c["resource"]) == (source, name)]
        columns: list[str] = call["columns"]
        return columns


@dataclass(frozen=True)
class Gateway:
    """A running gateway, and a client of it."""

    url: str
    session: aiohttp.ClientSession

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        operation_name: str | None = None,
        accept: str = "application/json",
        explain: bool = True,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        """The answer to an operation that is sent as a browser would send it."""
        asked = request(query, variables, operation_name=operation_name, explain=explain)
        return await self.post(orjson.dumps(asked), accept=accept, headers=headers)

    async def post(
        self,
        body: bytes,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        """The answer to any body at all, which must be JSON."""
        headers = {"content-type": content_type, "accept": accept, **headers}
        async with self.session.post(f"{self.url}/graphql", data=body, headers=headers) as response:
            return Answer(response.status, orjson.loads(await response.read()), response.headers)

    async def get(self, query: str, *, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """The answer to a query that stands in the URL."""
        async with self.session.get(
            f"{self.url}/graphql", params={"query": query}, headers=headers
        ) as response:
            return Answer(response.status, orjson.loads(await response.read()), response.headers)

    async def batch(
        self, *operations: Mapping[str, Any], headers: Mapping[str, str] = NO_HEADERS
    ) -> list[Answer]:
        """The answers to the operations of one request, in order."""
        headers = {"content-type": "application/json", **headers}
        async with self.session.post(
            f"{self.url}/graphql", data=orjson.dumps(operations), headers=headers
        ) as response:
            bodies = orjson.loads(await response.read())
            return [Answer(response.status, body, response.headers) for body in bodies]

    @asynccontextmanager
    async def events(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        explain: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> AsyncIterator[Events]:
        """The results of an operation as server-sent events. Leaving hangs up."""
        headers = {"content-type": "application/json", "accept": "text/event-stream", **headers}
        body = orjson.dumps(request(query, variables, explain=explain))
        async with self.session.post(f"{self.url}/graphql", data=body, headers=headers) as response:
            assert response.content_type == "text/event-stream", await response.read()
            yield Events(response)
            response.close()

    async def parts(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        explain: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> list[dict[str, Any]]:
        """The parts of an answer that has deferred ones, in order."""
        headers = {"content-type": "application/json", "accept": "multipart/mixed", **headers}
        body = orjson.dumps(request(query, variables, explain=explain))
        async with self.session.post(f"{self.url}/graphql", data=body, headers=headers) as response:
            assert response.headers["content-type"] == 'multipart/mixed; boundary="-"'
            return _parts(await response.read())

    @asynccontextmanager
    async def messages(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> AsyncIterator[Messages]:
        """The events of a subscription as Apollo's clients have them. Leaving hangs up."""
        headers = {"content-type": "application/json", "accept": SUBSCRIPTION_PARTS, **headers}
        body = orjson.dumps(request(query, variables))
        async with self.session.post(f"{self.url}/graphql", data=body, headers=headers) as response:
            assert response.content_type == "multipart/mixed", await response.read()
            yield Messages(response)
            response.close()

    @asynccontextmanager
    async def socket(
        self,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        protocols: Sequence[str] = ("graphql-transport-ws",),
    ) -> AsyncIterator[Socket]:
        """A WebSocket on which nothing has been said yet. Leaving closes it."""
        async with self.session.ws_connect(
            f"{self.url}/graphql", headers=headers, protocols=protocols, max_msg_size=0
        ) as socket:
            yield Socket(socket)

    @asynccontextmanager
    async def connected(
        self,
        payload: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> AsyncIterator[Socket]:
        """A WebSocket whose ``connection_init`` was acknowledged."""
        async with self.socket(headers=headers) as socket:
            await socket.send(type="connection_init", payload=payload or {})
            assert await socket.receive() == {"type": "connection_ack"}
            yield socket


@dataclass(frozen=True)
class Events:
    """A stream of server-sent events."""

    response: aiohttp.ClientResponse

    async def __aiter__(self) -> AsyncIterator[tuple[str, Any]]:
        """Each event's name and data, until the stream ends; comments are left out."""
        name = ""
        async for line in self.response.content:
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                name = value
            elif field.rstrip(":") == "data":
                yield name, orjson.loads(value) if value else None


@dataclass(frozen=True)
class Messages:
    """A stream of Apollo's multipart protocol for subscriptions."""

    response: aiohttp.ClientResponse

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Each part, heartbeats among them, until the end."""
        delimiter = b"\r\n--graphql"
        assert await self.response.content.readuntil(delimiter) == delimiter
        while (part := await self.response.content.readuntil(delimiter)).endswith(delimiter):
            yield _content(part.removesuffix(delimiter))
        assert part == b"--\r\n", part


@dataclass(frozen=True)
class Socket:
    """A client of graphql-transport-ws."""

    socket: aiohttp.ClientWebSocketResponse

    async def send(self, **message: Any) -> None:
        await self.socket.send_str(orjson.dumps(message).decode())

    async def subscribe(
        self,
        id: str,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        explain: bool = False,
    ) -> None:
        payload = request(query, variables, explain=explain)
        await self.send(id=id, type="subscribe", payload=payload)

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        message = await self.socket.receive(SOON)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        decoded: dict[str, Any] = orjson.loads(message.data)
        return decoded

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, *, explain: bool = True
    ) -> Answer:
        """The answer to a query or a mutation. Nothing else may run on the connection."""
        await self.subscribe("ask", query, variables, explain=explain)
        message = await self.receive()
        assert message["id"] == "ask"
        if message["type"] == "error":
            return Answer(0, {"errors": message["payload"]}, {})
        assert message["type"] == "next"
        assert await self.receive() == {"id": "ask", "type": "complete"}
        return Answer(0, message["payload"], {})

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes; what it says before is dropped."""
        while True:
            message = await self.socket.receive(SOON)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, message.extra or ""
            assert message.type is aiohttp.WSMsgType.TEXT, message


def request(
    query: str,
    variables: Mapping[str, Any] | None = None,
    *,
    operation_name: str | None = None,
    explain: bool = False,
) -> dict[str, Any]:
    """An operation as it is sent."""
    asked: dict[str, Any] = {"query": query}
    if variables is not None:
        asked["variables"] = variables
    if operation_name is not None:
        asked["operationName"] = operation_name
    if explain:
        asked["extensions"] = {"explain": True}
    return asked


def _parts(body: bytes) -> list[dict[str, Any]]:
    assert body.startswith(b"\r\n---\r\n"), body
    *parts, end = body.removeprefix(b"\r\n---").split(b"\r\n---")
    assert end == b"--\r\n", body
    return [_content(part) for part in parts]


def _content(part: bytes) -> dict[str, Any]:
    head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    assert head.decode().splitlines() == [
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(content)}",
    ]
    decoded: dict[str, Any] = orjson.loads(content)
    return decoded


@asynccontextmanager
async def listening(app: ASGIApp, *, message_bytes: int = 1_000_000) -> AsyncIterator[str]:
    """An ASGI application on a free port, with its lifespan; gives its URL."""
    # Connections stay open for as long as tests take, lest one closes just as it is used again.
    options = uvicorn_options(Settings.of(limits={"body_bytes": message_bytes}))
    options |= {"log_config": None, "timeout_keep_alive": 600}
    config = uvicorn.Config(app, port=0, log_level="warning", lifespan="on", **options)
    server = uvicorn.Server(config)
    serve = asyncio.create_task(server.serve())
    while not server.started:
        assert not serve.done(), "the server did not start"
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serve


@asynccontextmanager
async def serving(
    settings: Settings, headers: Mapping[str, str] = NO_HEADERS
) -> AsyncIterator[Gateway]:
    """A gateway with these settings, asked with these headers."""
    app = create_app(settings)
    async with (
        listening(app, message_bytes=settings.limits.body_bytes) as url,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        yield Gateway(url, session)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become so in the server, which runs in this process."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not become so")
