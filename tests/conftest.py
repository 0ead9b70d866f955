"""The demo's real sources, and the gateway over them, for all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from demo.stack import Addresses, DemoStack
from gateway.app import create_app
from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from tests import no_process
from tests.client import Gateway, listening, serving
from tests.identities import CALLERS, auth, headers
from tests.pgbouncer import pgbouncer
from tests.probe import PROBE
from tests.redis_server import RedisServer, redis_server

SERVERS = {"stack", "pooled", "redis", "demo", "wheel", "browser"}
"""The fixtures that start processes. Each that is a server's uses one of them."""

SHOP = "schema.build:schema"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        type=Path,
        default=Path(__file__).parent.parent / ".demo" / "tests",
        help="where the sources keep their data from one run to the next; each run that goes on "
        "at the same time needs a folder of its own",
    )
    parser.addoption("--engine", choices=EXECUTORS, default="breadth", help="what executes")


def pytest_configure(config: pytest.Config) -> None:
    # The whole suite can run under either engine: every test's settings have this one, and the
    # shop's graph where they name no other. Processes of their own have the real defaults.
    Settings.model_fields["engine"].default = config.getoption("--engine")
    Settings.model_fields["graph"].default = SHOP
    Settings.model_rebuild(force=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # `make unit` runs what needs no server, so a newcomer has an answer within seconds.
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        marks = {mark.name for mark in item.iter_markers()}
        if not fixtures & SERVERS and not marks & {"process", "long"}:
            item.add_marker("unit")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if shutil.which("node") is None:
        terminalreporter.write_line(
            "NOT TESTED: clients in JavaScript (tests/clients). There is no Node.js here.", red=True
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    no_process.held = item.get_closest_marker("unit") is not None
    try:
        return (yield)
    finally:
        no_process.held = False


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[DemoStack]:
    """The demo's sources. A test that stops one starts it again, so that each process that runs
    tests has sources of its own."""
    folder: Path = request.config.getoption("--stack")
    with DemoStack(folder / os.environ.get("PYTEST_XDIST_WORKER", "main"), print) as stack:
        yield stack


@pytest.fixture(scope="session")
def addresses(stack: DemoStack) -> Addresses:
    return stack.addresses


@pytest.fixture(scope="session")
def pooled(addresses: Addresses) -> Iterator[str]:
    """Where the demo's PostgreSQL is behind PgBouncer, in transaction mode, with few sessions."""
    with pgbouncer(addresses.postgres) as url:
        yield url


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis. A test that stops it starts it again."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def source_settings(addresses: Addresses) -> dict[str, dict[str, Any]]:
    """The settings of the demo's sources, for tests that change some of them."""
    return {
        "shop": {"kind": "postgres", "url": addresses.postgres},
        "catalog": {
            "kind": "mongo",
            "url": addresses.mongo,
            "database": addresses.mongo_database,
        },
        "inventory": {"kind": "rest", "url": addresses.inventory},
        "shipping": {"kind": "rest", "url": addresses.shipping},
    }


@pytest.fixture(scope="session")
def settings(source_settings: dict[str, dict[str, Any]]) -> Settings:
    """The shop's, in development, over the demo's sources, for the tests' own identities."""
    return Settings.of(environment="development", sources=source_settings, auth=auth())


@pytest.fixture(scope="session")
async def callers(settings: Settings) -> AsyncIterator[dict[str, Gateway]]:
    """The shop's gateway, over real HTTP, as each of ``CALLERS`` asks it."""
    async with listening(create_app(settings)) as url, AsyncExitStack() as stack:
        yield {
            name: Gateway(
                url, await stack.enter_async_context(ClientSession(headers=headers(name)))
            )
            for name in CALLERS
        }


@pytest.fixture(scope="session")
def gateway(callers: dict[str, Gateway]) -> Gateway:
    """The shop's gateway as those ask it who may see everything."""
    return callers["staff"]


@pytest.fixture(scope="session")
async def probe(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    """The gateway over the tests' own graph, in development, as anonymous callers ask it."""
    settings = Settings.of(
        environment="development",
        graph=PROBE,
        sources=source_settings,
        auth=auth(),
        limits={"batch": 10},
    )
    async with serving(settings) as gateway:
        yield gateway
