"""Unit tests start no process."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tests import no_process

STARTS_ONE = "A unit test starts a process"


def test_a_unit_test_is_held(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("unit") is not None
    assert no_process.held


def test_a_test_with_a_server_is_not_held(
    request: pytest.FixtureRequest, addresses: object
) -> None:
    assert request.node.get_closest_marker("unit") is None
    assert not no_process.held


@pytest.mark.process
def test_a_test_that_says_so_may_start_one() -> None:
    assert subprocess.run([sys.executable, "-c", "pass"], check=True).returncode == 0


def test_no_unit_test_starts_a_process() -> None:
    with pytest.raises(RuntimeError, match=STARTS_ONE):
        subprocess.run([sys.executable, "-c", "pass"], check=True)


async def test_no_unit_test_starts_a_process_from_the_event_loop() -> None:
    with pytest.raises(RuntimeError, match=STARTS_ONE):
        await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")


@pytest.mark.parametrize("event", no_process.EVENTS)
def test_no_unit_test_starts_a_process_in_any_other_way(event: str) -> None:
    with pytest.raises(RuntimeError, match=STARTS_ONE):
        sys.audit(event)
