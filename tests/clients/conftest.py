"""Gateways for clients from elsewhere, and Node.js to run them in."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings
from tests.client import Gateway, serving
from tests.clients.running import SCRIPTS, Node
from tests.conftest import SHOP
from tests.identities import auth
from tests.probe import PROBE
from tests.snippets import ROOT

if shutil.which("node") is None:
    # The summary says so (tests/conftest.py).
    of_python = {"test_gql.py", "test_page.py"}
    collect_ignore = sorted(
        {each.name for each in Path(__file__).parent.glob("test_*")} - of_python
    )


@pytest.fixture(scope="session")
async def gateways(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[dict[str, Gateway]]:
    """The shop's gateway and that over the tests' own graph; this, too, where clients may register
    documents, and with the draft's statuses."""
    sections: dict[str, dict[str, Any]] = {
        "shop": {"graph": SHOP},
        "probe": {"graph": PROBE},
        "automatic": {"graph": PROBE, "documents": {"automatic": 100}},
        "draft": {"graph": PROBE, "server": {"draft_status_codes": True}},
    }
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                serving(
                    Settings.of(
                        environment="development", sources=source_settings, auth=auth(), **section
                    )
                )
            )
            for name, section in sections.items()
        }


@pytest.fixture(scope="session")
def node(gateways: dict[str, Gateway], tmp_path_factory: pytest.TempPathFactory) -> Node:
    installed = SCRIPTS / "node_modules"
    assert installed.exists(), f"run `make {installed.relative_to(ROOT)}` first"
    folder: Path = tmp_path_factory.mktemp("clients")
    node = Node(folder, {name: gateway.url for name, gateway in gateways.items()})
    node.set_up()
    return node
