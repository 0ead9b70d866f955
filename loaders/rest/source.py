"""REST services as a source: a batch endpoint where the service has one, else one request for each
key. A 404 or a 204 is "no row"; all else that is not the declared answer is an error."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from loaders.asks import Answer, Ask, Found, Key
from loaders.chain.resilience import Resilience
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import (
    ROWS,
    BadResponse,
    SourceTimeout,
    SourceUnavailable,
    TooManyRows,
    UnfitValue,
)
from loaders.evaluation import found_in, wants_all
from loaders.kinds import Kind, address
from loaders.large_json import LARGE
from loaders.resource import Resource
from loaders.rest.answers import Bad, object_of, rows_by_key, rows_of
from loaders.rest.client import BODY_BYTES, Reply, RestClient
from loaders.rest.headers import checked
from loaders.rest.keys import asked_by
from loaders.rest.probe import described
from loaders.rest.routes import NO_SEGMENTS, Batch, RestResource, Single
from loaders.sources import Capabilities
from loaders.trace import Call, Request, not_asked

IN_FLIGHT = 40


class RestSource:
    """A REST service. ``timeout`` (seconds) bounds each request, of which ``in_flight`` may be
    under way. An answer has ``body_bytes`` and ``rows`` at most. ``forward_headers`` are the names,
    in lower case, of the callers' headers that go on to it."""

    kind = "rest"
    can = Capabilities(together=True, whole=True, in_flight=IN_FLIGHT)

    def __init__(
        self,
        name: str,
        url: str,
        *,
        timeout: float = 5.0,
        in_flight: int = IN_FLIGHT,
        rows: int = ROWS,
        body_bytes: int = BODY_BYTES,
        forward_headers: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.timeout = timeout
        self.can = replace(self.can, in_flight=in_flight, headers=frozenset(forward_headers))
        self._most = rows
        self._client = RestClient(name, url, body_bytes)

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
        found = await described(self._client.get, resource, samples)
        if not self.can.headers:
            return found
        # No caller asks here, and without one the service may answer what it likes.
        doubts = (f"{each}, asked without a caller's headers" for each in found.mistakes)
        return replace(found, mistakes=(), unknown=(*found.unknown, *doubts))

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
        return self._get_by_text(ask, keys, attempt, route)

    async def _get_by_text(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, route: Batch | Single
    ) -> Answer:
        """What the route answers for the keys that have a text to ask by."""
        (column,) = ask.rows.by
        texts = [asked_by(self.name, column, key) for (key,) in keys]
        fit = [key for key, text in zip(keys, texts, strict=True) if isinstance(text, str)]
        found: Answer = ()
        if fit:
            wanted = list(dict.fromkeys(text for text in texts if isinstance(text, str)))
            if isinstance(route, Single):
                found = await self._get_one(ask, fit, attempt, route, wanted[0])
            else:
                path, shape = route.path_of(wanted), f"{route.path}?{route.parameter}=…"
                found = await self._get(ask, fit, attempt, path, shape)
        if len(fit) == len(keys):
            return found
        rest, nothing = iter(found), found_in((), ask, self._client.bad)
        return [
            next(rest) if isinstance(text, str) else nothing if text is None else text
            for text in texts
        ]

    async def _get(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, path: str, shape: str
    ) -> Answer:
        """What the path answers for the keys. ``shape`` is the path without a key in it."""
        url = self._client.shown + path
        with attempt.call(ask, keys, url=url, shape=f"GET {shape}") as call:
            try:
                reply = await self._client.get(path, attempt.headers, _items_of(ask))
            except SourceUnavailable as error:
                self._weigh(error, attempt)
                raise
            return self._found(ask, keys, reply, call)

    async def _get_one(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, route: Single, text: str
    ) -> Answer:
        """What the path answers for the one key, whose text stands in it."""
        ((key,),) = keys
        path = route.path_of(text)
        if path is None:
            if text in NO_SEGMENTS:
                return [found_in((), ask, self._client.bad)]
            raise self._not_asked(ask, route)
        url = self._client.shown + route.path
        with attempt.call(ask, keys, url=url, shape=f"GET {route.path}") as call:
            try:
                status, body, links = await self._client.request(path, attempt.headers)
            except SourceUnavailable as error:
                self._weigh(error, attempt)
                raise
            if len(body) < LARGE:
                content = self._client.read(status, body)
            else:
                content = await self._client.read_large(status, body, _items_of(ask))
            if not ask.rows.unique:
                return self._found(ask, keys, Reply(status, content, links), call)
            rows = object_of(ask, key, content, self._client.bad)
            call.rows = len(rows)
            return [Found(rows) if wants_all(ask) else found_in(rows, ask, self._misfits_of(call))]

    def _found(self, ask: Ask, keys: Sequence[Key], reply: Reply, call: Call | Request) -> Answer:
        rows = rows_of(ask, reply.content, self._client.bad)
        call.rows = len(rows)
        if len(rows) > self._most:
            raise TooManyRows(self.name, self._most)
        misfit = self._misfits_of(call)
        listed = rows_by_key(ask, keys, rows, reply, misfit)
        found = Found if wants_all(ask) else partial(found_in, ask=ask, misfit=misfit)
        return [each if isinstance(each, BadResponse) else found(each) for each in listed]

    def _weigh(self, error: SourceUnavailable, attempt: Attempt) -> None:
        # Another try is of no use where the service wants more time than there is.
        if error.after is not None and error.after >= attempt.left(self.timeout):
            error.is_passing = False
            error.reason = f"{error.reason}, and not to be asked again so soon"

    def _misfits_of(self, call: Call | Request) -> Bad:
        def misfit(what: str, reason: str | None = None) -> BadResponse:
            error = self._client.bad(what, reason)
            call.fail(error)
            return error

        return misfit

    def _not_asked(self, ask: Ask, route: Single) -> UnfitValue:
        """The error of a key that can't stand in the route's path."""
        what, leave = "a key with a slash", "; encoded_slashes=True, if the service takes it as %2F"
        if route.encoded_slashes:
            what, leave = "a key with '.' or '..' between slashes", ""
        not_asked(ask.resource, f"GET {route.path} can't hold {what}{leave}")
        said = f"The source '{self.name}' is asked by a path, which can't hold {what}."
        return UnfitValue(self.name, said, reason=f"not {what}")


def _items_of(ask: Ask) -> str | None:
    resource = ask.resource
    assert isinstance(resource, RestResource)
    return resource.items


class RestKind(Kind):
    """A REST service. ``timeout`` is in seconds, for each request, of which ``in_flight`` may be
    under way. An answer has ``body_bytes`` and ``rows`` at most. ``forward_headers`` names the
    callers' headers that go on to it."""

    resources: ClassVar[type[Resource]] = RestResource

    url: Annotated[SecretStr, address("http", "https", query=False)]
    timeout: float = Field(5.0, gt=0)
    in_flight: int = Field(IN_FLIGHT, ge=1)
    rows: int = Field(ROWS, ge=1)
    body_bytes: int = Field(BODY_BYTES, ge=1)
    hedge: bool = False
    forward_headers: tuple[str, ...] = ()

    @field_validator("forward_headers")
    @classmethod
    def _can_go_on(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(checked, names))

    @model_validator(mode="after")
    def _has_one_authorization(self) -> Self:
        has_user = "@" in urlsplit(self.url.get_secret_value()).netloc
        if has_user and "authorization" in self.forward_headers:
            raise ValueError(
                "the url has a user, whose authorization is sent: forward_headers can't have it"
            )
        return self

    @property
    def resilience(self) -> Resilience:
        return replace(super().resilience, hedge=self.hedge)

    def source(self, name: str) -> RestSource:
        return RestSource(
            name,
            self.url.get_secret_value(),
            timeout=self.timeout,
            in_flight=self.in_flight,
            rows=self.rows,
            body_bytes=self.body_bytes,
            forward_headers=self.forward_headers,
        )
