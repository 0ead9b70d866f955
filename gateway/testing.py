"""A client for tests of a graph, without a server: see docs/testing.md."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from graphql import GraphQLFormattedError
from strawberry.types.graphql import OperationType

from gateway.operations.asked import Asked
from gateway.operations.results import Result, body_of
from gateway.operations.runner import MUTATIONS, QUERIES, SUBSCRIPTIONS, Operations
from gateway.settings import Settings
from loaders.encryption import Encryption
from loaders.identity import ANONYMOUS, Identity
from loaders.json import read, write
from loaders.registry import Sources
from loaders.sources import Source
from resolvers.graph import Graph

__all__ = ["GraphClient", "Response"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a client is told of an operation, or of one event of a subscription.

    ``data`` is None where nothing ran, or an error took all of it; a number in it that no float is
    written as is a Decimal. ``errors`` are as they are sent:
    ``message``, ``path``, ``locations``, ``extensions``. ``explain`` is what GraphiQL's Explain
    shows: ``calls``, ``denied`` and ``engine``. It is empty where nothing ran, and None in
    production. ``cost`` says what the operation was estimated to cost, and has cost; it is empty
    where that was not worked out.
    """

    data: Any
    errors: Sequence[GraphQLFormattedError]
    extensions: Mapping[str, Any]
    explain: Mapping[str, Any] | None
    cost: Mapping[str, Any]

    @property
    def codes(self) -> list[str]:
        """The code of each error, in order."""
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        """The calls to the sources, in the order in which they began: ``source``, ``resource``,
        ``keys``, ``rows``, ``columns`` and others. Raises RuntimeError in production, where they
        are told to nobody."""
        if self.explain is None:
            raise RuntimeError("calls are told in development alone: see the client's settings")
        return list(self.explain.get("calls", ()))


class GraphClient:
    """Runs operations on a graph as the gateway does, in this process and without HTTP.

    ``async with`` opens the sources and closes them; those in memory need neither. A resource whose
    source is not among them is answered as if that were down. The ``settings`` are those of a
    gateway, in development unless some are given; what they say of sources, credentials, quotas and
    servers plays no role. An ``identity`` that says anything of who asks is signed in, whether it
    names a credential or not. ``time_zones`` are those of sources, by their names.
    """

    def __init__(
        self,
        graph: Graph,
        sources: Iterable[Source] = (),
        *,
        settings: Settings | None = None,
        time_zones: Mapping[str, str] | None = None,
    ) -> None:
        settings = settings or Settings.of(environment="development")
        zones = {name: ZoneInfo(zone) for name, zone in (time_zones or {}).items()}
        keyring = settings.encryption.keyring
        encryption = None if keyring is None else Encryption(graph.encrypted, keyring)
        self._sources = Sources(
            list(sources), zones, encryption=encryption, references=graph.references
        )
        self._operations = Operations(graph, self._sources, settings)
        self._explains = settings.in_development

    async def __aenter__(self) -> Self:
        await self._sources.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._sources.close()

    async def execute(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        identity: Identity = ANONYMOUS,
        operation_name: str | None = None,
    ) -> Response:
        """The response to a query or a mutation, what it defers included."""
        asked = self._asked(query, variables, operation_name, explain=True)
        results = self._run(asked, identity, QUERIES | MUTATIONS)
        (response,) = [self._response(result) async for result in results]
        return response

    async def execute_incrementally(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        identity: Identity = ANONYMOUS,
        operation_name: str | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Each part of the response to a query or a mutation with ``@defer`` or ``@stream``, as it
        is sent; the whole response, if there is nothing in it to wait for."""
        asked = self._asked(query, variables, operation_name, explain=False)
        results = self._run(asked, identity, QUERIES | MUTATIONS, in_parts=True)
        async with aclosing(results):
            async for result in results:
                yield _sent(result)

    async def subscribe(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        identity: Identity = ANONYMOUS,
        operation_name: str | None = None,
    ) -> AsyncGenerator[Response, None]:
        """The response to each event of a subscription. It begins with the first that is asked for,
        and ends when the generator is closed: for a test that does not read all events, that is
        ``async with contextlib.aclosing(client.subscribe(…)) as events``."""
        asked = self._asked(query, variables, operation_name, explain=True)
        results = self._run(asked, identity, SUBSCRIPTIONS)
        async with aclosing(results):
            async for result in results:
                yield self._response(result)

    def _asked(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        *,
        explain: bool,
    ) -> Asked:
        extensions = {"explain": True, "cost": True} if explain else None
        return Asked(query, dict(variables or {}), operation_name, extensions)

    async def _run(
        self,
        asked: Asked,
        identity: Identity,
        allowed: Collection[OperationType],
        *,
        in_parts: bool = False,
    ) -> AsyncGenerator[Result, None]:
        """Each result. Whoever closes this ends the operation."""
        if identity != ANONYMOUS and identity.credential is None:
            identity = replace(identity, credential="test")
        results: asyncio.Queue[Result | None] = asyncio.Queue()

        async def send(result: Result) -> None:
            results.put_nowait(result)
            # What never waits for anything must give way to whoever reads its results.
            await asyncio.sleep(0)

        running = asyncio.create_task(
            self._operations.run(asked, identity, send, allowed=allowed, in_parts=in_parts)
        )
        running.add_done_callback(lambda _: results.put_nowait(None))
        try:
            while (result := await results.get()) is not None:
                yield result
            await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _response(self, result: Result) -> Response:
        body = _sent(result)
        extensions = body.get("extensions", {})
        explain = extensions.pop("explain", {}) if self._explains else None
        return Response(
            data=body.get("data"),
            errors=body.get("errors", []),
            extensions=extensions,
            explain=explain,
            cost=extensions.pop("cost", {}),
        )


def _sent(result: Result) -> dict[str, Any]:
    """The result, once it has been JSON."""
    body = read(write(body_of(result)))
    assert isinstance(body, dict)
    return body
