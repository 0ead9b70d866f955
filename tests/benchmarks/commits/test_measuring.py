"""Both commits get the same requests, each from a gateway of its own code."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.commits.__main__ import server
from benchmarks.commits.checkout import Commit
from benchmarks.commits.load import Target, in_turn, order
from benchmarks.commits.measuring import Effort, measure
from benchmarks.commits.workloads import WORKLOADS
from benchmarks.load import LoadError
from benchmarks.servers import ROOT, BenchmarkError
from demo.stack import Addresses

ONCE = Effort(rounds=1, seconds=0.1, requests=1)
NAMED = {each.name: each for each in WORKLOADS}
REQUEST = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n"


@asynccontextmanager
async def answering(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]],
) -> AsyncIterator[int]:
    """The port of a server that has each connection handled like that."""
    async with await asyncio.start_server(answer, "127.0.0.1") as listening:
        yield listening.sockets[0].getsockname()[1]


def saying(
    body: bytes, heard: list[bytes], *, requests: int = 1_000_000
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]:
    """Answers so, to so many requests on one connection, and notes each."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in range(requests):
                await reader.readuntil(b"\r\n\r\n")
                heard.append(body)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    return answer


def test_each_client_begins_with_another_target() -> None:
    assert [order(2, client) for client in range(3)] == [[0, 1], [1, 0], [0, 1]]


async def test_a_client_asks_the_targets_in_turn() -> None:
    heard: list[bytes] = []

    async with answering(saying(b"a", heard)) as one, answering(saying(b"b", heard)) as other:
        targets = [Target("a", one, REQUEST, b"a"), Target("b", other, REQUEST, b"b")]
        requests = await in_turn(targets, clients=1, seconds=0, requests=5)

    assert requests == 5
    assert heard == [b"a", b"b"] * 5


async def test_all_targets_get_as_many_requests() -> None:
    heard: list[bytes] = []

    async with answering(saying(b"a", heard)) as one, answering(saying(b"b", heard)) as other:
        targets = [Target("a", one, REQUEST, b"a"), Target("b", other, REQUEST, b"b")]
        requests = await in_turn(targets, clients=7, seconds=0.1)

    assert requests >= 7
    assert (heard.count(b"a"), heard.count(b"b")) == (requests, requests)


async def test_a_connection_that_the_server_closed_is_opened_again() -> None:
    heard: list[bytes] = []

    async with answering(saying(b"a", heard, requests=2)) as port:
        target = Target("a", port, REQUEST, b"a")
        requests = await in_turn([target], clients=1, seconds=0, requests=5)

    assert (requests, len(heard)) == (5, 5)


async def test_another_answer_is_an_error() -> None:
    async with answering(saying(b"b", [])) as port:
        target = Target("abc1234", port, REQUEST, b"a")

        with pytest.raises(LoadError, match=r"^abc1234: another answer than before: b'b'$"):
            await in_turn([target], clients=3, seconds=0.1)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout's gateway in another folder, where products have no images, and their
    currency is something else."""
    folder = tmp_path_factory.mktemp("older")
    for name in ("gateway", "loaders", "resolvers", "schema"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "gateway.toml"):
        shutil.copy(ROOT / name, folder)
    file = folder / "schema" / "types" / "product.py"
    text = file.read_text("utf-8")
    for now, then in (
        ("    images: ", "    pictures: "),
        ("as ISO 4217 has it, such as EUR.", '", name="sku'),
    ):
        assert text.count(now) == 1
        text = text.replace(now, then)
    file.write_text(text, "utf-8")
    return folder


def test_two_commits_are_measured(addresses: Addresses, older: Path, tmp_path: Path) -> None:
    said: list[str] = []
    python = Path(sys.executable)
    chosen = [NAMED[name] for name in ("images", "product", "edges", "aggregates", "typename")]

    measured = measure(
        server("base", Commit("older", older, python)),
        server("this", Commit("this", ROOT, python)),
        chosen,
        Effort(rounds=2, seconds=0.1, requests=1),
        addresses,
        tmp_path,
        said.append,
    )

    assert said == ["Round 1 of 2", "Round 2 of 2"]
    assert list(measured.skipped) == ["images"]
    assert "Cannot query field 'images'" in measured.skipped["images"].replace("\\", "")
    assert measured.differences == {
        "product": "data.product.currency: 'EUR' here, 'KET-0001' there"
    }
    assert {name: len(pairs) for name, pairs in measured.pairs.items()} == dict.fromkeys(
        ("product", "edges", "aggregates", "typename"), 2
    )
    assert all(
        0 < cpu < 1000
        for pairs in measured.pairs.values()
        for pair in pairs
        for cpu in (pair.base, pair.this)
    )


def test_a_workload_that_this_checkout_cannot_answer_is_an_error(
    addresses: Addresses, older: Path, tmp_path: Path
) -> None:
    python = Path(sys.executable)

    with pytest.raises(BenchmarkError, match=r"^100 embedded lists of images: older: errors: "):
        measure(
            server("base", Commit("this", ROOT, python)),
            server("this", Commit("older", older, python)),
            [NAMED["images"]],
            ONCE,
            addresses,
            tmp_path,
            print,
        )


def test_a_gateway_that_does_not_start_says_why(
    addresses: Addresses, older: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(older, broken)
    shutil.rmtree(broken / "loaders")
    python = Path(sys.executable)

    with pytest.raises(BenchmarkError, match="broken did not start:\n  This would not measure "):
        measure(
            server("base", Commit("broken", broken, python)),
            server("this", Commit("this", ROOT, python)),
            [NAMED["typename"]],
            ONCE,
            addresses,
            tmp_path,
            print,
        )
