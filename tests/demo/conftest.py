from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.stack import DemoStack
from tests.demo.running import Running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running demo. A test that changes its data or stops a source puts it right again."""
    said: list[str] = []
    stack = DemoStack(tmp_path_factory.mktemp("demo"), said.append)
    try:
        yield Running(stack, stack.start(), said)
    finally:
        stack.remove()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """For demos that the tests of one module start and kill, one at a time."""
    path = tmp_path_factory.mktemp("own") / "demo"
    yield path
    DemoStack(path, print).remove()
