"""REST services as a source: a batch endpoint where the service has one, else one request for each
key. A 404 is "no row"; everything else that is not the declared answer is an error."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Annotated, ClassVar
from urllib.parse import quote

from pydantic import Field, SecretStr

from loaders.asks import Answer, Ask, Found, Key, by_value
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import SourceError, SourceTimeout, SourceUnavailable
from loaders.kinds import Kind, address
from loaders.memory import found_in, paths_in, wants_all
from loaders.paths import spread
from loaders.resource import Resource, Row
from loaders.rest.client import RestClient
from loaders.rest.probe import described
from loaders.rest.routes import KEYS, Batch, RestResource, is_segment
from loaders.sources import Capabilities
from loaders.trace import Call, Request

IN_FLIGHT = 20
RETRIES = 2

UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")
"""What stands in a URL as it is (RFC 3986, 2.3)."""


class RestSource:
    """A REST service. ``timeout`` (seconds) bounds each request."""

    kind = "rest"
    can = Capabilities(together=True, whole=True, in_flight=IN_FLIGHT, retries=RETRIES)

    def __init__(self, name: str, url: str, *, timeout: float = 5.0) -> None:
        self.name = name
        self.timeout = timeout
        self._client = RestClient(name, url)

    async def open(self) -> None:
        await self._client.open()

    async def close(self) -> None:
        await self._client.close()

    async def check(self) -> None:
        # What it says of "/" does not matter, unless it says that it does not work.
        try:
            async with asyncio.timeout(self.timeout):
                await self._client.request("/")
        except TimeoutError:
            raise SourceTimeout(self.name) from None

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        assert isinstance(resource, RestResource)
        return await described(self._client.get, resource, samples)

    def fetch(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        resource, by = ask.resource, ask.rows.by
        assert isinstance(resource, RestResource)
        if not by:
            if resource.all is None:
                raise TypeError(f"{resource} declares no path that answers all of it")
            return self._get(ask, keys, attempt, resource.all, resource.all)
        route = resource.route(by)
        if isinstance(route, Batch):
            names = "&".join(f"{route.parameter}={_segment(key)}" for (key,) in keys)
            shape = f"{route.path}?{route.parameter}=…"
            return self._get(ask, keys, attempt, f"{route.path}?{names}", shape)
        return self._get_one(ask, keys, attempt, route.path)

    async def _get(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, path: str, shape: str
    ) -> Answer:
        """What the path answers for the keys. ``shape`` is the path without a key in it."""
        url = self._client.shown + path
        with attempt.call(ask, keys, url=url, shape=f"GET {shape}") as call:
            try:
                answer = self._client.read(*await self._client.request(path))
            except SourceUnavailable as error:
                self._weigh(error, attempt)
                raise
            rows = self._rows(ask, answer)
            call.rows = len(rows)
            listed = by_value(ask, keys, rows)
            if wants_all(ask):
                return [Found(each) for each in listed]
            misfit = self._misfits_of(call)
            return [found_in(each, ask, misfit) for each in listed]

    async def _get_one(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, template: str
    ) -> Answer:
        """What the path answers for the one key, which stands in it."""
        ((key,),) = keys
        text = str(key)
        if not is_segment(text):
            return [found_in((), ask, self._client.bad)]
        path = template.replace("{key}", _segment(text))
        url = self._client.shown + template
        with attempt.call(ask, keys, url=url, shape=f"GET {template}") as call:
            try:
                answer = self._client.read(*await self._client.request(path))
            except SourceUnavailable as error:
                self._weigh(error, attempt)
                raise
            rows = self._rows_of(ask, key, answer)
            call.rows = len(rows)
            return [Found(rows) if wants_all(ask) else found_in(rows, ask, self._misfits_of(call))]

    def _weigh(self, error: SourceUnavailable, attempt: Attempt) -> None:
        # Another try is of no use where the service wants more time than there is.
        if error.after is not None and error.after >= attempt.left(self.timeout):
            error.is_passing = False
            error.reason = f"{error.reason}, and not to be asked again so soon"

    def _misfits_of(self, call: Call | Request) -> Callable[[str], SourceError]:
        def misfit(what: str) -> SourceError:
            error = self._client.bad(what)
            call.fail(error)
            return error

        return misfit

    def _rows_of(self, ask: Ask, key: Hashable, answer: object) -> Sequence[Row]:
        """The rows of the key that was asked for. Raises BadResponse for those of another."""
        (column,) = ask.rows.by
        if ask.rows.unique and answer is not None:
            if isinstance(answer, dict) and (paths := paths_in(ask)):
                spread([answer], paths)
            if not isinstance(answer, dict) or answer.get(column) != key:
                raise self._client.bad("an answer that is not the object asked for")
            return (answer,)
        rows = self._rows(ask, answer)
        if any(row[column] != key for row in rows):
            raise self._client.bad("objects that were not asked for")
        return rows

    def _rows(self, ask: Ask, answer: object) -> Sequence[Row]:
        """The answer's rows. Raises BadResponse for what is none."""
        resource = ask.resource
        assert isinstance(resource, RestResource)
        (column,) = ask.rows.by or (resource.key,)
        if answer is None:
            return ()
        if resource.items is not None and isinstance(answer, dict):
            answer = answer.get(resource.items)
        if not isinstance(answer, list):
            raise self._client.bad("an answer without a list of objects")
        if paths := paths_in(ask):
            spread((row for row in answer if isinstance(row, dict)), paths)
        if not all(isinstance(row, dict) and isinstance(row.get(column), KEYS) for row in answer):
            raise self._client.bad(f"an object without '{column}'")
        return answer


def _segment(key: object) -> str:
    text = str(key)
    # Most keys need no look at each of their characters.
    return text if UNRESERVED.fullmatch(text) else quote(text, safe="")


class RestKind(Kind):
    """A REST service. ``timeout`` is in seconds, for each request; one that fails in passing is
    made again, twice at most."""

    resources: ClassVar[type[Resource]] = RestResource

    url: Annotated[SecretStr, address("http", "https", query=False)]
    timeout: float = Field(5.0, gt=0)

    def source(self, name: str) -> RestSource:
        return RestSource(name, self.url.get_secret_value(), timeout=self.timeout)
