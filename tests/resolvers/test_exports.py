"""The names that graphs are declared with, which ``resolvers`` has and keeps."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import resolvers
from tests.snippets import blocks

ROOT = Path(__file__).parent.parent.parent
DOCS = (
    "README.md",
    "docs/your-own-graph.md",
    "docs/authorization.md",
    "docs/testing.md",
    "docs/values.md",
    "docs/mutations.md",
)
GRAPHS = (
    *sorted((ROOT / "schema").rglob("*.py")),
    *sorted((ROOT / "resolvers" / "shop").rglob("*.py")),
    ROOT / "tests" / "acme" / "graph.py",
)

MODULES = {path.stem for path in (ROOT / "resolvers").glob("*.py")} | {"checks", "shop"}

ELSEWHERE = (
    "loaders.sql.postgres",
    "loaders.mongo",
    "loaders.rest",
    "loaders.memory",
    "resolvers.shop",
)
"""The resources, what stands in for their sources, and the shop's own."""


def test_every_name_is_there_once_and_in_order() -> None:
    names = resolvers.__all__

    assert [each for each in names if not hasattr(resolvers, each)] == []
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), name[0] > "Z", name))


def test_nothing_else_is_public() -> None:
    public = {name for name in vars(resolvers) if not name.startswith("_")} - MODULES

    assert public == set(resolvers.__all__)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_graph_needs_no_other_names(graph: Path) -> None:
    used = set(_used(graph.read_text(encoding="utf-8")))

    assert used - set(resolvers.__all__) == set()


@pytest.mark.parametrize("page", DOCS)
def test_the_documentation_imports_no_other_names(page: str) -> None:
    used = {name for block in blocks(page) for name in _used(block)}

    assert blocks(page)
    assert used - set(resolvers.__all__) == set()


def test_every_field_that_is_documented_is_there() -> None:
    page = (ROOT / "docs" / "your-own-graph.md").read_text(encoding="utf-8")
    fields = re.findall(r"(?:^\| |, )`(\w+)\(description", page, re.M)

    assert len(fields) > 5
    assert set(fields) - set(resolvers.__all__) == set()


@pytest.mark.process
def test_no_driver_is_imported() -> None:
    code = "import sys, resolvers; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    drivers = {"asyncpg", "motor", "pymongo", "bson", "aiohttp", "yarl"}
    assert "resolvers.graph" in printed.stdout.split()
    assert drivers & set(printed.stdout.split()) == set()


def _used(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = str(node.module)
            if module.startswith(("resolvers", "loaders")) and not module.startswith(ELSEWHERE):
                names = {alias.name for alias in node.names}
                # A module of ours, such as directives, has its names in the API.
                yield from names - MODULES if module == "resolvers" else names
