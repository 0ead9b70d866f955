"""docs/sources.md says of each setting of a source's resilience what it is by default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gateway.configuration import SettingsError, read_settings
from gateway.settings import Settings
from loaders.kinds import Kind, kind_named

ROOT = Path(__file__).parents[2]

SETTINGS = [name for name in Kind.model_fields if name not in ("kind", "time_zone")]

NAMES = {"PostgreSQL": "postgres", "MongoDB": "mongo", "REST": "rest"}


def inline(value: object) -> str:
    """The value as the page and gateway.toml write it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {inline(each)}' for name, each in value.items())}}}"
    return str(value)


def test_what_every_kind_has_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "sources.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]+)`? \|", page, re.MULTILINE))
    written = tomllib.loads((ROOT / "gateway.toml").read_text())["sources"]
    settings = Settings.of(sources={"any": {"kind": "rest", "url": "http://localhost"}})
    defaults = settings.model_dump()["sources"]["any"]

    assert {name: rows[name] for name in SETTINGS} == {
        name: inline(defaults[name]) for name in SETTINGS
    }
    for source in written.values():
        assert {name: source[name] for name in SETTINGS} == {
            name: defaults[name] for name in SETTINGS
        }


def test_what_some_kinds_have_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "sources.md").read_text()
    rows = re.findall(r"^\| `(\w+)` of ([\w, ]+) \| ([\d,]+|false) \|", page, re.MULTILINE)

    assert rows
    for name, kinds, default in rows:
        for kind in kinds.split(", "):
            field = kind_named(NAMES[kind]).model_fields[name]
            assert str(field.default).lower() == default.replace(",", ""), (kind, name)


@pytest.mark.parametrize("off", ["false", False])
def test_a_breaker_can_be_left_out(off: object) -> None:
    settings = Settings.of(
        sources={"any": {"kind": "rest", "url": "http://localhost", "breaker": off}}
    )

    assert settings.sources["any"].resilience.breaker is None


def test_a_breakers_settings_are_named_where_they_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gateway.toml").write_text(
        "[sources.any]\nkind = 'rest'\nurl = 'http://localhost'\nbreaker = {failure = 0.5}\n"
    )
    monkeypatch.setenv("SLUICE_SOURCES__ANY__BREAKER__CALLS", "many")

    with pytest.raises(SettingsError) as raised:
        read_settings()

    assert str(raised.value).splitlines()[1:] == [
        "  sources.any.breaker.failure: there is no such setting; did you mean "
        "sources.any.breaker.failures?",
        "  SLUICE_SOURCES__ANY__BREAKER__CALLS: Input should be a valid integer, "
        "unable to parse string as an integer",
    ]
