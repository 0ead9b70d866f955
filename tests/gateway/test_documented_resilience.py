"""docs/sources.md says of each setting of a source's resilience what it is by default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from gateway.settings import Settings
from loaders.kinds import Kind

ROOT = Path(__file__).parents[2]

SETTINGS = [name for name in Kind.model_fields if name not in ("kind", "time_zone")]


def test_what_every_kind_has_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "sources.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    written = tomllib.loads((ROOT / "gateway.toml").read_text())["sources"]
    defaults = Settings.of(
        sources={"any": {"kind": "rest", "url": "http://localhost"}}
    ).model_dump()["sources"]["any"]

    assert {name: rows[name].replace(",", "").strip("`") for name in SETTINGS} == {
        name: str(defaults[name]) for name in SETTINGS
    }
    for source in written.values():
        assert {name: source[name] for name in SETTINGS} == {
            name: defaults[name] for name in SETTINGS
        }
