"""REST services through aiohttp: a batch endpoint where the service has one, else a bounded
fan-out. A 404 is "no row"; everything else that is not the declared answer is an error."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import aiohttp
import orjson
from pydantic import Field, SecretStr
from yarl import URL

from loaders import memory
from loaders.base import Columns, Recorder, Resource, Row
from loaders.declarations import Declared
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import BadResponse, OverBudget, SourceError, SourceTimeout, SourceUnavailable
from loaders.kinds import Kind, address
from loaders.query import Aggregate, Filter, Window

BATCH_SIZE = 50
FAN_OUT = 100
"""Single requests that one operation may make to one service."""

IN_FLIGHT = 20
RETRIES = 2
LARGEST_BODY = 10_000_000

RETRIED = frozenset({429, 502, 503, 504})
"""Answers after which an idempotent request is worth another try (RFC 9110, 15.5 and 15.6)."""

KEYS = (str, int, float)
"""What JSON has for a key."""


@dataclass(frozen=True, slots=True)
class Batch(Declared):
    """Many keys at once: ``GET path?parameter=a&parameter=b``."""

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


@dataclass(frozen=True, slots=True)
class Single(Declared):
    """One key at a time: ``GET path``, the key in place of ``{key}``. By a key the answer is the
    object, by a foreign key it is the list."""

    path: str

    def mistakes(self) -> Iterator[str]:
        """What of it can't work, whatever the service."""
        yield from _mistakes_of_path(self.path)
        if "{key}" not in self.path:
            yield f"the path {self.path} has no {{key}}, where the key stands"
        elif set("{}") & set(self.path.replace("{key}", "")):
            yield f"the path {self.path} has another place than {{key}}, which nothing fills"


def _mistakes_of_path(path: str) -> Iterator[str]:
    if not path.startswith("/"):
        yield f"the path {path} does not begin with /"
    if "#" in path or path.split() != [path]:
        yield f"the path {path} has a character that no path has"


def is_segment(text: str) -> bool:
    """Whether the text can stand in place of ``{key}``. Others could name another path of the
    service, also when they are encoded: there are services that decode a path before they split
    it."""
    return text not in ("", ".", "..") and "/" not in text and "\\" not in text


@dataclass(frozen=True, eq=False, kw_only=True)
class RestResource(Resource):
    """What a service answers, and how it is asked.

    ``by`` says for each column that rows are fetched by which request does it. ``all`` is the
    path that answers every row, where there is one. Answers with many rows hold them as a list
    under ``items``, or are that list where ``items`` is None.
    """

    key_type: type = str
    by: Mapping[str, Batch | Single] = field(default_factory=dict)
    all: str | None = None
    items: str | None = "items"

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


