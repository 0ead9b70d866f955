"""The gateway command, as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import aiohttp
import pytest

from demo.stack import Addresses

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.process

GATEWAY = Path(sys.executable).parent / "gateway"
SHOP = {"PYTHONPATH": str(ROOT), "SLUICE_GRAPH": "schema.build:schema"}
"""The shop is not installed, and no graph is set where there is no gateway.toml."""


def gateway(
    *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GATEWAY, *arguments],
        cwd=cwd,
        env={**os.environ, **SHOP, **(env or {})},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@asynccontextmanager
async def running(
    *arguments: str, cwd: Path, env: Mapping[str, str], stderr: IO[str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        GATEWAY,
        *arguments,
        cwd=cwd,
        env={**os.environ, **SHOP, **env},
        start_new_session=True,
        stderr=stderr,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 20)


async def answer(url: str, query: str) -> Any:
    """The answer of a gateway that may still be starting."""
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            try:
                async with session.post(f"{url}/graphql", json={"query": query}) as response:
                    return await response.json()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}")


def test_schema_print_prints_the_schema() -> None:
    printed = gateway("schema", "print")

    assert printed.returncode == 0
    assert printed.stdout == (ROOT / "schema.graphql").read_text(encoding="utf-8")


def test_schema_print_prints_another_graph() -> None:
    printed = gateway("schema", "print", "--graph", "tests.acme.graph:graph")

    assert "type Invoice implements Node" in printed.stdout
    assert "type Order " not in printed.stdout


def test_schema_check_accepts_the_schema() -> None:
    checked = gateway("schema", "check", "schema.graphql")

    assert (checked.returncode, checked.stderr) == (0, "")


def test_schema_check_names_what_breaks_clients(tmp_path: Path) -> None:
    text = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    was = tmp_path / "was.graphql"
    was.write_text(text.replace("  lineNo: Int!", "  lineNo: Int!\n  weight: Int"))

    checked = gateway("schema", "check", str(was))

    assert checked.returncode == 1
    assert checked.stdout == "breaking: Field OrderLine.weight was removed.\n"
    assert f"{was} is not the schema of the graph" in checked.stderr


def test_schema_check_finds_a_change_that_breaks_nobody(tmp_path: Path) -> None:
    text = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    was = tmp_path / "was.graphql"
    was.write_text(text.replace('"""Who makes it."""', '"""Its maker."""'))

    checked = gateway("schema", "check", str(was))

    assert (checked.returncode, checked.stdout) == (1, "")


def test_schema_check_says_when_a_file_is_no_schema(tmp_path: Path) -> None:
    was = tmp_path / "was.graphql"
    was.write_text("type {")

    checked = gateway("schema", "check", str(was))

    assert checked.returncode == 1
    assert "is no schema: Syntax Error" in checked.stderr


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        ("nowhere.graph:graph", "No module named 'nowhere'"),
        ("tests.acme.graph:nothing", "has no attribute 'nothing'"),
        ("tests.acme.graph:Invoice", "is no resolvers.graph.Graph"),
        ("tests.acme.graph", "write package.module:variable"),
    ],
)
def test_a_graph_that_is_none_is_named(graph: str, reason: str) -> None:
    printed = gateway("schema", "print", "--graph", graph)

    assert printed.returncode == 1
    assert reason in printed.stderr
    assert "Traceback" not in printed.stderr


def test_serve_says_that_there_are_no_sources(tmp_path: Path) -> None:
    served = gateway("serve", cwd=tmp_path)

    assert served.returncode == 1
    assert "No sources are configured" in served.stderr


def test_bad_settings_are_named_without_their_values(tmp_path: Path) -> None:
    env = {"SLUICE_SOURCES__SHOP__KIND": "postgres", "SLUICE_SOURCES__SHOP__ULR": "secret"}

    served = gateway("serve", cwd=tmp_path, env=env)

    assert served.returncode == 1
    assert served.stderr == (
        "The settings can't be used:\n  SLUICE_SOURCES__SHOP__ULR: there is no such setting; "
        "did you mean SLUICE_SOURCES__SHOP__URL?\n"
    )
    assert "secret" not in served.stderr
    assert "Traceback" not in served.stderr


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_is_named(command: str, tmp_path: Path) -> None:
    env = {"SLUICE_SOURCES__A__KIND": "rest", "SLUICE_SOURCES__A__URL": "http://127.0.0.1:1"}
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = taker.getsockname()[1]

        refused = gateway(command, "--port", str(port), cwd=tmp_path, env=env)

    assert refused.returncode == 1
    assert f"Port {port} of 127.0.0.1 can't be used" in refused.stderr
    assert f"PORT={port + 1}" in refused.stderr


async def test_serve_takes_its_sources_from_the_environment(
    tmp_path: Path, addresses: Addresses
) -> None:
    port = free_port()
    env = {
        "SLUICE_SOURCES__SHOP__KIND": "postgres",
        "SLUICE_SOURCES__SHOP__URL": addresses.postgres,
    }

    async with running("serve", "--port", str(port), cwd=tmp_path, env=env):
        body = await answer(f"http://127.0.0.1:{port}", "{ orders { totalCount } }")

    # The database answers, and whoever is anonymous has no orders.
    assert body == {"data": {"orders": {"totalCount": 0}}}


async def test_serve_runs_another_graph_in_several_workers(
    tmp_path: Path, addresses: Addresses
) -> None:
    port = free_port()
    (tmp_path / "gateway.toml").write_text(
        '[sources.shop]\nkind = "postgres"\nurl = "postgresql://nobody@127.0.0.1:1/nothing"\n'
    )
    env = {"SLUICE_SOURCES__SHOP__URL": addresses.postgres}
    arguments = ("--port", str(port), "--workers", "2", "--graph", "tests.acme.graph:graph")

    async with running("serve", *arguments, cwd=tmp_path, env=env):
        body = await answer(f"http://127.0.0.1:{port}", "{ invoices { totalCount } }")

    assert body == {"data": {"invoices": {"totalCount": 10000}}}
