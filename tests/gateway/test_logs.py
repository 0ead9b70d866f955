"""What the gateway writes down, however it is served."""

from __future__ import annotations

import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.auth.authentication import Authenticator
from gateway.auth.settings import AuthSettings
from gateway.errors import Unauthenticated
from loaders.logs import MOST, SECONDS, Limited
from tests.gateway.test_cli import GATEWAY, ROOT, answer, free_port

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING|ERROR) \S.*")

GRAPH = """
import logging

import strawberry

from resolvers import Graph

logging.getLogger("sluice.mine").info("the graph is loaded")


@strawberry.type
class Query:
    @strawberry.field(description="What was said.")
    def echo(self, text: str) -> str:
        return text


graph = Graph(Query)
"""

SERVERS = {
    "one worker": [str(GATEWAY), "serve", "--port", "{port}"],
    "two workers": [str(GATEWAY), "serve", "--port", "{port}", "--workers", "2"],
    "another server": [
        *(sys.executable, "-m", "uvicorn", "--factory", "gateway.app:app_from_environment"),
        *("--port", "{port}"),
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a graph, which logs as it is loaded."""
    (tmp_path / "echo.py").write_text(GRAPH)
    (tmp_path / "gateway.toml").write_text(
        'graph = "echo:graph"\n[sources.nowhere]\nkind = "rest"\nurl = "http://127.0.0.1:1"\n'
    )
    return tmp_path


@contextmanager
def served(name: str, folder: Path, port: int) -> Iterator[Path]:
    """The graph, served; yields the file that all its output goes to, which is whole at the end."""
    log = folder / "log"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{folder}:{ROOT}"}
    command = [part.format(port=port) for part in SERVERS[name]]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=True
        )
        try:
            yield log
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


@pytest.mark.process
@pytest.mark.parametrize("name", SERVERS)
async def test_every_server_logs_with_time_and_level_and_without_queries(
    folder: Path, name: str
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    with served(name, folder, port) as log:
        await answer(url, "{ __typename }")
        async with aiohttp.ClientSession() as session:
            query = {"query": '{ echo(text: "hunter2") }', "variables": '{"a": "hunter3"}'}
            async with session.get(f"{url}/graphql", params=query) as response:
                assert await response.json() == {"data": {"echo": "hunter2"}}
            bad = {"authorization": "Bearer hunter4"}
            async with session.get(f"{url}/graphql", params=query, headers=bad) as response:
                assert response.status == 401
            socket = session.ws_connect(
                f"{url}/graphql?token=hunter5", protocols=["graphql-transport-ws"]
            )
            async with socket:
                pass

    text = log.read_text()
    assert "hunter" not in text
    assert "] token from 127.0.0.1 is refused: Tokens are not accepted here." in text
    assert "the graph is loaded" in text
    assert "/graphql" in text
    ours = [line for line in text.splitlines() if "is refused" in line or "is loaded" in line]
    assert all(LINE.fullmatch(line) for line in ours)
    if name != "another server":
        assert [line for line in text.splitlines() if not LINE.fullmatch(line)] == []


@pytest.mark.process
def test_a_program_that_has_set_up_logging_keeps_it() -> None:
    code = """
import logging, sys
logging.basicConfig(format="mine: %(message)s", level=logging.WARNING, stream=sys.stdout)
from gateway import logs
logs.configure()
logs.configure()
logging.getLogger("sluice.auth").info("not this")
logging.getLogger("sluice.auth").warning("but this")
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert (printed.stdout, printed.stderr) == ("mine: but this\n", "")


@pytest.mark.process
def test_a_line_is_written_once() -> None:
    code = """
import logging
from gateway import logs
logs.configure()
logs.configure()
logging.basicConfig()
logging.getLogger("sluice.auth").info("once")
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    (line,) = printed.stderr.splitlines()
    assert LINE.fullmatch(line)
    assert line.endswith("INFO once")


@pytest.mark.parametrize(
    ("headers", "logged"),
    [
        ({"authorization": "Bearer hunter2"}, "token from ? is refused: Tokens are not accepted "
         "here."),
        ({"authorization": "Bearer slk_hunter2"}, "API key from ? is refused: API keys are not "
         "accepted here."),
        ({"x-api-key": "hunter2"}, "API key from ? is refused: API keys are not accepted here."),
        ({"authorization": "Basic hunter2"}, "Authorization from ? is refused: Send one "
         "credential, as 'Authorization: Bearer <it>'."),
        ({"authorization": "Bearer hunter2", "x-api-key": "hunter3"}, "token from ? is refused: "
         "There are two credentials, in Authorization and in X-API-Key. Send one."),
    ],
)  # fmt: skip
async def test_a_refused_credential_is_logged_without_it(
    caplog: pytest.LogCaptureFixture, headers: Mapping[str, str], logged: str
) -> None:
    caplog.set_level(logging.DEBUG, "sluice")

    with pytest.raises(Unauthenticated):
        await Authenticator(AuthSettings()).identify(headers)

    assert [record.getMessage() for record in caplog.records] == [logged]


async def test_refusals_without_end_are_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sluice")
    authenticator = Authenticator(AuthSettings())

    for _ in range(1000):
        with pytest.raises(Unauthenticated):
            await authenticator.identify({"x-api-key": "hunter2"})

    assert len(caplog.records) == MOST


def test_what_was_left_out_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sluice")
    now = 0.0
    log = Limited(logging.getLogger("sluice.auth"), clock=lambda: now)

    for _ in range(MOST + 5):
        log.write(logging.INFO, "a", "%s is refused", 1)
    log.write(logging.INFO, "b", "%s is refused", 2)
    now = SECONDS
    log.write(logging.INFO, "a", "%s is refused", 3)

    assert [record.getMessage() for record in caplog.records] == [
        *["1 is refused"] * MOST,
        "2 is refused",
        "a: 5 more were not logged",
        "3 is refused",
    ]
