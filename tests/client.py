"""A gateway served over real HTTP, and what its answers say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import uvicorn
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.settings import Settings


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
    ) -> Answer:
        """The answer to an operation that is sent as a browser would send it."""
        body: dict[str, Any] = {"query": query}
        if variables is not None:
            body["variables"] = variables
        if operation_name is not None:
            body["operationName"] = operation_name
        if explain:
            body["extensions"] = {"explain": True}
        return await self.post(orjson.dumps(body), accept=accept)

    async def post(
        self,
        body: bytes,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Answer:
        """The answer to any body at all, which must be JSON."""
        headers = {"content-type": content_type, "accept": accept}
        async with self.session.post(f"{self.url}/graphql", data=body, headers=headers) as response:
            return Answer(response.status, orjson.loads(await response.read()), response.headers)


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """An ASGI application on a free port, with its lifespan; gives its URL."""
    # Connections stay open for as long as tests take, lest one closes just as it is used again.
    config = uvicorn.Config(
        app, port=0, log_level="warning", lifespan="on", ws="none", timeout_keep_alive=600
    )
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
async def serving(settings: Settings) -> AsyncIterator[Gateway]:
    """A gateway with these settings."""
    async with listening(create_app(settings)) as url, aiohttp.ClientSession() as session:
        yield Gateway(url, session)
