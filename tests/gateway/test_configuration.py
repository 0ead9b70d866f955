"""What the settings' reader makes of mistakes, in the file and in the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.configuration import SettingsError, read_settings
from tests.gateway.issuing import jwk

SECRET = "hunter2"
SHOP = """
[sources.shop]
kind = "postgres"
url = "postgresql://localhost/shop"
"""
NO_SUCH = "there is no such setting"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the settings are read in, with the shop's source in its file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gateway.toml").write_text(SHOP)
    return tmp_path


def faults() -> list[str]:
    """A line for each fault of the settings."""
    with pytest.raises(SettingsError) as refused:
        read_settings()
    message = str(refused.value)
    assert SECRET not in message
    assert refused.value.__cause__ is None
    first, *lines = message.split("\n")
    return [line.removeprefix("  ") for line in lines] or [first]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f'url = "{SECRET}', "is not TOML: Unterminated string (at end of document)"),
        (f"url = {SECRET}", "is not TOML: Invalid value (at line 1, column 7)"),
        ("[server]\n[server]", "is not TOML: Cannot declare ('server',) twice (at line 2, col"),
        (b"graph = '\xff'", "can't be read: it is not in UTF-8"),
    ],
)
def test_a_broken_file_is_one_line(folder: Path, content: str | bytes, reason: str) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / "gateway.toml").write_bytes(raw)

    (line,) = faults()

    assert line.startswith(f"gateway.toml {reason}")


def test_a_file_that_is_a_folder_is_one_line(folder: Path) -> None:
    (folder / "gateway.toml").unlink()
    (folder / "gateway.toml").mkdir()

    assert faults() == ["gateway.toml can't be read: Is a directory"]


def test_a_mark_of_the_byte_order_is_no_part_of_the_file(folder: Path) -> None:
    (folder / "gateway.toml").write_bytes(b'\xef\xbb\xbfgraph = "a:b"')

    assert read_settings().graph == "a:b"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SLUICE_ENVIROMENT", "SLUICE_ENVIRONMENT"),
        ("sluice_enviroment", "SLUICE_ENVIRONMENT"),
        ("SLUICE_GRAPHS", "SLUICE_GRAPH"),
        ("SLUICE_SERVER__PROT", "SLUICE_SERVER__PORT"),
        ("SLUICE_SERVER_PORT", "SLUICE_SERVER__PORT"),
        ("SLUICE_SERVERS__PORT", "SLUICE_SERVER__PORT"),
        ("SLUICE_LIMITS__REQUEST__SECONDS", "SLUICE_LIMITS__REQUEST_SECONDS"),
        ("SLUICE_SOURCES__SHOP__URI", "SLUICE_SOURCES__SHOP__URL"),
        ("SLUICE_SOURCES_SHOP_URL", "SLUICE_SOURCES__SHOP__URL"),
        ("SLUICE_SORCES__SHOP__URL", "SLUICE_SOURCES__SHOP__URL"),
        ("SLUICE_SOURCES__SHPO__URL", "SLUICE_SOURCES__SHOP__URL"),
        ("SLUICE_AUTH__KEY__URL", "SLUICE_AUTH__KEYS__URL"),
        ("SLUICE_AUTHORISATION__REJECT", "SLUICE_AUTHORIZATION__REJECT"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused_with_the_nearest(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(name, SECRET)

    assert faults() == [f"{name}: {NO_SUCH}; did you mean {meant}?"]


@pytest.mark.parametrize("name", ["SLUICE_", "SLUICE_XYZZY", "SLUICE_SOURCES__SHOP__XYZZY"])
def test_a_variable_that_is_like_nothing_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, SECRET)

    assert faults() == [f"{name}: {NO_SUCH}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLUICE_PORT", "tcp://10.0.0.7:8000"),
        ("SLUICE_PORT_8000_TCP", "tcp://10.0.0.7:8000"),
        ("SLUICE_PORT_8000_TCP_ADDR", "10.0.0.7"),
        ("SLUICE_SERVICE_HOST", "10.0.0.7"),
        ("SLUICE_SERVICE_PORT_HTTP", "8000"),
        ("SLUICE_SHOP_PORT", "tcp://10.0.0.7:8000"),
        ("SLUICE_SHOP_PORT_8000_TCP_PROTO", "tcp"),
        ("SLUICE_SHOP_SERVICE_HOST", "10.0.0.7"),
        ("SLUICE_SHOP_SERVICE_PORT", "8000"),
        ("SLUICE_SHOP_DSN", "postgresql://localhost/shop"),
        ("SLUICE_CATALOG_URL", "mongodb://localhost"),
        ("SLUICED_GRAPH", "x"),
    ],
)
def test_a_variable_of_kubernetes_or_of_the_demo_is_let_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    before = read_settings()
    monkeypatch.setenv(name, value)

    assert read_settings() == before


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("grahp = 'a:b'", f"grahp: {NO_SUCH}; did you mean graph?"),
        ("[Server]\nport = 1", f"Server: {NO_SUCH}; did you mean server?"),
        ("[server]\nprot = 1", f"server.prot: {NO_SUCH}; did you mean server.port?"),
        ("[sources.a]\nkind = 'rest'\nURL = 'x'", f"sources.a.URL: {NO_SUCH}; did you mean "
         "sources.a.url?"),
        ("[auth.issuers.a]\nissuer = 'a'\naudience = 'b'\njwks = 'c'",
         f"auth.issuers.a.jwks: {NO_SUCH}; did you mean auth.issuers.a.jwks_url?"),
        ("[auth.keys]\nuri = 'a'", f"auth.keys.uri: {NO_SUCH}; did you mean auth.keys.url?"),
        ("server = 8000", "server: must be a section"),
        ("sources = 5", "sources: must be a section"),
        (
            "[sources.shop]\nkind = 'rest'\nurl = 'http://a'\ntime_zone = '+02:00'",
            "sources.shop.time_zone: must be the name of a time zone, such as UTC or Europe/Prague",
        ),
        ("[sources]\nshop = 'postgresql://'", "sources.shop: must be a section"),
        ("[server]\nport = 'x'", "server.port: Input should be a valid integer, unable to parse "
         "string as an integer"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_one_line(folder: Path, content: str, line: str) -> None:
    (folder / "gateway.toml").write_text(content)

    assert faults() == [line]


def test_every_mistake_is_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gateway.toml").write_text(f'{SHOP}\n[limits]\nbatch = -1\nbody_byte = "{SECRET}"\n')
    monkeypatch.setenv("SLUICE_SOURCES__SHOP__URL", f"mysql://u:{SECRET}@h/d")
    monkeypatch.setenv("SLUICE_SERVER__PORT", SECRET)

    assert sorted(faults()) == [
        "SLUICE_SERVER__PORT: Input should be a valid integer, unable to parse string as an "
        "integer",
        "SLUICE_SOURCES__SHOP__URL: must begin with postgresql:// or postgres://",
        "limits.batch: Input should be greater than or equal to 0",
        f"limits.body_byte: {NO_SUCH}; did you mean limits.body_bytes?",
    ]


def test_a_source_without_a_kind_is_told_what_there_is(folder: Path) -> None:
    (folder / "gateway.toml").write_text("[sources.a]\ntype = 'postgres'")

    assert faults() == [
        "sources.a.kind: must name a kind of source: postgres, mongo, rest, or your own as "
        "package.module:Kind"
    ]


def test_the_same_setting_twice_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_GRAPH", "a:b")
    monkeypatch.setenv("Sluice_Graph", "c:d")

    assert faults() == ["SLUICE_GRAPH and Sluice_Graph are the same setting. Keep one."]


@pytest.mark.parametrize("name", ["My-Shop", "MY_SHOP", "my-shop"])
def test_a_variable_means_the_files_source_whatever_its_letters(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (folder / "gateway.toml").write_text(SHOP.replace("shop]", f"{name}]"))
    monkeypatch.setenv("SLUICE_SOURCES__MY_SHOP__TIMEOUT", "3")

    sources = read_settings().sources

    assert [(key, each.model_dump()["timeout"]) for key, each in sources.items()] == [(name, 3.0)]


def test_a_section_as_json_goes_over_the_file_and_under_its_own_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {"shop": {"pool_size": 3, "timeout": 1}, "a": {"kind": "rest", "url": "http://a"}}
    monkeypatch.setenv("SLUICE_SOURCES", json.dumps(sources))
    monkeypatch.setenv("SLUICE_SOURCES__SHOP__TIMEOUT", "2")

    read: dict[str, dict[str, Any]] = {
        name: each.model_dump(exclude={"url"}, exclude_unset=True)
        for name, each in read_settings().sources.items()
    }

    assert read == {
        "shop": {"kind": "postgres", "pool_size": 3, "timeout": 2.0},
        "a": {"kind": "rest"},
    }


def test_a_list_is_given_as_json_and_a_text_may_look_like_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"algorithm": "EdDSA", "public_key": json.dumps(jwk("EdDSA"))}
    monkeypatch.setenv("SLUICE_AUTH__ISSUERS__A__ISSUER", "a")
    monkeypatch.setenv("SLUICE_AUTH__ISSUERS__A__AUDIENCE", '{"not": "JSON for us"}')
    monkeypatch.setenv("SLUICE_AUTH__ISSUERS__A__KEYS", json.dumps([key]))

    issuer = read_settings().auth.issuers["a"]

    assert issuer.audience == '{"not": "JSON for us"}'
    assert issuer.keys[0].public_key == key["public_key"]
