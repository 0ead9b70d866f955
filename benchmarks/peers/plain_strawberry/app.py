"""The shop's graph in plain Strawberry, as its documentation says to write it for production:
dataloaders for each request, documents cached, orjson."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from benchmarks.peers.plain_strawberry.loaders import Loaders
from benchmarks.peers.plain_strawberry.query import Query
from benchmarks.peers.sources import opened

schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])


class Endpoint(GraphQL[dict[str, Any], None]):
    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> dict[str, Any]:
        return {"loaders": Loaders(request.app.state.sources)}

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with opened() as sources:
        app.state.sources = sources
        yield


def create_app() -> Starlette:
    endpoint = Endpoint(schema, graphql_ide=None)
    return Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(create_app(), port=int(os.environ["PORT"]), access_log=False)
