"""The application: its routes, and what opens and closes with it."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from gateway import logs
from gateway.auth.authentication import Authenticator
from gateway.configuration import SettingsError, read_settings
from gateway.errors import masked
from gateway.graphiql.page import graphiql_routes, load_examples
from gateway.graphiql.sign_in import SignIn
from gateway.operations.runner import Operations
from gateway.quotas.accounts import Quotas
from gateway.readiness import Readiness
from gateway.settings import Settings
from gateway.transports.hosts import ANY, AllowedHosts
from gateway.transports.http import GraphQLEndpoint, refusal
from gateway.transports.limits import AddressLimit, BodyLimit
from gateway.transports.request_ids import HEADER, identified
from gateway.transports.secure import StrictTransport
from gateway.transports.websocket import Sockets
from loaders.encryption import Encryption
from loaders.registry import Sources
from resolvers.graph import Graph

COLLECT_AFTER = 20_000
"""Objects made after which the garbage collector looks through them. Python's own 700 take 10 to
25 % more CPU for each request."""


class App(Starlette):
    """The application, in which every request has an id: outside all middleware, so that no answer
    goes without it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            send = identified(scope, send)
        await super().__call__(scope, receive, send)


def create_app(settings: Settings, *, sign_in: SignIn | None = None) -> Starlette:
    """The gateway over the configured graph and sources, as an ASGI application.

    In development its GraphiQL has the menu ``sign_in``, where one is given. Raises what
    ``load_graph`` does if ``settings.graph`` names no graph, and what ``encryption_of`` does.
    """
    kinds = settings.sources
    zones = {name: each.time_zone for name, each in kinds.items() if each.time_zone is not None}
    resilience = {name: each.resilience for name, each in kinds.items()}
    graph = load_graph(settings.graph)
    sources = Sources(
        [each.source(name) for name, each in kinds.items()],
        zones,
        resilience,
        encryption_of(graph, settings),
        graph.references,
    )
    quotas = quotas_of(settings)
    operations = Operations(graph, sources, settings, quotas)
    authenticator = Authenticator(settings.auth)
    limits = settings.limits
    sockets = Sockets(
        graph,
        authenticator,
        operations,
        most=limits.socket_operations,
        idle_seconds=limits.idle_socket_seconds,
        origins=settings.cors.origins,
    )
    endpoint = GraphQLEndpoint(
        operations,
        authenticator,
        batch=limits.batch,
        compresses=settings.server.compression,
        draft=settings.server.draft_status_codes,
    )
    readiness = Readiness(sources)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, object]]:
        await sources.open()
        try:
            await authenticator.open()
            # For the server, which says when it stops.
            yield {"operations": operations, "readiness": readiness}
        finally:
            if quotas is not None:
                await quotas.close()
            await authenticator.close()
            await sources.close()

    routes: list[BaseRoute] = [
        Route("/graphql", endpoint),
        WebSocketRoute("/graphql", sockets),
        Route("/healthz", _alive),
        Route("/readyz", readiness.respond),
    ]
    if settings.in_development:
        routes += [
            Route("/", _to_graphiql),
            Route("/graphiql", _to_graphiql),
            Mount("/graphiql", routes=_graphiql(settings.graph or "", sign_in)),
        ]
    app = App(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={HTTPException: _refused, Exception: _failed},
        middleware=[
            *_of_the_edge(settings),
            *_of_origins(settings),
            Middleware(BodyLimit, limit=limits.body_bytes),
        ],
    )
    # They lead to whatever host the request names.
    app.router.redirect_slashes = False
    return app


def encryption_of(graph: Graph, settings: Settings) -> Encryption | None:
    """How the graph's encrypted columns are read; None where it has none. Raises SettingsError
    where there is no key for them."""
    if not graph.encrypted:
        return None
    keyring = settings.encryption.keyring
    if keyring is None:
        raise SettingsError("The graph has encrypted columns: set encryption.keys")
    return Encryption(graph.encrypted, keyring)


def quotas_of(settings: Settings) -> Quotas | None:
    """The quotas of callers; None where none can have any."""
    if not settings.quota.is_on and settings.auth.keys is None:
        return None
    return Quotas(settings.quota, settings.documents.texts)


def _of_the_edge(settings: Settings) -> Iterator[Middleware]:
    server, limits = settings.server, settings.limits
    # A developer's host is this machine, with all that it serves on other ports.
    if not settings.in_development and (server.tls_certificate or server.trusted_proxies):
        yield Middleware(StrictTransport)
    if server.trusted_proxies is not None:
        yield Middleware(
            AddressLimit,
            requests=limits.connections_per_address,
            sockets=limits.sockets_per_address,
        )


def _of_origins(settings: Settings) -> Iterator[Middleware]:
    if ANY not in settings.allowed_hosts:
        yield Middleware(AllowedHosts, hosts=settings.allowed_hosts)
    cors = settings.cors
    if cors.origins:
        yield Middleware(
            CORSMiddleware,
            allow_origins=cors.origins,
            allow_methods=("GET", "POST"),
            allow_headers=cors.headers,
            allow_credentials=cors.credentials,
            max_age=cors.max_age,
            expose_headers=(HEADER.decode(), "ratelimit", "ratelimit-policy", "retry-after"),
        )


def app_from_environment() -> Starlette:
    """The application by the settings of this folder and environment: that of each worker of
    ``gateway serve``, in a process of its own, and of any other ASGI server. Raises
    ``SettingsError`` beside what ``create_app`` raises."""
    logs.configure()
    app = create_app(read_settings())
    settle()
    return app


def settle() -> None:
    """Leaves what is in memory by now, the schema above all, out of the garbage collector's
    rounds, and has it make them less often: requests make many objects, and few cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def load_graph(name: str | None) -> Graph:
    """The graph that ``package.module:variable`` names.

    Raises ValueError for None or a name of another form, ImportError or AttributeError where
    there is no such thing, and TypeError if it is no graph.
    """
    if not name:
        raise ValueError(
            'No graph is set. Write graph = "package.module:variable" in gateway.toml, or set '
            "SLUICE_GRAPH."
        )
    module, _, variable = name.partition(":")
    if not module or not variable:
        raise ValueError(f"'{name}' names no graph: write package.module:variable")
    graph = getattr(importlib.import_module(module), variable)
    if not isinstance(graph, Graph):
        raise TypeError(f"{name} is no resolvers.graph.Graph")
    return graph


def _graphiql(graph: str, sign_in: SignIn | None) -> list[BaseRoute]:
    # A graph's example queries lie in the folder "examples" beside its module.
    file = sys.modules[graph.partition(":")[0]].__file__
    folder = Path(file or "").parent / "examples"
    examples = load_examples(folder) if folder.is_dir() else []
    return graphiql_routes(
        endpoint="/graphql", title="Sluice", examples=examples, explain=True, sign_in=sign_in
    )


async def _to_graphiql(request: Request) -> Response:
    return RedirectResponse("graphiql/")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = refusal(request, error.status_code, f"{error.detail}.")
    response.headers.update(error.headers or {})
    return response


async def _failed(request: Request, error: Exception) -> Response:
    message, extensions = masked(error, request.url.path)
    return JSONResponse({"errors": [{"message": message, "extensions": extensions}]}, 500)


async def _alive(request: Request) -> Response:
    return JSONResponse({"status": "alive"})
