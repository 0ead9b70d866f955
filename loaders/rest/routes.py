"""What a REST service answers, and how it is asked: declarations."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar
from urllib.parse import quote

from loaders.comparing import READERS, of_text
from loaders.declarations import Declared
from loaders.numbers import written
from loaders.resource import Resource

BATCH_SIZE = 50

SLASHES = re.compile(r"[/\\]")
OTHER_PATHS = frozenset({".", ".."})

NO_SEGMENTS = frozenset({"", ".", ".."})
"""What is no part of a path, but names another one (RFC 3986, 5.2.4): nothing is found by it."""

UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")
"""What stands in a URL as it is (RFC 3986, 2.3)."""


@dataclass(frozen=True, slots=True)
class Batch(Declared):
    """Many keys at once: ``GET path?parameter=a&parameter=b``. The answer has the objects of these
    keys and no others; a key that it lacks has none."""

    path: str
    parameter: str
    size: int = BATCH_SIZE

    def mistakes(self) -> Iterator[str]:
        """What of it can't work, whatever the service."""
        yield from _mistakes_of_path(self.path)
        if "?" in self.path:
            yield f"the path {self.path} has a query, which the keys are to be"
        if "{" in self.path or "}" in self.path:
            yield f"the path {self.path} has a place for a key: that is what Single is for"
        if set("&=#?") & set(self.parameter) or self.parameter.split() != [self.parameter]:
            yield f"'{self.parameter}' is no name of a parameter"
        if self.size < 1:
            yield f"its size is {self.size}, so it takes no key"

    def path_of(self, keys: Iterable[str]) -> str:
        """The path for these keys."""
        return f"{self.path}?" + "&".join(f"{self.parameter}={_encoded(key)}" for key in keys)


@dataclass(frozen=True, slots=True)
class Single(Declared):
    """One key at a time: ``GET path``, the key in place of ``{key}``. By a key the answer is the
    object, by a foreign key it is the list.

    A key with a slash in it is an error, unless the service takes such keys encoded
    (``encoded_slashes``), as ``%2F``. Many decode a path before they split it, and would take the
    key for a longer path.
    """

    path: str
    encoded_slashes: bool = False

    def mistakes(self) -> Iterator[str]:
        """What of it can't work, whatever the service."""
        yield from _mistakes_of_path(self.path)
        if "{key}" not in self.path:
            yield f"the path {self.path} has no {{key}}, where the key stands"
        elif set("{}") & set(self.path.replace("{key}", "")):
            yield f"the path {self.path} has another place than {{key}}, which nothing fills"
        elif self.encoded_slashes and self._is_in_query:
            yield f"the path {self.path} has its key in the query, where a slash needs no leave"

    def path_of(self, key: str) -> str | None:
        """The path for a key. None for one with which it would be another path, if only to a
        service that decodes it before it splits it."""
        if _is_segment(key) or self._may_be(key):
            return self.path.replace("{key}", _encoded(key))
        return None

    def _may_be(self, key: str) -> bool:
        if self._is_in_query:
            return True
        return self.encoded_slashes and key != "" and OTHER_PATHS.isdisjoint(SLASHES.split(key))

    @property
    def _is_in_query(self) -> bool:
        return "?" in self.path.partition("{key}")[0]


def _encoded(key: str) -> str:
    # Most keys need no look at each of their characters.
    return key if UNRESERVED.fullmatch(key) else quote(key, safe="")


def _is_segment(key: str) -> bool:
    return key not in NO_SEGMENTS and "/" not in key and "\\" not in key


def _mistakes_of_path(path: str) -> Iterator[str]:
    if not path.startswith("/"):
        yield f"the path {path} does not begin with /"
    if "#" in path or path.split() != [path]:
        yield f"the path {path} has a character that no path has"


@dataclass(frozen=True, eq=False, kw_only=True)
class RestResource(Resource):
    """What a service answers, and how it is asked.

    ``by`` says for each column that rows are fetched by which request does it. ``all`` is the
    path that answers every row, where there is one. Answers with many rows hold them as a list
    under ``items``, or are that list where ``items`` is None.
    """

    has_all_in_one: ClassVar[bool] = True

    key_type: type = str
    by: Mapping[str, Batch | Single] = field(default_factory=dict)
    all: str | None = None
    items: str | None = "items"

    def key_of(self, value: object) -> Hashable:
        if isinstance(value, str) and (self.key_type is Decimal or self.key_type in READERS):
            try:
                read: Hashable = of_text(self.key_type, value)
            except ArithmeticError:
                raise ValueError("a text that is no such key") from None
            return read
        key = super().key_of(value)
        if isinstance(key, float) and isinstance(value, (int, Decimal)) and written(key) != value:
            raise ValueError("a number that no float is written as")
        return key

    def mistakes(self) -> Iterator[str]:
        for column, route in self.by.items():
            for mistake in route.mistakes():
                yield f"its {type(route).__name__} by '{column}': {mistake}"
        for mistake in _mistakes_of_path(self.all) if self.all is not None else ():
            yield f"its all: {mistake}"
        if self.all is not None and "{" in self.all:
            yield f"its all: the path {self.all} has a place, which nothing fills"

    def why_not_by(self, column: str | None) -> str | None:
        if column is None:
            return None if self.all is not None else "it has no path that answers all of it (all=)"
        if column in self.by:
            return None
        others = ", ".join(f"'{each}'" for each in self.by)
        return f"it has no route by '{column}'" + (f", only by {others}" if others else "")

    def batch_size(self, by: tuple[str, ...]) -> int | None:
        if not by:
            return None
        route = self.route(by)
        return route.size if isinstance(route, Batch) else 1

    def is_fanned_out(self, by: tuple[str, ...]) -> bool:
        return bool(by) and isinstance(self.route(by), Single)

    def route(self, by: tuple[str, ...]) -> Batch | Single:
        """The request that rows are fetched by these columns with."""
        if len(by) != 1 or by[0] not in self.by:
            raise TypeError(f"{self} declares no route by {' and '.join(map(repr, by))}")
        return self.by[by[0]]
