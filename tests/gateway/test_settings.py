"""Where settings come from, and what they keep to themselves."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.configuration import read_settings
from gateway.settings import Settings
from loaders.kinds import Kind
from loaders.sql.postgres import PostgresKind

ROOT = Path(__file__).parent.parent.parent
FILE = """
graph = "acme.graph:graph"

[server]
port = 9000

[sources.billing]
kind = "postgres"
url = "postgresql://localhost/billing"
timeout = 2.5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the settings are read in, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_everything_has_its_default(folder: Path) -> None:
    settings = read_settings()

    assert settings.environment == "production"
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert settings.sources == {}


def test_the_file_is_read(folder: Path) -> None:
    (folder / "gateway.toml").write_text(FILE)

    settings = read_settings()

    assert settings.graph == "acme.graph:graph"
    assert settings.server.port == 9000
    of_any_kind = {name for name in Kind.model_fields if name not in ("kind", "time_zone")}
    assert settings.sources["billing"].model_dump(exclude={"url", *of_any_kind}) == {
        "kind": "postgres",
        "pool_size": 10,
        "timeout": 2.5,
        "pooler": None,
        "time_zone": None,
        "statement_cache_size": None,
        "rows": 100_000,
    }


def test_the_environment_wins_over_the_file_setting_by_setting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "gateway.toml").write_text(FILE)
    monkeypatch.setenv("SLUICE_SOURCES__BILLING__URL", "postgresql://elsewhere/billing")
    monkeypatch.setenv("SLUICE_ENVIRONMENT", "development")

    settings = read_settings()

    billing = settings.sources["billing"]
    assert isinstance(billing, PostgresKind)
    assert billing.url.get_secret_value() == "postgresql://elsewhere/billing"
    assert billing.timeout == 2.5
    assert settings.in_development


def test_given_settings_are_all_there_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gateway.toml").write_text(FILE)
    monkeypatch.setenv("SLUICE_ENVIRONMENT", "development")

    settings = Settings.of(graph="a:b")

    assert (settings.graph, settings.environment, settings.sources) == ("a:b", "production", {})


def test_the_address_of_a_source_is_never_printed(folder: Path) -> None:
    settings = Settings.of(
        sources={"shop": {"kind": "postgres", "url": "postgresql://u:secret@h/d"}}
    )

    assert "secret" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "oracle", "url": "x"},
        {"kind": "rest"},
        {"kind": "rest", "url": "http://x", "ulr": "y"},
        {"kind": "rest", "url": "http://x", "timeout": 0},
        {"kind": "rest", "url": "x"},
        {"kind": "rest", "url": "ftp://x"},
        {"kind": "rest", "url": "http:///x"},
        {"kind": "rest", "url": "http://x?y=z"},
        {"kind": "mongo", "url": "x"},
    ],
)
def test_a_source_that_is_none_is_refused(source: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.of(sources={"a": source})


def test_the_shipped_file_writes_out_every_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shipped = read_settings()
    text = (ROOT / "gateway.toml").read_text(encoding="utf-8")
    written = tomllib.loads(text)

    defaults = Settings.of(
        engine="breadth",
        sources={
            name: {key: source[key] for key in ("kind", "url", "database") if key in source}
            for name, source in written["sources"].items()
        },
    )

    assert shipped.model_dump() == defaults.model_dump()
    # Whom to trust and the owner's stages have no defaults: the file has examples, commented out.
    for name, section in shipped.model_dump(exclude={"auth", "stages"}).items():
        if not isinstance(section, dict):
            assert name in written
            continue
        assert set(written[name]) <= set(section)
        for left_out in section.keys() - written[name].keys():
            assert section[left_out] is None
            assert f"\n# {left_out} = " in text
    for name, source in shipped.sources.items():
        assert set(written["sources"][name]) == set(source.model_dump(exclude_none=True))
        # What is not set has no value that could be written out.
        for left_out in source.model_dump().keys() - written["sources"][name].keys():
            assert f"\n# {left_out} = " in text


def test_the_shipped_files_example_of_issuers_and_keys_can_be_used(folder: Path) -> None:
    lines = (ROOT / "gateway.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("# [auth.issuers.company]")
    end = lines.index("# Stages of your own that operations pass: docs/stages.md.")
    example = [line.removeprefix("# ") for line in lines[start:end] if not line.startswith("# API")]
    (folder / "gateway.toml").write_text(
        "\n".join("" if line == "#" else line for line in example), encoding="utf-8"
    )

    auth = read_settings().auth

    assert set(auth.issuers) == {"company", "partner"}
    assert auth.issuers["partner"].claims == {"partner_id": ("northwind",)}
    assert auth.keys is not None
