"""Kinds of source: by their names, and what their settings refuse."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from gateway.settings import Settings
from loaders.kinds import KINDS, Kind, kind_named
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource

SECRET = "hunter2"


class OwnKind(Kind):
    """A kind as an owner writes one."""

    path: str
    token: SecretStr = SecretStr("")

    def source(self, name: str) -> Source:
        return PostgresSource(f"{name} at {self.path}", "postgresql://")


NOT_A_KIND = "a text"

NAMES = "must name a kind of source: postgres, mongo, rest, or your own as package.module:Kind"


def faults(source: dict[str, Any]) -> list[tuple[tuple[int | str, ...], str]]:
    """The places and messages with which a source's settings are refused."""
    with pytest.raises(ValidationError) as refused:
        Settings.of(sources={"a": source})
    assert SECRET not in str(refused.value) + repr(refused.value)
    return [(each["loc"][2:], each["msg"]) for each in refused.value.errors()]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_a_short_name(name: str) -> None:
    kind = kind_named(name)

    assert issubclass(kind, Kind)
    assert f"{kind.__module__}:{kind.__name__}" == KINDS[name]


def test_a_kind_of_ones_own_is_named_by_where_it_is() -> None:
    settings = Settings.of(sources={"a": {"kind": f"{__name__}:OwnKind", "path": "x"}})

    (source,) = (each.source(name) for name, each in settings.sources.items())

    assert source.name == "a at x"


def test_the_settings_of_a_kind_of_ones_own_are_checked() -> None:
    given = {"kind": f"{__name__}:OwnKind", "pth": "x"}

    assert faults(given) == [
        (("path",), "Field required"),
        (("pth",), "Extra inputs are not permitted"),
    ]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("postgress", f"{NAMES}; did you mean 'postgres'?"),
        ("MongoDB", f"{NAMES}; did you mean 'mongo'?"),
        ("oracle", NAMES),
        ("acme.sqlite.SqliteKind", f"{NAMES}; a colon, and no dot, stands before the class"),
        (5, NAMES),
        (f"postgresql://u:{SECRET}@h/d", NAMES),
        ("nowhere.at_all:Kind", "it can't be imported: No module named 'nowhere'"),
        (f"{__name__}:Missing", f"module '{__name__}' has no attribute 'Missing'"),
        (f"{__name__}:NOT_A_KIND", f"{__name__}:NOT_A_KIND is no loaders.kinds.Kind"),
        (f"{__name__}:Settings", f"{__name__}:Settings is no loaders.kinds.Kind"),
    ],
)
def test_a_kind_that_is_none_is_refused(kind: object, reason: str) -> None:
    ((place, message),) = faults({"kind": kind, "url": f"postgresql://u:{SECRET}@h/d"})

    assert place == ("kind",)
    assert message.startswith(reason)


ESCAPE = "is no URL that can be read. In a user name or a password write special characters"
POSTGRES = "must begin with postgresql:// or postgres://"
MONGO = "must begin with mongodb:// or mongodb+srv://"


@pytest.mark.parametrize(
    ("kind", "url", "reason"),
    [
        ("postgres", f"mysql://u:{SECRET}@h/d", POSTGRES),
        ("postgres", f"u:{SECRET}@h/d", POSTGRES),
        ("postgres", f"postgresql:u:{SECRET}@h/d", POSTGRES),
        ("postgres", "", POSTGRES),
        ("postgres", f"postgresql://u:{SECRET}/x@h/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}#x@h/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}?x@h/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}@x@h/d", ESCAPE),
        ("postgres", f"postgresql://u:12/{SECRET}@h/d", ESCAPE),
        ("postgres", f"postgresql://u:12?{SECRET}@h/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}[x@h/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}@h:port/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}@h:99999/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}@h/d?sslmode", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}\u2100@h/d", ESCAPE),
        ("postgres", f"postgresql://u:{SECRET}@h/d\n", "must have no white space in it"),
        ("postgres", f"postgresql://u:{SECRET} x@h/d", "must have no white space in it"),
        ("mongo", f"postgresql://u:{SECRET}@h/d", MONGO),
        ("mongo", f"mongo://u:{SECRET}@h/d", MONGO),
        ("mongo", f"mongodb://u:{SECRET}@x@h/d", ESCAPE),
        ("mongo", f"mongodb://u:{SECRET}/x@h/d", ESCAPE),
        ("mongo", "mongodb:///d", "must name a host"),
        ("rest", f"ftp://u:{SECRET}@h", "must begin with http:// or https://"),
        ("rest", f"u:{SECRET}@h", "must begin with http:// or https://"),
        ("rest", f"https://u:{SECRET}/x@h", ESCAPE),
        ("rest", "https:///path", "must name a host"),
        ("rest", f"https://h/?key={SECRET}", "must have no query"),
    ],
)
def test_a_url_that_its_driver_would_read_wrongly_is_refused_without_its_password(
    kind: str, url: str, reason: str
) -> None:
    more = {"database": "d"} if kind == "mongo" else {}

    ((place, message),) = faults({"kind": kind, "url": url, **more})

    assert place == ("url",)
    assert message.removeprefix("Value error, ").startswith(reason)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("postgres", "postgresql://localhost/shop"),
        ("postgres", "postgresql:///shop"),
        ("postgres", "postgres://u:p%40s%2Fs@[::1]:5432/shop?sslmode=require&application_name="),
        ("postgres", "postgresql://one:5432,two:5433/shop?target_session_attrs=any"),
        ("postgres", "postgresql://u@%2Fvar%2Frun%2Fpostgresql/shop"),
        ("postgres", "postgresql://u@/shop?host=/var/run/postgresql"),
        ("mongo", "mongodb://localhost"),
        ("mongo", "mongodb://u:p%3A@one:27017,two/?replicaSet=rs&retryWrites=true"),
        ("mongo", "mongodb+srv://u:p@cluster.example.com/?w=majority"),
        ("rest", "http://localhost:8081"),
        ("rest", "https://u:p@parcels.example.com/v2/"),
    ],
)
def test_a_url_that_its_driver_can_read_is_taken(kind: str, url: str) -> None:
    more = {"database": "d"} if kind == "mongo" else {}

    source = Settings.of(sources={"a": {"kind": kind, "url": url, **more}}).sources["a"]

    assert source.model_dump()["url"].get_secret_value() == url
