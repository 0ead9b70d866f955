"""docs/operations.md says of each limit what it is and what it is for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from gateway.settings import LimitSettings

ROOT = Path(__file__).parents[2]


def documented() -> dict[str, str]:
    """The limits that the page names, in tables and below them, with their defaults."""
    _, _, page = (ROOT / "docs" / "operations.md").read_text().partition("\n## Limits\n")
    page = page.partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `?([\w,.]+)`? \|", page, re.MULTILINE)
    named = re.findall(r"^`(\w+)` \(([\d,.]+)\) is", page, re.MULTILINE)
    return {name: value.replace(",", "") for name, value in rows + named}


def shown(limits: Mapping[str, object]) -> dict[str, str]:
    return {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in limits.items()
    }


def test_every_limit_is_documented_with_its_default() -> None:
    defaults = shown(LimitSettings().model_dump())
    written = tomllib.loads((ROOT / "gateway.toml").read_text())["limits"]

    assert documented() == defaults
    assert shown(written) == defaults
