"""One REST service over HTTP, through aiohttp, which lives in this file alone."""

from __future__ import annotations

import time
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from typing import NamedTuple

import aiohttp
from aiohttp.http_exceptions import ContentLengthError, TransferEncodingError
from yarl import URL

from loaders.errors import BadResponse, SourceTimeout, SourceUnavailable, Unreadable, bad_answer
from loaders.json import NotJSON, Reader
from loaders.large_json import LARGE, read_large

BODY_BYTES = 10_000_000

PASSING = frozenset({429, 502, 503, 504})
"""Answers after which an idempotent request is worth another try (RFC 9110, 15.5 and 15.6)."""

TOO_MANY = 429

NOTHING = frozenset({204, 404})
"""Answers that say of what is asked for that it is not there."""


CUT = (ContentLengthError, TransferEncodingError)
"""What is said of a body that is shorter than it must be."""

BROKEN = "the connection ended in the middle of an answer"


class Reply(NamedTuple):
    """What a path answers: the status, the JSON, None where there is nothing, and the headers
    ``Link``."""

    status: int
    content: object
    links: Sequence[str] = ()


class RestClient:
    """A session with one service. Whoever asks bounds how long it takes. A body has ``body_bytes``
    at most."""

    def __init__(self, name: str, url: str, body_bytes: int = BODY_BYTES) -> None:
        self.name = name
        self._most = body_bytes
        self._base = url.rstrip("/")
        address = URL(self._base)
        self.shown = self._base if address.user is None else str(address.with_user(None))
        """The service's URL, without a password."""
        self._session: aiohttp.ClientSession | None = None
        self._read = Reader(partial(Unreadable, name))

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            # Neither aiohttp's bound of connections nor its timer: who asks has both.
            connector=aiohttp.TCPConnector(limit=0),
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

    async def get(
        self, path: str, headers: Mapping[str, str] | None = None, items: str | None = None
    ) -> Reply:
        """What ``path`` answers to these headers: a list of objects, under ``items`` if that is
        given."""
        status, body, links = await self.request(path, headers)
        if len(body) < LARGE:
            return Reply(status, self.read(status, body), links)
        return Reply(status, await self.read_large(status, body, items), links)

    def read(self, status: int, body: bytes) -> object:
        """The JSON of a response, None where there is nothing."""
        if status in NOTHING:
            return None
        if status != 200:
            raise self.bad(f"status {status}")
        try:
            content = self._read(body.removeprefix(BOM_UTF8))
        except NotJSON as error:
            raise self._is_not_json(body) from error
        if content is None:
            raise self.bad("null")
        return content

    async def read_large(self, status: int, body: bytes, items: str | None) -> object:
        """The same of a response of ``LARGE`` bytes or more, while others go on."""
        if status != 200:
            return self.read(status, body)
        try:
            return await read_large(self._read, body.removeprefix(BOM_UTF8), items)
        except NotJSON as error:
            raise self._is_not_json(body) from error

    def _is_not_json(self, body: bytes) -> BadResponse:
        return self.bad("an answer that is not JSON" if body else "an empty answer")

    async def request(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Sequence[str]]:
        """The status, the body and the headers ``Link``. Raises SourceUnavailable for a status that
        is worth another try, and says that it is passing."""
        if self._session is None:
            raise SourceUnavailable(self.name, reason="the source is not open")
        url = URL(self._base + path, encoded=True)
        try:
            response = await self._session.get(url, headers=headers, allow_redirects=False)
            # Its connection is given back with the last of its body. To enter it, and to leave it
            # then, would be four more coroutines.
            try:
                if response.status in PASSING:
                    error = SourceUnavailable(
                        self.name,
                        reason=f"status {response.status}",
                        is_passing=True,
                        after=_retry_after(response.headers.get("retry-after", "")),
                    )
                    # Too many may be one caller's, and it is answered.
                    error.is_outage = response.status != TOO_MANY
                    raise error
                links = response.headers.getall("link", ())
                return response.status, await self._body(response), links
            except BaseException:
                response.release()
                raise
        except TimeoutError as error:
            raise SourceTimeout(self.name, reason=_reason(error)) from error
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
            if isinstance(error.__cause__, CUT):
                raise SourceUnavailable(self.name, reason=BROKEN, is_passing=True) from error
            raise self.bad("an answer that is not HTTP") from error
        except aiohttp.ClientConnectionError as error:
            raise SourceUnavailable(self.name, reason=_reason(error), is_passing=True) from error
        except (aiohttp.ClientError, OSError) as error:
            raise SourceUnavailable(self.name, reason=_reason(error)) from error

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        most = self._most
        body = await response.content.read(most + 1)
        while not response.content.at_eof() and len(body) <= most:
            body += await response.content.read(most + 1 - len(body))
        if len(body) > most:
            raise self.bad(f"more than {most:,} bytes")
        return body

    def bad(self, what: str, reason: str | None = None) -> BadResponse:
        """The error of an answer that its declaration does not allow."""
        return bad_answer(self.name, what, reason)


def _reason(error: Exception) -> str:
    # The words of the operating system have no more than an address; others of aiohttp's can hold
    # the URL, and so keys.
    said = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _retry_after(header: str) -> float | None:
    """The seconds that a Retry-After asks for, None if it says nothing (RFC 9110, 10.2.3)."""
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        date = parsedate_to_datetime(header)
        if date.tzinfo is None:
            # Without an offset it is UTC, which this machine need not be in.
            date = date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
