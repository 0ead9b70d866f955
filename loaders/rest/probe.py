"""What a service says of a resource: whether the requests that it is declared with are answered.

A service has no catalogue to read. It is asked as the graph will ask it, by keys that are real:
those that its own list of everything has, or that another source has. Nothing else is requested.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence

from loaders.descriptions import Description, Samples
from loaders.errors import BadResponse
from loaders.paths import value_at
from loaders.resource import Row
from loaders.rest.answers import KEYS
from loaders.rest.client import Reply
from loaders.rest.keys import written
from loaders.rest.paging import has_next
from loaders.rest.routes import Batch, RestResource, Single

Get = Callable[[str], Awaitable[Reply]]
"""What a path answers. Raises a ``SourceError``."""

MOST = 3
"""Keys that a road is tried with, until one is found."""

PROVEN = re.compile(
    r"status (?!401|403|408|409|425|429)[34]\d\d|an answer that is not JSON|an empty answer|null"
)
"""Reasons that tell of the request's form. Others can be gone with the next request."""

SILENT = "a service says nothing of the fields of its objects, so their types can't be told"


async def described(get: Get, resource: RestResource, samples: Samples) -> Description:
    """The resource, its roads tried by its own keys and by ``samples``. Raises what ``get`` does
    where the service can't be asked at all."""
    probe = _Probe(get, resource)
    if resource.all is not None:
        await probe.try_all(resource.all)
    for column, route in resource.by.items():
        await probe.try_route(column, route, samples.get(column, ()))
    return Description(
        kind="service",
        is_open=True,
        mistakes=tuple(probe.mistakes),
        unknown=(*probe.unknown, SILENT),
        seen=probe.seen,
    )


class _Probe:
    """The roads of one resource, tried one after the other."""

    def __init__(self, get: Get, resource: RestResource) -> None:
        self.mistakes: list[str] = []
        self.unknown: list[str] = []
        self.seen: list[Row] = []
        self._get = get
        self._resource = resource

    async def try_all(self, path: str) -> None:
        rows = await self._asked(path, path, self._resource.key)
        if rows is None:
            return
        if not rows:
            self.unknown.append(f"GET {path} has no rows now, so its form can't be told")
        self.seen += rows[:MOST]

    async def try_route(
        self, column: str, route: Batch | Single, samples: Sequence[Hashable]
    ) -> None:
        shown = f"{route.path}?{route.parameter}=…" if isinstance(route, Batch) else route.path
        own = _paths(route, [value_at(row, column) for row in self.seen])
        paths = {**own, **_paths(route, samples)}
        if not paths:
            self.unknown.append(
                f"its route by '{column}', GET {shown}, could not be tried: no value of "
                f"'{column}' is to be had from elsewhere"
            )
            return
        for key, path in list(paths.items())[:MOST]:
            rows = await self._asked(path, shown, column, key)
            if rows is None:
                return
            if rows:
                self.seen += rows[:MOST]
                return
        if own:
            self.mistakes.append(
                f"GET {shown} finds nothing by a value of '{column}' that its other answers have"
            )
        else:
            self.unknown.append(
                f"GET {shown} has nothing for the first values of '{column}' that other sources "
                "have, so its form can't be told"
            )

    async def _asked(
        self, path: str, shown: str, column: str, key: Hashable | None = None
    ) -> Sequence[Row] | None:
        """The rows of the answer, those of the key where there is one; None where there is no such
        answer, which is noted."""
        try:
            status, answer, links = await self._get(path)
        except BadResponse as error:
            reason = error.reason or "a bad answer"
            said = self.mistakes if PROVEN.fullmatch(reason) else self.unknown
            said.append(f"GET {shown} answers with {reason}")
            return None
        if answer is None:
            if key is None and status == 404:
                self.mistakes.append(f"GET {shown} answers with status 404")
                return None
            return ()
        if key is None and has_next(answer, links, self._resource.items):
            self.mistakes.append(
                f"GET {shown} answers with a page that has a next one, not with all"
            )
            return None
        rows = self._rows(answer, is_one=key is not None)
        if rows is None:
            items = self._resource.items
            where = "" if items is None else f" under '{items}'"
            self.mistakes.append(f"GET {shown} answers without a list of objects{where}")
            return None
        if not all(type(value_at(row, column)) in KEYS for row in rows):
            self.mistakes.append(f"GET {shown} answers with an object that has no '{column}'")
            return None
        if key is not None and any(value_at(row, column) != key for row in rows):
            self.mistakes.append(
                f"GET {shown} answers with an object that has another '{column}' than was asked for"
            )
            return None
        return rows

    def _rows(self, answer: object, *, is_one: bool) -> Sequence[Row] | None:
        items = self._resource.items
        if isinstance(answer, dict):
            if items is not None and isinstance(answer.get(items), list):
                answer = answer[items]
            elif is_one:
                answer = [answer]
        if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
            return None
        return answer


def _paths(route: Batch | Single, keys: Iterable[object]) -> dict[Hashable, str]:
    """The path for each of the keys that the graph would ask by."""
    found: dict[Hashable, str] = {}
    for key in keys:
        if type(key) not in KEYS:
            continue
        text = written(key)
        if text is None:
            continue
        path = route.path_of([text]) if isinstance(route, Batch) else route.path_of(text)
        if path is not None:
            found.setdefault(key, path)
    return found
