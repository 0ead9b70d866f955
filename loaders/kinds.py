"""Kinds of source: what the settings can say of one, and what then fetches from it.

A kind is a settings model that makes its source. Sluice's own have short names; anybody's is named
by where it is, as ``package.module:Kind``. A kind's module is imported when the settings have a
source of it, so the drivers of other kinds need not be installed.
"""

from __future__ import annotations

import importlib
import re
from abc import ABC, abstractmethod
from difflib import get_close_matches
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

from loaders.chain.resilience import (
    BREAKER,
    RETRIES,
    RETRY_BUDGET,
    BreakerSettings,
    Resilience,
)
from loaders.resource import Resource
from loaders.sources import Source

KINDS = {
    "postgres": "loaders.sql.postgres:PostgresKind",
    "mongo": "loaders.mongo:MongoKind",
    "rest": "loaders.rest.source:RestKind",
}
"""Where each kind with a short name is."""

EXTRAS = {
    "asyncpg": "postgres",
    "bson": "mongo",
    "motor": "mongo",
    "pymongo": "mongo",
    "aiohttp": "rest",
    "yarl": "rest",
    "redis": "redis",
}
"""The extra of the distribution that brings each driver's packages. Redis is no kind of source."""

ELSEWHERE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*)")
"""``package.module:Kind``"""

HOST = re.compile(r"(?:\[[^\[\]]+\]|[^:\[\]]*)(?::([0-9]{1,5}))?")

UNESCAPED = (
    "is no URL that can be read. In a user name or a password write special characters as %40 for "
    "@, %23 for #, %2F for /, %3A for :, %3F for ?; a port is a number"
)


def _without_false(value: object) -> object:
    return None if value in (False, "false") else value


class Kind(BaseModel, ABC):
    """What the settings say of one source, and the source that is made of it.

    A kind has a field for each setting beside those that all have: ``kind``, which is its own name,
    ``time_zone``, which is that of the source's times that have none, and those of ``Resilience``.
    Settings that it has no field for are refused. Give what may be a secret the type
    ``SecretStr``. ``resources`` is the class of the resources that its sources have.
    """

    resources: ClassVar[type[Resource]] = Resource

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: str
    time_zone: ZoneInfo | None = None
    retries: int = Field(RETRIES, ge=0, le=10)
    retry_budget: float = Field(RETRY_BUDGET, ge=0)
    breaker: Annotated[BreakerSettings | None, BeforeValidator(_without_false)] = BREAKER

    @property
    def resilience(self) -> Resilience:
        """What is done where the source fails."""
        return Resilience(
            retries=self.retries, retry_budget=self.retry_budget, breaker=self.breaker
        )

    @abstractmethod
    def source(self, name: str) -> Source:
        """A new source of this name, not open yet. It connects to nothing before it is used."""


def kind_named(name: object) -> type[Kind]:
    """The kind that a ``kind`` in the settings names, None where they have none. Its module is
    imported for that.

    Raises ValueError if there is none, or if its driver is not installed; the message says what to
    do, and does not repeat the name, which may be a misplaced secret.
    """
    path = KINDS.get(name, name) if isinstance(name, str) else ""
    parts = ELSEWHERE.fullmatch(path)
    if parts is None:
        close = get_close_matches(path.casefold(), KINDS, n=1)
        meant = f"; did you mean '{close[0]}'?" if close else ""
        if ELSEWHERE.fullmatch(":".join(path.rsplit(".", 1))):
            meant = "; a colon, and no dot, stands before the class"
        raise ValueError(
            f"must name a kind of source: {', '.join(KINDS)}, or your own as package.module:Kind"
            + meant
        )
    try:
        kind = getattr(importlib.import_module(parts[1]), parts[2])
    except ImportError as error:
        raise ValueError(missing_driver(error) or f"it can't be imported: {error}") from error
    except AttributeError as error:
        raise ValueError(str(error)) from error
    if not (isinstance(kind, type) and issubclass(kind, Kind)):
        raise ValueError(f"{path} is no loaders.kinds.Kind")
    return kind


def missing_driver(error: ImportError) -> str | None:
    """What to install where the import failed for want of a driver; None where it is not that."""
    module = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or module not in EXTRAS:
        return None
    return f"the driver is not installed ({error}): pip install 'sluice-graphql[{EXTRAS[module]}]'"


def address(*schemes: str, host: bool = True, query: bool = True) -> AfterValidator:
    """Has a ``SecretStr`` be a URL as ``check_address`` has it."""

    def check(url: SecretStr) -> SecretStr:
        check_address(url.get_secret_value(), *schemes, host=host, query=query)
        return url

    return AfterValidator(check)


def check_address(text: str, *schemes: str, host: bool = True, query: bool = True) -> None:
    """Raises ValueError unless the text is a URL with one of the schemes that a driver reads as it
    was meant. ``host`` says that it must have one, ``query`` that it may have one.

    The message holds nothing of the text, while drivers' own messages often have the part of a
    password that they took for something else.
    """
    if "://" not in text or text.partition("://")[0].lower() not in schemes:
        raise ValueError(f"must begin with {' or '.join(f'{each}://' for each in schemes)}")
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("must have no white space in it")
    try:
        parts = urlsplit(text)
        parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(UNESCAPED) from None
    user, _, hosts = parts.netloc.rpartition("@")
    # With such a character in its password, a URL ends too early or is cut at a wrong place.
    if "@" in user + parts.path or "#" in text or not all(map(_is_host, hosts.split(","))):
        raise ValueError(UNESCAPED)
    if host and not hosts:
        raise ValueError("must name a host")
    if not query and "?" in text:
        raise ValueError("must have no query")


def _is_host(text: str) -> bool:
    parts = HOST.fullmatch(text)
    return parts is not None and (parts[1] is None or 0 < int(parts[1]) < 65536)
