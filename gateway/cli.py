"""The ``gateway`` command."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click
import uvicorn
from graphql import GraphQLError, build_schema, find_breaking_changes, find_dangerous_changes
from pydantic import SecretStr
from uvicorn.config import LOGGING_CONFIG

from gateway.app import create_app, load_graph
from gateway.auth import migrations
from gateway.commands.console import DEMO_FOLDER, fail, read_settings
from gateway.commands.keys import DEMO_KEYS, keys, migrate, refuse_behind, within
from gateway.graphiql.sign_in import SignIn
from gateway.settings import KeySettings, Settings

WEBSOCKETS = "websockets-sansio"
"""uvicorn's implementation over the library that is still developed."""

LINE = {"format": "%(asctime)s %(levelname)s %(message)s"}
"""Of the log. uvicorn's own lines have no time, and take twice as long for their colours."""


@click.group()
def main() -> None:
    """One GraphQL graph over PostgreSQL, MongoDB and REST services."""
    # The graph is looked for where the command is run, as Python does for its own commands.
    sys.path.insert(0, "")


main.add_command(migrate)
main.add_command(keys)


@main.command()
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
    _load(settings.graph)
    if not settings.sources:
        fail(
            "No sources are configured. Write a gateway.toml here, or set "
            "SLUICE_SOURCES__<NAME>__KIND and SLUICE_SOURCES__<NAME>__URL."
        )
    if settings.auth.keys is not None:
        refuse_behind(settings.auth.keys)
    host = host or settings.server.host
    port = settings.server.port if port is None else port
    _refuse_taken(host, port)
    uvicorn.run(
        "gateway.app:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers or settings.server.workers,
        ws=WEBSOCKETS,
        ws_max_size=settings.limits.body_bytes,
        server_header=False,
        timeout_graceful_shutdown=5,
        log_config={**LOGGING_CONFIG, "formatters": {"default": LINE, "access": LINE}},
    )


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
def demo(host: str, port: int) -> None:
    """Serve the shop over databases and services of its own, kept in .demo."""
    try:
        from demo import identities
        from demo.private import write_private
        from demo.stack import DemoError, DemoStack
    except ImportError as error:
        fail(f"The demo's packages are not installed ({error}): pip install 'sluice[demo]'")
    _refuse_taken(host, port)
    stack = DemoStack(DEMO_FOLDER, click.echo)
    # A terminal that closes must end the demo as Ctrl-C does.
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        at = stack.start()
        database = KeySettings(url=SecretStr(at.postgres))
        asyncio.run(within(database.source(), migrations.migrate))
        write_private(DEMO_KEYS, at.postgres)
        key = {"algorithm": identities.ALGORITHM, "public_key": identities.make_key(DEMO_FOLDER)}
        issuer = {"issuer": identities.ISSUER, "audience": identities.AUDIENCE, "keys": [key]}

        def issue(name: str) -> str | None:
            known = identities.IDENTITIES[name] is not None
            return identities.token(DEMO_FOLDER, name) if known else None

        sign_in = SignIn(
            labels=identities.LABELS, default="support", issue=issue, seconds=identities.SECONDS
        )
        settings = Settings.of(
            environment="development",
            auth={"issuers": {"demo": issuer}, "keys": database},
            sources={
                "shop": {"kind": "postgres", "url": at.postgres},
                "catalog": {"kind": "mongo", "url": at.mongo, "database": at.mongo_database},
                "inventory": {"kind": "rest", "url": at.inventory},
                "shipping": {"kind": "rest", "url": at.shipping},
            },
        )
        config = uvicorn.Config(
            create_app(settings, sign_in=sign_in),
            host=host,
            port=port,
            log_level="warning",
            ws=WEBSOCKETS,
            ws_max_size=settings.limits.body_bytes,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        threading.Thread(target=_welcome, args=(server, host, port), daemon=True).start()
        server.run()
    except DemoError as error:
        fail(str(error))
    except KeyboardInterrupt:
        pass
    finally:
        click.echo("\nStopping the sources …")
        stack.stop()


@main.command()
@click.option("--as", "name", required=True, help="Who to be: customer, support, finance, partner.")
def token(name: str) -> None:
    """Print a token for the demo, good for 15 minutes."""
    try:
        from demo import identities
        from demo.errors import DemoError
    except ImportError as error:
        fail(f"The demo's packages are not installed ({error}): pip install 'sluice[demo]'")
    try:
        click.echo(identities.token(DEMO_FOLDER, name))
    except DemoError as error:
        fail(str(error))


@main.group()
def schema() -> None:
    """The graph's schema, in the schema definition language."""


@schema.command("print")
@click.option("--graph", help="The graph, as package.module:variable.")
def schema_print(graph: str | None) -> None:
    """Print the schema."""
    click.echo(_schema_text(graph), nl=False)


@schema.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--graph", help="The graph, as package.module:variable.")
def schema_check(file: Path, graph: str | None) -> None:
    """Compare FILE with the schema, and name the changes that break clients.

    Exits with 1 if they differ.
    """
    was, now = file.read_text(encoding="utf-8"), _schema_text(graph)
    if was == now:
        click.echo(f"{file} is the schema of the graph.")
        return
    try:
        old = build_schema(was)
    except GraphQLError as error:
        fail(f"{file} is no schema: {error.message}")
    new = build_schema(now)
    for breaking in find_breaking_changes(old, new):
        click.echo(f"breaking: {breaking.description}")
    for dangerous in find_dangerous_changes(old, new):
        click.echo(f"dangerous: {dangerous.description}")
    fail(f"{file} is not the schema of the graph. `gateway schema print` has it.")


def _load(graph: str) -> Any:
    try:
        return load_graph(graph)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        fail(f"The graph '{graph}' can't be loaded: {error}")


def _schema_text(graph: str | None) -> str:
    return str(_load(graph or read_settings().graph).as_str()) + "\n"


def _refuse_taken(host: str, port: int) -> None:
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


def _welcome(server: uvicorn.Server, host: str, port: int) -> None:
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.05)
    at = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"
    query = '{ product(sku: \\"KET-0001\\") { name price stock { available } } }'
    click.echo(
        f"""
Sluice is ready.

  GraphiQL   {at}/graphiql/
  GraphQL    {at}/graphql

Or in another terminal:

  curl {at}/graphql -H 'content-type: application/json' \\
    -d '{{"query": "{query}"}}'

Ctrl-C stops everything.
"""
    )
