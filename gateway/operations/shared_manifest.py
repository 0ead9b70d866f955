"""A manifest of trusted documents that is in Redis, for all gateways, and in a file of each."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import redis
import redis.asyncio
from redis.exceptions import RedisError

from gateway.operations.documents import documents_of, read_manifest

log = logging.getLogger("sluice.documents")

KEY = "sluice:manifest"
"""Where it stands in Redis, as a text."""

NAME = f"the manifest at {KEY} in Redis"

SECONDS = 30.0
"""After which Redis is asked whether there is another, by whoever asks for a document then."""

TIMEOUT = 2.0
"""Seconds that Redis may take."""


class SharedManifest(Mapping[str, str]):
    """The documents of the manifest in the Redis at ``url``, by all of their ids. Where that can't
    be asked, or has none any more, they stay what they were; as the gateway starts, they are those
    of the ``file``, which is kept up to date.

    Raises ValueError where there are none either, or the manifest is none.
    """

    def __init__(self, url: str, file: Path | None) -> None:
        self._url = url
        self._file = file
        self._text = b""
        self._documents = self._first()
        self._again = time.monotonic() + SECONDS
        self._looking: asyncio.Task[None] | None = None
        self._is_behind = False

    def __getitem__(self, id_: str) -> str:
        if time.monotonic() >= self._again and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())
        return self._documents[id_]

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def _first(self) -> Mapping[str, str]:
        try:
            with redis.Redis.from_url(
                self._url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
            ) as asked:
                text = asked.get(KEY)
        except (RedisError, OSError) as error:
            if self._file is None:
                raise ValueError(f"{NAME} can't be read: {type(error).__name__}") from None
            log.warning("%s can't be read (%s): %s is", NAME, type(error).__name__, self._file)
            return read_manifest(self._file)
        return self._taken(text)

    async def _look(self) -> None:
        """Have the documents that are in Redis now."""
        try:
            async with redis.asyncio.Redis.from_url(
                self._url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
            ) as asked:
                text = await asked.get(KEY)
            if text != self._text:
                self._documents = self._taken(text)
            self._is_behind = False
        except (RedisError, OSError, ValueError) as error:
            if not self._is_behind:
                self._is_behind = True
                said = str(error) if isinstance(error, ValueError) else type(error).__name__
                log.error("trusted documents stay what they are: %s: %s", NAME, said)
        finally:
            self._again = time.monotonic() + SECONDS

    def _taken(self, text: object) -> Mapping[str, str]:
        if not isinstance(text, bytes):
            raise ValueError(f"there is no {NAME.removeprefix('the ')}")
        documents = documents_of(NAME, text)
        self._text = text
        if self._file is not None:
            # Another worker may be about to do the same.
            new = self._file.with_name(f"{self._file.name}.{uuid4().hex}")
            try:
                new.write_bytes(text)
                os.replace(new, self._file)
            except OSError as error:
                log.error("%s can't be written: %s", self._file, error.strerror)
        return documents
