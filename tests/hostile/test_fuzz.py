"""Whatever bytes come, nothing is a fault of the gateway's, and every end says why.

There are 5,000, always the same; with FUZZ=thorough 1,000,000, and with FUZZ=<number> so many, each
time others.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.gateway.edge import TYPENAME, edge
from tests.hostile import fuzz
from tests.hostile.wire import Gateway, check

AT_ONCE = 5_000
"""Hypothesis remembers what it has tried."""

_asked = int(os.environ.get("FUZZ", "0").replace("thorough", "1000000"))
TRIED = _asked or 5_000

CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


def tried(share: float, pieces: st.SearchStrategy[fuzz.Pieces], run: Callable[..., Any]) -> None:
    """Run it with that share of all examples."""
    left, round_ = int(TRIED * share), 0
    while left > 0:
        profile = settings(
            max_examples=min(left, AT_ONCE),
            deadline=None,
            database=None,
            derandomize=not _asked,
            suppress_health_check=CHECKS,
        )
        example = profile(given(pieces)(run))
        (seed(round_)(example) if _asked else example)()
        left, round_ = left - AT_ONCE, round_ + 1


def ended(gateway: Gateway, pieces: fuzz.Pieces) -> list[str]:
    return check(gateway.hear(pieces))


def test_any_bytes(gateway: Gateway) -> None:
    seen = set[str]()
    tried(0.28, fuzz.RAW, lambda pieces: seen.update(ended(gateway, pieces)))

    assert {"200", "400", "404", "408", "415"} <= seen


def test_any_requests(gateway: Gateway) -> None:
    seen = set[str]()
    tried(0.38, fuzz.HTTP, lambda pieces: seen.update(ended(gateway, pieces)))

    assert {"200", "400", "401", "404", "405", "406", "414", "415"} <= seen


def test_any_frames(gateway: Gateway) -> None:
    seen = set[str]()
    tried(0.28, fuzz.SOCKET, lambda pieces: seen.update(ended(gateway, pieces)))

    assert {"close 1000", "close 1002", "close 4400", "next", "error", "complete", "pong"} <= seen


def test_each_sequence_of_three_frames(gateway: Gateway) -> None:
    """What comes behind the end of a WebSocket is among them."""
    for pieces in fuzz.sequences(3):
        assert ended(gateway, pieces)[0] == "101"
        assert ended(gateway, [pieces[0], b"".join(pieces[1:])])[0] == "101"


@pytest.mark.process
async def test_any_of_it_over_a_network(tmp_path: Path) -> None:
    """The process goes on, and says nothing else than what is checked above."""
    async with edge(tmp_path) as served:

        def ask(pieces: fuzz.Pieces) -> None:
            check(sent(served.port, pieces))

        await asyncio.to_thread(tried, 0.06, fuzz.RAW | fuzz.HTTP | fuzz.SOCKET, ask)
        answer = await served.ask()

    assert answer.body == TYPENAME
    assert "Traceback" not in served.logged
    assert " ERROR " not in served.logged


def sent(port: int, pieces: fuzz.Pieces) -> bytes:
    """All that is answered until the connection has ended, whoever ends it."""
    answered = bytearray()
    with socket.create_connection(("127.0.0.1", port), 20) as line, suppress(ConnectionError):
        for piece in pieces:
            line.sendall(piece)
        with suppress(OSError):
            line.shutdown(socket.SHUT_WR)  # unless the gateway has closed it
        while data := line.recv(1 << 16):
            answered += data
    return bytes(answered)