class RestSource:
    """A session with one service. ``timeout`` (seconds) bounds a request with its retries."""

    joins = False

    def __init__(self, name: str, url: str, *, timeout: float = 5.0) -> None:
        self.name = name
        self._base = url.rstrip("/")
        address = URL(self._base)
        self._shown = self._base if address.user is None else str(address.with_user(None))
        self._timeout = timeout
        # Not aiohttp's own limit: waiting for a turn is no part of a request's time.
        self._turns = asyncio.Semaphore(IN_FLIGHT)
        self._session: aiohttp.ClientSession | None = None

    def batch_size(self, resource: Resource, column: str) -> int:
        route = self._route(resource, column)
        return route.size if isinstance(route, Batch) else FAN_OUT

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            # Ours bounds the tries of a request together: a timer each is one too many.
            timeout=aiohttp.ClientTimeout(),
            # The service's cookies are nobody's, so none are kept for the next request.
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"accept": "application/json"},
        )
        # aiohttp tries again by itself where a connection breaks, which would double our tries.
        self._session._retry_connection = False

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def check(self) -> None:
        # What it says of "/" does not matter, unless it says that it does not work.
        await self._request("/")

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        from loaders.rest_probe import described  # which asks for this module's routes

        assert isinstance(resource, RestResource)
        return await described(self.get, resource, samples)

    async def fetch_by_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Row | Exception]:
        route = self._route(resource, column)
        found: dict[Any, Row | Exception]
        if isinstance(route, Batch):
            rows = await self._batch(resource, route, column, keys, columns, recorder)
            found = {row[column]: row for row in rows}
        else:
            answers = await self._fan_out(resource, route, keys, columns, recorder)
            found = {key: self._checked(answer, column, key) for key, answer in answers.items()}
        return found if filter is None else self._filtered(filter, found)

    async def fetch_by_foreign_key(
        self,
        resource: Resource,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        window: Window,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Row] | Exception]:
        route = self._route(resource, column)
        groups: dict[Any, Any] = {key: [] for key in keys}
        if isinstance(route, Batch):
            for row in await self._batch(resource, route, column, keys, columns, recorder):
                if row[column] in groups:
                    groups[row[column]].append(row)
        else:
            answers = await self._fan_out(resource, route, keys, columns, recorder)
            for key, answer in answers.items():
                groups[key] = self._of_key(resource, answer, column, key)
        return {key: self._windowed(window, rows) for key, rows in groups.items()}

    async def fetch_page(
        self, resource: Resource, columns: Columns, window: Window, recorder: Recorder
    ) -> Sequence[Row]:
        rows = self._windowed(window, await self._all(resource, columns, recorder))
        if isinstance(rows, Exception):
            raise rows
        return rows

    async def aggregate(
        self,
        resource: Resource,
        column: str | None,
        keys: Sequence[Any],
        aggregates: Sequence[Aggregate],
        filter: Filter | None,
        recorder: Recorder,
    ) -> Mapping[Any, Sequence[Any]]:
        window = Window(filter=filter)
        columns = {each.column for each in aggregates if each.column}
        if column is None:
            groups: Mapping[Any, Sequence[Row] | Exception] = {
                None: await self.fetch_page(resource, columns, window, recorder)
            }
        else:
            groups = await self.fetch_by_foreign_key(
                resource, column, keys, columns | {column}, window, recorder
            )
        values = {}
        for key, rows in groups.items():
            if isinstance(rows, Exception):
                raise rows
            try:
                values[key] = [memory.aggregate(each, rows) for each in aggregates]
            except (TypeError, ValueError, ArithmeticError) as error:
                raise self._bad("values that can't be added or compared") from error
        return values

    def _route(self, resource: Resource, column: str) -> Batch | Single:
        assert isinstance(resource, RestResource)
        return resource.by[column]

    async def _batch(
        self,
        resource: Resource,
        route: Batch,
        column: str,
        keys: Sequence[Any],
        columns: Columns,
        recorder: Recorder,
    ) -> list[Row]:
        query = "&".join(f"{route.parameter}={quote(str(key), safe='')}" for key in keys)
        path = f"{route.path}?{query}"
        with recorder.call(
            resource,
            columns,
            keys=len(keys),
            url=self._shown + path,
            shape=f"GET {route.path}?{route.parameter}=…",
        ) as call:
            rows = self._rows(resource, await self.get(path), column)
            call.rows = len(rows)
            return rows

    async def _all(self, resource: Resource, columns: Columns, recorder: Recorder) -> list[Row]:
        assert isinstance(resource, RestResource)
        if resource.all is None:
            raise TypeError(f"{resource} declares no path that answers all of it")
        with recorder.call(
            resource, columns, url=self._shown + resource.all, shape=f"GET {resource.all}"
        ) as call:
            rows = self._rows(resource, await self.get(resource.all), resource.key)
            call.rows = len(rows)
            return rows

    async def _fan_out(
        self,
        resource: Resource,
        route: Single,
        keys: Sequence[Any],
        columns: Columns,
        recorder: Recorder,
    ) -> Mapping[Any, Any]:
        """What the service answers for each key, or the error; nothing where it has nothing."""
        left = max(0, FAN_OUT - recorder.requests.get(self.name, 0))
        asked, refused = keys[:left], keys[left:]
        recorder.requests[self.name] = recorder.requests.get(self.name, 0) + len(asked)
        answers: dict[Any, Any] = {
            key: OverBudget(
                self.name,
                f"This operation needs more than {FAN_OUT} requests to '{self.name}', which "
                "answers one id at a time. Ask for fewer objects.",
            )
            for key in refused
        }
        if asked:
            url = self._shown + route.path
            with recorder.call(
                resource, columns, keys=len(asked), url=url, shape=f"GET {route.path}"
            ) as call:
                found = await self._each(route, asked)
                answers |= found
                call.rows = sum(not isinstance(each, Exception) for each in found.values())
                for each in found.values():
                    if isinstance(each, SourceError):
                        call.fail(each)
        return answers

    async def _each(self, route: Single, keys: Sequence[Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        left = iter(keys)

        async def work() -> None:
            for key in left:
                try:
                    answer = await self._one(route, key)
                except Exception as error:
                    answer = error
                if answer is not None:
                    found[key] = answer

        # Not a task for each key: all but a few of them would only wait for their turn.
        await asyncio.gather(*(work() for _ in range(min(len(keys), IN_FLIGHT))))
        return found

    async def _one(self, route: Single, key: Any) -> Any:
        text = str(key)
        if not is_segment(text):
            return None
        return await self.get(route.path.replace("{key}", quote(text, safe="")))

    def _checked(self, answer: Any, column: str, key: Any) -> Row | Exception:
        if isinstance(answer, Exception):
            return answer
        if not isinstance(answer, dict) or answer.get(column) != key:
            return self._bad("an answer that is not the object asked for")
        return answer

    def _filtered(
        self, filter: Filter, found: Mapping[Any, Row | Exception]
    ) -> dict[Any, Row | Exception]:
        kept: dict[Any, Row | Exception] = {}
        for key, row in found.items():
            if isinstance(row, Exception):
                kept[key] = row
                continue
            rows = self._windowed(Window(filter=filter), [row])
            if isinstance(rows, Exception):
                kept[key] = rows
            elif rows:
                kept[key] = row
        return kept

    def _of_key(
        self, resource: Resource, answer: Any, column: str, key: Any
    ) -> list[Row] | Exception:
        if isinstance(answer, Exception):
            return answer
        try:
            rows = self._rows(resource, answer, column)
        except BadResponse as error:
            return error
        if any(row[column] != key for row in rows):
            return self._bad("objects that were not asked for")
        return rows

    def _rows(self, resource: Resource, answer: Any, column: str) -> list[Row]:
        assert isinstance(resource, RestResource)
        if answer is None:
            return []
        if resource.items is not None and isinstance(answer, dict):
            answer = answer.get(resource.items)
        if not isinstance(answer, list):
            raise self._bad("an answer without a list of objects")
        if not all(isinstance(row, dict) and isinstance(row.get(column), KEYS) for row in answer):
            raise self._bad(f"an object without '{column}'")
        return answer

    def _windowed(self, window: Window, rows: Any) -> Sequence[Row] | Exception:
        if isinstance(rows, Exception):
            return rows
        try:
            return memory.apply(window, rows)
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            return self._bad("values that can't be compared")

    async def get(self, path: str) -> Any:
        """The JSON that ``path`` answers; None for a 404."""
        status, body = await self._request(path)
        if status == 404:
            return None
        if status != 200:
            raise self._bad(f"status {status}")
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise self._bad("an answer that is not JSON") from error
        if answer is None:
            raise self._bad("null")
        return answer

    async def _request(self, path: str) -> tuple[int, bytes]:
        if self._session is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        try:
            async with self._turns, asyncio.timeout(self._timeout):
                return await self._with_retries(self._session, URL(self._base + path, encoded=True))
        except TimeoutError as error:
            reason = f"no answer within {self._timeout:g} s"
            raise SourceTimeout(self.name, reason=reason) from error
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
            raise self._bad("an answer that is not HTTP") from error
        except (aiohttp.ClientError, OSError) as error:
            raise SourceUnavailable(self.name, reason=_reason(error)) from error

    async def _with_retries(self, session: aiohttp.ClientSession, url: URL) -> tuple[int, bytes]:
        for attempt in range(RETRIES + 1):
            last = attempt == RETRIES
            asked: float | None = None
            try:
                async with session.get(url, allow_redirects=False) as response:
                    if response.status not in RETRIED:
                        return response.status, await self._body(response)
                    if last:
                        reason = f"status {response.status}, {RETRIES + 1} times"
                        raise SourceUnavailable(self.name, reason=reason)
                    asked = _retry_after(response.headers.get("retry-after", ""))
            except (aiohttp.ClientConnectionError, aiohttp.ServerDisconnectedError):
                if last:
                    raise
            backoff = 0.1 * 2**attempt * (0.5 + random.random() / 2)  # noqa: S311
            wait = backoff if asked is None else asked
            if wait >= self._timeout:
                reason = f"it asks to be asked again after {wait:.0f} s"
                raise SourceUnavailable(self.name, reason=reason)
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = await response.content.read(LARGEST_BODY + 1)
        while not response.content.at_eof() and len(body) <= LARGEST_BODY:
            body += await response.content.read(LARGEST_BODY + 1 - len(body))
        if len(body) > LARGEST_BODY:
            raise self._bad(f"more than {LARGEST_BODY} bytes")
        return body

    def _bad(self, what: str) -> BadResponse:
        return BadResponse(self.name, f"The source '{self.name}' sent {what}.", reason=what)


def _reason(error: Exception) -> str:
    # The words of the operating system have no more than an address; others of aiohttp's can hold
    # the URL, and so keys.
    said = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _retry_after(header: str) -> float | None:
    """The seconds that a Retry-After asks for, None if it says nothing (RFC 9110, 10.2.3)."""
    if header.isdecimal():
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())


class RestKind(Kind):
    """A REST service. ``timeout`` is in seconds, for each request with its retries."""

    resources: ClassVar[type[Resource]] = RestResource

    url: Annotated[SecretStr, address("http", "https", query=False)]
    timeout: float = Field(5.0, gt=0)

    def source(self, name: str) -> RestSource:
        return RestSource(name, self.url.get_secret_value(), timeout=self.timeout)
