"""``gateway serve``, and how any of the commands serves."""

from __future__ import annotations

import os
import socket
from typing import Any

import click
import uvicorn

from gateway import logs
from gateway.commands.checking import check_at_start
from gateway.commands.console import fail, load, read_settings
from gateway.commands.keys import refuse_behind
from gateway.settings import Settings

WEBSOCKETS = "websockets-sansio"
"""uvicorn's implementation over the library that is still developed."""


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
    check_at_start(loaded, settings)
    uvicorn.run(
        "gateway.app:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers or settings.server.workers,
        **uvicorn_options(settings),
    )


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """uvicorn's, for every way to serve."""
    return {
        "ws": WEBSOCKETS,
        "ws_max_size": settings.limits.body_bytes,
        # A small frame can inflate to the largest message, again and again.
        "ws_per_message_deflate": False,
        "server_header": False,
        "timeout_graceful_shutdown": 5,
        "log_config": logs.uvicorn_config(),
    }


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
