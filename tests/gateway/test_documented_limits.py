"""docs/operations.md says of each limit what it is and what it is for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from gateway.settings import LimitSettings

ROOT = Path(__file__).parents[2]


def documented() -> dict[str, float]:
    """The limits that the page names, in tables and below them, with their defaults."""
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\d,.]+) \|", page, re.MULTILINE)
    named = re.findall(r"^`(\w+)` \(([\d,.]+)\) is", page, re.MULTILINE)
    return {name: float(value.replace(",", "")) for name, value in rows + named}


def test_every_limit_is_documented_with_its_default() -> None:
    defaults = {name: float(value) for name, value in LimitSettings().model_dump().items()}
    written = tomllib.loads((ROOT / "gateway.toml").read_text())["limits"]

    assert documented() == defaults
    assert {name: float(value) for name, value in written.items()} == defaults
