"""The kind of source that CONTRIBUTING.md shows: it works as it stands there."""

from __future__ import annotations

import importlib
import logging
import tomllib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from gateway.app import create_app
from gateway.checks.sources import check
from gateway.settings import Settings
from loaders.asks import Ask, Rows, Wants
from loaders.chain.counts import Counts
from loaders.chain.timeout import Timeout
from loaders.contexts import Attempt
from loaders.contract import SourceContract
from loaders.errors import UnfitValue
from loaders.resource import Resource, Row
from loaders.sources import Source
from tests.client import Answer, Gateway, listening
from tests.loaders.asking import rows_of
from tests.snippets import blocks, importable

PAGE = "CONTRIBUTING.md"

GRAPH = """
from __future__ import annotations

import strawberry

from acme.lines import LinesFile
from resolvers import Connection, Graph, Node, column, connection, lookup, many, one


@strawberry.type(description="An order.")
class Order(Node):
    resource = LinesFile(source="files", name="orders")

    number: str = column("Its number.", filterable=True, sortable=True)
    lines: list[Line] | None = many("What was bought.", by="order_id", order_by="-id")


@strawberry.type(description="A line of an order.")
class Line(Node):
    resource = LinesFile(source="files", name="lines")

    quantity: int = column("How many.")
    order: Order | None = one("What it is of.", by="order_id")


@strawberry.type
class Query:
    order: Order | None = lookup("One order.", by=("id", "number"))
    orders: Connection[Order] | None = connection("All orders.", order_by="number")


graph = Graph(Query)
"""

FILES: dict[str, list[Row]] = {
    "orders": [{"id": 1, "number": "B"}, {"id": 2, "number": "A"}],
    "lines": [{"id": 8, "order_id": 1, "quantity": 2}, {"id": 9, "order_id": 1, "quantity": 3}],
}


@pytest.fixture(autouse=True, scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the page writes, and a graph over it."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "acme").mkdir()
    (folder / "acme" / "graph.py").write_text(GRAPH)
    (wrapper,) = [each for each in blocks(PAGE) if each.startswith("# loaders/chain/slow.py\n")]
    (folder / "acme" / "slow.py").write_text(wrapper)
    with importable(PAGE, folder):
        yield


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the graph's files."""
    for name, rows in FILES.items():
        (tmp_path / f"{name}.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return tmp_path


class TestTheDocumentedKind(SourceContract):
    together = lists = True
    types = (bool,)

    @asynccontextmanager
    async def stocked(self, rows: Sequence[Row]) -> AsyncIterator[tuple[Source, Resource]]:
        documented = importlib.import_module("acme.test_lines")
        async with documented.TestLines().stocked(rows) as stocked:
            yield stocked


def settings(folder: Path) -> Settings:
    toml, _ = blocks(PAGE, "toml")
    sources: Any = tomllib.loads(toml)["sources"]
    sources["files"]["folder"] = str(folder)
    return Settings.of(graph="acme.graph:graph", environment="development", sources=sources)


async def asked(folder: Path, query: str) -> Answer:
    async with (
        listening(create_app(settings(folder))) as url,
        aiohttp.ClientSession() as session,
    ):
        return await Gateway(url, session).ask(query)


async def test_a_graph_is_served_over_it(files: Path) -> None:
    answer = await asked(files, "{ orders(first: 5) { totalCount nodes { lines { quantity } } } }")

    assert answer.data["orders"] == {
        "totalCount": 2,
        "nodes": [{"lines": []}, {"lines": [{"quantity": 3}, {"quantity": 2}]}],
    }
    assert [(each["statement"], each["keys"], each["rows"]) for each in answer.calls] == [
        ("read orders", 0, 2),
        ("read lines", 2, 2),
    ]


async def test_a_row_of_a_list_is_not_read_again(files: Path) -> None:
    answer = await asked(files, "{ orders { nodes { lines { order { number } } } } }")

    of_b = [{"order": {"number": "B"}}] * 2
    assert answer.data == {"orders": {"nodes": [{"lines": []}, {"lines": of_b}]}}
    assert answer.resources == ["files.lines", "files.orders"]


WRONG = {
    "nothing": (None, "UPSTREAM_BAD_RESPONSE", "FileNotFoundError"),
    "no JSON": (b"{", "UPSTREAM_BAD_RESPONSE", "NotJSON"),
    "no objects": (b"[1]", "UPSTREAM_BAD_RESPONSE", "a line that is no object"),
    "other values": (b'{"id": 1, "number": 5}\n{"id": 2, "number": "A"}',
                     "UPSTREAM_BAD_RESPONSE", "values that can't be compared"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_wrong_with_a_file_is_its_sources_error(
    files: Path, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    content, code, reason = WRONG[wrong]
    file = files / "orders.jsonl"
    file.unlink() if content is None else file.write_bytes(content)

    with caplog.at_level(logging.WARNING, "sluice.sources"):
        answer = await asked(files, "{ orders { nodes { number } } }")

    assert (answer.partial, answer.codes) == ({"orders": None}, [code])
    assert answer.errors[0]["extensions"]["source"] == "files"
    assert answer.calls[0].get("error") == reason
    assert f"source 'files' failed for orders: {reason}" in caplog.text


async def test_a_value_that_it_can_not_have_is_the_clients() -> None:
    async with TestTheDocumentedKind().stocked([{"id": 1}]) as (source, resource):
        with pytest.raises(UnfitValue, match="does not have such a value"):
            await rows_of(source, resource, ["id"], by=("id",), keys=[(b"1",)], unique=True)


async def test_it_is_checked(files: Path) -> None:
    graph = importlib.import_module("acme.graph").graph
    (files / "lines.jsonl").rename(files / "liness.jsonl")

    report = await check(graph, settings(files), seconds=20)

    (fault,) = report.faults
    assert fault.resource == "files.lines"
    assert "liness" in fault.message


async def test_the_documented_wrapper_passes_on_what_it_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = importlib.import_module("acme.slow")
    rows = [{"id": 1}]

    async with TestTheDocumentedKind().stocked(rows) as (source, resource):
        ask = Ask(Rows(resource, ("id",), unique=True), Wants(frozenset({"id"})))
        for seconds in (9.0, 0.0):
            fetcher = slow.Slow(Timeout(source, Counts()), seconds)
            (found,) = await fetcher.fetch(ask, [(1,)], Attempt(None, []))
            assert found.rows == rows

    assert caplog.messages == ["files.things took long for 1 keys"]
