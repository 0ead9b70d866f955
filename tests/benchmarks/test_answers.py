"""The benchmark's servers in Python answer the same, so that what is compared is comparable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest

from benchmarks.answers import comparable, difference
from benchmarks.load import LoadError
from benchmarks.measuring import compare
from benchmarks.servers import NODE, SERVERS, Running
from benchmarks.tokens import Tokens
from benchmarks.workloads import WORKLOADS, Workload
from demo.stack import Addresses

OPERATIONS = {each.operation: each for each in WORKLOADS}


@pytest.fixture(scope="module")
def servers(
    addresses: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Running]]:
    """The gateway, with either engine, plain Strawberry and the hand-written endpoint."""
    logs: Path = tmp_path_factory.mktemp("logs")
    tokens = Tokens()
    with ExitStack() as stack:
        running = []
        for server in SERVERS:
            if server.folder != NODE:
                running.append(Running(server, addresses, tokens, logs))
                stack.callback(running[-1].stop)
        for each in running:
            each.ready()
        yield running


@pytest.mark.parametrize("workload", OPERATIONS.values(), ids=list(OPERATIONS))
async def test_all_servers_answer_the_same(servers: list[Running], workload: Workload) -> None:
    answers = await compare(servers, workload)

    assert len(answers) == 4


async def test_the_order_page_is_full(servers: list[Running]) -> None:
    answers = await compare(servers[:1], OPERATIONS["order-page"])

    nodes = orjson.loads(answers[servers[0]])["data"]["orders"]["nodes"]
    assert len(nodes) == 50
    assert sum(node["shipment"] is not None for node in nodes) > 25
    lines = [line for node in nodes for line in node["lines"]]
    assert len(lines) > 100
    assert all(line["product"]["name"] for line in lines)


async def test_the_chain_has_ten_levels(servers: list[Running]) -> None:
    answers = await compare(servers[:1], OPERATIONS["chain"])

    customer = orjson.loads(answers[servers[0]])["data"]["customer"]
    [line] = customer["orders"]["nodes"][0]["lines"]
    [review] = line["product"]["reviews"]["nodes"]
    [line] = review["author"]["orders"]["nodes"][0]["lines"]
    assert line["product"]["category"]["name"]


async def test_the_wide_list_has_a_thousand_orders(servers: list[Running]) -> None:
    answers = await compare(servers[:1], OPERATIONS["wide"])

    pages = orjson.loads(answers[servers[0]])["data"].values()
    assert sum(len(page["nodes"]) for page in pages) == 1000


def test_a_different_value_is_found() -> None:
    one = comparable(b'{"data": {"orders": [{"total": "1.00"}, {"total": "2.00"}]}}')
    other = comparable(b'{"data": {"orders": [{"total": "1.00"}, {"total": "2.0"}]}}')

    assert difference(one, other) == "data.orders[1].total: '2.00' here, '2.0' there"


def test_times_are_compared_as_moments_and_cursors_as_being_there() -> None:
    one = comparable(b'{"data": {"at": "2026-01-31T09:30:00+00:00", "endCursor": "a"}}')
    other = comparable(b'{"data": {"endCursor": "b", "at": "2026-01-31T09:30:00.000Z"}}')

    assert difference(one, other) is None


def test_an_answer_with_errors_is_none() -> None:
    with pytest.raises(LoadError, match="errors"):
        comparable(b'{"data": {"orders": null}, "errors": [{"message": "no"}]}')
