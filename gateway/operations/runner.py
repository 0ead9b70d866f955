"""Operations, run in the same way for every transport."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.errors import Ended, RequestRefused
from gateway.operations.admission import Admission
from gateway.operations.asked import Asked
from gateway.operations.context import Context
from gateway.operations.operation import OperationState
from gateway.operations.results import Begun, Send
from gateway.operations.road import road
from gateway.quotas.accounts import Account, Quotas
from gateway.settings import Settings
from loaders.contexts import NO_HEADERS, Operation
from loaders.identity import Identity
from loaders.registry import Sources
from resolvers.graph import Graph

QUERIES = frozenset({OperationType.QUERY})
MUTATIONS = frozenset({OperationType.MUTATION})
SUBSCRIPTIONS = frozenset({OperationType.SUBSCRIPTION})

STOPS = "The gateway is shutting down: try again."


class Operations:
    """Runs the operations of a graph over its sources, as the settings say: none but
    subscriptions for longer than ``limits.request_seconds``. Their callers have these ``quotas``,
    if any: each operation is to have its account of them."""

    def __init__(
        self, graph: Graph, sources: Sources, settings: Settings, quotas: Quotas | None = None
    ) -> None:
        self.quotas = quotas
        self._road = road(graph, settings)
        self._sources = sources
        self._most_objects = settings.limits.objects
        self.headers = sources.headers
        """The names of the requests' headers that go on to sources."""
        limits = settings.limits
        self._admission = Admission(limits.operations, limits.queued_operations)
        self._ended: Ended | None = None
        self.longest = settings.limits.request_seconds
        self.running: dict[int, Context] = {}
        """Every operation that has begun and not ended."""
        self._writing: set[asyncio.Task[Any]] = set()

    async def run(
        self,
        asked: Asked,
        identity: Identity,
        send: Send,
        *,
        allowed: Collection[OperationType],
        in_parts: bool = False,
        begun: Begun | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
        address: str | None = None,
        account: Account | None = None,
    ) -> None:
        """Run an operation of one of the ``allowed`` kinds, and ``send`` each of its results.

        A query or a mutation has one result, unless parts of it are deferred and the client takes
        them ``in_parts``; else ``@defer`` and ``@stream`` change nothing. A subscription has one
        for each event; ``begun`` is called before them, once there can be some. What goes wrong is
        a result too, with errors that are meant for clients, and so is that there are too many
        operations. Each source is given those of the ``headers`` that it sends on. The ``address``
        is the client's, as it is counted, if it is known. What it costs goes to the ``account``,
        which no other operation has. Raises what ``send`` and ``begun`` do.
        """
        of = Operation(identity, headers=headers, address=address)
        place = self._admission.place(of.caller)
        if self._ended is not None or not place.take():
            try:
                if self._ended is not None:
                    raise self._ended.as_refusal()
                await place.wait()
            except RequestRefused as refused:
                await send(PreExecutionError(None, [refused]))
                return
        of.place = place
        context = Context(self._sources, of, self._most_objects, place=place, account=account)
        operation = OperationState(
            identity=identity,
            query=asked.query or "",
            variables=asked.variables or {},
            name=asked.operation_name,
            operation_name=asked.operation_name,
            document_id=asked.document_id,
            request_extensions=asked.extensions,
            allowed=allowed,
            in_parts=in_parts,
            begun=begun,
            context=context,
        )
        self.running[id(context)] = context
        try:
            await self._road(operation, send)
        finally:
            if context.writing is None:
                self._forget(context)
            else:
                self._outlive(context, context.writing)

    def end_subscriptions(self) -> None:
        """End those that are subscribed, with an error: they have no end of their own."""
        for context in [each for each in self.running.values() if each.events is not None]:
            context.end(Ended(STOPS))

    def end(self) -> None:
        """End all with an error, save what a mutation is writing, and begin no more."""
        self._ended = Ended(STOPS)
        self._admission.refuse(self._ended.as_refusal())
        for context in list(self.running.values()):
            context.end(self._ended)

    def _forget(self, context: Context) -> None:
        del self.running[id(context)]
        context.leave()
        context.forget()

    def _outlive(self, context: Context, writing: asyncio.Task[Any]) -> None:
        # Nothing else holds it.
        self._writing.add(writing)

        def done(_: asyncio.Task[Any]) -> None:
            self._writing.discard(writing)
            self._forget(context)

        writing.add_done_callback(done)
