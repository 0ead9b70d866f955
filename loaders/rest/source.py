"""REST services as a source: a batch endpoint where the service has one, else one request for each
key. A 404 is "no row"; everything else that is not the declared answer is an error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import Field, SecretStr

from loaders.asks import Answer, Ask, Key, by_value
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import SourceError, SourceTimeout, SourceUnavailable
from loaders.kinds import Kind, address
from loaders.memory import found_in
from loaders.resource import Resource, Row
from loaders.rest.client import RestClient
from loaders.rest.probe import described
from loaders.rest.routes import KEYS, Batch, RestResource, is_segment
from loaders.sources import Capabilities

IN_FLIGHT = 20
RETRIES = 2


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

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        resource, by = ask.resource, ask.rows.by
        assert isinstance(resource, RestResource)
        if not by:
            if resource.all is None:
                raise TypeError(f"{resource} declares no path that answers all of it")
            return await self._get(ask, keys, attempt, resource.all, resource.all)
        route = resource.route(by)
        if isinstance(route, Batch):
            names = "&".join(f"{route.parameter}={_segment(key)}" for (key,) in keys)
            shape = f"{route.path}?{route.parameter}=…"
            return await self._get(ask, keys, attempt, f"{route.path}?{names}", shape)
        ((key,),) = keys
        if not is_segment(str(key)):
            return [found_in((), ask, self._client.bad)]
        path = route.path.replace("{key}", _segment(key))
        return await self._get(ask, keys, attempt, path, route.path, one=True)

    async def _get(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        path: str,
        shape: str,
        *,
        one: bool = False,
    ) -> Answer:
        """What the path answers for the keys, of which there is ``one`` if it stands in the path.
        ``shape`` is the path without a key in it."""
        url = self._client.shown + (shape if one else path)
        with attempt.call(ask, keys, url=url, shape=f"GET {shape}") as call:
            try:
                answer = self._client.read(*await self._client.request(path))
            except SourceUnavailable as error:
                if error.after is not None and error.after >= attempt.left(self.timeout):
                    error.is_passing = False
                    error.reason = f"{error.reason}, and not to be asked again so soon"
                raise
            rows = self._rows(ask, keys, answer, one=one)
            call.rows = len(rows)

            def misfit(what: str) -> SourceError:
                error = self._client.bad(what)
                call.fail(error)
                return error

            return [found_in(each, ask, misfit) for each in by_value(ask, keys, rows)]

    def _rows(self, ask: Ask, keys: Sequence[Key], answer: Any, *, one: bool) -> list[Row]:
        """The answer's rows. Raises BadResponse for what is none, and where one key was asked for,
        for those of another."""
        resource = ask.resource
        assert isinstance(resource, RestResource)
        (column,) = ask.rows.by or (resource.key,)
        if answer is None:
            return []
        if one and ask.rows.unique:
            if not isinstance(answer, dict) or answer.get(column) != keys[0][0]:
                raise self._client.bad("an answer that is not the object asked for")
            return [answer]
        if resource.items is not None and isinstance(answer, dict):
            answer = answer.get(resource.items)
        if not isinstance(answer, list):
            raise self._client.bad("an answer without a list of objects")
        if not all(isinstance(row, dict) and isinstance(row.get(column), KEYS) for row in answer):
            raise self._client.bad(f"an object without '{column}'")
        if one and any(row[column] != keys[0][0] for row in answer):
            raise self._client.bad("objects that were not asked for")
        return answer


def _segment(key: object) -> str:
    return quote(str(key), safe="")


class RestKind(Kind):
    """A REST service. ``timeout`` is in seconds, for each request; one that fails in passing is
    made again, twice at most."""

    resources: ClassVar[type[Resource]] = RestResource

    url: Annotated[SecretStr, address("http", "https", query=False)]
    timeout: float = Field(5.0, gt=0)

    def source(self, name: str) -> RestSource:
        return RestSource(name, self.url.get_secret_value(), timeout=self.timeout)
