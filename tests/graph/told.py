"""A graph over a service that says what a test has it say, and over rows that refer to its
things."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web
from strawberry.scalars import JSON

from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from resolvers import Graph, column, connection, many, one
from tests.bad_servers import Service, answering
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type


def graph_over(*, key_type: type = str, refers: type = int, to: str | None = None) -> Graph:
    """``things``, and ``rows``, whose ``thing`` is the one that their ``ref`` refers to and whose
    ``things`` are those of their key, which is of the type ``refers``."""
    of = RestResource(
        source="told",
        name="things",
        key_type=key_type,
        all="/things",
        by={name: Batch("/things", name) for name in ("id", "code", "of")},
    )
    it = (JSON | None, column("It."))
    thing = node_type("Thing", of, it=it, code=(JSON | None, column("Its code.")))
    row = node_type(
        "Row",
        MemoryTable(source="rows", name="rows", key_type=refers),
        no=(int, column("Its number.")),
        thing=(thing | None, one("It.", by="ref", to=to)),
        things=(list_of(thing) | None, many("All.", by="of")),
        page=(connection_of(thing) | None, connection("All.", by="of")),
    )
    return graph_of(
        things=(connection_of(thing) | None, connection("All.")),
        rows=(connection_of(row) | None, connection("All.", order_by="no")),
    )


@asynccontextmanager
async def told(
    body: Any,
    *,
    graph: Graph | None = None,
    refs: Sequence[Any] = (),
    keys: Sequence[Any] | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[tuple[GraphClient, Service]]:
    """A client of the graph; its service answers this, bytes as they are, and its rows have these
    refs and keys, or their numbers as keys."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return web.Response(body=data, content_type="application/json")

    async with answering(answer) as service:
        given = range(len(refs)) if keys is None else keys
        listed = [{"id": key, "no": number} for number, key in enumerate(given)]
        for row, ref in zip(listed, refs, strict=False):
            row["ref"] = ref
        sources: list[Any] = [
            RestSource("told", service.url),
            MemorySource("rows", {"rows": listed}),
        ]
        async with GraphClient(graph or graph_over(), sources, settings=settings) as client:
            yield client, service
