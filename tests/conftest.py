"""The demo's real sources, and the gateway over them, for all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.stack import Addresses, DemoStack
from gateway.settings import Settings
from tests.client import Gateway, serving


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        type=Path,
        default=Path(__file__).parent.parent / ".demo" / "tests",
        help="where the sources keep their data from one run to the next; each run that goes on "
        "at the same time needs a folder of its own",
    )


@pytest.fixture(scope="session")
def running_stack(request: pytest.FixtureRequest) -> Iterator[tuple[DemoStack, Addresses]]:
    stack = DemoStack(request.config.getoption("--stack"), print)
    yield stack, stack.start()
    stack.stop()


@pytest.fixture(scope="session")
def stack(running_stack: tuple[DemoStack, Addresses]) -> DemoStack:
    """The demo's sources. A test that stops one starts it again."""
    return running_stack[0]


@pytest.fixture(scope="session")
def addresses(running_stack: tuple[DemoStack, Addresses]) -> Addresses:
    return running_stack[1]


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
async def gateway(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    """The shop's gateway, in development, over the demo's sources, over real HTTP."""
    async with serving(Settings.of(environment="development", sources=source_settings)) as gateway:
        yield gateway
