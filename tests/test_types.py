"""What mypy can't check stays little."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ANY = {"loaders": 17, "resolvers": 29}
"""How often the files of each package say Any. What has no better type is what drivers and clients
send (``Row``, ``Comparison.value``), and what Strawberry makes of a class body (``column()``)."""


@pytest.mark.parametrize("package", ANY)
def test_the_number_of_any_only_goes_down(package: str) -> None:
    names = [
        node
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "Any"
    ]

    # Where there are fewer, state the new number: it is the most from now on.
    assert len(names) == ANY[package]
