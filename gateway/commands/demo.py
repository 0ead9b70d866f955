"""``gateway demo`` and ``gateway token``: the shop, which is in Sluice's repository."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from typing import NoReturn

import click
import uvicorn
from pydantic import SecretStr

from gateway.app import create_app
from gateway.auth import migrations
from gateway.auth.settings import KeySettings
from gateway.commands.checking import check_at_start
from gateway.commands.console import DEMO_FOLDER, fail, load
from gateway.commands.keys import DEMO_KEYS, within
from gateway.commands.serving import refuse_taken, uvicorn_options
from gateway.graphiql.sign_in import SignIn
from gateway.settings import Settings
from gateway.transports.server import Server


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
def demo(host: str, port: int) -> None:
    """Serve the shop over databases and services of its own, kept in .demo."""
    try:
        from demo import identities
        from demo.private import write_private
        from demo.stack import DemoError, DemoStack
    except ImportError as error:
        _fail_without(error)
    refuse_taken(host, port)
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
            graph="schema.build:schema",
            environment="development",
            auth={"issuers": {"demo": issuer}, "keys": database},
            sources={
                "shop": {"kind": "postgres", "url": at.postgres},
                "catalog": {"kind": "mongo", "url": at.mongo, "database": at.mongo_database},
                "inventory": {"kind": "rest", "url": at.inventory},
                "shipping": {"kind": "rest", "url": at.shipping},
            },
        )
        check_at_start(load(settings.graph), settings)
        config = uvicorn.Config(
            create_app(settings, sign_in=sign_in),
            host=host,
            port=port,
            log_level="warning",
            **uvicorn_options(settings),
        )
        server = Server(config)
        threading.Thread(target=_welcome, args=(server, host, port), daemon=True).start()
        server.run()
    except DemoError as error:
        fail(str(error))
    except KeyboardInterrupt:
        pass
    finally:
        click.echo("\nStopping the sources …")
        stack.stop()


@click.command()
@click.option("--as", "name", required=True, help="Who to be: customer, support, finance, partner.")
def token(name: str) -> None:
    """Print a token for the demo, good for 15 minutes."""
    try:
        from demo import identities
        from demo.errors import DemoError
    except ImportError as error:
        _fail_without(error)
    try:
        click.echo(identities.token(DEMO_FOLDER, name))
    except DemoError as error:
        fail(str(error))


def _fail_without(error: ImportError) -> NoReturn:
    """Ends the command, which could not import the demo."""
    if (error.name or "").partition(".")[0] == "demo":
        fail(
            "The demo is not here. It is in Sluice's repository, not in the installed package: "
            "run `make demo` in a checkout of that."
        )
    fail(f"The demo's packages are not installed ({error}): pip install 'sluice-graphql[demo]'")


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
