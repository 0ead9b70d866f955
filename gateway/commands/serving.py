"""``gateway serve``, and how any of the commands serves."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import sys
from contextlib import suppress
from functools import partial
from typing import Any

import click
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from gateway import logs
from gateway.app import encryption_of
from gateway.commands.checking import check_at_start
from gateway.commands.console import fail, load, read_settings
from gateway.commands.keys import refuse_behind
from gateway.configuration import SettingsError
from gateway.settings import ServerSettings, Settings
from gateway.transports.addresses import with_mapped
from gateway.transports.edge import SPARE, Edge
from gateway.transports.handshake import connection
from gateway.transports.server import run
from gateway.transports.socket_protocol import SocketProtocol

log = logging.getLogger("sluice.edge")

OWN_FILES = 200
"""Files that a worker has open beside its clients' connections: those to sources, and a few."""


@click.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on.")
@click.option("--workers", type=int, help="The number of processes.")
@click.option("--graph", help="The graph to serve, as package.module:variable.")
def serve(host: str | None, port: int | None, workers: int | None, graph: str | None) -> None:
    """Serve a graph over the sources of gateway.toml and the environment."""
    if graph is not None:
        # The workers are processes of their own and read their settings again.
        os.environ["SLUICE_GRAPH"] = graph
    settings = read_settings()
    loaded = load(settings.graph)
    try:
        encryption_of(loaded, settings)
    except SettingsError as error:
        fail(str(error))
    if not settings.sources:
        fail(
            "No sources are configured. Write a gateway.toml here, or set "
            "SLUICE_SOURCES__<NAME>__KIND and SLUICE_SOURCES__<NAME>__URL."
        )
    if settings.auth.keys is not None:
        refuse_behind(settings.auth.keys)
    host = host or settings.server.host
    port = settings.server.port if port is None else port
    refuse_taken(host, port)
    refuse_certificate(settings.server)
    check_at_start(loaded, settings)
    allow_files(settings.limits.connections)
    if settings.server.trusted_proxies is None:
        log.info(
            "No connection is bounded by address: server.trusted_proxies is not set, so clients "
            "may share that of a proxy. Without one, set it to []."
        )
    workers = workers or settings.server.workers
    tell_of_quotas(settings, workers)
    config = uvicorn.Config(
        "gateway.app:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        **uvicorn_options(settings),
    )
    with suppress(KeyboardInterrupt):
        if not run(config):
            sys.exit(STARTUP_FAILURE)


def tell_of_quotas(settings: Settings, workers: int) -> None:
    """Logs where quotas are not each caller's own, or not once."""
    quota = settings.quota
    if workers > 1 and quota.is_on and quota.redis is None:
        log.warning(
            "Each of the %s workers counts for itself, so callers have %s times their quotas: with "
            "quota.redis they are shared.",
            workers,
            workers,
        )
    elif workers > 1 and settings.auth.keys is not None and quota.redis is None:
        log.info(
            "An API key that has a quota has it %s times, once in each worker: with quota.redis it "
            "is shared.",
            workers,
        )
    if quota.for_anonymous is not None and settings.server.trusted_proxies is None:
        log.info(
            "Callers without a credential have their quota by address: server.trusted_proxies is "
            "not set, so behind a proxy all of them have one together."
        )


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """uvicorn's, for every way to serve."""
    proxies = settings.server.trusted_proxies
    edge = Edge(settings.limits, proxies)
    return {
        "http": partial(connection, edge),
        "ws": partial(SocketProtocol, edge),
        "proxy_headers": bool(proxies),
        "forwarded_allow_ips": with_mapped(proxies or ()),
        "ws_max_size": settings.limits.body_bytes,
        # A small frame can inflate to the largest message, again and again.
        "ws_per_message_deflate": False,
        "ssl_certfile": settings.server.tls_certificate,
        "ssl_keyfile": settings.server.tls_key,
        "server_header": False,
        "timeout_graceful_shutdown": 5,
        "log_config": logs.uvicorn_config(),
    }


def refuse_certificate(server: ServerSettings) -> None:
    """Ends the command if the certificate can't be served with."""
    if server.tls_certificate is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Without a word a key that is encrypted has it ask at the terminal.
        context.load_cert_chain(server.tls_certificate, server.tls_key, lambda: "")
    except OSError as error:
        files = " and ".join(filter(None, (server.tls_certificate, server.tls_key)))
        fail(
            f"{files} can't be used for TLS ({error}). server.tls_certificate is a file of PEM, "
            "server.tls_key that of its key, without a password."
        )


def allow_files(connections: int) -> None:
    """Has the system let this process and its workers have so many connections, as far as it may.
    The log says if that is not far enough."""
    try:
        import resource
    except ImportError:  # Windows
        return
    needed = connections + SPARE + OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        log.warning(
            "The system allows %s open files, and limits.connections = %s need %s (ulimit -n).",
            allowed,
            connections,
            needed,
        )


def refuse_taken(host: str, port: int) -> None:
    """Ends the command if nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            fail(
                f"Port {port} of {host} can't be used ({error.strerror}). "
                f"Stop what uses it, or take another: --port {port + 1} "
                f"(PORT={port + 1} make demo)."
            )
